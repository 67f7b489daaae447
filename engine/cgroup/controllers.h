// The controllers of a cgroup in the v2 tree: which it has, and how it comes to have them. Each
// ancestor has to hand them down (cgroup.subtree_control), and may do so only while no process is
// in it: the root excepted, processes are only where nothing is handed down ("no internal process
// constraint" of the kernel's cgroup-v2.rst).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/cgroup/cgroup.h"
#include "engine/cgroup/directory.h"

namespace seatrial::cgroup {

// What cgroup.controllers names.
std::vector<std::string> controllers_of(const Directory& directory);

// Has the ancestors hand down all that the top of the tree has, as far as they may. What they may
// not is told when a limit needs it; a container without limits works anyhow.
void enable_available(const Membership& member);

// The same for one controller; false where the tree lacks it. Throws Error naming the ancestor that
// refuses and why.
bool enable_controller(const Membership& member, std::string_view controller);

// Throws Error{kConflict} for a directory that hands controllers down, which no process can join.
void check_joinable(const Membership& member);

}  // namespace seatrial::cgroup
