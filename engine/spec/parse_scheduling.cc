// process.scheduler, ioPriority and execCPUAffinity; linux.memoryPolicy and personality.
#include <fmt/format.h>

#include <algorithm>

#include "engine/spec/names.h"
#include "engine/spec/parse_sections.h"

namespace seatrial::spec {
namespace {

constexpr int kNiceLeast = -20;
constexpr int kNiceMost = 19;
constexpr std::uint32_t kPriorityMost = 99;  // sched(7)
constexpr std::uint32_t kIoLevelMost = 7;    // ioprio_set(2)
constexpr unsigned kCpuMost = 8191;          // CONFIG_NR_CPUS at its most
constexpr unsigned kNodeMost = 1023;         // CONFIG_NODES_SHIFT at its most

constexpr std::string_view kListWanted = R"(is not a list such as "0-3,7", with numbers up to {})";

NumberMask parse_list(const Reader& list, unsigned most) {
  const std::string text = list.string();
  if (text.empty()) return {};
  const std::optional<NumberMask> mask = number_mask(text, most);
  if (!mask) list.refuse(fmt::format(kListWanted, most));
  return *mask;
}

NumberMask list_or_none(const Reader& object, std::string_view key, unsigned most) {
  const auto list = object.find(key);
  return list ? parse_list(*list, most) : NumberMask{};
}

// The numbers that the names of the array `key` stand for, or'ed.
template <typename Bits>
Bits parse_flags(const Reader& object, std::string_view key,
                 std::optional<Bits> (*number)(std::string_view), std::string (*known)()) {
  Bits bits = 0;
  const auto flags = object.find(key);
  if (!flags) return bits;
  for (const Reader& element : flags->elements()) {
    const std::optional<Bits> flag = number(element.string());
    if (!flag) element.refuse(fmt::format("is no flag here ({})", known()));
    bits |= *flag;
  }
  return bits;
}

// sched_setattr(2) ignores some that do not belong to the policy and refuses others; here each is
// an error, because it cannot be applied as it stands.
void refuse_parameters_of_other_policies(const Reader& object, const Scheduler& scheduler) {
  const std::string_view policy = scheduler_policy_name(scheduler.policy);
  const auto refuse = [&](std::string_view key, std::string_view where) {
    object.require(key, "").refuse(fmt::format("is for {}, not for {}", where, policy));
  };
  const bool real_time = policy == "SCHED_FIFO" || policy == "SCHED_RR";
  if (scheduler.priority != 0 && !real_time) refuse("priority", "SCHED_FIFO and SCHED_RR");
  if (policy == "SCHED_DEADLINE") return;
  if (scheduler.runtime != 0) refuse("runtime", "SCHED_DEADLINE");
  if (scheduler.deadline != 0) refuse("deadline", "SCHED_DEADLINE");
  if (scheduler.period != 0) refuse("period", "SCHED_DEADLINE");
}

}  // namespace

Scheduler parse_scheduler(const Reader& object) {
  const Reader policy = object.require("policy", "a scheduling policy, as in SCHED_BATCH");
  const auto number = scheduler_policy(policy.string());
  if (!number) {
    policy.refuse(fmt::format("is not a scheduling policy ({})", known_scheduler_policies()));
  }
  const Scheduler scheduler{
      .policy = *number,
      .nice = object.optional_integer<std::int32_t>("nice", kNiceLeast, kNiceMost).value_or(0),
      .priority = object.optional_integer<std::uint32_t>("priority", 0, kPriorityMost).value_or(0),
      .flags = parse_flags(object, "flags", scheduler_flag, known_scheduler_flags),
      .runtime = object.optional_integer<std::uint64_t>("runtime").value_or(0),
      .deadline = object.optional_integer<std::uint64_t>("deadline").value_or(0),
      .period = object.optional_integer<std::uint64_t>("period").value_or(0)};
  refuse_parameters_of_other_policies(object, scheduler);
  return scheduler;
}

IoPriority parse_io_priority(const Reader& object) {
  const Reader name = object.require("class", "a class of I/O priorities, as in IOPRIO_CLASS_BE");
  const auto number = io_class(name.string());
  if (!number) {
    name.refuse(fmt::format("is not a class of I/O priorities ({})", known_io_classes()));
  }
  const Reader level = object.require("priority", "a number from 0, the most urgent, to 7");
  return {.io_class = *number, .level = level.integer<std::uint32_t>(0, kIoLevelMost)};
}

ExecCpuAffinity parse_exec_cpu_affinity(const Reader& object) {
  return {.initial = list_or_none(object, "initial", kCpuMost),
          .final = list_or_none(object, "final", kCpuMost)};
}

MemoryPolicy parse_memory_policy(const Reader& object) {
  const Reader mode = object.require("mode", "a policy for memory, as in MPOL_BIND");
  const auto number = memory_policy_mode(mode.string());
  if (!number) {
    mode.refuse(fmt::format("is not a policy for memory ({})", known_memory_policy_modes()));
  }
  return {.mode = *number,
          .flags = parse_flags(object, "flags", memory_policy_flag, known_memory_policy_flags),
          .nodes = list_or_none(object, "nodes", kNodeMost)};
}

std::uint32_t parse_personality(const Reader& object) {
  const Reader domain = object.require("domain", "an execution domain (LINUX, LINUX32)");
  const auto number = personality_domain(domain.string());
  if (!number) {
    domain.refuse(fmt::format("is not an execution domain ({})", known_personalities()));
  }
  // config-linux.md, "Personality": no flag has a value yet.
  if (const auto flags = object.find("flags"); flags && !flags->strings().empty()) {
    flags->elements().front().refuse("is not a flag; none is defined");
  }
  return *number;
}

}  // namespace seatrial::spec
