// Starting a child program at a cost that does not depend on the caller's size.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "engine/sys/pid_fd.h"

namespace seatrial::sys {

// The child's descriptor `target` becomes a duplicate of the caller's `source`.
struct Placement {
  int source = -1;
  int target = -1;
};

struct SpawnRequest {
  // What to execute: an open file (a sealed memory file; no script), or, where that is -1, a path.
  int executable = -1;
  std::string path = {};
  std::vector<std::string> args = {};  // args[0] included
  std::vector<std::string> env = {};   // the whole environment
  // Targets must be distinct. Every other descriptor is closed in the child.
  std::vector<Placement> placements = {};
  std::string directory = {};      // working directory; empty: the caller's
  bool own_process_group = false;  // so that one kill reaches what the program starts, too
};

// Starts the child with all signal handlers at their default and an empty signal mask, and returns
// once the program runs. The caller is single- or multithreaded, of any size: the child is made by
// clone(CLONE_VM | CLONE_VFORK) on a stack of its own and calls nothing that is not
// async-signal-safe. The child is the caller's to reap.
//
// Throws Error naming the call that failed, that in the child too: no child is left then.
PidFd spawn(const SpawnRequest& request);

}  // namespace seatrial::sys
