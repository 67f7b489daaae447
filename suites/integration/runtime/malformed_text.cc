// Files that are no JSON document of the right shape, and documents with more than is known.
#include <functional>

#include "engine/base/files.h"
#include "suites/integration/runtime/malformed.h"

namespace {

struct Text {
  std::string name;
  Clauses clauses;
  std::function<std::string(std::string)> spoil;
};

// A document that cannot be read cannot be applied.
const Clauses kUnreadable = {"runtime/operations/create-inapplicable-error",
                             "runtime/operations/create-inapplicable-no-container",
                             "runtime/errors/no-trace"};
const Clauses kWrongShape = {"runtime/config/invalid-values",
                             "runtime/operations/create-inapplicable-no-container",
                             "runtime/errors/no-trace"};

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  return text.replace(text.find(from), from.size(), to);
}

const Text kTexts[] = {
    {"FileEmpty", kUnreadable, [](const std::string&) { return ""; }},
    {"FileOfBlanks", kUnreadable, [](const std::string&) { return " \n\t\n"; }},
    {"FileTruncated", kUnreadable,
     [](const std::string& text) { return text.substr(0, text.size() / 2); }},
    {"FileWithoutItsLastBrace", kUnreadable,
     [](const std::string& text) { return text.substr(0, text.rfind('}')); }},
    {"CommaAfterTheLastMember", kUnreadable,
     [](std::string text) { return text.insert(text.rfind('}'), ","); }},
    {"KeyWithoutQuotes", kUnreadable,
     [](const std::string& text) { return replaced(text, "\"process\"", "process"); }},
    {"KeyInSingleQuotes", kUnreadable,
     [](const std::string& text) { return replaced(text, "\"process\"", "'process'"); }},
    {"ControlCharacterInAString", kUnreadable,
     [](const std::string& text) { return replaced(text, "\"PATH=/", "\"PATH=/\x01"); }},
    {"BytesThatAreNoUtf8",
     {"runtime/config/json-utf8", "runtime/errors/no-trace"},
     [](const std::string& text) { return replaced(text, "\"PATH=/", "\"PATH=/\xe9"); }},
    {"MemberTwice",
     {"runtime/config/json-no-duplicate-names", "runtime/errors/no-trace"},
     [](const std::string& text) {
       return replaced(text, "\"process\"", "\"ociVersion\": \"1.0.0\", \"process\"");
     }},
    {"AnnotationKeyOfNumberType",
     {"runtime/annotations/keys-strings", "runtime/errors/no-trace"},
     [](const std::string& text) {
       return replaced(text, "\"process\"", "\"annotations\": {1: \"x\"}, \"process\"");
     }},
    {"TopIsAnArray", kWrongShape, [](const std::string& text) { return "[" + text + "]"; }},
    {"TopIsAString", kWrongShape, [](const std::string&) { return "\"config\""; }},
    {"TopIsANumber", kWrongShape, [](const std::string&) { return "1"; }},
    {"TopIsNull", kWrongShape, [](const std::string&) { return "null"; }},
    {"TopIsAnEmptyObject", kWrongShape, [](const std::string&) { return "{}"; }},
};

}  // namespace

TRIAL_TABLE(MalformedConfig, kTexts) {
  EXPECT_THAT(target().try_create(Bundle::minimal()), Succeeded());  // control

  auto box = target().try_create(Bundle::minimal().edit_config(row().spoil));
  expect_no_trace(target(), box);
}

// The configuration is named config.json and lies in the bundle's directory: without it there,
// there is no container, even if there is one elsewhere.
TRIAL(MalformedConfig, FileMissing,
      Clauses{"runtime/bundle/config-required", "runtime/bundle/config-at-root",
              "runtime/bundle/config-name", "runtime/errors/no-trace"}) {
  auto box =
      target().try_create(Bundle::minimal().with_file("/config.json", "{}").without_config());
  expect_no_trace(target(), box);
}

// A parameter of the whole kernel is none of the container's: applying it would change the host.
// The value is the one that it has, so that a runtime that errs does no harm.
TRIAL(MalformedConfig, SysctlOfTheWholeKernel,
      Clauses{"runtime/operations/create-inapplicable-error", "runtime/errors/no-trace"}) {
  std::string value = seatrial::read_file("/proc/sys/vm/overcommit_memory");
  value.erase(value.find_last_not_of('\n') + 1);
  EXPECT_THAT(target().try_create(Bundle::minimal().sysctl("fs.mqueue.msg_max", "20")),
              Succeeded());  // control

  auto box = target().try_create(Bundle::minimal().sysctl("vm.overcommit_memory", value));
  expect_no_trace(target(), box);
}
