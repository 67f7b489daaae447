// What of a host's cgroups a caller without root's privileges may use: rootless containers, and
// those of a root that is one inside a user namespace only.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/cgroup/layout.h"
#include "engine/spec/config.h"

namespace seatrial::cgroup {

// A directory that Cgroup::create() could not make, or that no process of ours could join.
struct Refusal {
  std::string mountpoint;  // of the hierarchy
  std::string path;        // what may not be written: a directory, or a file to join by
  int sys_errno = 0;
};

// One for each hierarchy in which the container cannot have its cgroup, asked of the kernel by
// access(2); makes nothing. Throws as resolve_path() does.
std::vector<Refusal> refusals(const Layout& layout, std::string_view cgroups_path,
                              std::string_view container_id);

// Throws Error{kDenied} naming the JSON path of the first limit of `resources` that needs one of
// the hierarchies that refuse. Devices are not looked at.
void check_limits(const Layout& layout, const std::vector<Refusal>& refusals,
                  const spec::Resources& resources);

// For a directory of v2 that is, or will be, somewhere below `delegated`, which somebody has handed
// to this user: throws Error{kDenied} naming the JSON path of the first limit of `resources` whose
// controller was not handed down with it.
void check_delegated(const std::string& delegated, const spec::Resources& resources);

// For a container whose devices are all the host's, bound, and that nobody can restrict to rules:
// throws Error{kDenied} naming a device that it would get although the rules keep it from it.
void check_devices(const std::vector<spec::Device>& devices,
                   const std::vector<spec::DeviceRule>& rules);

}  // namespace seatrial::cgroup
