// The caller's terminal while a container's pseudo-terminal is relayed to it.
#pragma once

#include <termios.h>

#include <optional>

#include "engine/base/unique_fd.h"

namespace seatrial::oci {

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

// Gives `to` the window size of `from`, where that is a terminal.
void copy_window_size(int from, int to);

}  // namespace seatrial::oci
