// The runtime's side of the conversation, as small as a test needs it: starts the launcher with an
// encoded plan in a mount namespace of its own, answers its messages, starts the container.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "engine/base/files.h"
#include "engine/plan/launch_plan.h"

namespace seatrial::init {

struct Outcome {
  bool failed = false;     // kFailed came
  std::uint32_t step = 0;  // which step that was
  int sys_errno = 0;
  std::string detail;
  std::string messages;  // the kinds that came, as letters in order: see parent.cc
  int status = -1;       // the program's exit status
  std::string output;
  std::string console;  // what came out of the terminal's master

  // What the probe answered.
  std::string answer(const std::string& question) const;
};

struct ParentOptions {
  std::string id_map;            // content of uid_map and gid_map
  std::string state = "{}";      // the document for hooks
  std::function<void()> before;  // in the private mount namespace, before the launch
  // Between create and start; what it returns goes in front of the output.
  std::function<std::string(int pid)> created;
  int target_pidfd = -1;
  unsigned extra_descriptors = 0;  // 3 .. 3+n-1 are open for the launcher
};

// Never throws for what the container does; a broken conversation shows in `messages`.
Outcome run_plan(const plan::LaunchPlan& plan, const ParentOptions& options = {});

// A directory with the probe as /bin/probe and the mount points of the default configuration.
class Rootfs {
 public:
  Rootfs();
  std::filesystem::path path() const { return directory_.path() / "rootfs"; }
  const std::filesystem::path& bundle() const { return directory_.path(); }
  void write(const std::string& path, const std::string& content) const;

 private:
  TempDir directory_;
};

}  // namespace seatrial::init
