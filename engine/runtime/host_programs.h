// The host's programs for the containers of tests: no image is needed.
#pragma once

#include <string_view>

namespace seatrial::runtime {

// Mounts of a configuration, read-only.
constexpr std::string_view kHostPrograms = R"(
  {"destination": "/usr", "source": "/usr", "options": ["rbind", "ro"]},
  {"destination": "/lib64", "source": "/lib64", "options": ["rbind", "ro"]},
  {"destination": "/lib", "source": "/lib", "options": ["rbind", "ro"]})";

}  // namespace seatrial::runtime
