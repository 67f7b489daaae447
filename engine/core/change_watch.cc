#include "engine/core/change_watch.h"

#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>

#include "engine/base/error.h"

namespace seatrial::core {

ChangeWatch::ChangeWatch(const std::filesystem::path& root)
    : fd_(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK)) {
  constexpr std::uint32_t kEvents = IN_MODIFY | IN_CREATE | IN_ONLYDIR;
  if (!fd_ || ::inotify_add_watch(fd_.get(), root.c_str(), kEvents) < 0) {
    throw sys_error(errno, "watch {}", root.native());
  }
}

bool ChangeWatch::wait(sys::Deadline deadline) const {
  while (sys::wait_readable(fd_.get(), deadline)) {
    bool ours = false;
    alignas(inotify_event) std::array<char, 4096> buffer;
    for (;;) {
      const ssize_t got = ::read(fd_.get(), buffer.data(), buffer.size());
      if (got <= 0) break;
      for (ssize_t at = 0; at < got;) {
        inotify_event event;
        std::memcpy(&event, buffer.data() + at, sizeof event);
        const std::string_view name(event.len == 0 ? "" : buffer.data() + at + sizeof event);
        // An overflow (no name) may hide one of ours.
        ours = ours || name.starts_with("engine.db") || (event.mask & IN_Q_OVERFLOW) != 0;
        at += static_cast<ssize_t>(sizeof event + event.len);
      }
    }
    if (ours) return true;
  }
  return false;
}

}  // namespace seatrial::core
