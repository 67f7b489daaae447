// A container's cgroup as systemd sees it: a transient scope in a slice. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "engine/spec/config.h"

namespace seatrial::cgroup {

struct Scope {
  std::string slice;  // "system.slice", "user-1000.slice"
  std::string unit;   // "docker-7f3a.scope"

  std::string socket = {};  // of the systemd that makes it
  // Where that one's slices begin; "" is the root of each hierarchy.
  std::string root = {};

  // Below the root of each hierarchy: "/user.slice/user-1000.slice/docker-7f3a.scope".
  std::string cgroup() const;
};

// linux.cgroupsPath as engines write it for systemd, SLICE:PREFIX:NAME; an empty path is
// :seatrial:ID, and an empty slice `default_slice`. Throws Error{kInvalidArgument}.
Scope parse_scope(std::string_view cgroups_path, std::string_view container_id,
                  std::string_view default_slice = "system.slice");

// A property of a unit (org.freedesktop.systemd1(5)): of type s, b, t or a(ss).
struct UnitProperty {
  using Pairs = std::vector<std::pair<std::string, std::string>>;

  std::string name;
  std::variant<std::string, bool, std::uint64_t, Pairs> value;

  bool operator==(const UnitProperty&) const = default;
};

// Those limits of linux.resources for which systemd has a property, so that it does not take them
// back when it writes the unit's files anew. `v2`: whether systemd manages the tree of v2.
std::vector<UnitProperty> limits_as_properties(const spec::Resources& resources, bool v2);

// The devices of a container in v1, where systemd removes the directory of a unit for which it
// knows no such rule, and writes the same file where it does. Throws Error{kUnsupported} naming the
// entry of linux.resources.devices that systemd has no word for.
std::vector<UnitProperty> devices_as_properties(const std::vector<spec::DeviceRule>& rules);

}  // namespace seatrial::cgroup
