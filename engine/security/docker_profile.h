// Seccomp profiles as Docker writes them: what --security-opt seccomp=FILE names.
#pragma once

#include <string>
#include <string_view>

#include "engine/security/default_seccomp.h"
#include "engine/spec/config.h"

namespace seatrial::security {

// What the conditions of a profile (includes, excludes) ask for.
struct ProfileHost {
  spec::CapabilitySet capabilities = 0;  // the container's bounding set
  std::string architecture{host_architecture()};
  unsigned kernel_major = 0;
  unsigned kernel_minor = 0;
};

// This host's facts for a container with these capabilities.
ProfileHost profile_host(spec::CapabilitySet capabilities);

// Throws Error{kInvalidArgument} that begins with `name`, the profile's in messages, and names the
// JSON path. kUnsupported where the profile wants SCMP_ACT_NOTIFY.
spec::Seccomp parse_docker_profile(std::string_view json, const ProfileHost& host,
                                   const std::string& name = "seccomp profile");

}  // namespace seatrial::security
