// When a container that has ended is started again: docker's restart policies, as a pure function.
#pragma once

#include <chrono>
#include <optional>

#include "engine/core/record.h"

namespace seatrial::core {

// Whether anything of the kind was asked for.
bool restarts(const RestartPolicy& policy);

// Throws Error{kInvalidArgument} in docker's words for an unknown policy, and a count of tries with
// one that knows none.
void check_restart_policy(const RestartPolicy& policy);

// How long to wait before an ended container is started again; nothing when it is not. `stopped`: a
// user told it to. The wait begins with 100 ms and doubles from one restart to the next up to a
// minute; a run of ten seconds makes it short again.
std::optional<std::chrono::milliseconds> restart_delay(const ContainerRecord& ended, bool stopped);

}  // namespace seatrial::core
