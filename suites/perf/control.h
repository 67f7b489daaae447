// How the benchmarks talk to the processes that they measure from within: the floor and the
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

// For the floor of many: start this many containers, then take all down.
struct ManyRequest {
  std::uint32_t containers = 0;
};

struct ManyReply {
  std::int64_t start = 0;  // nanoseconds for all of them
  std::int64_t remove = 0;
};

}  // namespace seatrial::perf
