// Which cgroups a container gets: one in each hierarchy, or in those where this process may make
// one.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/cgroup/cgroup.h"
#include "engine/cgroup/systemd_scope.h"
#include "engine/plan/launch_plan.h"
#include "engine/runtime/host.h"
#include "engine/spec/config.h"

namespace seatrial::runtime {

struct ContainerCgroups {
  // The hierarchies in which it gets one; nothing: all of the host's.
  std::optional<cgroup::Layout> some = {};
  // All, by name, with the cgroup that it will be in: its own, or else this process's.
  std::vector<plan::CgroupHierarchy> hierarchies = {};
  // What it may be kept from and limited in. Devices only by root of the host.
  spec::Resources resources = {};
  cgroup::Nodes nodes = cgroup::Nodes::kDefaults;

  const cgroup::Layout& layout(Host& host) const { return some ? *some : host.layout(); }
};

// Makes nothing. Throws Error{kDenied} by its JSON path for what the container asks for in vain:
// linux.cgroupsPath, or a limit of linux.resources. `scope`: systemd makes them.
ContainerCgroups choose_cgroups(Host& host, const spec::Linux& config, const std::string& id,
                                const std::optional<cgroup::Scope>& scope = {});

}  // namespace seatrial::runtime
