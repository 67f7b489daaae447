// The kernel's side of a seccomp filter, for tests: runs a program on a call.
#pragma once

#include <linux/seccomp.h>

#include <cstdint>
#include <string_view>

namespace seatrial::security::testing {

// The verdict (SECCOMP_RET_*). Throws std::runtime_error for a program that the kernel would not
// take: an unknown instruction, a jump or load out of bounds, an end without a verdict.
std::uint32_t run_filter(std::string_view program, const seccomp_data& call);

// How many instructions it takes.
unsigned instructions_run(std::string_view program, const seccomp_data& call);

}  // namespace seatrial::security::testing
