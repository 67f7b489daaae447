// Where the measured containers live: a mount namespace of the benchmark's own and one bundle that
// all contestants run.
#pragma once

#include <filesystem>
#include <string>

#include "engine/base/files.h"

namespace seatrial::perf {

// Moves this process, which must be single-threaded, into a mount namespace of its own, in which
// the v2 part of a hybrid cgroup layout is not mounted: crun 1.8 tries to join it and fails, and
// all must see the same. Throws Error{kDenied} without the privilege.
void enter_private_mounts();

// A program that was built beside this one. Throws Error{kNotFound} saying how to build it.
std::filesystem::path sibling_program(const std::string& name);

// The program of this name on PATH; empty when there is none.
std::filesystem::path find_on_path(const std::string& name);

// The bundle and the state roots, on the disk below /run as by default; gone with the object.
class Stage {
 public:
  // A bundle with the default configuration of `seatrial-runtime spec`, without a terminal, which
  // runs `program`: a static program that is copied into the root as /NAME.
  explicit Stage(const std::filesystem::path& program);

  std::filesystem::path bundle() const { return directory_.path() / "bundle"; }
  std::filesystem::path rootfs() const { return bundle() / "rootfs"; }
  // An empty directory of its own for a contestant.
  std::filesystem::path state_root(const std::string& contestant) const;
  // The program inside: "/lifecycle_true".
  const std::string& program() const { return program_; }
  // The id that every contestant gives its container, one after the other.
  const std::string& id() const { return id_; }

 private:
  TempDir directory_;
  std::string program_;
  std::string id_;
};

}  // namespace seatrial::perf
