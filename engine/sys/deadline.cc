#include "engine/sys/deadline.h"

#include <algorithm>
#include <cerrno>
#include <ctime>

#include "engine/base/error.h"

namespace seatrial::sys {

Deadline after(std::optional<std::chrono::milliseconds> timeout) {
  if (!timeout) return std::nullopt;
  return std::chrono::steady_clock::now() + *timeout;
}

int poll_until(std::span<pollfd> entries, Deadline deadline) {
  using std::chrono::nanoseconds;
  for (;;) {
    timespec left{};
    if (deadline) {
      const auto rest =
          std::max(nanoseconds::zero(), nanoseconds(*deadline - std::chrono::steady_clock::now()));
      left.tv_sec = static_cast<time_t>(rest.count() / 1'000'000'000);
      left.tv_nsec = static_cast<long>(rest.count() % 1'000'000'000);
    }
    const int ready = ::ppoll(entries.data(), entries.size(), deadline ? &left : nullptr, nullptr);
    if (ready >= 0) return ready;
    if (errno != EINTR) throw sys_error(errno, "poll");
  }
}

bool wait_readable(int fd, Deadline deadline) {
  pollfd entry{.fd = fd, .events = POLLIN, .revents = 0};
  return poll_until({&entry, 1}, deadline) > 0;
}

}  // namespace seatrial::sys
