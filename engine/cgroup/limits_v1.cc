// linux.resources to control files of v1 whose names or meanings v2 does not share: what is written
// where, and in which order. The order matters where the kernel checks one value against another
// (memory and swap, quota and period).
#include <cerrno>
#include <initializer_list>

#include "engine/cgroup/limits.h"

namespace seatrial::cgroup {
namespace {

constexpr int kNotSupported = 524;  // the kernel's own ENOTSUPP, which no header has

// Kernel: memory.limit <= memory.memsw.limit at each moment. So the one that moves away goes first.
void set_limit_and_swap(Writer& writer, const spec::MemoryLimits& memory) {
  const Setting limit = setting("memory.limit", "memory.limit_in_bytes", memory.limit.value_or(-1));
  const Setting swap =
      setting("memory.swap", "memory.memsw.limit_in_bytes", memory.swap.value_or(-1));
  check_swap(memory);
  if (!memory.limit) {
    if (memory.swap) writer.set(swap);
    return;
  }
  if (*memory.limit < 0) {
    // Without a word on swap, an unlimited memory means an unlimited sum; hosts that do not account
    // swap have no such file.
    const int failure = writer.try_set(swap);
    if (failure != 0 && (memory.swap || failure != ENOENT)) Writer::refuse(swap, failure);
    writer.set(limit);
    return;
  }
  const int failure = writer.try_set(limit);
  if (failure == 0) {
    if (memory.swap) writer.set(swap);
    return;
  }
  if (failure != EINVAL || !memory.swap) Writer::refuse(limit, failure);
  writer.set(swap);  // raising: the sum makes room first
  writer.set(limit);
}

constexpr const char* kNoKernelLimit =
    "this kernel has no limit for its own memory but memory.limit";

// Since Linux 5.16 the file takes any number and limits nothing, or takes none, or is not there.
void set_kernel_memory(Writer& writer, const Setting& limit, std::int64_t bytes) {
  const int failure = writer.try_set(limit);
  const bool absent = failure == EOPNOTSUPP || failure == kNotSupported || failure == ENOENT;
  if (failure != 0 && !absent) Writer::refuse(limit, failure);
  if (bytes < 0) return;
  if (absent) return writer.ignore(limit, kNoKernelLimit);
  // The kernel counts in whole pages.
  constexpr std::uint64_t kPage = 4096;
  const std::uint64_t held = std::stoull(writer.directory(limit).read(limit.file));
  if (held / kPage > static_cast<std::uint64_t>(bytes) / kPage + 1) {
    writer.ignore(limit, kNoKernelLimit);
  }
}

// Kernel: idle groups refuse shares. So idle goes first when it ends and last when it begins.
void apply_weight(Writer& writer, const spec::CpuLimits& cpu) {
  const Setting idle = setting("cpu.idle", "cpu.idle", cpu.idle.value_or(0));
  if (cpu.idle && *cpu.idle == 0) writer.set(idle);
  if (cpu.shares) {
    check_shares(*cpu.shares);
    writer.set(setting("cpu.shares", "cpu.shares", *cpu.shares));
  }
  if (cpu.idle && *cpu.idle != 0) writer.set(idle);
}

// Sets both; the kernel checks each write against the other value that stands (quota/period against
// the parent's ratio, burst against the quota), so when one order is refused the other is tried.
void set_pair(Writer& writer, const Setting& first, const Setting& second) {
  const int failure = writer.try_set(first);
  if (failure == 0) return writer.set(second);
  if (failure != EINVAL || writer.try_set(second) != 0) Writer::refuse(first, failure);
  writer.set(first);
}

void set_either(Writer& writer, const std::optional<Setting>& first,
                const std::optional<Setting>& second) {
  if (first && second) return set_pair(writer, *first, *second);
  if (first) writer.set(*first);
  if (second) writer.set(*second);
}

// A new group has no real-time runtime, and may have no more than the one above it. Those above
// that were made for this container get what it gets; where that does not do, its own write tells.
void give_ancestors(Writer& writer, const Setting& setting) {
  for (const std::string& path : writer.made_above("cpu")) {
    Directory(path).try_write(setting.file, setting.value);
  }
}

void apply_bandwidth(Writer& writer, const spec::CpuLimits& cpu) {
  std::optional<Setting> period;
  std::optional<Setting> quota;
  std::optional<Setting> burst;
  if (cpu.period) period = setting("cpu.period", "cpu.cfs_period_us", *cpu.period);
  if (cpu.quota) {
    quota = setting("cpu.quota", "cpu.cfs_quota_us", *cpu.quota < 0 ? -1 : *cpu.quota);
  }
  if (cpu.burst) burst = setting("cpu.burst", "cpu.cfs_burst_us", *cpu.burst);
  check_burst(cpu);
  // A burst that has to shrink before the quota may.
  const bool burst_first = burst && quota && writer.try_set(*burst) == 0;
  set_either(writer, period, quota);
  if (burst && !burst_first) writer.set(*burst);

  std::optional<Setting> rt_period;
  std::optional<Setting> rt_runtime;
  if (cpu.realtime_period) {
    rt_period = setting("cpu.realtimePeriod", "cpu.rt_period_us", *cpu.realtime_period);
  }
  if (cpu.realtime_runtime) {
    rt_runtime = setting("cpu.realtimeRuntime", "cpu.rt_runtime_us", *cpu.realtime_runtime);
  }
  if (rt_period) give_ancestors(writer, *rt_period);
  if (rt_runtime) give_ancestors(writer, *rt_runtime);
  set_either(writer, rt_period, rt_runtime);
}

// The first of these files that the kernel has: BFQ's, or that of the CFQ of kernels before 5.0.
void set_weight(Writer& writer, std::string_view key, std::initializer_list<std::string_view> files,
                const std::string& value) {
  for (const std::string_view file : files) {
    if (writer.set_if_present({std::string(key), std::string(file), value})) return;
  }
  Writer::refuse({std::string(key), std::string(*files.begin()), value}, ENOENT);
}

void apply_weight_device(Writer& writer, std::size_t index, const spec::DeviceWeight& device) {
  const auto set = [&](std::string_view name, std::uint16_t weight,
                       std::initializer_list<std::string_view> files) {
    set_weight(writer, fmt::format("blockIO.weightDevice[{}].{}", index, name), files,
               fmt::format("{}:{} {}", device.major, device.minor, weight));
  };
  if (device.weight) {
    set("weight", *device.weight, {"blkio.bfq.weight_device", "blkio.weight_device"});
  }
  if (device.leaf_weight) set("leafWeight", *device.leaf_weight, {"blkio.leaf_weight_device"});
}

// One write for each device; 0 takes a limit away.
void apply_rates(Writer& writer, std::string_view key, std::string_view file,
                 const std::vector<spec::DeviceRate>& rates) {
  for (const spec::DeviceRate& device : rates) {
    writer.set({std::string(key), std::string(file),
                fmt::format("{}:{} {}", device.major, device.minor, device.rate)});
  }
}

}  // namespace

void v1::apply_cpu(Writer& writer, const spec::CpuLimits& cpu) {
  apply_weight(writer, cpu);
  apply_bandwidth(writer, cpu);
}

void v1::apply_memory(Writer& writer, const spec::MemoryLimits& memory) {
  if (memory.check_before_update.value_or(false)) {
    check_usage(writer, setting("memory.limit", "memory.limit_in_bytes", memory.limit.value_or(0)),
                "memory.usage_in_bytes", memory.limit);
    check_usage(writer,
                setting("memory.swap", "memory.memsw.limit_in_bytes", memory.swap.value_or(0)),
                "memory.memsw.usage_in_bytes", memory.swap);
  }
  if (memory.use_hierarchy) {
    const Setting use =
        setting("memory.useHierarchy", "memory.use_hierarchy", *memory.use_hierarchy ? 1 : 0);
    // Writing even the value it has is refused once there are children.
    if (writer.directory(use).read(use.file) != use.value) writer.set(use);
  }
  set_limit_and_swap(writer, memory);
  if (memory.reservation) {
    writer.set(setting("memory.reservation", "memory.soft_limit_in_bytes", *memory.reservation));
  }
  if (memory.kernel) {
    set_kernel_memory(writer,
                      setting("memory.kernel", "memory.kmem.limit_in_bytes", *memory.kernel),
                      *memory.kernel);
  }
  if (memory.kernel_tcp) {
    set_kernel_memory(
        writer, setting("memory.kernelTCP", "memory.kmem.tcp.limit_in_bytes", *memory.kernel_tcp),
        *memory.kernel_tcp);
  }
  if (memory.swappiness) {
    writer.set(setting("memory.swappiness", "memory.swappiness", *memory.swappiness));
  }
  if (memory.disable_oom_killer) {
    writer.set(setting("memory.disableOOMKiller", "memory.oom_control",
                       *memory.disable_oom_killer ? 1 : 0));
  }
}

void v1::apply_block_io(Writer& writer, const spec::BlockIoLimits& block_io) {
  if (block_io.weight) {
    set_weight(writer, "blockIO.weight", {"blkio.bfq.weight", "blkio.weight"},
               fmt::format("{}", *block_io.weight));
  }
  if (block_io.leaf_weight) {
    set_weight(writer, "blockIO.leafWeight", {"blkio.leaf_weight"},
               fmt::format("{}", *block_io.leaf_weight));
  }
  for (std::size_t i = 0; i < block_io.weight_devices.size(); ++i) {
    apply_weight_device(writer, i, block_io.weight_devices[i]);
  }
  apply_rates(writer, "blockIO.throttleReadBpsDevice", "blkio.throttle.read_bps_device",
              block_io.read_bps);
  apply_rates(writer, "blockIO.throttleWriteBpsDevice", "blkio.throttle.write_bps_device",
              block_io.write_bps);
  apply_rates(writer, "blockIO.throttleReadIOPSDevice", "blkio.throttle.read_iops_device",
              block_io.read_iops);
  apply_rates(writer, "blockIO.throttleWriteIOPSDevice", "blkio.throttle.write_iops_device",
              block_io.write_iops);
}

}  // namespace seatrial::cgroup
