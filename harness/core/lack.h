// What a case throws when it finds that what it is about cannot be had here.
#pragma once

#include <stdexcept>
#include <string>

namespace seatrial::harness {

// The case looked and its control showed nothing: there is nothing to protect, so that passing
// would be vacuous. The verdict is not applicable where is_not_applicable() (feature.h) says so of
// the reason, else skip. What was seen wrong before stays a failure. Needs that are known
// beforehand are Needs instead.
class Lack : public std::runtime_error {
 public:
  explicit Lack(const std::string& reason) : std::runtime_error(reason) {}
};

}  // namespace seatrial::harness
