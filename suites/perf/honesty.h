// Whether the floor does the same work as the runtime that it is held against.
#pragma once

#include <iosfwd>

#include "suites/perf/stage.h"

namespace seatrial::perf {

// Runs a program that describes its container in the floor's and in that of `seatrial-runtime run`,
// and prints the lines in which the two descriptions differ. 0: none; 1: some. Throws Error.
int verify_floor(std::ostream& out, Configuration configuration);

}  // namespace seatrial::perf
