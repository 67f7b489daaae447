// The `linux.seccomp` object.
#include <fmt/format.h>

#include <algorithm>

#include "engine/spec/names.h"
#include "engine/spec/parse_sections.h"
#include "engine/spec/seccomp_reader.h"

namespace seatrial::spec {
namespace {

constexpr unsigned kMostIndex = 5;               // a system call has six arguments
constexpr std::uint16_t kMostErrno = 4094;       // libseccomp takes no MAX_ERRNO
constexpr std::uint16_t kMostTraceData = 65535;  // SECCOMP_RET_DATA

SeccompArgument read_argument(const Reader& argument) {
  const Reader op = argument.require("op", "an operator, as in \"SCMP_CMP_EQ\"");
  const std::optional<SeccompOperator> known = seccomp_operator(op.string());
  if (!known) {
    op.refuse(fmt::format("is not an operator of seccomp ({})", known_seccomp_operators()));
  }
  return {.index = argument.require("index", "the number of an argument, 0 to 5")
                       .integer<unsigned>(0, kMostIndex),
          .value = argument.require("value", "a number to compare with").integer<std::uint64_t>(),
          .value_two = argument.optional_integer<std::uint64_t>("valueTwo").value_or(0),
          .op = *known};
}

SeccompRule parse_rule(const Reader& rule) {
  const Reader names = rule.require("names", "an array of names of system calls");
  SeccompRule result;
  for (const Reader& name : names.elements()) result.names.push_back(name.filled_string());
  if (result.names.empty()) names.refuse_whole("is empty; it must name at least one system call");
  result.action = read_seccomp_action(rule, "action");
  result.errno_ret = read_seccomp_errno(rule, "errnoRet", result.action);
  result.args = read_seccomp_arguments(rule);
  return result;
}

// Counts with SCMP_ACT_NOTIFY alone: without it the path has no effect.
void read_listener(const Reader& seccomp, Seccomp& result) {
  const std::string path = seccomp.string_or_empty("listenerPath");
  const auto metadata = seccomp.find("listenerMetadata");
  const std::string text = metadata ? metadata->string() : "";
  if (!text.empty() && path.empty()) {
    metadata->refuse("needs a listenerPath; nobody else would get it");
  }
  if (!result.notifies()) return;
  if (path.empty()) {
    seccomp.require("listenerPath", "the unix socket that hears of SCMP_ACT_NOTIFY")
        .refuse("is no path; SCMP_ACT_NOTIFY needs a unix socket that hears of it");
  }
  result.listener_path = path;
  result.listener_metadata = text;
}

}  // namespace

SeccompAction read_seccomp_action(const Reader& object, std::string_view key) {
  const Reader action = object.require(key, "an action, as in \"SCMP_ACT_ERRNO\"");
  const std::optional<SeccompAction> known = seccomp_action(action.string());
  if (!known) {
    action.refuse(fmt::format("is not an action of seccomp ({})", known_seccomp_actions()));
  }
  return *known;
}

std::optional<std::uint16_t> read_seccomp_errno(const Reader& object, std::string_view key,
                                                SeccompAction action) {
  const auto number = object.find(key);
  if (!number) return std::nullopt;
  if (!has_errno(action)) {
    number->refuse(
        "is given for an action without an error number; SCMP_ACT_ERRNO and "
        "SCMP_ACT_TRACE have one");
  }
  const std::uint16_t most = action == SeccompAction::kErrno ? kMostErrno : kMostTraceData;
  return number->integer<std::uint16_t>(0, most);
}

std::vector<SeccompArgument> read_seccomp_arguments(const Reader& rule) {
  std::vector<SeccompArgument> result;
  if (const auto args = rule.find("args")) {
    for (const Reader& argument : args->elements()) result.push_back(read_argument(argument));
  }
  return result;
}

std::uint32_t read_seccomp_flags(const Reader& seccomp) {
  std::uint32_t result = 0;
  const auto flags = seccomp.find("flags");
  if (!flags) return result;
  for (const Reader& flag : flags->elements()) {
    const std::optional<std::uint32_t> known = seccomp_flag(flag.string());
    if (!known) flag.refuse(fmt::format("is not a flag of seccomp ({})", known_seccomp_flags()));
    result |= *known;
  }
  return result;
}

std::optional<Seccomp> parse_seccomp(const Reader& seccomp) {
  Seccomp result;
  result.default_action = read_seccomp_action(seccomp, "defaultAction");
  result.default_errno_ret = read_seccomp_errno(seccomp, "defaultErrnoRet", result.default_action);
  if (const auto architectures = seccomp.find("architectures")) {
    for (const Reader& architecture : architectures->elements()) {
      result.architectures.push_back(architecture.string());
      if (!is_seccomp_architecture(result.architectures.back())) {
        architecture.refuse("is not an architecture of seccomp, as in \"SCMP_ARCH_X86_64\"");
      }
    }
  }
  result.flags = read_seccomp_flags(seccomp);
  if (const auto syscalls = seccomp.find("syscalls")) {
    for (const Reader& rule : syscalls->elements()) result.syscalls.push_back(parse_rule(rule));
  }
  read_listener(seccomp, result);
  if (result.default_action == SeccompAction::kAllow && result.syscalls.empty()) {
    return std::nullopt;
  }
  return result;
}

}  // namespace seatrial::spec
