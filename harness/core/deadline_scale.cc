#include "harness/core/deadline_scale.h"

namespace seatrial::harness {
namespace {

double the_scale = 1;

}  // namespace

void set_deadline_scale(double scale) {
  the_scale = scale;
}

std::chrono::milliseconds scaled(std::chrono::milliseconds usual) {
  return std::chrono::milliseconds(
      static_cast<long>(static_cast<double>(usual.count()) * the_scale));
}

}  // namespace seatrial::harness
