// What a Runtime learns of the host once and keeps.
#pragma once

#include <mutex>
#include <optional>
#include <string>

#include "engine/base/unique_fd.h"
#include "engine/cgroup/cgroup.h"
#include "engine/plan/launch_plan.h"
#include "engine/runtime/record.h"

namespace seatrial::runtime {

// Each fact is collected at its first use, since most commands need few of them. Safe to call from
// several threads.
class Host {
 public:
  const cgroup::Layout& layout();
  // Null before the first layout(): for those who would not read it for themselves.
  const cgroup::Layout* layout_if_known();
  // The static init binary as a sealed memory file, shared by all launches.
  int init_program();
  const std::string& boot_id();
  // This process, also where it is a fork of the one that made the Runtime.
  ProcessIdentity self();

  // The facts for a plan whose container joins `cgroups`.
  plan::HostFacts facts(std::vector<plan::CgroupHierarchy> cgroups);

 private:
  std::mutex mutex_;
  std::optional<cgroup::Layout> layout_;
  UniqueFd init_program_;
  std::string boot_id_;
  ProcessIdentity self_;
  std::optional<plan::HostFacts> facts_;
};

// The hierarchies that a container with this cgroupsPath joins, by name; makes nothing.
std::vector<plan::CgroupHierarchy> planned_hierarchies(const cgroup::Layout& layout,
                                                       const std::string& cgroups_path,
                                                       const std::string& container_id);

// Those that a running container is in.
std::vector<plan::CgroupHierarchy> joined_hierarchies(const cgroup::Identity& identity);

}  // namespace seatrial::runtime
