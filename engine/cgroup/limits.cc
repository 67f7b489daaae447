// linux.resources to control files: which version of cgroups each limit is for, those that have the
// same files in both, and what comes when.
#include "engine/cgroup/limits.h"

#include <utility>

#include "engine/base/error.h"
#include "engine/cgroup/cgroup.h"

namespace seatrial::cgroup {
namespace {

void apply_cpuset(Writer& writer, const spec::CpuLimits& cpu) {
  if (!cpu.cpus.empty()) writer.set({"cpu.cpus", "cpuset.cpus", cpu.cpus});
  if (!cpu.mems.empty()) writer.set({"cpu.mems", "cpuset.mems", cpu.mems});
}

// The limit holds when a page is touched and, where the kernel counts those, when it is reserved.
void apply_huge_pages(Writer& writer, const std::vector<spec::HugePageLimit>& limits) {
  const std::string_view suffix = writer.in_unified("hugetlb") ? "max" : "limit_in_bytes";
  for (std::size_t i = 0; i < limits.size(); ++i) {
    const std::string key = fmt::format("hugepageLimits[{}].limit", i);
    const std::string value = fmt::format("{}", limits[i].limit);
    writer.set({key, fmt::format("hugetlb.{}.{}", limits[i].page_size, suffix), value});
    writer.set_if_present(
        {key, fmt::format("hugetlb.{}.rsvd.{}", limits[i].page_size, suffix), value});
  }
}

void apply_rdma(Writer& writer, const std::map<std::string, spec::RdmaLimit>& rdma) {
  for (const auto& [device, limit] : rdma) {
    std::string line = device;
    if (limit.hca_handles) line += fmt::format(" hca_handle={}", *limit.hca_handles);
    if (limit.hca_objects) line += fmt::format(" hca_object={}", *limit.hca_objects);
    writer.set({"rdma." + device, "rdma.max", line});
  }
}

// Of v1 alone: in v2 a packet filter matches the cgroup's path.
void apply_network(Writer& writer, const spec::NetworkLimits& network) {
  if (network.class_id) {
    writer.set(setting("network.classID", "net_cls.classid", *network.class_id));
  }
  for (std::size_t i = 0; i < network.priorities.size(); ++i) {
    const spec::InterfacePriority& each = network.priorities[i];
    writer.set({fmt::format("network.priorities[{}]", i), "net_prio.ifpriomap",
                fmt::format("{} {}", each.name, each.priority)});
  }
}

// The launcher and the init that it clones are in the cgroup at the same time.
bool is_too_narrow(const std::optional<std::int64_t>& pids_limit) {
  return pids_limit && (*pids_limit == 0 || *pids_limit == 1);
}

template <typename Number>
void drop_zero(std::optional<Number>& limit) {
  if (limit == Number{0}) limit.reset();
}

// Callers write 0 for what they do not limit (dockerd: cpu.shares and blockIO.weight of each
// container, and most of what it updates), and runc takes it so. The kernel takes 0 for none of
// these, or would stop the container for good.
spec::CpuLimits without_zeros(spec::CpuLimits cpu) {
  drop_zero(cpu.shares);
  drop_zero(cpu.quota);
  drop_zero(cpu.period);
  drop_zero(cpu.realtime_runtime);
  drop_zero(cpu.realtime_period);
  return cpu;
}

spec::MemoryLimits without_zeros(spec::MemoryLimits memory) {
  drop_zero(memory.limit);
  drop_zero(memory.reservation);
  drop_zero(memory.swap);
  drop_zero(memory.kernel);
  drop_zero(memory.kernel_tcp);
  return memory;
}

spec::BlockIoLimits without_zeros(spec::BlockIoLimits block_io) {
  drop_zero(block_io.weight);
  drop_zero(block_io.leaf_weight);
  return block_io;
}

constexpr const char* kUnifiedPids = "pids.max";

bool is_too_narrow(const std::map<std::string, std::string>& unified) {
  const auto pids = unified.find(kUnifiedPids);
  if (pids == unified.end()) return false;
  const std::string_view value = std::string_view(pids->second).substr(0, pids->second.find('\n'));
  return value == "0" || value == "1";
}

}  // namespace

void check_shares(std::uint64_t shares) {
  constexpr std::uint64_t kLeast = 2;
  constexpr std::uint64_t kMost = 262144;
  if (shares >= kLeast && shares <= kMost) return;
  throw error(Kind::kInvalidArgument, "linux.resources.cpu.shares: {}: {} to {} are possible",
              shares, kLeast, kMost);
}

void check_burst(const spec::CpuLimits& cpu) {
  if (!cpu.burst || !cpu.quota || *cpu.quota <= 0) return;
  if (std::cmp_less_equal(*cpu.burst, *cpu.quota)) return;
  throw error(Kind::kInvalidArgument,
              "linux.resources.cpu.burst: {}: cannot be more than linux.resources.cpu.quota ({})",
              *cpu.burst, *cpu.quota);
}

void check_swap(const spec::MemoryLimits& memory) {
  if (!memory.limit || !memory.swap || *memory.swap < 0) return;
  if (*memory.limit >= 0 && *memory.limit <= *memory.swap) return;
  throw error(Kind::kInvalidArgument,
              "linux.resources.memory.swap: {}: memory and swap together cannot be less than "
              "linux.resources.memory.limit ({})",
              *memory.swap, *memory.limit);
}

void check_usage(Writer& writer, const Setting& setting, std::string_view usage_file,
                 const std::optional<std::int64_t>& wanted) {
  if (!wanted || *wanted < 0) return;
  const std::string used = writer.directory(setting).read(usage_file);
  if (std::stoull(used) <= static_cast<std::uint64_t>(*wanted)) return;
  throw error(Kind::kConflict,
              "linux.resources.{}: {}: {} bytes are in use, and checkBeforeUpdate asks to refuse",
              setting.key, setting.value, used);
}

std::vector<std::string> Cgroup::apply_limits(const spec::Resources& resources) const {
  Writer writer(identity_);
  const auto for_version = [&](std::string_view v1_controller, auto v1, auto v2,
                               const auto& limits) {
    if (writer.in_unified(v1_controller)) return v2(writer, limits);
    v1(writer, limits);
  };
  if (resources.cpu) {
    for_version("cpu", v1::apply_cpu, v2::apply_cpu, without_zeros(*resources.cpu));
    apply_cpuset(writer, *resources.cpu);
  }
  if (resources.memory) {
    for_version("memory", v1::apply_memory, v2::apply_memory, without_zeros(*resources.memory));
  }
  if (resources.block_io) {
    for_version("blkio", v1::apply_block_io, v2::apply_block_io,
                without_zeros(*resources.block_io));
  }
  if (resources.pids_limit) {
    const std::int64_t limit = *resources.pids_limit;
    writer.set({"pids.limit", "pids.max", limit < 0 ? "max" : fmt::format("{}", limit)});
  }
  apply_huge_pages(writer, resources.huge_pages);
  apply_rdma(writer, resources.rdma);
  if (resources.network) apply_network(writer, *resources.network);
  v2::apply_unified(writer, resources.unified);  // what it names it overrides
  return writer.ignored();
}

std::vector<std::string> Cgroup::apply(const spec::Resources& resources, Nodes nodes) const {
  spec::Resources at_once = resources;
  if (is_too_narrow(resources.pids_limit)) at_once.pids_limit.reset();
  if (is_too_narrow(resources.unified)) at_once.unified.erase(kUnifiedPids);
  std::vector<std::string> ignored = apply_limits(at_once);
  if (nodes != Nodes::kForeign) apply_devices(resources.devices, nodes);
  return ignored;
}

bool Cgroup::leaves_something(const spec::Resources& resources, Nodes nodes) {
  return nodes == Nodes::kAny || is_too_narrow(resources.pids_limit) ||
         is_too_narrow(resources.unified);
}

void Cgroup::complete(const spec::Resources& resources, Nodes nodes) const {
  spec::Resources rest;
  if (is_too_narrow(resources.pids_limit)) rest.pids_limit = resources.pids_limit;
  if (is_too_narrow(resources.unified)) {
    rest.unified.emplace(kUnifiedPids, resources.unified.at(kUnifiedPids));
  }
  apply_limits(rest);
  if (nodes == Nodes::kAny) complete_devices(resources.devices);
}

}  // namespace seatrial::cgroup
