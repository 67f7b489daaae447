// Points in time as state documents and logs write them.
#pragma once

#include <chrono>
#include <string>

namespace seatrial::runtime {

// "2025-11-02T09:30:00.123456789Z"
std::string rfc3339(std::chrono::system_clock::time_point time);

}  // namespace seatrial::runtime
