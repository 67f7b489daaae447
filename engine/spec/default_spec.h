// The config.json that `seatrial-runtime spec` writes: a shell in a contained place, for a person
// to edit.
#pragma once

#include <string>

namespace seatrial::spec {

struct DefaultSpec {
  bool cgroup_namespace = false;  // wanted where the host has cgroup v2 alone
};

// Valid for parse_config(); indented JSON.
std::string default_config(const DefaultSpec& options = {});

}  // namespace seatrial::spec
