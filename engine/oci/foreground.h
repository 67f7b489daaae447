// A process that the program stays in front of: signals go to it, its terminal is relayed.
#pragma once

#include "engine/base/unique_fd.h"
#include "engine/runtime/runtime.h"

namespace seatrial::oci {

// Holds back the signals that are to be forwarded, from its construction on. Make it before the
// process is started, so that none is lost in between; the process itself gets an empty mask.
class Foreground {
 public:
  // Throws Error.
  Foreground();

  // Waits for the process's end and returns its exit status (128 + n for signal n). SIGWINCH
  // resizes the terminal, all other held signals are sent to the process.
  int attend(runtime::Child& child);

 private:
  void forward_signals(const runtime::Child& child, int console) const;

  UniqueFd signals_;
};

}  // namespace seatrial::oci
