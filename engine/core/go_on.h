// Waiting for changes in slices, between which somebody may say that it is enough.
#pragma once

#include <chrono>

#include "engine/core/container_types.h"
#include "engine/sys/deadline.h"

namespace seatrial::core {

// `wait(deadline)`: whether a change came before the deadline. False when none came, or when
// `go_on` said no; it is asked first, and between slices of kGoOnPatience.
template <typename Wait>
bool wait_while(const GoOn& go_on, sys::Deadline deadline, Wait wait) {
  if (!go_on) return wait(deadline);
  for (;;) {
    if (!go_on()) return false;
    const auto slice = std::chrono::steady_clock::now() + kGoOnPatience;
    const bool last = deadline && *deadline <= slice;
    if (wait(last ? deadline : sys::Deadline(slice))) return true;
    if (last) return false;
  }
}

}  // namespace seatrial::core
