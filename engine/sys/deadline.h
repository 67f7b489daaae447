// Waiting for descriptors until a point in time. Nothing here sleeps: every wait ends with an event
// or at its deadline.
#pragma once

#include <poll.h>

#include <chrono>
#include <optional>
#include <span>

namespace seatrial::sys {

// Nothing: wait as long as it takes.
using Deadline = std::optional<std::chrono::steady_clock::time_point>;

// The deadline this long from now; nothing for nothing.
Deadline after(std::optional<std::chrono::milliseconds> timeout);

// ppoll(2) until an event or the deadline; signals that interrupt it are waited through. Returns
// the number of entries with events: 0 at the deadline. Throws Error.
int poll_until(std::span<pollfd> entries, Deadline deadline);

// Whether `fd` became readable (or hung up) before the deadline.
bool wait_readable(int fd, Deadline deadline);

}  // namespace seatrial::sys
