// How far a measurement is, for a person who watches, and its end before time, when asked to.
#pragma once

#include <cstddef>
#include <functional>

namespace seatrial::perf {

// From here on SIGINT and SIGTERM end the rounds and not the process, so that what was started for
// them is taken down.
void end_rounds_when_asked();

// For Rounds, to be called before each of `total` lifecycles: writes the percentage to stderr when
// that is a terminal. Throws Error when a signal asked for the end.
std::function<void()> progress_over(std::size_t total);

}  // namespace seatrial::perf
