// How much longer than usual this process waits for anything: --deadline-scale of the command line,
// so that a slow machine stretches what a case waits for as it does the case's own deadline.
#pragma once

#include <chrono>

namespace seatrial::harness {

// Positive; 1 until set. Set it before the first wait.
void set_deadline_scale(double scale);

std::chrono::milliseconds scaled(std::chrono::milliseconds usual);

}  // namespace seatrial::harness
