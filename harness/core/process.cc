// Children are started by engine/sys/spawn.h and not by Boost.Process, which the design had in
// mind: Boost's error pipe can take the very number that a given descriptor must get, its other
// pipes lack close-on-exec, and it hands out process numbers where we need descriptors. spawn() has
// all three right already.
#include "harness/core/process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <set>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/sys/deadline.h"
#include "engine/sys/memfd.h"
#include "engine/sys/spawn.h"
#include "harness/core/deadline_scale.h"

namespace seatrial::harness {

struct Orphan::Watch {
  sys::PidFd process;
  Ending ending;
};

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

std::vector<Orphan::Watch*>& watches() {
  static std::vector<Orphan::Watch*> all;
  return all;
}

Ending ending_of(const siginfo_t& info) {
  if (info.si_code == CLD_EXITED) return {Ending::How::kExited, info.si_status};
  return {Ending::How::kSignalled, info.si_status};
}

// Reaps if it has ended. A status that somebody else took counts as 255.
void look_at(Orphan::Watch& watch) {
  if (watch.ending.how != Ending::How::kRunning) return;
  siginfo_t info{};
  const auto fd = static_cast<id_t>(watch.process.get());
  if (::waitid(P_PIDFD, fd, &info, WEXITED | WNOHANG) == 0) {
    if (info.si_pid != 0) watch.ending = ending_of(info);
  } else if (sys::wait_readable(watch.process.get(), steady_clock::now())) {
    watch.ending = {Ending::How::kExited, 255};
  }
}

std::filesystem::path find_program(const std::string& name) {
  if (name.find('/') != std::string::npos) return name;
  const char* path = std::getenv("PATH");
  std::string_view rest = path == nullptr ? "/usr/sbin:/usr/bin:/sbin:/bin" : path;
  while (!rest.empty()) {
    const std::string_view directory = rest.substr(0, rest.find(':'));
    rest.remove_prefix(std::min(rest.size(), directory.size() + 1));
    const std::filesystem::path candidate = std::filesystem::path(directory) / name;
    if (::access(candidate.c_str(), X_OK) == 0) return candidate;
  }
  throw error(Kind::kNotFound, "there is no program \"{}\" in PATH", name);
}

std::vector<std::string> our_environment() {
  std::vector<std::string> env;
  for (char** entry = environ; *entry != nullptr; ++entry) env.emplace_back(*entry);
  return env;
}

// Everything below this process. Needs CONFIG_PROC_CHILDREN; without it nothing is found.
std::set<pid_t> descendants() {
  std::set<pid_t> found;
  std::vector<pid_t> todo{::getpid()};
  while (!todo.empty()) {
    const std::string tasks = fmt::format("/proc/{}/task", todo.back());
    todo.pop_back();
    std::error_code gone;
    for (const auto& task : std::filesystem::directory_iterator(tasks, gone)) {
      std::ifstream children(task.path() / "children");
      for (pid_t pid = 0; children >> pid;) {
        if (found.insert(pid).second) todo.push_back(pid);
      }
    }
  }
  return found;
}

// Again and again: a process that is killed may have started another one just before.
void kill_all_but(const std::set<pid_t>& spared) {
  for (int round = 0; round < 20; ++round) {
    bool none = true;
    for (const pid_t pid : descendants()) {
      if (spared.contains(pid)) continue;
      const auto process = sys::PidFd::open(pid);
      if (!process || !process->send_signal(SIGKILL)) continue;
      process->wait_exit(steady_clock::now() + milliseconds(500));
      none = false;
    }
    reap_leftover_children();
    if (none) return;
  }
}

struct Stream {
  UniqueFd ours;
  UniqueFd theirs;
  std::string* kept = nullptr;
  std::size_t limit = 0;

  // Reads what is there; false when nothing will come any more.
  bool drain() {
    char buffer[16384];
    for (;;) {
      const ssize_t got = ::read(ours.get(), buffer, sizeof buffer);
      if (got < 0) return errno == EAGAIN || errno == EINTR;
      if (got == 0) return false;
      const std::size_t room = limit - std::min(limit, kept->size());
      kept->append(buffer, std::min(room, static_cast<std::size_t>(got)));
    }
  }
};

Stream open_stream(std::string* kept, std::size_t limit) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw sys_error(errno, "make a pipe");
  Stream stream{UniqueFd(ends[0]), UniqueFd(ends[1]), kept, limit};
  ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
  return stream;
}

// Waits for an event of the child, its streams or an orphan. Whether the child has ended.
bool wait_for_event(const sys::PidFd& child, std::vector<Stream>& streams,
                    steady_clock::time_point deadline) {
  std::vector<pollfd> entries{{child.get(), POLLIN, 0}};
  for (const Stream& stream : streams) {
    if (stream.ours) entries.push_back({stream.ours.get(), POLLIN, 0});
  }
  for (const Orphan::Watch* watch : watches()) {
    if (watch->ending.how == Ending::How::kRunning) {
      entries.push_back({watch->process.get(), POLLIN, 0});
    }
  }
  sys::poll_until(entries, deadline);
  for (Stream& stream : streams) {
    if (stream.ours && !stream.drain()) stream.ours.reset();
  }
  for (Orphan::Watch* watch : watches()) look_at(*watch);
  return entries[0].revents != 0;
}

sys::SpawnRequest request_for(const std::vector<std::string>& argv, const CommandOptions& options) {
  sys::SpawnRequest request;
  request.path = find_program(argv.at(0));
  request.args = argv;
  request.env = options.env ? *options.env : our_environment();
  request.directory = options.cwd;
  request.own_process_group = true;
  for (std::size_t i = 0; i < options.extra.size(); ++i) {
    request.placements.push_back({options.extra[i], static_cast<int>(3 + i)});
  }
  return request;
}

// Waits for the child to end, at most until the deadline, and then kills what it started.
void supervise(const sys::PidFd& child, std::vector<Stream>& streams, milliseconds allowed,
               const std::set<pid_t>& spared, Outcome& outcome) {
  const auto deadline = steady_clock::now() + scaled(allowed);
  bool ended = false;
  while (!ended && steady_clock::now() < deadline) {
    ended = wait_for_event(child, streams, deadline);
  }
  if (!ended) {
    outcome.timed_out = true;
    child.send_signal(SIGKILL);
    child.wait_exit(std::nullopt);
  }
  const auto end = child.reap();
  outcome.exit_status = end ? end->code : 255;
  for (Stream& stream : streams) {
    if (stream.ours) stream.drain();
  }
  if (outcome.timed_out) kill_all_but(spared);
}

}  // namespace

Outcome run_command(const std::vector<std::string>& argv, const CommandOptions& options) {
  Outcome outcome;
  sys::SpawnRequest request = request_for(argv, options);
  std::vector<Stream> streams;
  UniqueFd input;
  if (options.in < 0) input = sys::sealed_memfd("input", options.input);
  request.placements.push_back({options.in < 0 ? input.get() : options.in, 0});
  const auto place = [&](int given, int number, std::string* kept) {
    if (given < 0) streams.push_back(open_stream(kept, options.output_limit));
    request.placements.push_back({given < 0 ? streams.back().theirs.get() : given, number});
  };
  place(options.out, 1, &outcome.output);
  place(options.err, 2, &outcome.error_text);

  const std::set<pid_t> spared = descendants();
  const auto begin = steady_clock::now();
  const sys::PidFd child = sys::spawn(request);
  for (Stream& stream : streams) stream.theirs.reset();
  supervise(child, streams, options.deadline, spared, outcome);
  outcome.duration = std::chrono::duration_cast<milliseconds>(steady_clock::now() - begin);
  return outcome;
}

Orphan::Orphan(pid_t pid) : pid_(pid), watch_(new Watch) {
  if (auto process = sys::PidFd::open(pid)) {
    watch_->process = std::move(*process);
  } else {
    watch_->ending = {Ending::How::kExited, 255};
  }
  watches().push_back(watch_);
}

Orphan::Orphan(Orphan&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)), watch_(std::exchange(other.watch_, nullptr)) {}

Orphan& Orphan::operator=(Orphan&& other) noexcept {
  Orphan moved(std::move(other));
  std::swap(pid_, moved.pid_);
  std::swap(watch_, moved.watch_);
  return *this;
}

Orphan::~Orphan() {
  if (watch_ == nullptr) return;
  std::erase(watches(), watch_);
  delete watch_;
}

Ending Orphan::ending() {
  if (watch_ == nullptr) return {Ending::How::kExited, 255};
  look_at(*watch_);
  return watch_->ending;
}

Ending Orphan::wait(milliseconds deadline) {
  if (ending().how != Ending::How::kRunning) return watch_ == nullptr ? ending() : watch_->ending;
  sys::wait_readable(watch_->process.get(), steady_clock::now() + scaled(deadline));
  return ending();
}

void Orphan::send_signal(int signal) {
  if (watch_ != nullptr && ending().how == Ending::How::kRunning) {
    watch_->process.send_signal(signal);
  }
}

int reap_leftover_children() {
  int reaped = 0;
  for (;;) {
    siginfo_t info{};
    if (::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid == 0) {
      return reaped;
    }
    for (Orphan::Watch* watch : watches()) {
      if (watch->process.pid() == info.si_pid) look_at(*watch);
    }
    // Already gone when it was an orphan.
    ::waitpid(info.si_pid, nullptr, WNOHANG);
    ++reaped;
  }
}

void kill_descendants() {
  kill_all_but({});
}

}  // namespace seatrial::harness
