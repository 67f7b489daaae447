// linux.resources to control files of v2. What has no counterpart there is refused by its path:
// config-linux.md wants an error where a setting of v1 cannot be converted.
#include <algorithm>
#include <array>
#include <cerrno>

#include "engine/base/files.h"
#include "engine/cgroup/conversions.h"
#include "engine/cgroup/limits.h"

namespace seatrial::cgroup {
namespace {

[[noreturn]] void refuse(std::string_view key, std::string_view value, std::string_view why) {
  throw error(Kind::kUnsupported, "linux.resources.{}: {}: {}", key, value, why);
}

std::string bytes_or_max(std::int64_t bytes) {
  return bytes < 0 ? "max" : fmt::format("{}", bytes);
}

// As in v1, idle groups refuse weights: so idle goes first when it ends and last when it begins.
void apply_weight(Writer& writer, const spec::CpuLimits& cpu) {
  const Setting idle = setting("cpu.idle", "cpu.idle", cpu.idle.value_or(0));
  if (cpu.idle && *cpu.idle == 0) writer.set(idle);
  if (cpu.shares) {
    check_shares(*cpu.shares);
    writer.set(setting("cpu.shares", "cpu.weight", weight_of_shares(*cpu.shares)));
  }
  if (cpu.idle && *cpu.idle != 0) writer.set(idle);
}

// Both in one file. A quota alone leaves the period as it stands; a period alone needs the quota.
std::optional<Setting> bandwidth(Writer& writer, const spec::CpuLimits& cpu) {
  if (!cpu.quota && !cpu.period) return std::nullopt;
  Setting result{cpu.quota ? "cpu.quota" : "cpu.period", "cpu.max", {}};
  if (cpu.quota) {
    result.value = *cpu.quota < 0 ? "max" : fmt::format("{}", *cpu.quota);
  } else {
    result.value = fmt::format("{}", *cpu.period);  // should there be no controller
    const std::string now = writer.directory(result).read(result.file);
    result.value = now.substr(0, now.find(' '));
  }
  if (cpu.period) result.value += fmt::format(" {}", *cpu.period);
  return result;
}

void apply_bandwidth(Writer& writer, const spec::CpuLimits& cpu) {
  check_burst(cpu);
  const std::optional<Setting> limit = bandwidth(writer, cpu);
  std::optional<Setting> burst;
  if (cpu.burst) burst = setting("cpu.burst", "cpu.max.burst", *cpu.burst);
  // The kernel keeps the burst below the quota: one that has to shrink does so before the quota.
  const bool burst_first = burst && limit && writer.try_set(*burst) == 0;
  if (limit) writer.set(*limit);
  if (burst && !burst_first) writer.set(*burst);
}

void refuse_realtime(const spec::CpuLimits& cpu) {
  constexpr std::string_view kWhy = "cgroup v2 gives out no real-time scheduling";
  if (cpu.realtime_runtime) {
    refuse("cpu.realtimeRuntime", fmt::format("{}", *cpu.realtime_runtime), kWhy);
  }
  if (cpu.realtime_period) {
    refuse("cpu.realtimePeriod", fmt::format("{}", *cpu.realtime_period), kWhy);
  }
}

void ignore_kernel_memory(Writer& writer, const spec::MemoryLimits& memory) {
  if (memory.kernel && *memory.kernel >= 0) {
    writer.ignore(setting("memory.kernel", "", *memory.kernel),
                  "cgroup v2 counts the kernel's memory in memory.limit");
  }
  if (memory.kernel_tcp && *memory.kernel_tcp >= 0) {
    writer.ignore(setting("memory.kernelTCP", "", *memory.kernel_tcp),
                  "cgroup v2 counts socket buffers in memory.limit");
  }
}

void refuse_memory_of_v1(const spec::MemoryLimits& memory) {
  if (memory.swappiness) {
    refuse("memory.swappiness", fmt::format("{}", *memory.swappiness),
           "cgroup v2 has one swappiness for the whole host");
  }
  if (memory.disable_oom_killer.value_or(false)) {
    refuse("memory.disableOOMKiller", "true", "in cgroup v2 the OOM killer is always on");
  }
  if (!memory.use_hierarchy.value_or(true)) {
    refuse("memory.useHierarchy", "false", "cgroup v2 always accounts hierarchically");
  }
}

bool host_swaps() {
  const std::string swaps = read_file("/proc/swaps");
  return swaps.find('\n') + 1 < swaps.size();  // the first line names the columns
}

// The swap beyond the memory, which v2 limits on its own.
Setting swap_setting(Writer& writer, const spec::MemoryLimits& memory) {
  Setting result = setting("memory.swap", "memory.swap.max", *memory.swap);
  std::optional<std::int64_t> limit = memory.limit;
  if (!limit && *memory.swap >= 0)
    limit = limit_in_force(writer.directory(result).read("memory.max"));
  const std::optional<std::int64_t> swap = swap_beyond_memory(*memory.swap, limit);
  if (!swap) {
    throw error(Kind::kInvalidArgument,
                "linux.resources.memory.swap: {}: cgroup v2 limits swap beyond the memory, so it "
                "needs a linux.resources.memory.limit that is not above it",
                *memory.swap);
  }
  result.value = bytes_or_max(*swap);
  return result;
}

// Kernels that do not account swap have no such file.
void set_swap(Writer& writer, const Setting& swap) {
  if (writer.set_if_present(swap) || swap.value == "max") return;
  if (swap.value == "0" && !host_swaps()) return;
  Writer::refuse(swap, ENOENT);
}

void set_rate(Writer& writer, std::string_view list, std::string_view key,
              const std::vector<spec::DeviceRate>& rates) {
  for (std::size_t i = 0; i < rates.size(); ++i) {
    const std::string rate = rates[i].rate == 0 ? "max" : fmt::format("{}", rates[i].rate);
    writer.set({fmt::format("blockIO.{}[{}]", list, i), "io.max",
                fmt::format("{}:{} {}={}", rates[i].major, rates[i].minor, key, rate)});
  }
}

// io.bfq.weight is for devices with that scheduler, io.weight for those with a cost model. Returns
// whether one of them took it.
bool set_weight(Writer& writer, const std::string& key, const std::string& device,
                std::uint16_t weight) {
  if (weight < kLeastWeight || weight > kMostWeight) {
    throw error(Kind::kInvalidArgument, "linux.resources.{}: {}: {} to {} are possible", key,
                weight, kLeastWeight, kMostWeight);
  }
  const Setting bfq{key, "io.bfq.weight", fmt::format("{}{}", device, weight)};
  const int from_bfq = writer.try_set(bfq);
  if (!v2::is_weight_answer(from_bfq)) Writer::refuse(bfq, from_bfq);
  const Setting cost{key, "io.weight", fmt::format("{}{}", device, io_weight_of(weight))};
  const int from_cost = writer.try_set(cost);
  if (!v2::is_weight_answer(from_cost)) Writer::refuse(cost, from_cost);
  return from_bfq == 0 || from_cost == 0;
}

void apply_weights(Writer& writer, const spec::BlockIoLimits& block_io) {
  if (block_io.leaf_weight) {
    refuse("blockIO.leafWeight", fmt::format("{}", *block_io.leaf_weight),
           "cgroup v2 has no leaf weights");
  }
  const auto set = [&](const std::string& key, const std::string& device, std::uint16_t weight) {
    if (set_weight(writer, key, device, weight)) return;
    Writer::refuse({key, "io.weight", fmt::format("{}", weight)}, ENOENT);
  };
  if (block_io.weight) set("blockIO.weight", "default ", *block_io.weight);
  for (std::size_t i = 0; i < block_io.weight_devices.size(); ++i) {
    const spec::DeviceWeight& each = block_io.weight_devices[i];
    const std::string key = fmt::format("blockIO.weightDevice[{}]", i);
    if (each.leaf_weight) {
      refuse(key + ".leafWeight", fmt::format("{}", *each.leaf_weight),
             "cgroup v2 has no leaf weights");
    }
    set(key + ".weight", fmt::format("{}:{} ", each.major, each.minor), each.weight.value_or(0));
  }
}

// Where processes are and whether they run is the runtime's to say, not the document's.
void refuse_processes(const std::string& file) {
  constexpr std::array<std::string_view, 4> kProcesses{"cgroup.procs", "cgroup.threads",
                                                       "cgroup.kill", "cgroup.freeze"};
  for (const std::string_view each : kProcesses) {
    if (file != each) continue;
    throw error(Kind::kInvalidArgument,
                "linux.resources.unified.{}: it moves or stops processes, and limits nothing",
                file);
  }
}

}  // namespace

// A device that the file is not for answers EOPNOTSUPP.
bool v2::is_weight_answer(int failure) {
  return failure == 0 || failure == ENOENT || failure == EOPNOTSUPP;
}

void v2::apply_cpu(Writer& writer, const spec::CpuLimits& cpu) {
  refuse_realtime(cpu);
  apply_weight(writer, cpu);
  apply_bandwidth(writer, cpu);
}

void v2::apply_memory(Writer& writer, const spec::MemoryLimits& memory) {
  refuse_memory_of_v1(memory);
  ignore_kernel_memory(writer, memory);
  check_swap(memory);
  const Setting limit{"memory.limit", "memory.max", bytes_or_max(memory.limit.value_or(-1))};
  if (memory.check_before_update.value_or(false)) {
    check_usage(writer, limit, "memory.current", memory.limit);
  }
  if (memory.swap) {
    set_swap(writer, swap_setting(writer, memory));
  } else if (memory.limit && *memory.limit < 0) {
    // Without a word on swap, an unlimited memory means an unlimited sum.
    set_swap(writer, {"memory.limit", "memory.swap.max", "max"});
  }
  if (memory.limit) writer.set(limit);
  if (memory.reservation) {
    // No soft limit in v1 is no protection in v2.
    writer.set(setting("memory.reservation", "memory.low",
                       std::max<std::int64_t>(*memory.reservation, 0)));
  }
}

void v2::apply_block_io(Writer& writer, const spec::BlockIoLimits& block_io) {
  apply_weights(writer, block_io);
  set_rate(writer, "throttleReadBpsDevice", "rbps", block_io.read_bps);
  set_rate(writer, "throttleWriteBpsDevice", "wbps", block_io.write_bps);
  set_rate(writer, "throttleReadIOPSDevice", "riops", block_io.read_iops);
  set_rate(writer, "throttleWriteIOPSDevice", "wiops", block_io.write_iops);
}

void v2::apply_unified(Writer& writer, const std::map<std::string, std::string>& files) {
  for (const auto& [file, value] : files) {
    refuse_processes(file);
    const Setting whole{"unified." + file, file, value};
    const Directory& directory = writer.unified_directory(whole);
    // Files for several devices take one of them each write.
    std::string_view rest = value;
    do {
      const std::size_t end = std::min(rest.find('\n'), rest.size());
      const std::string_view line = rest.substr(0, end);
      rest.remove_prefix(std::min(end + 1, rest.size()));
      if (const int failure = directory.try_write(file, line)) {
        Writer::refuse({whole.key, file, std::string(line)}, failure);
      }
    } while (!rest.empty());
  }
}

}  // namespace seatrial::cgroup
