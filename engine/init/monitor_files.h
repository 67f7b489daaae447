// Descriptors, times and poll for the monitor's parts.
#pragma once

#include <asm/errno.h>
#include <asm/poll.h>
#include <linux/time_types.h>

#include "engine/init/json_line.h"
#include "engine/init/syscalls.h"

namespace seatrial::init {

struct PollEntry {
  int fd = -1;
  short events = 0;
  short happened = 0;
};

inline constexpr std::size_t kChunk = 16 * 1024;  // what is read from the container at once

inline Moment now(int clock) {
  __kernel_timespec time = {};
  sys(__NR_clock_gettime, clock, &time);
  return {time.tv_sec, time.tv_nsec};
}
inline Moment wall_clock() {
  return now(0);  // CLOCK_REALTIME
}
inline std::int64_t milliseconds() {
  const Moment time = now(1);  // CLOCK_MONOTONIC
  return time.seconds * 1000 + time.nanoseconds / 1'000'000;
}

// Until an event or for `timeout` milliseconds; below 0: as long as it takes.
inline Result wait_for_events(PollEntry* entries, std::size_t count, std::int64_t timeout) {
  const __kernel_timespec left = {timeout / 1000, timeout % 1000 * 1'000'000};
  return sys(__NR_ppoll, entries, count, timeout < 0 ? nullptr : &left, 0, 0);
}

// Changes the open file itself: only for ends that are the monitor's alone.
inline void never_block(int fd) {
  sys(__NR_fcntl, fd, F_SETFL, sys(__NR_fcntl, fd, F_GETFL) | O_NONBLOCK);
}

inline void close_and_forget(int& fd) {
  close_fd(fd);
  fd = -1;
}

}  // namespace seatrial::init
