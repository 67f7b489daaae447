// Child processes that run at the same time, watched by one thread with poll(2).
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/sys/pid_fd.h"
#include "harness/runner/bounded_text.h"

namespace seatrial::harness {

struct ChildCommand {
  std::vector<std::string> argv;  // argv[0] is the program's path
  // Give it the writing end of a pipe as descriptor kResultFd.
  bool wants_result = false;
  std::chrono::milliseconds deadline{60000};
  std::size_t output_limit = 64u << 10;  // kept of standard output and of standard error, each
};

inline constexpr int kResultFd = 3;

struct ChildOutcome {
  pid_t pid = -1;  // that it had
  sys::ProcessEnd end;
  bool timed_out = false;  // killed at its deadline
  bool cancelled = false;  // killed by kill_all()
  std::string output;      // standard output and error, the middle cut out where they are long
  std::string error_text;
  std::string result;           // what came through the result pipe
  bool result_complete = true;  // false: it was longer than a result document can be
  std::chrono::milliseconds duration{0};
  std::chrono::system_clock::time_point started{};
};

// SIGINT, SIGTERM and SIGHUP as a descriptor instead of as an end. While one lives, the signals are
// blocked in this process; its children have them at their default.
class Interrupt {
 public:
  Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;
  ~Interrupt();

  int fd() const { return fd_.get(); }
  // Whether one came; stays true.
  bool came();

 private:
  UniqueFd fd_;
  bool came_ = false;
};

// Each child is the leader of its own process group, has /dev/null as standard input, and gets no
// descriptor but its pipes. At its deadline the child and its group are killed.
class ChildPool {
 public:
  using Done = std::function<void(ChildOutcome)>;

  explicit ChildPool(Interrupt& interrupt);
  ChildPool(const ChildPool&) = delete;
  ChildPool& operator=(const ChildPool&) = delete;
  ~ChildPool();

  // Throws Error when it cannot be started. `done` is called from within wait().
  void start(const ChildCommand& command, Done done);

  std::size_t running() const { return children_.size(); }
  std::vector<pid_t> pids() const;

  // Waits until a child ended, the interrupt came, or the time passed.
  void wait(std::chrono::milliseconds at_most);

  // SIGKILL for each child and its group. They end in a later wait().
  void kill_all();

 private:
  struct Child;
  void collect(Child& child);
  void enforce_deadline(Child& child);

  Interrupt* interrupt_;
  std::vector<std::unique_ptr<Child>> children_;
};

// Runs one child to its end.
ChildOutcome run_child(Interrupt& interrupt, const ChildCommand& command);

// "exited with status 3", "was killed by SIGSEGV".
std::string describe(const sys::ProcessEnd& end);

}  // namespace seatrial::harness
