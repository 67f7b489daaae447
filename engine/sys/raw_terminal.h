// A terminal in raw mode, while what lies behind a pseudo-terminal is relayed to it.
#pragma once

#include <termios.h>

#include <optional>

namespace seatrial::sys {

// Puts the terminal behind `fd` into raw mode; the destructor restores it. Does nothing when `fd`
// is no terminal.
class RawTerminal {
 public:
  explicit RawTerminal(int fd);
  RawTerminal(const RawTerminal&) = delete;
  RawTerminal& operator=(const RawTerminal&) = delete;
  ~RawTerminal();

 private:
  int fd_;
  std::optional<termios> before_;
};

}  // namespace seatrial::sys
