// Child programs: the one place where the harness starts some, and where it takes in what they
// leave.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "harness/core/outcome.h"

namespace seatrial::harness {

struct CommandOptions {
  std::chrono::milliseconds deadline{10000};
  std::optional<std::vector<std::string>> env = {};  // the whole environment; nothing: ours
  std::string input = {};                            // bytes for standard input
  std::filesystem::path cwd = {};                    // empty: ours
  // Descriptors to give away as 0, 1 and 2. -1: `input`, and captured output.
  int in = -1;
  int out = -1;
  int err = -1;
  std::vector<int> extra = {};         // become 3, 4, ... in the child
  std::size_t output_limit = 4 << 20;  // of what is kept per stream; the rest is read and dropped
};

// Runs argv[0] (looked up in PATH when it has no slash) until it ends, not until its descendants
// have closed its pipes. No descriptor of ours but the ones named reaches it. At the deadline it is
// killed, with everything that it started and that is still below this process (be a subreaper).
//
// Throws Error when it cannot be started: kNotFound names the program.
Outcome run_command(const std::vector<std::string>& argv, const CommandOptions& options = {});

// A process that is not our child but will be when its parent ends, because we are its subreaper:
// the init of a container that `create` left behind. Reaped as soon as it ends, also while
// run_command() waits for something else: engines wait for it to be gone.
class Orphan {
 public:
  struct Watch;

  Orphan() = default;
  // A process that is gone already counts as exited with status 255.
  explicit Orphan(pid_t pid);
  Orphan(Orphan&& other) noexcept;
  Orphan& operator=(Orphan&& other) noexcept;
  ~Orphan();

  pid_t pid() const { return pid_; }
  Ending wait(std::chrono::milliseconds deadline);
  // How it ended, without waiting.
  Ending ending();
  void send_signal(int signal);

 private:
  pid_t pid_ = -1;
  Watch* watch_ = nullptr;  // owned; known to run_command() while it lives
};

// Reaps every child that has ended and is no Orphan. Returns how many.
int reap_leftover_children();

// SIGKILL to everything below this process, then reaps it.
void kill_descendants();

}  // namespace seatrial::harness
