// Starting a child program at a cost that does not depend on the caller's size.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/sys/pid_fd.h"

namespace seatrial::sys {

// The child's descriptor `target` becomes a duplicate of the caller's `source`.
struct Placement {
  int source = -1;
  int target = -1;
};

// `source`, with all that is mounted below it where `recursive`, bound on `target`, which is of the
// same kind. Then the bound mounts are changed as mount_setattr(2) takes it (MOUNT_ATTR_*): all of
// them first, then the topmost.
struct PrivateBind {
  std::string source = {};
  std::string target = {};
  bool recursive = false;
  std::uint64_t recursive_set = 0;
  std::uint64_t recursive_clear = 0;
  std::uint64_t set = 0;
  std::uint64_t clear = 0;
};

struct SpawnRequest {
  // What to execute: an open file (a sealed memory file; no script), or, where that is -1, a path.
  int executable = -1;
  std::string path = {};
  std::vector<std::string> args = {};  // args[0] included
  std::vector<std::string> env = {};   // the whole environment
  // Targets must be distinct. Every other descriptor is closed in the child.
  std::vector<Placement> placements = {};
  std::string directory = {};  // working directory; empty: the caller's
  // Starts on another processor than the caller's, where the caller may run on all: the kernel may
  // queue a child behind its parent, although others are idle, until the parent sleeps.
  bool elsewhere = false;
  bool own_process_group = false;  // so that one kill reaches what the program starts, too
  bool ends_with_parent = false;   // killed when the caller's thread ends, whatever ends it
  // Not empty: a mount namespace of the child's own with these, in order. What is mounted in the
  // caller's later appears there too, and nothing the other way round; it ends with the child and
  // what the child leaves in it. Needs CAP_SYS_ADMIN.
  std::vector<PrivateBind> private_binds = {};
  bool no_new_privileges = false;  // for good, and for all that the program starts
  bool own_keyring = false;        // an anonymous session keyring instead of the caller's
};

// A child on its way to its program, while the caller goes on. It starts with all signal handlers
// at their default and an empty signal mask. The caller is single- or multithreaded, of any size:
// the child is made by clone(CLONE_VM) on a stack of its own, and until it executes its program it
// makes nothing but system calls (spawn_child.h). It is the caller's to reap.
class Spawning {
 public:
  // Throws Error when there can be no child.
  explicit Spawning(SpawnRequest request);
  Spawning(Spawning&& other) noexcept;
  Spawning& operator=(Spawning&&) = delete;
  ~Spawning();  // waits for what finish() waits for

  pid_t pid() const { return child_.pid(); }

  // Returns once the program runs. Throws Error naming the call that failed in the child: no child
  // is left then. Once.
  PidFd finish();

 private:
  struct Shared;

  void await_program() const noexcept;

  std::unique_ptr<Shared> shared_;
  PidFd child_;
};

// Both in one: starts the child and returns once the program runs.
PidFd spawn(const SpawnRequest& request);

}  // namespace seatrial::sys
