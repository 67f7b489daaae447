#include "engine/cgroup/systemd_scope.h"

#include <algorithm>
#include <limits>

#include "engine/base/error.h"
#include "engine/cgroup/conversions.h"
#include "engine/cgroup/device_list.h"

namespace seatrial::cgroup {
namespace {

constexpr std::string_view kSlice = ".slice";
constexpr std::uint64_t kNoLimit = std::numeric_limits<std::uint64_t>::max();

std::uint64_t limit_of(std::int64_t value) {
  return value < 0 ? kNoLimit : static_cast<std::uint64_t>(value);
}

[[noreturn]] void refuse(std::string_view cgroups_path, std::string_view why) {
  throw error(Kind::kInvalidArgument,
              "linux.cgroupsPath: {}: {}; with --systemd-cgroup it is SLICE:PREFIX:NAME, as in "
              "system.slice:docker:7f3a",
              cgroups_path, why);
}

// "-.slice" is the root; "a-b.slice" lies in "a.slice".
void check_slice(std::string_view slice, std::string_view cgroups_path) {
  if (slice == "-.slice") return;
  const std::string_view stem =
      slice.substr(0, slice.size() - std::min(slice.size(), kSlice.size()));
  const bool fits = slice.ends_with(kSlice) && !stem.empty() && !stem.starts_with('-') &&
                    !stem.ends_with('-') && stem.find("--") == stem.npos &&
                    stem.find('/') == stem.npos;
  if (!fits) refuse(cgroups_path, fmt::format("\"{}\" is no slice", slice));
}

// systemd keeps processor time in hundredths of a processor, and so would round down.
std::uint64_t quota_per_second(const spec::CpuLimits& cpu) {
  constexpr std::uint64_t kStep = 10000;
  if (*cpu.quota <= 0) return kNoLimit;
  const std::uint64_t period = cpu.period.value_or(100000);
  const std::uint64_t exact = static_cast<std::uint64_t>(*cpu.quota) * 1000000 / period;
  return (exact + kStep - 1) / kStep * kStep;
}

void add_cpu(std::vector<UnitProperty>& properties, const spec::CpuLimits& cpu, bool v2) {
  if (cpu.shares && *cpu.shares != 0) {
    properties.push_back(v2 ? UnitProperty{"CPUWeight", weight_of_shares(*cpu.shares)}
                            : UnitProperty{"CPUShares", *cpu.shares});
  }
  if (!cpu.quota || cpu.period == 0U) return;
  if (cpu.period) properties.push_back({"CPUQuotaPeriodUSec", std::uint64_t{*cpu.period}});
  properties.push_back({"CPUQuotaPerSecUSec", quota_per_second(cpu)});
}

void add_memory(std::vector<UnitProperty>& properties, const spec::MemoryLimits& memory, bool v2) {
  if (memory.limit) {
    properties.push_back({v2 ? "MemoryMax" : "MemoryLimit", limit_of(*memory.limit)});
  }
  if (!v2) return;
  if (memory.reservation) properties.push_back({"MemoryLow", limit_of(*memory.reservation)});
  if (!memory.swap) return;
  if (const auto beyond = swap_beyond_memory(*memory.swap, memory.limit)) {
    properties.push_back({"MemorySwapMax", limit_of(*beyond)});
  }
}

std::pair<std::string, std::string> allowed(const spec::DeviceRule& rule) {
  const std::string type = rule.type == 'b' ? "block" : "char";
  std::string name = rule.minor   ? fmt::format("/dev/{}/{}:{}", type, *rule.major, *rule.minor)
                     : rule.major ? fmt::format("{}-{}", type, *rule.major)
                                  : type + "-*";
  return {std::move(name), device_access(rule)};
}

[[noreturn]] void refuse_device(std::size_t index, const spec::DeviceRule& rule) {
  throw error(Kind::kUnsupported,
              "linux.resources.devices[{}]: with --systemd-cgroup on cgroup v1, systemd cannot {} "
              "\"{}\"",
              index, rule.allow ? "allow" : "take away", device_line(rule));
}

}  // namespace

std::string Scope::cgroup() const {
  std::string path = root;
  if (slice != "-.slice") {
    const std::string stem = slice.substr(0, slice.size() - kSlice.size());
    for (std::size_t end = stem.find('-'); end != stem.npos; end = stem.find('-', end + 1)) {
      path += fmt::format("/{}.slice", stem.substr(0, end));
    }
    path += "/" + slice;
  }
  return path + "/" + unit;
}

Scope parse_scope(std::string_view cgroups_path, std::string_view container_id,
                  std::string_view default_slice) {
  if (cgroups_path.empty()) {
    return {.slice = std::string(default_slice),
            .unit = fmt::format("seatrial-{}.scope", container_id)};
  }
  const std::size_t first = cgroups_path.find(':');
  const std::size_t second = first == cgroups_path.npos ? first : cgroups_path.find(':', first + 1);
  if (second == cgroups_path.npos || cgroups_path.find(':', second + 1) != cgroups_path.npos) {
    refuse(cgroups_path, "it does not have three parts");
  }
  const std::string_view slice = cgroups_path.substr(0, first);
  const std::string_view prefix = cgroups_path.substr(first + 1, second - first - 1);
  const std::string_view name = cgroups_path.substr(second + 1);
  if (!slice.empty()) check_slice(slice, cgroups_path);
  if (name.empty()) refuse(cgroups_path, "its name is empty");
  if (name.find('/') != name.npos || prefix.find('/') != prefix.npos) {
    refuse(cgroups_path, "a unit's name has no slash");
  }
  if (name.ends_with(kSlice)) refuse(cgroups_path, "a container is not given a slice of its own");
  return {.slice = std::string(slice.empty() ? default_slice : slice),
          .unit = fmt::format("{}{}{}.scope", prefix, prefix.empty() ? "" : "-", name)};
}

std::vector<UnitProperty> limits_as_properties(const spec::Resources& resources, bool v2) {
  std::vector<UnitProperty> properties;
  if (resources.cpu) add_cpu(properties, *resources.cpu, v2);
  if (resources.memory) add_memory(properties, *resources.memory, v2);
  if (resources.pids_limit) properties.push_back({"TasksMax", limit_of(*resources.pids_limit)});
  if (resources.block_io && resources.block_io->weight.value_or(0) != 0) {
    const std::uint16_t weight = *resources.block_io->weight;
    properties.push_back(v2 ? UnitProperty{"IOWeight", io_weight_of(weight)}
                            : UnitProperty{"BlockIOWeight", std::uint64_t{weight}});
  }
  return properties;
}

std::vector<UnitProperty> devices_as_properties(const std::vector<spec::DeviceRule>& rules) {
  const DeviceList list = resolve_devices(rules);
  UnitProperty::Pairs pairs;
  if (list.allows_by_default) pairs = {{"char-*", "rwm"}, {"block-*", "rwm"}};
  for (const auto& [rule, index] : list.exceptions) {
    if (!rule.allow || (rule.minor && !rule.major)) refuse_device(index, rule);
    pairs.push_back(allowed(rule));
  }
  for (const spec::DeviceRule& rule : default_devices()) pairs.push_back(allowed(rule));
  return {{"DevicePolicy", "strict"}, {"DeviceAllow", std::move(pairs)}};
}

}  // namespace seatrial::cgroup
