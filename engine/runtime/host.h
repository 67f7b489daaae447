// What a Runtime learns of the host once and keeps.
#pragma once

#include <mutex>
#include <optional>
#include <string>

#include "engine/base/unique_fd.h"
#include "engine/cgroup/cgroup.h"
#include "engine/plan/launch_plan.h"
#include "engine/runtime/own_rights.h"
#include "engine/runtime/record.h"
#include "engine/runtime/runtime.h"

namespace seatrial::runtime {

// Each fact is collected at its first use, since most commands need few of them. Safe to call from
// several threads.
class Host {
 public:
  explicit Host(Rootless rootless = Rootless::kDetect) : rootless_(rootless) {}

  // Whether this process lacks privileges over the host (own_rights.h).
  bool is_restricted() const { return restricted_; }
  // Whether a container goes without the cgroups that this process may not make.
  bool cgroups_are_optional() const {
    return rootless_ == Rootless::kDetect ? restricted_ : rootless_ == Rootless::kYes;
  }
  // Without any hierarchy where there is none and cgroups are optional.
  const cgroup::Layout& layout();
  // Null before the first layout(): for those who would not read it for themselves.
  const cgroup::Layout* layout_if_known();
  // The static init binary as a sealed memory file, shared by all launches.
  int init_program();
  const std::string& boot_id();
  // This process, also where it is a fork of the one that made the Runtime.
  ProcessIdentity self();

  // The facts for a plan whose container is to be in `cgroups`.
  plan::HostFacts facts(std::vector<plan::CgroupHierarchy> cgroups);

 private:
  const Rootless rootless_;
  const bool restricted_ = runtime::is_restricted();
  std::mutex mutex_;
  std::optional<cgroup::Layout> layout_;
  UniqueFd init_program_;
  std::string boot_id_;
  ProcessIdentity self_;
  std::optional<plan::HostFacts> facts_;
};

// The hierarchies that a running container is in.
std::vector<plan::CgroupHierarchy> joined_hierarchies(const cgroup::Identity& identity);

}  // namespace seatrial::runtime
