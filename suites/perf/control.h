// How runtime_lifecycle talks to the processes that it measures from within: the floor and the
// reference engine in process. One socketpair each (SOCK_SEQPACKET), whose number is argv[1].
#pragma once

#include <cstdint>

namespace seatrial::perf {

// A request is one byte of any value: carry out one whole lifecycle. The end of the stream asks
// the process to end.
struct Reply {
  std::int64_t nanoseconds = 0;   // CLOCK_MONOTONIC around the lifecycle, as the process saw it
  std::int64_t resident_kib = 0;  // of the process itself, after the lifecycle
};

}  // namespace seatrial::perf
