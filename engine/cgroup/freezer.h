// Which of a container's directories stops its processes. Internal to this room.
#pragma once

#include <optional>
#include <string>

#include "engine/cgroup/cgroup.h"
#include "engine/cgroup/directory.h"

namespace seatrial::cgroup {

// The member of the v1 freezer; without one the member in the tree of v2, where each cgroup can be
// frozen; or null.
const Membership* freezer_of(const Identity& identity);

// Whether create() made the member's directory and it is still that one.
bool is_ours(const Membership& member);

// Calls visit(directory) for the container's directory and all below it, outermost first.
template <typename Visit>
void walk(const std::string& path, const Visit& visit) {
  const std::optional<Directory> directory = Directory::open_if_present(path);
  if (!directory) return;
  visit(*directory);
  for (const std::string& child : directory->children()) walk(path + "/" + child, visit);
}

}  // namespace seatrial::cgroup
