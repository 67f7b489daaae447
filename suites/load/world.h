// The engine under load: its directories, its command line, and what must hold of both when nothing
// is at work.
#pragma once

#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "engine/base/files.h"
#include "engine/core/engine.h"

namespace seatrial::load {

// How a command line of `seatrial` ended.
struct Ending {
  int code = 0;
  bool killed = false;
  std::string out = {};  // without the newline at its end
};

class World {
 public:
  // Mount and network namespaces of this process' own; everything below one tmpfs. This process
  // becomes the reaper of all that its containers leave.
  World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;
  ~World();

  core::Engine& engine() { return *engine_; }
  // The options that put a container's cgroups where this world looks for them.
  std::vector<std::string> placement() const { return {"--cgroup-parent", cgroup_parent_}; }
  // Runs `seatrial WORDS...` to its end. From any thread. Its stderr is dropped: killed neighbours
  // make it complain.
  Ending seatrial(const std::vector<std::string>& words) const;

  // Containers by what the engine's records and the kernel say.
  std::set<std::string> listed(bool running_only);
  // What there is that no listed container owns, and what is missing that one should have; a
  // sentence each. Waits a while for what the kernel takes away in its own time.
  std::vector<std::string> residue();

 private:
  std::vector<std::string> residue_now();

  TempDir directory_;
  std::string cgroup_parent_;
  std::unique_ptr<core::Engine> engine_;
};

}  // namespace seatrial::load
