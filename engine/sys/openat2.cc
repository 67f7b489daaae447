#include "engine/sys/openat2.h"

#include <fcntl.h>
#include <sys/syscall.h>

#include <cerrno>

namespace seatrial::sys {

UniqueFd openat2(int directory, const char* path, std::uint64_t flags, std::uint64_t resolve,
                 std::uint64_t mode) {
  constexpr int kTries = 128;  // whoever renames without pause wins, but keeps nobody here
  open_how how{.flags = flags | O_CLOEXEC, .mode = mode, .resolve = resolve};
  for (int tries = 0;; ++tries) {
    const long fd = ::syscall(SYS_openat2, directory, path, &how, sizeof how);
    if (fd >= 0) return UniqueFd(static_cast<int>(fd));
    if (errno != EINTR && (errno != EAGAIN || tries == kTries)) return {};
  }
}

}  // namespace seatrial::sys
