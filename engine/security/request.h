// What a user asks of a container's isolation, in the words of docker's options, and what it makes
// of a configuration.
#pragma once

#include <string>
#include <vector>

#include "engine/spec/config.h"

namespace seatrial::security {

struct SecurityRequest {
  std::vector<std::string> cap_add = {};   // "NET_ADMIN", "cap_net_admin", "ALL"
  std::vector<std::string> cap_drop = {};  // the same
  // seccomp=unconfined|builtin|FILE|{...}, no-new-privileges[=true|false], apparmor=PROFILE,
  // label=disable, systempaths=unconfined; a ':' may stand for the '='.
  std::vector<std::string> security_opt = {};
  bool privileged = false;
  bool read_only = false;
};

// The capabilities that the request leaves. Throws Error{kInvalidArgument} for an unknown name.
spec::CapabilitySet capabilities_of(const SecurityRequest& request);

// Fills in capabilities, no_new_privileges, seccomp, masked and read-only paths, the rules of
// devices and whether the root is read-only. config.process must be there with its user: a user
// other than root gets the capabilities as its bound only. A privileged container also gets /sys
// and its cgroups writable, unless its root is read-only.
//
// Throws Error: kInvalidArgument naming the option, kNotFound for a profile that is not there,
// kUnsupported for what this host or build cannot do.
void apply(const SecurityRequest& request, spec::Config& config);

}  // namespace seatrial::security
