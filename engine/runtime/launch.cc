#include "engine/runtime/launch.h"

#include <fcntl.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <utility>
#include <variant>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/plan/step.h"
#include "engine/sys/memfd.h"
#include "engine/sys/packet.h"
#include "engine/sys/spawn.h"

namespace seatrial::runtime {
namespace {

using wire::MessageKind;

constexpr std::string_view kStart = "start the launcher";
constexpr const char* kPlanFile = "plan";

void kill_and_reap(const sys::PidFd& process) noexcept {
  if (!process) return;
  try {
    process.send_signal(SIGKILL);
    using namespace std::chrono_literals;
    process.wait_exit(sys::after(2s));  // a frozen one dies only when somebody thaws its cgroup
    process.reap();
  } catch (const Error&) {
    // A process that may not be killed is recovery's: a destructor has nobody to tell.
  }
}

// Those that are close-on-exec are not the caller's to pass on: they are what this process opened
// for itself since, on numbers that were free (state directory and lock among them).
void add_preserved(std::vector<sys::Placement>& placements, unsigned count) {
  for (unsigned index = 0; index < count; ++index) {
    const int fd = 3 + static_cast<int>(index);
    const int flags = ::fcntl(fd, F_GETFD);
    if (flags < 0 || (flags & FD_CLOEXEC) != 0) {
      throw error(Kind::kInvalidArgument,
                  "{} descriptors are to be preserved, but descriptor {} was not passed in", count,
                  fd);
    }
    placements.push_back({fd, fd});
  }
}

bool asks_for_id_maps(const plan::LaunchPlan& plan) {
  return std::any_of(plan.launcher.begin(), plan.launcher.end(), [](const plan::Step& step) {
    return std::holds_alternative<plan::NewUserNamespace>(step.action);
  });
}

bool is_seccomp_listener(int fd) {
  std::error_code unreadable;
  const auto link = std::filesystem::read_symlink(fmt::format("/proc/self/fd/{}", fd), unreadable);
  return link == "anon_inode:seccomp notify";
}

}  // namespace

Launch::Launch(const LaunchRequest& request)
    : request_(request), plan_file_(sys::empty_memfd(kPlanFile)) {
  sys::SocketPair sync = sys::packet_socket_pair();
  sync_ = std::move(sync.first);
  launcher_sync_ = std::move(sync.second);
}

Launch::~Launch() {
  if (spawning_) abandon_spawn();
  if (control_) {
    abandon_monitor();
  } else if (holds_unmet_init_ && launcher_) {
    meet_init();
  }
  kill_and_reap(init_);
  kill_and_reap(launcher_);
}

void Launch::abandon_spawn() noexcept {
  try {
    await_launcher();
  } catch (const Error&) {
    // There is none, then. What made this launch fail is told already.
  }
}

void Launch::await_launcher() {
  sys::Spawning spawning = std::move(*spawning_);
  spawning_.reset();  // whatever comes of it
  launcher_ = with_context(kStart, [&] { return spawning.finish(); });
}

// It kills the container itself, which is its child to reap. It is killed only where it does not
// come to an end.
void Launch::abandon_monitor() noexcept {
  try {
    send_message(control_.get(), MessageKind::kAbort);
    control_.reset();
    using namespace std::chrono_literals;
    if (monitor_ && !monitor_.wait_exit(sys::after(2s))) monitor_.send_signal(SIGKILL);
  } catch (const Error&) {
    // As in kill_and_reap().
  }
}

void Launch::begin() {
  const LaunchRequest& request = request_;
  const UniqueFd null = open_file("/dev/null", O_RDWR);
  const auto or_null = [&](int fd) { return fd < 0 ? null.get() : fd; };
  const int base = 3 + static_cast<int>(request.preserve_fds);

  sys::SpawnRequest child;
  child.executable = request.program;
  child.elsewhere = true;
  child.args = {"seatrial-init", std::to_string(base)};
  child.placements = {{or_null(request.stdio.in), 0},
                      {or_null(request.stdio.out), 1},
                      {or_null(request.stdio.err), 2},
                      {plan_file_.get(), base + wire::kPlanOffset},
                      {launcher_sync_.get(), base + wire::kSyncOffset}};
  add_preserved(child.placements, request.preserve_fds);
  const auto place = [&](int fd, wire::Slot slot) {
    if (fd >= 0)
      child.placements.push_back({fd, base + wire::kSlotOffset + static_cast<int>(slot)});
  };
  place(request.start_listener, wire::Slot::kStartListener);
  place(request.target, wire::Slot::kTargetPidfd);
  if (request.monitor != nullptr) add_monitor(child, *request.monitor, base, null.get());
  with_context(kStart, [&] { spawning_.emplace(std::move(child)); });
  if (plan_ != nullptr) let_launcher_go();
  control_source_.reset();
  launcher_sync_.reset();
}

void Launch::give(const plan::LaunchPlan& plan, Hold hold) {
  plan_ = &plan;
  hold_ = hold;
  sys::fill_and_seal(plan_file_.get(), kPlanFile, plan::encode(plan));
  if (spawning_) let_launcher_go();
}

// Not before it is spawned: spawning it also says where it may run, which its plan may narrow.
void Launch::let_launcher_go() {
  plan_file_.reset();
  send_message(sync_.get(), MessageKind::kProceed);
  // Init's first question is answered before it is asked, which spares it a wait for this process
  // to be woken. Where the launcher asks something first, it would take the answer.
  if (asks_for_id_maps(*plan_)) return;
  if (hold_ == Hold::kInit) {
    holds_unmet_init_ = true;
  } else {
    let_init_go();
  }
}

void Launch::let_init_go() {
  send_message(sync_.get(), MessageKind::kProceed);
  proceed_sent_ = true;
  holds_unmet_init_ = false;
}

// An init that is held must be known before the launcher is killed: nobody else can reap it.
void Launch::meet_init() noexcept {
  using namespace std::chrono_literals;
  try {
    if (!sys::wait_readable(sync_.get(), sys::after(2s))) return;
    const auto incoming = receive_message(sync_.get());
    if (!incoming || incoming->message.kind != MessageKind::kInitStarted) return;
    if (auto opened = sys::PidFd::open(incoming->message.pid)) init_ = std::move(*opened);
  } catch (const Error&) {
    // There is no init, or the kernel has no descriptor left: it ends when the socket closes.
  }
}

// No slot stays closed: what the monitor opens must not get the number of one (monitor.cc).
void Launch::add_monitor(sys::SpawnRequest& child, const Monitoring& monitor, int base,
                         int filler) {
  sys::SocketPair control = sys::packet_socket_pair();
  child.args = monitor.arguments(base);
  child.env = Monitoring::environment();
  for (int fd = base + wire::kSlotOffset; fd < base + wire::kMonitorSlotOffset; ++fd) {
    const bool placed = std::any_of(child.placements.begin(), child.placements.end(),
                                    [fd](const sys::Placement& each) { return each.target == fd; });
    if (!placed) child.placements.push_back({filler, fd});
  }
  monitor.place(child.placements, base, filler);
  control_source_ = std::move(control.second);
  child.placements.push_back(
      {control_source_.get(),
       base + wire::kMonitorSlotOffset + static_cast<int>(wire::MonitorSlot::kControl)});
  control_ = std::move(control.first);
}

void Launch::serve(const LaunchHandlers& handlers) {
  await_launcher();
  while (!ready_) {
    wait_for_message();
    auto incoming = receive_message(sync_.get());
    if (!incoming) fail_without_word();
    if (!init_ && is_from_init(incoming->message)) {
      early_.push_back(std::move(*incoming));
    } else {
      answer(std::move(*incoming), handlers);
    }
  }
}

// Init does not wait for the launcher's word of it, so its own may come first.
bool Launch::is_from_init(const wire::Message& message) const {
  switch (message.kind) {
    case MessageKind::kRuntimeHooksDue:
    case MessageKind::kConsoleMaster:
    case MessageKind::kSeccompListener:
    case MessageKind::kReady:
      return true;
    case MessageKind::kFailed:
      return message.step >= plan_->launcher.size() && message.step != wire::kMonitorStep;
    default:
      return false;
  }
}

void Launch::take_init(const wire::Message& message, const LaunchHandlers& handlers) {
  auto opened = sys::PidFd::open(message.pid);
  if (!opened) fail_without_word();
  init_ = std::move(*opened);
  holds_unmet_init_ = false;
  if (control_) {
    auto monitor = sys::PidFd::open(message.monitor);
    if (!monitor) fail_without_word();
    monitor_ = std::move(*monitor);
  }
  if (!proceed_sent_) {
    if (handlers.before_init_works) handlers.before_init_works(init_);
    send_message(sync_.get(), MessageKind::kProceed);
  }
  if (handlers.while_init_works) handlers.while_init_works(init_);
  if (!plan_->launcher_hands_listener) meet_the_end_of_launcher();
  for (Incoming& each : std::exchange(early_, {})) answer(std::move(each), handlers);
}

// It ended, or does so, after its last message; nothing is left to wait for but the scheduler.
void Launch::meet_the_end_of_launcher() {
  launcher_.wait_exit(std::nullopt);
  launcher_.reap();
  launcher_.reset();
}

// A launcher that was killed between its clone of init and its message leaves an init that waits
// forever: so its end counts as a message until init is known. A monitor sees to that itself.
void Launch::wait_for_message() const {
  std::array<pollfd, 2> entries{
      {{sync_.get(), POLLIN, 0}, {init_ || control_ ? -1 : launcher_.get(), POLLIN, 0}}};
  sys::poll_until(entries, std::nullopt);
  if (entries[0].revents == 0) fail_without_word();
}

void Launch::answer(Incoming incoming, const LaunchHandlers& handlers) {
  std::string payload;
  switch (incoming.message.kind) {
    case MessageKind::kIdMapsNeeded:
      handlers.write_id_maps(launcher_.pid());
      break;
    case MessageKind::kInitStarted:
      take_init(incoming.message, handlers);
      return;
    case MessageKind::kRuntimeHooksDue:
      payload = handlers.run_hooks(init_);
      break;
    case MessageKind::kConsoleMaster:
      if (incoming.descriptors.size() != 1) throw error(Kind::kInternal, "init sent no console");
      take_console(std::move(incoming.descriptors.front()), handlers);
      break;
    case MessageKind::kSeccompListener: {
      UniqueFd listener;
      if (plan_->launcher_hands_listener) {
        if (incoming.descriptors.size() != 1) throw error(Kind::kInternal, "no listener was sent");
        listener = std::move(incoming.descriptors.front());
        meet_the_end_of_launcher();
      } else {
        listener = await_listener(incoming.message.descriptor);
        if (!listener) return;  // why comes as a message
      }
      handlers.take_listener(std::move(listener), init_.pid());
      break;
    }
    case MessageKind::kReady:
      ready_ = true;
      return;
    case MessageKind::kFailed:
      fail(step_failure(incoming));
    default:
      throw error(Kind::kInternal, "init sent message {}",
                  static_cast<unsigned>(incoming.message.kind));
  }
  send_message(sync_.get(), MessageKind::kProceed, payload);
}

void Launch::take_console(UniqueFd master, const LaunchHandlers& handlers) {
  if (!control_) {
    handlers.take_console(std::move(master));
    return;
  }
  const wire::Message message{.kind = MessageKind::kConsoleMaster};
  const std::string_view head(reinterpret_cast<const char*>(&message), sizeof message);
  const std::array descriptors{master.get()};
  if (sys::send_packet(control_.get(), head, {}, descriptors)) return;
  throw error(Kind::kUnavailable, "the monitor was killed");
}

// It has announced the descriptor, and says nothing more unless it fails to make it.
UniqueFd Launch::await_listener(int number) const {
  using namespace std::chrono_literals;
  for (;;) {
    UniqueFd descriptor = init_.copy_descriptor(number);
    if (descriptor && is_seccomp_listener(descriptor.get())) return descriptor;
    if (sys::wait_readable(sync_.get(), sys::after(1ms))) return {};
  }
}

void Launch::proceed() {
  send_message(sync_.get(), MessageKind::kProceed);
}

void Launch::await_execution(const std::function<std::string()>& state) {
  const auto failure = runtime::await_execution(sync_.get(), state);
  if (failure) fail(*failure);
}

void Launch::outlive() {
  if (send_message(control_.get(), MessageKind::kReady)) return;
  throw error(Kind::kUnavailable, "the monitor was killed");
}

sys::PidFd Launch::release() {
  control_.reset();
  monitor_.reset();
  return std::move(init_);
}

void Launch::fail(const StepFailure& failure) {
  if (failure.step == wire::kMonitorStep) {
    throw sys_error(failure.sys_errno, "the monitor: {}", failure.detail);
  }
  failed_step_ = failure.step;
  throw to_error(failure, *plan_);
}

void Launch::fail_without_word() const {
  const char* name = init_ ? "init" : "the launcher";
  const sys::PidFd& process = init_ ? init_ : launcher_;
  // Neither is this process's child: how it ended is not to be learnt.
  if (control_) throw error(Kind::kUnavailable, "{} or its monitor was killed", name);
  using namespace std::chrono_literals;
  if (process.wait_exit(sys::after(1s))) {
    const sys::ProcessEnd end = process.reap().value_or(sys::ProcessEnd{});
    if (end.signal != 0) {
      throw error(Kind::kUnavailable, "{} was killed by signal {} (out of memory or by hand)", name,
                  end.signal);
    }
    throw error(Kind::kUnavailable, "{} ended with status {} without a word", name, end.code);
  }
  throw error(Kind::kUnavailable, "{} hung up without a word", name);
}

}  // namespace seatrial::runtime
