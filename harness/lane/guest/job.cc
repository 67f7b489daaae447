#include "harness/lane/guest/job.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <ctime>
#include <string_view>

#include "harness/lane/guest/collect.h"
#include "harness/lane/guest/port.h"

namespace seatrial::lane::guest {
namespace {

std::vector<char*> pointers(const std::vector<std::string>& strings) {
  std::vector<char*> result;
  for (const std::string& string : strings) result.push_back(const_cast<char*>(string.c_str()));
  result.push_back(nullptr);
  return result;
}

void make_directories(const std::string& path) {
  for (std::size_t at = 1; at != std::string::npos;) {
    at = path.find('/', at + 1);
    ::mkdir(path.substr(0, at).c_str(), 0755);
  }
}

// In the child: becomes the job, or says why not as a shell would.
[[noreturn]] void become(const Job& job, int out, int err) {
  const int null = ::open("/dev/null", O_RDONLY);
  ::dup2(null, STDIN_FILENO);
  ::dup2(out, STDOUT_FILENO);
  ::dup2(err, STDERR_FILENO);
  ::close(null);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::setsid();
  // As a service manager gives them: the kernel's own hard limit is small.
  const rlimit files{.rlim_cur = 1024, .rlim_max = 524'288};
  ::setrlimit(RLIMIT_NOFILE, &files);
  const int adjust = ::open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
  if (::write(adjust, "0", 1) != 1) ::_exit(126);
  if (::chdir(job.directory.c_str()) == 0) {
    const std::vector<char*> args = pointers(job.args);
    const std::vector<char*> env = pointers(job.env);
    ::execve(args[0], args.data(), env.data());
  }
  const std::string sentence = "lane: " + job.args[0] + ": " + std::strerror(errno) + "\n";
  const ssize_t told = ::write(STDERR_FILENO, sentence.data(), sentence.size());
  ::_exit(told >= 0 && errno == ENOENT ? 127 : 126);
}

std::int64_t now_ms() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000 + now.tv_nsec / 1'000'000;
}

// Relays what is there; false at the end.
bool relay(int fd, wire::FrameType type) {
  static char buffer[wire::kMaxFrame];
  const ssize_t got = ::read(fd, buffer, sizeof buffer);
  if (got > 0) send(type, {buffer, static_cast<std::size_t>(got)});
  return got > 0 || (got < 0 && errno == EINTR);
}

// Reaps all that has ended, as the first process must. True: the job was among them.
bool reap(pid_t job, int& status) {
  bool ended = false;
  int any = 0;
  for (pid_t pid; (pid = ::waitpid(-1, &any, WNOHANG)) > 0;) {
    if (pid != job) continue;
    ended = true;
    status = any;
  }
  return ended;
}

// Until the job has ended and nobody holds its output any more; who keeps that open after the job's
// end is waited for only a moment.
int watch(pid_t job, int out, int err, int signals) {
  constexpr std::int64_t kGrace = 500;
  constexpr std::int64_t kPulse = 1000;
  pollfd polled[] = {{out, POLLIN, 0}, {err, POLLIN, 0}, {signals, POLLIN, 0}};
  std::int64_t ended_at = -1;
  std::int64_t next_pulse = 0;
  int status = 0;
  for (;;) {
    const std::int64_t now = now_ms();
    if (now >= next_pulse) {
      send(wire::FrameType::kAlive, {});
      next_pulse = now + kPulse;
    }
    const bool silent = polled[0].fd < 0 && polled[1].fd < 0;
    if (ended_at >= 0 && (silent || now > ended_at + kGrace)) return status;
    ::poll(polled, 3, ended_at >= 0 ? 50 : static_cast<int>(next_pulse - now));
    if (polled[0].revents != 0 && !relay(out, wire::FrameType::kStdout)) polled[0].fd = -1;
    if (polled[1].revents != 0 && !relay(err, wire::FrameType::kStderr)) polled[1].fd = -1;
    if (polled[2].revents == 0) continue;
    signalfd_siginfo info{};
    if (::read(signals, &info, sizeof info) < 0) continue;
    if (reap(job, status)) ended_at = now_ms();
  }
}

int run_watched(const Job& job) {
  sigset_t children;
  ::sigemptyset(&children);
  ::sigaddset(&children, SIGCHLD);
  ::sigprocmask(SIG_BLOCK, &children, nullptr);
  const int signals = ::signalfd(-1, &children, SFD_CLOEXEC | SFD_NONBLOCK);
  int out[2];
  int err[2];
  if (signals < 0 || ::pipe2(out, O_CLOEXEC) != 0 || ::pipe2(err, O_CLOEXEC) != 0) {
    give_up("make the pipes of the job", errno);
  }
  const pid_t pid = ::fork();
  if (pid < 0) give_up("start the job", errno);
  if (pid == 0) become(job, out[1], err[1]);
  ::close(out[1]);
  ::close(err[1]);
  return watch(pid, out[0], err[0], signals);
}

void send_status(wire::FrameType type, int code) {
  const wire::Status status{.code = code};
  send(type, {reinterpret_cast<const char*>(&status), sizeof status});
}

}  // namespace

Job read_job() {
  const int fd = ::open(wire::kJobFile, O_RDONLY | O_CLOEXEC);
  if (fd < 0) give_up("open the job", errno);
  std::string text;
  char buffer[4096];
  for (ssize_t got; (got = ::read(fd, buffer, sizeof buffer)) > 0;) {
    text.append(buffer, static_cast<std::size_t>(got));
  }
  ::close(fd);
  Job job;
  for (std::size_t at = 0; at < text.size();) {
    const std::string_view record(text.c_str() + at);
    at += record.size() + 1;
    const std::size_t equals = record.find('=');
    if (equals == std::string_view::npos) give_up("a record of the job has no value", 0);
    const std::string_view key = record.substr(0, equals);
    std::string value(record.substr(equals + 1));
    if (key == wire::kArg)
      job.args.push_back(std::move(value));
    else if (key == wire::kEnv)
      job.env.push_back(std::move(value));
    else if (key == wire::kCollect)
      job.collect.push_back(std::move(value));
    else if (key == wire::kDirectory)
      job.directory = std::move(value);
    else if (key == wire::kCgroup)
      job.cgroup = std::move(value);
    else if (key == wire::kPolicy)
      job.policy = std::move(value);
    else
      give_up("the job has an unknown record " + std::string(key), 0);
  }
  if (job.args.empty()) give_up("the job names no program", 0);
  return job;
}

void run_job(const Job& job) {
  make_directories(job.directory);
  for (const std::string& directory : job.collect) make_directories(directory);
  const int status = run_watched(job);
  for (std::size_t i = 0; i < job.collect.size(); ++i) {
    send_directory(job.collect[i], std::to_string(i));
  }
  if (WIFSIGNALED(status)) {
    send_status(wire::FrameType::kKilled, WTERMSIG(status));
  } else {
    send_status(wire::FrameType::kExited, WEXITSTATUS(status));
  }
}

}  // namespace seatrial::lane::guest
