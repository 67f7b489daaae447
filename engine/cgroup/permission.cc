#include "engine/cgroup/permission.h"

#include <fcntl.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>

#include "engine/base/error.h"
#include "engine/cgroup/controllers.h"
#include "engine/cgroup/directory.h"

namespace seatrial::cgroup {
namespace {

// By the effective user and capabilities, which are what a mkdir or a write is judged by. Inside a
// user namespace the kernel counts its root for files that the namespace maps, and no others.
int failure_to_write(const std::string& path) {
  return ::faccessat(AT_FDCWD, path.c_str(), W_OK, AT_EACCESS) == 0 ? 0 : errno;
}

bool exists(const std::string& path) {
  return ::faccessat(AT_FDCWD, path.c_str(), F_OK, AT_EACCESS) == 0 || errno != ENOENT;
}

// The cgroup below which both lie: "/" at the highest.
std::string common_ancestor(std::string_view one, std::string_view other) {
  std::size_t end = 0;
  for (std::size_t i = 0;; ++i) {
    const bool one_ends = i >= one.size() || one[i] == '/';
    const bool other_ends = i >= other.size() || other[i] == '/';
    if (one_ends && other_ends) end = i;
    if (i >= one.size() || i >= other.size() || one[i] != other[i]) break;
  }
  return std::string(one.substr(0, end));
}

// cgroup-v2.rst, "Delegation Containment": who moves a process writes to the cgroup.procs of the
// destination and of the cgroup above both.
std::optional<std::string> file_above(const Hierarchy& hierarchy, const std::string& cgroup) {
  if (!hierarchy.v2) return std::nullopt;
  return hierarchy.mountpoint + common_ancestor(cgroup, hierarchy.own_cgroup) + "/cgroup.procs";
}

std::optional<Refusal> refusal_of(const Hierarchy& hierarchy, const std::string& cgroup) {
  const auto refused = [&](std::string path) -> std::optional<Refusal> {
    const int failure = failure_to_write(path);
    if (failure == 0) return std::nullopt;
    return Refusal{
        .mountpoint = hierarchy.mountpoint, .path = std::move(path), .sys_errno = failure};
  };
  std::string path = hierarchy.mountpoint + cgroup;
  if (exists(path)) {
    path += hierarchy.v2 ? "/cgroup.procs" : "/tasks";
  } else {
    while (path.size() > hierarchy.mountpoint.size() && !exists(path)) {
      path.resize(path.rfind('/'));
    }
  }
  if (auto refusal = refused(path)) return refusal;
  if (auto above = file_above(hierarchy, cgroup)) return refused(*above);
  return std::nullopt;
}

// A limit of linux.resources and the controller that keeps it, by its names in v1 and in v2.
struct Wanted {
  std::string_view key;
  std::string_view v1;
  bool asked = false;
  std::string_view v2 = {};
};

// Zero and less than zero: none of its own, which a container without a cgroup has anyhow.
template <typename Number>
bool limits(const std::optional<Number>& value) {
  return value && *value > Number{0};
}

bool limits(const spec::MemoryLimits& memory) {
  return limits(memory.limit) || limits(memory.reservation) || limits(memory.swap) ||
         limits(memory.kernel) || limits(memory.kernel_tcp) || memory.swappiness.has_value() ||
         memory.disable_oom_killer.value_or(false);
}

bool limits(const spec::CpuLimits& cpu) {
  return limits(cpu.shares) || limits(cpu.quota) || limits(cpu.burst) || limits(cpu.period) ||
         limits(cpu.realtime_runtime) || limits(cpu.realtime_period) || limits(cpu.idle);
}

bool limits(const spec::BlockIoLimits& io) {
  return limits(io.weight) || limits(io.leaf_weight) || !io.weight_devices.empty() ||
         !io.read_bps.empty() || !io.write_bps.empty() || !io.read_iops.empty() ||
         !io.write_iops.empty();
}

std::vector<Wanted> wanted_of(const spec::Resources& resources) {
  return {
      {"memory", "memory", resources.memory && limits(*resources.memory), "memory"},
      {"cpu", "cpu", resources.cpu && limits(*resources.cpu), "cpu"},
      {"cpu.cpus", "cpuset", resources.cpu && !resources.cpu->cpus.empty(), "cpuset"},
      {"cpu.mems", "cpuset", resources.cpu && !resources.cpu->mems.empty(), "cpuset"},
      {"pids.limit", "pids", resources.pids_limit && *resources.pids_limit >= 0, "pids"},
      {"blockIO", "blkio", resources.block_io && limits(*resources.block_io), "io"},
      {"hugepageLimits", "hugetlb", !resources.huge_pages.empty(), "hugetlb"},
      {"rdma", "rdma", !resources.rdma.empty(), "rdma"},
      {"network.classID", "net_cls", resources.network && resources.network->class_id},
      {"network.priorities", "net_prio",
       resources.network && !resources.network->priorities.empty()},
      {"unified", "", !resources.unified.empty()},
  };
}

// Where the limit would go; null where the host has no place for it, which is told elsewhere.
const Hierarchy* place_of(const Layout& layout, const Wanted& wanted) {
  const Hierarchy* const v1 = wanted.v1.empty() ? nullptr : layout.find(wanted.v1);
  if (v1 != nullptr) return v1;
  const auto unified = std::ranges::find_if(layout.hierarchies(), &Hierarchy::v2);
  return unified == layout.hierarchies().end() ? nullptr : &*unified;
}

bool names(const spec::DeviceRule& rule, const spec::Device& device) {
  return (rule.type == 'a' || rule.type == static_cast<char>(device.type)) &&
         (!rule.major || *rule.major == device.major) &&
         (!rule.minor || *rule.minor == device.minor);
}

// The last rule that speaks of it decides; where there are rules, what none names is denied.
bool allows(const std::vector<spec::DeviceRule>& rules, const spec::Device& device,
            bool spec::DeviceRule::* access) {
  bool allowed = rules.empty();
  for (const spec::DeviceRule& rule : rules) {
    if (rule.*access && names(rule, device)) allowed = rule.allow;
  }
  return allowed;
}

}  // namespace

std::vector<Refusal> refusals(const Layout& layout, std::string_view cgroups_path,
                              std::string_view container_id) {
  std::vector<Refusal> result;
  for (const Hierarchy& hierarchy : layout.hierarchies()) {
    const std::string cgroup = resolve_path(hierarchy, cgroups_path, container_id);
    if (auto refusal = refusal_of(hierarchy, cgroup)) result.push_back(std::move(*refusal));
  }
  return result;
}

void check_limits(const Layout& layout, const std::vector<Refusal>& refusals,
                  const spec::Resources& resources) {
  for (const Wanted& wanted : wanted_of(resources)) {
    if (!wanted.asked) continue;
    const Hierarchy* const place = place_of(layout, wanted);
    if (place == nullptr) {
      if (!layout.hierarchies().empty()) continue;
      throw error(Kind::kUnsupported,
                  "linux.resources.{}: needs a cgroup, and no cgroup file system is mounted on "
                  "this host",
                  wanted.key);
    }
    const auto refusal = std::ranges::find(refusals, place->mountpoint, &Refusal::mountpoint);
    if (refusal == refusals.end()) continue;
    throw Error(Kind::kDenied, refusal->sys_errno,
                fmt::format("linux.resources.{}: needs a cgroup, which user {} may not make: {}",
                            wanted.key, ::geteuid(), refusal->path));
  }
}

void check_delegated(const std::string& delegated, const spec::Resources& resources) {
  const std::vector<std::string> has = controllers_of(Directory(delegated));
  const auto check = [&](std::string_view key, std::string_view controller) {
    if (std::ranges::find(has, controller) != has.end()) return;
    throw error(
        Kind::kDenied,
        "linux.resources.{}: needs the cgroup controller {}, which is not delegated to user "
        "{}: {}/cgroup.controllers has {}",
        key, controller, ::geteuid(), delegated,
        has.empty() ? "none" : fmt::format("{}", fmt::join(has, " ")));
  };
  for (const Wanted& wanted : wanted_of(resources)) {
    if (wanted.asked && !wanted.v2.empty()) check(wanted.key, wanted.v2);
  }
  for (const auto& [file, value] : resources.unified) {
    const std::string controller = file.substr(0, file.find('.'));
    if (controller != "cgroup") check("unified." + file, controller);
  }
}

void check_devices(const std::vector<spec::Device>& devices,
                   const std::vector<spec::DeviceRule>& rules) {
  for (std::size_t i = 0; i < devices.size(); ++i) {
    const spec::Device& device = devices[i];
    if (device.type == spec::DeviceType::kFifo) continue;
    const bool read = allows(rules, device, &spec::DeviceRule::read);
    if (read && allows(rules, device, &spec::DeviceRule::write)) continue;
    throw error(Kind::kDenied,
                "linux.resources.devices: keeps the container from {} {}, which linux.devices[{}] "
                "gives to it; only root of the host can hold back a part of a device",
                read ? "writing to" : "reading", device.path, i);
  }
}

}  // namespace seatrial::cgroup
