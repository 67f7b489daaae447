// One launch of the static init binary, from its spawn to the moment when init is ready.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "engine/plan/launch_plan.h"
#include "engine/runtime/conversation.h"
#include "engine/runtime/monitoring.h"
#include "engine/runtime/runtime.h"
#include "engine/sys/pid_fd.h"
#include "engine/sys/spawn.h"

namespace seatrial::runtime {

struct LaunchRequest {
  int program = -1;  // the sealed init binary
  Stdio stdio = {};
  unsigned preserve_fds = 0;
  int start_listener = -1;              // for Slot::kStartListener
  int target = -1;                      // for Slot::kTargetPidfd
  const Monitoring* monitor = nullptr;  // launch through one; it has the stdio then
};

// What the runtime does while the container is made. Those that a plan does not need are not
// called.
struct LaunchHandlers {
  std::function<void(pid_t launcher)> write_id_maps = {};
  // Init is known, in its namespaces, and waits for the return. With a launch that holds it.
  std::function<void(const sys::PidFd& init)> before_init_works = {};
  // Init is known and at work, and does not wait for this: the place for what must be done before
  // init is ready, but by nobody's leave.
  std::function<void(const sys::PidFd& init)> while_init_works = {};
  // Runs prestart and createRuntime hooks; returns the document for createContainer hooks.
  std::function<std::string(const sys::PidFd& init)> run_hooks = {};
  std::function<void(UniqueFd master)> take_console = {};
  // For a filter with SCMP_ACT_NOTIFY. Calls of init's own may be waiting for an answer by then.
  std::function<void(UniqueFd listener, pid_t init)> take_listener = {};
};

enum class Hold { kNothing, kInit };

// Owns the launcher, the monitor and init until release(): the destructor kills them, and reaps
// those that are this process's children.
class Launch {
 public:
  // No process yet.
  explicit Launch(const LaunchRequest& request);
  Launch(const Launch&) = delete;
  Launch& operator=(const Launch&) = delete;
  ~Launch();

  // Spawns the launcher, and does not wait until it runs. It makes nothing before it has a plan.
  // Throws Error, for a descriptor to preserve that is not open too.
  void begin();

  // What the launcher is to do. Before begin() where it can be: the launcher does not wait then,
  // and who never waits is not woken on a processor that is busy. An init that is held waits until
  // let_init_go(), or until serve() has met it. The plan must live until the container is ready.
  void give(const plan::LaunchPlan& plan, Hold hold);

  // What init's first steps need is there now. Comes before serve().
  void let_init_go();

  // Answers until init is ready. Throws Error naming the step that failed, or where the launcher
  // could not be started.
  void serve(const LaunchHandlers& handlers);

  // For a plan with start_at_once: gives the order to start.
  void proceed();

  // Until the user's program runs. Throws Error naming the step that failed.
  void await_execution(const std::function<std::string()>& state);

  // For a launch through a monitor, after serve(): the container may outlive this process from here
  // on. Throws Error where the monitor is gone.
  void outlive();

  pid_t launcher() const { return spawning_ ? spawning_->pid() : launcher_.pid(); }
  const sys::PidFd& init() const { return init_; }
  pid_t monitor() const { return monitor_.pid(); }
  // The step whose failure an Error told of; nothing when something else failed.
  std::optional<std::size_t> failed_step() const { return failed_step_; }

  // With a monitor: the container is its own from here on.
  [[nodiscard]] sys::PidFd release();

 private:
  void add_monitor(sys::SpawnRequest& child, const Monitoring& monitor, int base, int filler);
  void let_launcher_go();
  void await_launcher();
  void abandon_spawn() noexcept;
  void abandon_monitor() noexcept;
  void meet_the_end_of_launcher();
  void take_init(const wire::Message& message, const LaunchHandlers& handlers);
  void answer(Incoming incoming, const LaunchHandlers& handlers);
  void take_console(UniqueFd master, const LaunchHandlers& handlers);
  UniqueFd await_listener(int number) const;
  bool is_from_init(const wire::Message& message) const;
  void meet_init() noexcept;
  void wait_for_message() const;
  [[noreturn]] void fail(const StepFailure& failure);
  [[noreturn]] void fail_without_word() const;

  LaunchRequest request_;
  UniqueFd plan_file_;      // until the launcher has it, filled
  UniqueFd launcher_sync_;  // the launcher's end of sync_, until it has it
  const plan::LaunchPlan* plan_ = nullptr;
  Hold hold_ = Hold::kNothing;
  bool holds_unmet_init_ = false;  // which waits for a word of this process's
  UniqueFd sync_;
  UniqueFd control_;                       // of the monitor
  UniqueFd control_source_;                // the monitor's end, until it has it
  std::optional<sys::Spawning> spawning_;  // the launcher, until it runs
  sys::PidFd launcher_;                    // with a monitor, its short-lived parent
  sys::PidFd monitor_;
  sys::PidFd init_;
  bool proceed_sent_ = false;    // before init asked
  std::vector<Incoming> early_;  // what init said before the launcher had told of it
  bool ready_ = false;
  std::optional<std::size_t> failed_step_;
};

}  // namespace seatrial::runtime
