// What runs in a child between its clone and its program, while the parent runs on in the same
// memory.
#pragma once

#include <linux/mount.h>

#include <cstddef>

#include "engine/sys/spawn.h"

namespace seatrial::sys {

// A PrivateBind.
struct ChildBind {
  const char* source = nullptr;
  const char* target = nullptr;
  bool recursive = false;
  mount_attr tree = {};  // of all of it
  mount_attr top = {};
};

// Laid out by the parent, and the child's until `alive` is 0. Plain arrays: code of a library could
// be one that the parent is in the middle of.
struct ChildJob {
  int executable = -1;         // an open file; -1: `path`
  const char* path = nullptr;  // null-terminated, as all that follow
  char* const* args = nullptr;
  char* const* env = nullptr;
  const char* directory = nullptr;  // null: the parent's
  bool own_process_group = false;
  pid_t parent = 0;  // with which the child ends; 0: it does not
  // In a mount namespace that is the child's own by now; none: it is not.
  const ChildBind* binds = nullptr;
  std::size_t bind_count = 0;
  bool no_new_privileges = false;
  bool own_keyring = false;

  Placement* placements = nullptr;
  std::size_t placement_count = 0;
  int highest_target = -1;

  const char* failed_call = nullptr;  // set by the child, as the next
  int failed_errno = 0;
  int alive = 1;  // cleared by the kernel when the child leaves this memory (CLONE_CHILD_CLEARTID)
};

// What clone(2) starts, with a ChildJob. Makes raw system calls only, and touches neither errno nor
// anything else of the parent's thread. Does not return.
int become_program(void* job);

}  // namespace seatrial::sys
