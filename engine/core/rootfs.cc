#include "engine/core/rootfs.h"

#include <sys/stat.h>

#include <cerrno>

#include "engine/base/error.h"
#include "engine/sys/openat2.h"

namespace seatrial::core {

UniqueFd open_in_root(int root, std::string_view path, int flags, unsigned mode) {
  return sys::openat2(root, std::string(path).c_str(), static_cast<unsigned>(flags),
                      RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS, mode);
}

void require_regular(int fd, std::string_view path) {
  struct stat status{};
  if (::fstat(fd, &status) != 0) throw sys_error(errno, "stat {} in the container", path);
  if (!S_ISREG(status.st_mode)) {
    throw error(Kind::kInvalidArgument, "{} in the container is not a regular file", path);
  }
}

}  // namespace seatrial::core
