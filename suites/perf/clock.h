// What each measured process needs to fill a Reply. No allocation, so that the floor can use it.
#pragma once

#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>

namespace seatrial::perf {

inline std::int64_t monotonic_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::int64_t>(now.tv_sec) * 1'000'000'000 + now.tv_nsec;
}

// The resident size of this process in KiB; 0 where procfs does not tell.
inline std::int64_t resident_kib() {
  const int fd = ::open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
  if (fd < 0) return 0;
  char text[128] = {};
  const ssize_t size = ::read(fd, text, sizeof text - 1);
  ::close(fd);
  if (size <= 0) return 0;
  char* after_total = nullptr;
  std::strtoll(text, &after_total, 10);
  const std::int64_t pages = std::strtoll(after_total, nullptr, 10);
  return pages * (::sysconf(_SC_PAGESIZE) / 1024);
}

}  // namespace seatrial::perf
