// The number that a process has where it lives.
#pragma once

#include <sys/types.h>

namespace seatrial::runtime {

// The pid of `pid` as its own pid namespace numbers it: 1 for the init of a new one, the same
// number where the namespace is the caller's. Throws Error{kNotFound} when the process is gone.
pid_t pid_inside(pid_t pid);

}  // namespace seatrial::runtime
