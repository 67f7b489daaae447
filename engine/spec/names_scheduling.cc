// The words of process.scheduler, process.ioPriority, linux.memoryPolicy and linux.personality.
#include <fmt/format.h>

#include <array>
#include <charconv>

#include "engine/spec/named.h"
#include "engine/spec/names.h"

namespace seatrial::spec {
namespace {

// config.md, "Process": the numbers are those of include/uapi/linux/sched.h.
constexpr auto kPolicies = std::to_array<Named<std::uint32_t>>({
    {"SCHED_OTHER", 0},
    {"SCHED_FIFO", 1},
    {"SCHED_RR", 2},
    {"SCHED_BATCH", 3},
    {"SCHED_ISO", 4},
    {"SCHED_IDLE", 5},
    {"SCHED_DEADLINE", 6},
});

constexpr auto kSchedulerFlags = std::to_array<Named<std::uint64_t>>({
    {"SCHED_FLAG_RESET_ON_FORK", 0x01},
    {"SCHED_FLAG_RECLAIM", 0x02},
    {"SCHED_FLAG_DL_OVERRUN", 0x04},
    {"SCHED_FLAG_KEEP_POLICY", 0x08},
    {"SCHED_FLAG_KEEP_PARAMS", 0x10},
    {"SCHED_FLAG_UTIL_CLAMP_MIN", 0x20},
    {"SCHED_FLAG_UTIL_CLAMP_MAX", 0x40},
});

// include/uapi/linux/ioprio.h
constexpr auto kIoClasses = std::to_array<Named<std::uint32_t>>({
    {"IOPRIO_CLASS_RT", 1},
    {"IOPRIO_CLASS_BE", 2},
    {"IOPRIO_CLASS_IDLE", 3},
});

// include/uapi/linux/mempolicy.h; MPOL_WEIGHTED_INTERLEAVE came with Linux 6.9.
constexpr auto kMemoryModes = std::to_array<Named<std::uint32_t>>({
    {"MPOL_DEFAULT", 0},
    {"MPOL_PREFERRED", 1},
    {"MPOL_BIND", 2},
    {"MPOL_INTERLEAVE", 3},
    {"MPOL_LOCAL", 4},
    {"MPOL_PREFERRED_MANY", 5},
    {"MPOL_WEIGHTED_INTERLEAVE", 6},
});

constexpr auto kMemoryFlags = std::to_array<Named<std::uint32_t>>({
    {"MPOL_F_NUMA_BALANCING", 1u << 13},
    {"MPOL_F_RELATIVE_NODES", 1u << 14},
    {"MPOL_F_STATIC_NODES", 1u << 15},
});

// include/uapi/linux/personality.h, PER_LINUX and PER_LINUX32
constexpr auto kPersonalities = std::to_array<Named<std::uint32_t>>({
    {"LINUX", 0},
    {"LINUX32", 8},
});

constexpr unsigned kWordBits = 64;

bool has(const NumberMask& mask, unsigned number) {
  return (mask[number / kWordBits] >> number % kWordBits & 1) != 0;
}

std::optional<unsigned> parse_number(std::string_view text) {
  unsigned number = 0;
  const auto [end, flaw] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (flaw != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

std::optional<std::uint32_t> scheduler_policy(std::string_view name) {
  return look_up(kPolicies, name);
}

std::optional<std::uint64_t> scheduler_flag(std::string_view name) {
  return look_up(kSchedulerFlags, name);
}

std::optional<std::uint32_t> io_class(std::string_view name) {
  return look_up(kIoClasses, name);
}

std::optional<std::uint32_t> memory_policy_mode(std::string_view name) {
  return look_up(kMemoryModes, name);
}

std::optional<std::uint32_t> memory_policy_flag(std::string_view name) {
  return look_up(kMemoryFlags, name);
}

std::optional<std::uint32_t> personality_domain(std::string_view name) {
  return look_up(kPersonalities, name);
}

std::string_view scheduler_policy_name(std::uint32_t policy) {
  return name_of(kPolicies, policy);
}

std::vector<std::string_view> scheduler_flag_names(std::uint64_t flags) {
  return names_among(kSchedulerFlags, flags);
}

std::string_view io_class_name(std::uint32_t io_class) {
  return name_of(kIoClasses, io_class);
}

std::string_view memory_policy_mode_name(std::uint32_t mode) {
  return name_of(kMemoryModes, mode);
}

std::vector<std::string_view> memory_policy_mode_names() {
  return all_names(kMemoryModes);
}

std::vector<std::string_view> memory_policy_flag_names(std::uint32_t flags) {
  return names_among(kMemoryFlags, flags);
}

std::string_view personality_name(std::uint32_t domain) {
  return name_of(kPersonalities, domain);
}

std::optional<NumberMask> number_mask(std::string_view list, unsigned most) {
  NumberMask mask;
  while (true) {
    const std::size_t comma = list.find(',');
    const std::string_view part = list.substr(0, comma);
    const std::size_t dash = part.find('-');
    const auto first = parse_number(part.substr(0, dash));
    const auto last = dash == part.npos ? first : parse_number(part.substr(dash + 1));
    if (!first || !last || *first > *last || *last > most) return std::nullopt;
    if (mask.size() <= *last / kWordBits) mask.resize(*last / kWordBits + 1);
    for (unsigned number = *first; number <= *last; ++number) {
      mask[number / kWordBits] |= std::uint64_t{1} << number % kWordBits;
    }
    if (comma == list.npos) return mask;
    list.remove_prefix(comma + 1);
  }
}

std::string number_list(const NumberMask& mask) {
  const unsigned end = static_cast<unsigned>(mask.size()) * kWordBits;
  std::string list;
  for (unsigned number = 0; number < end; ++number) {
    if (!has(mask, number)) continue;
    const unsigned first = number;
    while (number + 1 < end && has(mask, number + 1)) ++number;
    if (!list.empty()) list += ',';
    list += first == number ? fmt::format("{}", first) : fmt::format("{}-{}", first, number);
  }
  return list;
}

std::string known_scheduler_policies() {
  return names_of(kPolicies);
}

std::string known_scheduler_flags() {
  return names_of(kSchedulerFlags);
}

std::string known_io_classes() {
  return names_of(kIoClasses);
}

std::string known_memory_policy_modes() {
  return names_of(kMemoryModes);
}

std::string known_memory_policy_flags() {
  return names_of(kMemoryFlags);
}

std::string known_personalities() {
  return names_of(kPersonalities);
}

}  // namespace seatrial::spec
