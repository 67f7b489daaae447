#include "harness/runner/child_pool.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/sys/spawn.h"

namespace seatrial::harness {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr std::size_t kResultHalf = 2u << 20;

struct Pipe {
  UniqueFd reading;  // non-blocking
  UniqueFd writing;
};

Pipe make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw sys_error(errno, "make a pipe");
  Pipe pipe{UniqueFd(ends[0]), UniqueFd(ends[1])};
  if (::fcntl(ends[0], F_SETFL, O_NONBLOCK) != 0) throw sys_error(errno, "make a pipe");
  return pipe;
}

// Takes what is there. Closes the pipe at its end.
void drain(UniqueFd& pipe, BoundedText& text) {
  char buffer[16384];
  while (pipe) {
    const ssize_t got = ::read(pipe.get(), buffer, sizeof buffer);
    if (got > 0) {
      text.append({buffer, static_cast<std::size_t>(got)});
    } else if (got == 0) {
      pipe.reset();
    } else if (errno != EINTR) {
      return;  // EAGAIN: nothing more for now
    }
  }
}

std::vector<std::string> our_environment() {
  std::vector<std::string> env;
  for (char** variable = environ; *variable != nullptr; ++variable) env.emplace_back(*variable);
  return env;
}

sigset_t interrupting_signals() {
  sigset_t set;
  ::sigemptyset(&set);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) ::sigaddset(&set, signal);
  return set;
}

}  // namespace

Interrupt::Interrupt() {
  const sigset_t set = interrupting_signals();
  ::sigprocmask(SIG_BLOCK, &set, nullptr);
  fd_ = UniqueFd(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!fd_) throw sys_error(errno, "make a signal descriptor");
}

Interrupt::~Interrupt() {
  came();  // takes what is pending, so that unblocking does not end the process
  const sigset_t set = interrupting_signals();
  ::sigprocmask(SIG_UNBLOCK, &set, nullptr);
}

bool Interrupt::came() {
  signalfd_siginfo info{};
  while (::read(fd_.get(), &info, sizeof info) == sizeof info) came_ = true;
  return came_;
}

struct ChildPool::Child {
  explicit Child(std::size_t output_limit)
      : out_text(output_limit / 2), err_text(output_limit / 2) {}

  sys::PidFd process;
  UniqueFd out;
  UniqueFd err;
  UniqueFd result;
  BoundedText out_text;
  BoundedText err_text;
  BoundedText result_text{kResultHalf};
  Done done;
  ChildOutcome outcome;
  Clock::time_point started;
  Clock::time_point deadline;

  void take_in() {
    drain(out, out_text);
    drain(err, err_text);
    drain(result, result_text);
  }

  void kill() const {
    ::kill(-process.pid(), SIGKILL);
    process.send_signal(SIGKILL);
  }
};

ChildPool::ChildPool(Interrupt& interrupt) : interrupt_(&interrupt) {}

ChildPool::~ChildPool() {
  try {
    kill_all();
    while (running() > 0) wait(milliseconds(100));
  } catch (const std::exception& failure) {
    fmt::print(stderr, "seatrial: {}\n", failure.what());  // a destructor has nobody to tell
  }
}

void ChildPool::start(const ChildCommand& command, Done done) {
  const UniqueFd null = open_file("/dev/null", O_RDONLY);
  Pipe out = make_pipe();
  Pipe err = make_pipe();
  Pipe result = make_pipe();
  sys::SpawnRequest request;
  request.path = command.argv.front();
  request.args = command.argv;
  request.env = our_environment();
  request.placements = {{null.get(), 0}, {out.writing.get(), 1}, {err.writing.get(), 2}};
  if (command.wants_result) request.placements.push_back({result.writing.get(), kResultFd});
  request.own_process_group = true;

  auto made = std::make_unique<Child>(command.output_limit);
  Child& child = *made;
  child.process = sys::spawn(request);
  child.out = std::move(out.reading);
  child.err = std::move(err.reading);
  child.result = std::move(result.reading);
  child.done = std::move(done);
  child.outcome.started = std::chrono::system_clock::now();
  child.started = Clock::now();
  child.deadline = child.started + command.deadline;
  children_.push_back(std::move(made));
}

std::vector<pid_t> ChildPool::pids() const {
  std::vector<pid_t> all;
  for (const auto& child : children_) all.push_back(child->process.pid());
  return all;
}

void ChildPool::kill_all() {
  for (const auto& child : children_) {
    child->outcome.cancelled = true;
    child->kill();
  }
}

void ChildPool::enforce_deadline(Child& child) {
  if (child.outcome.timed_out || Clock::now() < child.deadline) return;
  child.outcome.timed_out = true;
  child.kill();
}

// The child has ended: takes what it said and tells its starter.
void ChildPool::collect(Child& child) {
  const auto end = child.process.reap();
  if (!end) return;
  // Descendants may hold the pipes open; what the child itself wrote is there already.
  child.take_in();
  ChildOutcome outcome = std::move(child.outcome);
  outcome.pid = child.process.pid();
  outcome.end = *end;
  outcome.output = child.out_text.text();
  outcome.error_text = child.err_text.text();
  outcome.result = child.result_text.text();
  outcome.result_complete = child.result_text.complete();
  outcome.duration = std::chrono::duration_cast<milliseconds>(Clock::now() - child.started);
  const Done done = std::move(child.done);
  std::erase_if(children_, [&](const auto& other) { return other.get() == &child; });
  done(std::move(outcome));
}

void ChildPool::wait(milliseconds at_most) {
  Clock::time_point until = Clock::now() + at_most;
  std::vector<pollfd> entries{{.fd = interrupt_->fd(), .events = POLLIN, .revents = 0}};
  for (const auto& child : children_) {
    if (!child->outcome.timed_out) until = std::min(until, child->deadline);
    for (const int fd :
         {child->process.get(), child->out.get(), child->err.get(), child->result.get()}) {
      entries.push_back({.fd = fd, .events = POLLIN, .revents = 0});  // poll skips a closed one
    }
  }
  sys::poll_until(entries, until);

  std::size_t at = 1;
  std::vector<Child*> ended;
  for (const auto& child : children_) {
    if (entries[at].revents != 0) ended.push_back(child.get());
    at += 4;
    child->take_in();
    enforce_deadline(*child);
  }
  for (Child* child : ended) collect(*child);
}

ChildOutcome run_child(Interrupt& interrupt, const ChildCommand& command) {
  ChildPool pool(interrupt);
  ChildOutcome outcome;
  pool.start(command, [&](ChildOutcome done) { outcome = std::move(done); });
  while (pool.running() > 0) {
    pool.wait(std::chrono::seconds(1));
    if (interrupt.came()) pool.kill_all();
  }
  return outcome;
}

std::string describe(const sys::ProcessEnd& end) {
  if (end.signal == 0) return fmt::format("exited with status {}", end.code);
  const char* name = ::sigabbrev_np(end.signal);
  return name != nullptr ? fmt::format("was killed by SIG{}", name)
                         : fmt::format("was killed by signal {}", end.signal);
}

}  // namespace seatrial::harness
