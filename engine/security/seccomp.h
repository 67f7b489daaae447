// From a seccomp profile to the BPF program that the kernel loads.
#pragma once

#include <string>

#include "engine/spec/config.h"

namespace seatrial::security {

// How libseccomp looks a number up: one comparison after the other, or by halves
// (SCMP_FLTATR_CTL_OPTIMIZE).
enum class Search { kLinear, kBinaryTree };

// The instructions (struct sock_filter), one after the other. The program covers the host's own ABI
// and profile.architectures; a call by any other ABI kills.
//
// Names that neither libseccomp nor we know are left out, so that one profile serves many hosts.
// Where rules of one call overlap, libseccomp lets the one without conditions win. A rule with the
// default action does nothing.
//
// Throws Error: kUnsupported for an architecture that libseccomp lacks, and for two conditions on
// one argument; kInvalidArgument for rules that contradict each other.
std::string compile(const spec::Seccomp& profile, Search search = Search::kBinaryTree);

}  // namespace seatrial::security
