// The config.json that `seatrial-runtime spec` writes: a shell in a contained place, for a person
// to edit.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace seatrial::spec {

// For a user without privileges: a user namespace whose root this user is, no limits, and the
// network and the sysfs of the host.
struct RootlessOwner {
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
};

struct DefaultSpec {
  bool cgroup_namespace = false;  // wanted where the host has cgroup v2 alone
  std::optional<RootlessOwner> rootless = {};
};

// Valid for parse_config(); indented JSON.
std::string default_config(const DefaultSpec& options = {});

}  // namespace seatrial::spec
