// The init of a container that wants one (docker run --init): process 1 beside the user's program,
// which is its one child. Reaps whatever ends, passes every signal on to that child, and ends as it
// ended, with 128 + the signal for one that was killed; the kernel then kills the rest. What
// Docker's tini does.
//
// Runs inside the container, as the container's user: what is here is the program's to trust, and
// nothing of the host's.
#pragma once

namespace seatrial::init {

// `program`: its name and arguments, NULL-terminated, with the environment behind it.
[[noreturn]] void serve_as_init(const char* const* program);

}  // namespace seatrial::init
