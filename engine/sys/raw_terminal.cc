#include "engine/sys/raw_terminal.h"

namespace seatrial::sys {

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

}  // namespace seatrial::sys
