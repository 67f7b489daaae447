// The `process` object.
#include <fmt/format.h>

#include <algorithm>

#include "engine/spec/names.h"
#include "engine/spec/parse_sections.h"

namespace seatrial::spec {
namespace {

constexpr std::uint32_t kUmaskBits = 0777;
constexpr int kOomScoreMost = 1000;  // proc(5), oom_score_adj

std::uint32_t read_id(const Reader& id) {
  return id.integer<std::uint32_t>(0, kHighestId);
}

User parse_user(const Reader& user) {
  User result;
  result.uid = read_id(user.require("uid", "a user id of the container"));
  result.gid = read_id(user.require("gid", "a group id of the container"));
  result.umask = user.optional_integer<std::uint32_t>("umask", 0, kUmaskBits);
  if (const auto groups = user.find("additionalGids")) {
    for (const Reader& group : groups->elements()) {
      result.additional_gids.push_back(read_id(group));
    }
  }
  return result;
}

CapabilitySet parse_capability_set(const Reader& capabilities, std::string_view key,
                                   std::vector<std::string>& unknown) {
  CapabilitySet set = 0;
  const auto names = capabilities.find(key);
  if (!names) return set;
  for (const Reader& element : names->elements()) {
    std::string name = element.string();
    if (const auto number = capability_number(name)) {
      set |= CapabilitySet{1} << *number;
    } else if (std::find(unknown.begin(), unknown.end(), name) == unknown.end()) {
      unknown.push_back(std::move(name));
    }
  }
  return set;
}

Capabilities parse_capabilities(const Reader& capabilities) {
  Capabilities result;
  result.bounding = parse_capability_set(capabilities, "bounding", result.unknown);
  result.effective = parse_capability_set(capabilities, "effective", result.unknown);
  result.inheritable = parse_capability_set(capabilities, "inheritable", result.unknown);
  result.permitted = parse_capability_set(capabilities, "permitted", result.unknown);
  result.ambient = parse_capability_set(capabilities, "ambient", result.unknown);
  return result;
}

Rlimit parse_rlimit(const Reader& rlimit) {
  const Reader type = rlimit.require("type", "the name of a resource limit, as in RLIMIT_NOFILE");
  const std::optional<int> resource = rlimit_resource(type.string());
  if (!resource) type.refuse(fmt::format("is not a resource limit ({})", known_rlimits()));
  const Reader soft = rlimit.require("soft", "the limit in force");
  Rlimit result{
      .resource = *resource,
      .soft = soft.integer<std::uint64_t>(),
      .hard = rlimit.require("hard", "the ceiling of the soft limit").integer<std::uint64_t>()};
  if (result.soft > result.hard) {
    soft.refuse(fmt::format("is over the hard limit {}; the kernel refuses that", result.hard));
  }
  return result;
}

std::vector<Rlimit> parse_rlimits(const Reader& rlimits) {
  std::vector<Rlimit> result;
  for (const Reader& element : rlimits.elements()) {
    const Rlimit rlimit = parse_rlimit(element);
    const auto same = [&](const Rlimit& other) { return other.resource == rlimit.resource; };
    if (std::any_of(result.begin(), result.end(), same)) {
      element.refuse_whole(fmt::format("{} is given twice; each limit may be set once",
                                       rlimit_name(rlimit.resource)));
    }
    result.push_back(rlimit);
  }
  return result;
}

ConsoleSize parse_console_size(const Reader& size) {
  return {.height = size.require("height", "a number of rows").integer<std::uint16_t>(),
          .width = size.require("width", "a number of columns").integer<std::uint16_t>()};
}

std::vector<std::string> parse_args(const Reader& process) {
  const Reader args = process.require("args", "an array with the program and its arguments");
  std::vector<std::string> result = args.strings();
  if (result.empty()) args.refuse_whole("is empty; its first element is the program to run");
  if (result.front().empty()) {
    args.elements().front().refuse(
        "is not the name of a program: executable file not found in $PATH");
  }
  return result;
}

}  // namespace

Process parse_process(const Reader& process) {
  Process result;
  result.terminal = process.boolean_or_false("terminal");
  // config.md, "Process": without a terminal its size must be ignored.
  if (const auto size = process.find("consoleSize"); size && result.terminal) {
    result.console_size = parse_console_size(*size);
  }
  if (const auto user = process.find("user")) result.user = parse_user(*user);
  result.args = parse_args(process);
  if (const auto env = process.find("env")) result.env = env->environment();
  result.cwd = process.require("cwd", "an absolute path").absolute_path();
  if (const auto capabilities = process.find("capabilities")) {
    result.capabilities = parse_capabilities(*capabilities);
  }
  if (const auto rlimits = process.find("rlimits")) result.rlimits = parse_rlimits(*rlimits);
  result.no_new_privileges = process.boolean_or_false("noNewPrivileges");
  result.oom_score_adj =
      process.optional_integer<int>("oomScoreAdj", -kOomScoreMost, kOomScoreMost);
  result.apparmor_profile = process.string_or_empty("apparmorProfile");
  result.selinux_label = process.string_or_empty("selinuxLabel");
  if (const auto scheduler = process.find("scheduler")) {
    result.scheduler = parse_scheduler(*scheduler);
  }
  if (const auto priority = process.find("ioPriority")) {
    result.io_priority = parse_io_priority(*priority);
  }
  if (const auto affinity = process.find("execCPUAffinity")) {
    result.exec_cpu_affinity = parse_exec_cpu_affinity(*affinity);
  }
  return result;
}

}  // namespace seatrial::spec
