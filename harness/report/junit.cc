#include "harness/report/junit.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <tinyxml2.h>

#include <algorithm>
#include <set>

#include "engine/base/files.h"
#include "harness/report/visible_text.h"

namespace seatrial::harness {
namespace {

using tinyxml2::XMLPrinter;

// One suite of one target.
struct Group {
  const TargetInfo* target = nullptr;
  std::string suite;
  std::string target_word;  // fit for a file name and for a part of a class name
  std::vector<const CaseResult*> results;

  template <typename Predicate>
  auto count(Predicate predicate) const {
    return std::count_if(results.begin(), results.end(),
                         [&](const CaseResult* result) { return predicate(result->verdict); });
  }
};

bool is_failure(Verdict verdict) {
  return verdict == Verdict::kFail || verdict == Verdict::kXpass;
}
bool is_error(Verdict verdict) {
  return verdict == Verdict::kError;
}
bool is_skipped(Verdict verdict) {
  return verdict != Verdict::kPass && !is_failure(verdict) && !is_error(verdict);
}

// A dot would start a new package in the class names that readers make trees of.
std::string as_word(std::string_view text) {
  std::string word;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    word += plain || c == '-' ? c : '_';
  }
  return word;
}

std::vector<Group> groups_of(const Report& report) {
  std::vector<Group> groups;
  std::set<std::string> words;
  for (const TargetInfo& target : report.targets) {
    const auto twins =
        std::count_if(report.targets.begin(), report.targets.end(),
                      [&](const TargetInfo& other) { return other.name == target.name; });
    std::string word = as_word(twins > 1 ? target.spec : target.name);
    while (!words.insert(word).second) word += "_";
    std::set<std::string> suites;
    for (const CaseResult& result : report.results) {
      if (result.target == target.spec) suites.insert(result.suite);
    }
    for (const std::string& suite : suites) {
      groups.push_back({.target = &target, .suite = suite, .target_word = word, .results = {}});
      for (const CaseResult& result : report.results) {
        if (result.target == target.spec && result.suite == suite) {
          groups.back().results.push_back(&result);
        }
      }
    }
  }
  return groups;
}

std::string seconds(std::chrono::milliseconds duration) {
  return fmt::format("{}.{:03}", duration.count() / 1000, duration.count() % 1000);
}

// An attribute's value: a reader would turn its newlines into spaces anyhow.
void attribute(XMLPrinter& xml, const char* name, std::string_view value) {
  xml.PushAttribute(name, one_line(value).c_str());
}

void property(XMLPrinter& xml, std::string_view name, std::string_view value) {
  xml.OpenElement("property");
  attribute(xml, "name", name);
  attribute(xml, "value", value);
  xml.CloseElement();
}

void text_element(XMLPrinter& xml, const char* name, std::string_view bytes) {
  if (bytes.empty()) return;
  xml.OpenElement(name);
  xml.PushText(visible_text(bytes).c_str());
  xml.CloseElement(true);
}

void suite_properties(XMLPrinter& xml, const Report& report, const Group& group) {
  const HostInfo& host = report.host;
  xml.OpenElement("properties");
  property(xml, "target.spec", group.target->spec);
  property(xml, "target.name", group.target->name);
  property(xml, "target.version", group.target->version);
  property(xml, "target.oci-version", group.target->oci_version);
  property(xml, "target.features", fmt::format("{}", fmt::join(group.target->features, " ")));
  for (const std::string& missing : group.target->missing) {
    property(xml, "target.missing:" + missing.substr(0, missing.find(':')), missing);
  }
  property(xml, "host.kernel", host.kernel);
  property(xml, "host.machine", host.machine);
  property(xml, "host.os", host.os);
  property(xml, "host.cgroup", host.cgroup);
  property(xml, "host.lsm", host.lsm);
  property(xml, "host.cpus", std::to_string(host.cpus));
  for (const CaseResult* result : group.results) {
    property(xml, "clauses:" + result->name, fmt::format("{}", fmt::join(result->clauses, " ")));
  }
  xml.CloseElement();
}

// What a person reads in the body of a failure.
std::string failure_text(const Report& report, const CaseResult& result,
                         const Catalogue& catalogue) {
  std::string text = result.reason + "\n";
  for (const std::string& id : result.clauses) {
    const Clause* clause = catalogue.find(id);
    if (clause == nullptr) continue;
    text += fmt::format("\n{} ({}): {}\n", id, to_string(clause->level), clause->text);
  }
  for (const Observation& seen : result.observations) {
    text += fmt::format("\n{}:{}\n{}\n", seen.file, seen.line, seen.message);
  }
  return text + "\nRepeat: " + repeat_command(report, result) + "\n";
}

std::string skip_message(const CaseResult& result) {
  if (result.verdict == Verdict::kSkip) return result.reason;
  return fmt::format("{}: {}",
                     result.verdict == Verdict::kXfail ? "expected failure" : "not applicable",
                     result.reason);
}

void outcome(XMLPrinter& xml, const Report& report, const CaseResult& result,
             const Catalogue& catalogue) {
  if (result.verdict == Verdict::kPass) return;
  if (is_skipped(result.verdict)) {
    xml.OpenElement("skipped");
    attribute(xml, "message", skip_message(result));
    xml.CloseElement();
    return;
  }
  xml.OpenElement(is_error(result.verdict) ? "error" : "failure");
  attribute(xml, "type", to_string(result.verdict));
  attribute(xml, "message", result.reason);
  xml.PushText(visible_text(failure_text(report, result, catalogue)).c_str());
  xml.CloseElement(true);
}

void test_case(XMLPrinter& xml, const Report& report, const Group& group, const CaseResult& result,
               const Catalogue& catalogue, JunitForm form) {
  const std::size_t dot = result.name.find('.');
  const std::string noun = result.name.substr(0, dot);
  const std::string rule = dot == std::string::npos ? noun : result.name.substr(dot + 1);
  xml.OpenElement("testcase");
  attribute(xml, "classname",
            fmt::format("{}.{}.{}", as_word(group.suite), group.target_word, noun));
  attribute(xml, "name", rule);
  attribute(xml, "time", seconds(result.duration));
  attribute(xml, "group", fmt::format("{}", fmt::join(result.clauses, " ")));
  if (form == JunitForm::kExtended) {
    if (result.started != std::chrono::system_clock::time_point{}) {
      attribute(xml, "timestamp",
                fmt::format("{:%Y-%m-%dT%H:%M:%SZ}",
                            fmt::gmtime(std::chrono::system_clock::to_time_t(result.started))));
    }
    xml.OpenElement("properties");
    property(xml, "verdict", to_string(result.verdict));
    for (const std::string& id : result.clauses) property(xml, "clause", id);
    xml.CloseElement();
  }
  outcome(xml, report, result, catalogue);
  text_element(xml, "system-out", result.captured_stdout);
  text_element(xml, "system-err", result.captured_stderr);
  xml.CloseElement();
}

std::string suite_file(const Report& report, const Group& group, const Catalogue& catalogue,
                       JunitForm form) {
  std::chrono::milliseconds time{0};
  for (const CaseResult* result : group.results) time += result->duration;
  XMLPrinter xml;
  xml.PushDeclaration("xml version=\"1.0\" encoding=\"UTF-8\"");
  xml.OpenElement("testsuites");
  xml.OpenElement("testsuite");
  attribute(xml, "name", fmt::format("{} on {}", group.suite, label(report, *group.target)));
  attribute(xml, "tests", std::to_string(group.results.size()));
  attribute(xml, "failures", std::to_string(group.count(is_failure)));
  attribute(xml, "errors", std::to_string(group.count(is_error)));
  attribute(xml, "skipped", std::to_string(group.count(is_skipped)));
  attribute(xml, "time", seconds(time));
  if (!report.host.started.empty()) attribute(xml, "timestamp", report.host.started);
  suite_properties(xml, report, group);
  for (const CaseResult* result : group.results) {
    test_case(xml, report, group, *result, catalogue, form);
  }
  xml.CloseElement();
  xml.CloseElement();
  return xml.CStr();
}

}  // namespace

std::vector<JunitFile> print_junit(const Report& report, const Catalogue& catalogue,
                                   JunitForm form) {
  std::vector<JunitFile> files;
  for (const Group& group : groups_of(report)) {
    files.push_back({fmt::format("TEST-{}-{}.xml", group.target_word, as_word(group.suite)),
                     suite_file(report, group, catalogue, form)});
  }
  return files;
}

void write_junit(const Report& report, const Catalogue& catalogue, JunitForm form,
                 const std::filesystem::path& dir) {
  make_directories(dir);
  for (const JunitFile& file : print_junit(report, catalogue, form)) {
    write_file_atomically(dir / file.name, file.text);
  }
}

}  // namespace seatrial::harness
