#include "engine/sys/standard_descriptors.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "engine/base/error.h"

namespace seatrial::sys {

void occupy_standard_descriptors() {
  for (int wanted = 0; wanted <= 2; ++wanted) {
    if (::fcntl(wanted, F_GETFD) >= 0 || errno != EBADF) continue;
    // The lowest free number is this one: those below are taken by now.
    const int fd = ::open("/dev/null", O_RDWR);
    if (fd < 0) throw sys_error(errno, "open /dev/null as descriptor {}", wanted);
    if (fd == wanted) continue;
    ::close(fd);  // another thread was faster
  }
}

}  // namespace seatrial::sys
