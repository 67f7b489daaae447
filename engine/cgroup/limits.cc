// linux.resources to control files: what is written where, and in which order. The order matters
// where the kernel checks one value against another (memory and swap, quota and period).
#include <cerrno>
#include <map>
#include <utility>

#include "engine/base/error.h"
#include "engine/cgroup/cgroup.h"
#include "engine/cgroup/directory.h"

namespace seatrial::cgroup {
namespace {

// One value of the document on its way to one control file.
struct Setting {
  std::string_view key;  // below linux.resources: "memory.limit"
  std::string_view file;
  std::string value;
};

template <typename Number>
Setting setting(std::string_view key, std::string_view file, Number value) {
  return {key, file, fmt::format("{}", value)};
}

// Writes settings into the directory of the controller that the file's name begins with.
class Writer {
 public:
  explicit Writer(const Identity& identity) : identity_(identity) {}

  void set(const Setting& setting) {
    if (const int failure = try_set(setting)) refuse(setting, failure);
  }

  // Returns 0 or the errno of the write.
  int try_set(const Setting& setting) {
    return directory(setting).try_write(setting.file, setting.value);
  }

  // Throws what a failed write of `setting` means to the person who wrote the document.
  [[noreturn]] static void refuse(const Setting& setting, int failure) {
    if (failure == ENOENT || failure == EOPNOTSUPP) {
      throw Error(Kind::kUnsupported, failure,
                  fmt::format("linux.resources.{}: {}: this kernel offers no {}", setting.key,
                              setting.value, setting.file));
    }
    throw sys_error(failure, "linux.resources.{}: {}: write {}", setting.key, setting.value,
                    setting.file);
  }

  // The directory that holds setting.file. Throws kUnsupported when the controller is not mounted.
  const Directory& directory(const Setting& setting) {
    const std::string_view controller = setting.file.substr(0, setting.file.find('.'));
    const auto known = open_.find(controller);
    if (known != open_.end()) return known->second;
    if (const Membership* const member = identity_.find(controller)) {
      return open_.emplace(controller, Directory(member->directory)).first->second;
    }
    throw error(Kind::kUnsupported,
                "linux.resources.{}: {}: the cgroup controller {} is not mounted on this host",
                setting.key, setting.value, controller);
  }

 private:
  const Identity& identity_;
  std::map<std::string, Directory, std::less<>> open_;
};

// Kernel: memory.limit <= memory.memsw.limit at each moment. So the one that moves away goes first.
void set_limit_and_swap(Writer& writer, const spec::MemoryLimits& memory) {
  const Setting limit = setting("memory.limit", "memory.limit_in_bytes", memory.limit.value_or(-1));
  const Setting swap =
      setting("memory.swap", "memory.memsw.limit_in_bytes", memory.swap.value_or(-1));
  if (memory.limit && memory.swap && *memory.swap >= 0 &&
      (*memory.limit < 0 || *memory.limit > *memory.swap)) {
    throw error(Kind::kInvalidArgument,
                "linux.resources.memory.swap: {}: memory and swap together cannot be less than "
                "linux.resources.memory.limit ({})",
                *memory.swap, *memory.limit);
  }
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

// checkBeforeUpdate: refuse a limit below what is in use instead of letting the kernel reclaim.
void check_usage(Writer& writer, const Setting& setting, std::string_view usage_file,
                 const std::optional<std::int64_t>& wanted) {
  if (!wanted || *wanted < 0) return;
  const std::string used = writer.directory(setting).read(usage_file);
  if (std::stoull(used) <= static_cast<std::uint64_t>(*wanted)) return;
  throw error(Kind::kConflict,
              "linux.resources.{}: {}: {} bytes are in use, and checkBeforeUpdate asks to refuse",
              setting.key, setting.value, used);
}

void apply_memory(Writer& writer, const spec::MemoryLimits& memory) {
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
    writer.set(setting("memory.kernel", "memory.kmem.limit_in_bytes", *memory.kernel));
  }
  if (memory.kernel_tcp) {
    writer.set(setting("memory.kernelTCP", "memory.kmem.tcp.limit_in_bytes", *memory.kernel_tcp));
  }
  if (memory.swappiness) {
    writer.set(setting("memory.swappiness", "memory.swappiness", *memory.swappiness));
  }
  if (memory.disable_oom_killer) {
    writer.set(setting("memory.disableOOMKiller", "memory.oom_control",
                       *memory.disable_oom_killer ? 1 : 0));
  }
}

// The kernel takes any number of shares and silently uses the nearest that it allows.
void check_shares(std::uint64_t shares) {
  constexpr std::uint64_t kLeast = 2;
  constexpr std::uint64_t kMost = 262144;
  if (shares >= kLeast && shares <= kMost) return;
  throw error(Kind::kInvalidArgument, "linux.resources.cpu.shares: {}: {} to {} are possible",
              shares, kLeast, kMost);
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

void apply_bandwidth(Writer& writer, const spec::CpuLimits& cpu) {
  std::optional<Setting> period;
  std::optional<Setting> quota;
  std::optional<Setting> burst;
  if (cpu.period) period = setting("cpu.period", "cpu.cfs_period_us", *cpu.period);
  // 0 would stop the container for good; runtimes take it for "not given".
  if (cpu.quota && *cpu.quota != 0) {
    quota = setting("cpu.quota", "cpu.cfs_quota_us", *cpu.quota < 0 ? -1 : *cpu.quota);
  }
  if (cpu.burst) burst = setting("cpu.burst", "cpu.cfs_burst_us", *cpu.burst);
  if (burst && cpu.quota && *cpu.quota > 0 && std::cmp_greater(*cpu.burst, *cpu.quota)) {
    throw error(Kind::kInvalidArgument,
                "linux.resources.cpu.burst: {}: cannot be more than linux.resources.cpu.quota ({})",
                *cpu.burst, *cpu.quota);
  }
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
  set_either(writer, rt_period, rt_runtime);
}

void apply_cpu(Writer& writer, const spec::CpuLimits& cpu) {
  apply_weight(writer, cpu);
  apply_bandwidth(writer, cpu);
  if (!cpu.cpus.empty()) writer.set({"cpu.cpus", "cpuset.cpus", cpu.cpus});
  if (!cpu.mems.empty()) writer.set({"cpu.mems", "cpuset.mems", cpu.mems});
}

// One write for each device; 0 takes a limit away.
void apply_rates(Writer& writer, std::string_view key, std::string_view file,
                 const std::vector<spec::DeviceRate>& rates) {
  for (const spec::DeviceRate& device : rates) {
    writer.set({key, file, fmt::format("{}:{} {}", device.major, device.minor, device.rate)});
  }
}

void apply_block_io(Writer& writer, const spec::BlockIoLimits& block_io) {
  apply_rates(writer, "blockIO.throttleReadBpsDevice", "blkio.throttle.read_bps_device",
              block_io.read_bps);
  apply_rates(writer, "blockIO.throttleWriteBpsDevice", "blkio.throttle.write_bps_device",
              block_io.write_bps);
  apply_rates(writer, "blockIO.throttleReadIOPSDevice", "blkio.throttle.read_iops_device",
              block_io.read_iops);
  apply_rates(writer, "blockIO.throttleWriteIOPSDevice", "blkio.throttle.write_iops_device",
              block_io.write_iops);
}

// The launcher and the init that it clones are in the cgroup at the same time.
bool is_too_narrow(const std::optional<std::int64_t>& pids_limit) {
  return pids_limit && (*pids_limit == 0 || *pids_limit == 1);
}

}  // namespace

void Cgroup::apply_limits(const spec::Resources& resources) const {
  Writer writer(identity_);
  if (resources.cpu) apply_cpu(writer, *resources.cpu);
  if (resources.memory) apply_memory(writer, *resources.memory);
  if (resources.block_io) apply_block_io(writer, *resources.block_io);
  if (resources.pids_limit) {
    const std::int64_t limit = *resources.pids_limit;
    writer.set({"pids.limit", "pids.max", limit < 0 ? "max" : fmt::format("{}", limit)});
  }
}

void Cgroup::apply(const spec::Resources& resources, Nodes nodes) const {
  spec::Resources at_once = resources;
  if (is_too_narrow(resources.pids_limit)) at_once.pids_limit.reset();
  apply_limits(at_once);
  apply_devices(resources.devices, nodes);
}

bool Cgroup::leaves_something(const spec::Resources& resources, Nodes nodes) {
  return nodes == Nodes::kAny || is_too_narrow(resources.pids_limit);
}

void Cgroup::complete(const spec::Resources& resources, Nodes nodes) const {
  if (is_too_narrow(resources.pids_limit)) {
    spec::Resources rest;
    rest.pids_limit = resources.pids_limit;
    apply_limits(rest);
  }
  if (nodes == Nodes::kAny) complete_devices(resources.devices);
}

}  // namespace seatrial::cgroup
