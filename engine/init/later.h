// What starts a program after a while: the engine's, that restarts a container. Small, because it
// may sleep for a minute, and there may be many.
//
// argv: "wait", MILLISECONDS, DESCRIPTOR, then the program's path and arguments; it gets the
// environment that this process was given. A byte that can be read from the descriptor ends the
// wait and the process with it: the program does not run. The process forks before it waits and
// its first half ends at once, so that who started it has no zombie to reap.
#pragma once

namespace seatrial::init {

// `arguments`: argv from "wait" on, NULL-terminated, with the environment behind it.
[[noreturn]] void run_later(const char* const* arguments);

}  // namespace seatrial::init
