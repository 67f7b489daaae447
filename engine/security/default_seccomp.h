// The built-in seccomp profile, with the same effect as Docker's of 2026.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/spec/config.h"

namespace seatrial::security {

// The architecture of this build as Docker's profiles call it: "amd64", "arm64".
std::string_view host_architecture();

// The ABIs that a kernel of this architecture runs, the main one first, in seccomp's words.
std::vector<std::string> seccomp_architectures(std::string_view architecture);

// What a container with these capabilities (its bounding set) may call: some calls are allowed only
// where a capability makes them useful.
spec::Seccomp default_seccomp(spec::CapabilitySet capabilities,
                              std::string_view architecture = host_architecture());

}  // namespace seatrial::security
