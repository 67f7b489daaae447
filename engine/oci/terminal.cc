#include "engine/oci/terminal.h"

#include <sys/ioctl.h>

namespace seatrial::oci {

RawTerminal::RawTerminal(int fd) : fd_(fd) {
  termios mode{};
  if (::tcgetattr(fd, &mode) != 0) return;
  before_ = mode;
  ::cfmakeraw(&mode);
  ::tcsetattr(fd, TCSANOW, &mode);
}

RawTerminal::~RawTerminal() {
  if (before_) ::tcsetattr(fd_, TCSANOW, &*before_);
}

void copy_window_size(int from, int to) {
  winsize size{};
  if (::ioctl(from, TIOCGWINSZ, &size) == 0) ::ioctl(to, TIOCSWINSZ, &size);
}

}  // namespace seatrial::oci
