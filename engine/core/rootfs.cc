#include "engine/core/rootfs.h"

#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "engine/base/error.h"

namespace seatrial::core {

UniqueFd open_in_root(int root, std::string_view path, int flags, unsigned mode) {
  open_how how{};
  how.flags = static_cast<std::uint64_t>(static_cast<unsigned>(flags)) | O_CLOEXEC;
  how.mode = mode;
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
  const std::string text(path);
  for (;;) {
    UniqueFd fd(static_cast<int>(::syscall(SYS_openat2, root, text.c_str(), &how, sizeof how)));
    // EAGAIN: something was renamed meanwhile (openat2(2)).
    if (fd || errno != EAGAIN) return fd;
  }
}

void require_regular(int fd, std::string_view path) {
  struct stat status{};
  if (::fstat(fd, &status) != 0) throw sys_error(errno, "stat {} in the container", path);
  if (!S_ISREG(status.st_mode)) {
    throw error(Kind::kInvalidArgument, "{} in the container is not a regular file", path);
  }
}

}  // namespace seatrial::core
