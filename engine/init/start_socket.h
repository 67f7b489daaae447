// The socket over which a created container is told to start.
#pragma once

#include "engine/init/run.h"

namespace seatrial::init {

// Waits for the next connection, which becomes run.start.
Result accept_start(Run& run);

}  // namespace seatrial::init
