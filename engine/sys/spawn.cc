#include "engine/sys/spawn.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <csignal>

#include "engine/base/error.h"

namespace seatrial::sys {
namespace {

constexpr std::size_t kStackSize = 32 * 1024;

// Shared with the child, whose memory is ours until it has executed its program. Everything it
// reads was laid out before the clone; it writes only `failed_call` and `failed_errno`, and
// `moved`.
struct Job {
  const SpawnRequest* request = nullptr;
  char* const* args = nullptr;
  char* const* env = nullptr;
  std::vector<Placement> moved;  // sources that lie where a target will be are moved above first
  int highest_target = -1;
  int executable = -1;
  const char* failed_call = nullptr;
  int failed_errno = 0;
};

[[noreturn]] void fail(Job& job, const char* call) {
  job.failed_errno = errno;
  job.failed_call = call;
  ::_exit(127);
}

// Above all targets, so that no placement can overwrite it before it is used.
int lift(Job& job, int fd) {
  if (fd > job.highest_target) return fd;
  const int lifted = ::fcntl(fd, F_DUPFD_CLOEXEC, job.highest_target + 1);
  if (lifted < 0) fail(job, "duplicate a descriptor");
  return lifted;
}

bool is_target(const Job& job, int fd) {
  return std::any_of(job.moved.begin(), job.moved.end(),
                     [fd](const Placement& placement) { return placement.target == fd; });
}

void place_descriptors(Job& job) {
  for (Placement& placement : job.moved) {
    if (placement.source != placement.target) placement.source = lift(job, placement.source);
  }
  if (job.executable >= 0) job.executable = lift(job, job.executable);
  for (const Placement& placement : job.moved) {
    const bool in_place = placement.source == placement.target;
    const int result = in_place ? ::fcntl(placement.source, F_SETFD, 0)
                                : ::dup2(placement.source, placement.target);
    if (result < 0) fail(job, "place a descriptor");
  }
  for (int fd = 0; fd <= job.highest_target; ++fd) {
    if (!is_target(job, fd)) ::close(fd);
  }
  const auto first = static_cast<unsigned>(job.highest_target + 1);
  if (::syscall(SYS_close_range, first, ~0U, CLOSE_RANGE_CLOEXEC) != 0) {
    fail(job, "close_range");
  }
}

// Handlers that are left would run in the caller's memory; ignored signals would stay ignored.
void reset_signals() {
  struct sigaction action{};
  action.sa_handler = SIG_DFL;
  for (int signal = 1; signal < NSIG; ++signal) {
    if (signal != SIGKILL && signal != SIGSTOP) ::sigaction(signal, &action, nullptr);
  }
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

__attribute__((no_sanitize("address", "thread", "undefined"))) int child_main(void* argument) {
  Job& job = *static_cast<Job*>(argument);
  reset_signals();
  if (job.request->own_process_group && ::setpgid(0, 0) != 0) fail(job, "setpgid");
  if (!job.request->directory.empty() && ::chdir(job.request->directory.c_str()) != 0) {
    fail(job, "chdir");
  }
  place_descriptors(job);
  if (job.executable >= 0) {
    ::syscall(SYS_execveat, job.executable, "", job.args, job.env, AT_EMPTY_PATH);
  } else {
    ::execve(job.request->path.c_str(), job.args, job.env);
  }
  fail(job, "execute");
}

std::vector<char*> pointers(const std::vector<std::string>& strings) {
  std::vector<char*> result;
  result.reserve(strings.size() + 1);
  for (const std::string& string : strings) result.push_back(const_cast<char*>(string.c_str()));
  result.push_back(nullptr);
  return result;
}

// Blocks all signals: a handler must not run in the child, which shares our memory.
class BlockedSignals {
 public:
  BlockedSignals() {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  BlockedSignals(const BlockedSignals&) = delete;
  BlockedSignals& operator=(const BlockedSignals&) = delete;
  ~BlockedSignals() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_{};
};

// Kept out of spawn()'s frame so that its locals cannot be clobbered by what the child does.
__attribute__((noinline)) pid_t clone_child(Job& job, int* pidfd) {
  alignas(64) char stack[kStackSize];
  const BlockedSignals blocked;
  return ::clone(&child_main, stack + sizeof stack, CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD,
                 &job, pidfd);
}

}  // namespace

PidFd spawn(const SpawnRequest& request) {
  const std::vector<char*> args = pointers(request.args);
  const std::vector<char*> env = pointers(request.env);
  Job job{.request = &request,
          .args = args.data(),
          .env = env.data(),
          .moved = request.placements,
          .executable = request.executable};
  for (const Placement& placement : job.moved) {
    job.highest_target = std::max(job.highest_target, placement.target);
  }
  int pidfd = -1;
  const pid_t pid = clone_child(job, &pidfd);
  if (pid < 0) throw sys_error(errno, "clone a child process");
  PidFd child(pid, UniqueFd(pidfd));
  if (job.failed_call == nullptr) return child;
  // It has exited or is about to; the wait is bounded by its _exit.
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  throw sys_error(job.failed_errno, "{}{}{}", job.failed_call, request.path.empty() ? "" : " ",
                  request.path);
}

}  // namespace seatrial::sys
