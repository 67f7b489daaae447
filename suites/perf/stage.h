// Where the measured containers live: a mount namespace of the benchmark's own and one bundle that
// all contestants run.
#pragma once

#include <filesystem>
#include <string>

#include "engine/base/files.h"
#include "engine/spec/config.h"

namespace seatrial::perf {

// Moves this process, which must be single-threaded, into a mount namespace of its own, in which
// the v2 part of a hybrid cgroup layout is not mounted: crun 1.8 tries to join it and fails, and
// all must see the same. Throws Error{kDenied} without the privilege.
void enter_private_mounts();

// A program that was built beside this one. Throws Error{kNotFound} saying how to build it.
std::filesystem::path sibling_program(const std::string& name);

// The program of this name on PATH; empty when there is none.
std::filesystem::path find_on_path(const std::string& name);

enum class Configuration {
  kSpec,    // what `seatrial-runtime spec` writes
  kEngine,  // the same, confined as the engine confines by default: its seccomp profile, too
};

// The bundle and the state roots, on the disk below /run as by default; gone with the object.
class Stage {
 public:
  // A bundle without a terminal, which runs `program`: a static program that is copied into the
  // root as /NAME.
  explicit Stage(const std::filesystem::path& program,
                 Configuration configuration = Configuration::kSpec);

  std::filesystem::path bundle() const { return directory_.path() / "bundle"; }
  std::filesystem::path rootfs() const { return bundle() / "rootfs"; }
  // What the bundle's configuration asks for, in the floor's words (floor_recipe.h).
  std::filesystem::path recipe() const { return directory_.path() / "recipe"; }
  // An empty directory of its own for a contestant.
  std::filesystem::path state_root(const std::string& contestant) const;
  // The program inside: "/lifecycle_true".
  const std::string& program() const { return program_; }
  // The id that every contestant gives its container, one after the other.
  const std::string& id() const { return id_; }

 private:
  void write_recipe(const spec::Config& config) const;

  TempDir directory_;
  std::string program_;
  std::string id_;
};

}  // namespace seatrial::perf
