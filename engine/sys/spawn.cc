#include "engine/sys/spawn.h"

#include <linux/futex.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstring>

#include "engine/base/error.h"
#include "engine/sys/spawn_child.h"

// clone(3), under the name that a sanitizer does not put itself before: it takes every clone for a
// fork, after which the child has a memory of its own.
// NOLINTNEXTLINE(bugprone-reserved-identifier,readability-identifier-naming): the C library's
extern "C" int __clone(int (*function)(void*), void* stack, int flags, void* argument,
                       ...) noexcept;

namespace seatrial::sys {
namespace {

constexpr std::size_t kStackSize = 16 * 1024;

std::vector<char*> pointers(const std::vector<std::string>& strings) {
  std::vector<char*> result;
  result.reserve(strings.size() + 1);
  for (const std::string& string : strings) result.push_back(const_cast<char*>(string.c_str()));
  result.push_back(nullptr);
  return result;
}

std::vector<ChildBind> child_binds(const std::vector<PrivateBind>& binds) {
  std::vector<ChildBind> result;
  for (const PrivateBind& bind : binds) {
    result.push_back(
        {.source = bind.source.c_str(),
         .target = bind.target.c_str(),
         .recursive = bind.recursive,
         .tree = {.attr_set = bind.recursive_set,
                  .attr_clr = bind.recursive_clear,
                  .propagation = 0,
                  .userns_fd = 0},
         .top = {.attr_set = bind.set, .attr_clr = bind.clear, .propagation = 0, .userns_fd = 0}});
  }
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

// A child that may not run here for a moment is moved at once. The kernel keeps the set that was
// asked for last, and what the child starts inherits it: so this is for a caller that may run
// everywhere, and everywhere is what is asked for in the end, whatever cpusets the child comes
// into.
void send_elsewhere(pid_t child) {
  cpu_set_t allowed;
  if (::sched_getaffinity(0, sizeof allowed, &allowed) != 0) return;
  if (CPU_COUNT(&allowed) != ::get_nprocs()) return;
  CPU_CLR(static_cast<unsigned>(::sched_getcpu()), &allowed);
  if (CPU_COUNT(&allowed) == 0 || ::sched_setaffinity(child, sizeof allowed, &allowed) != 0) return;
  cpu_set_t everywhere;
  std::memset(&everywhere, 0xff, sizeof everywhere);
  ::sched_setaffinity(child, sizeof everywhere, &everywhere);
}

}  // namespace

// All that the child reads and writes.
struct Spawning::Shared {
  explicit Shared(SpawnRequest asked)
      : request(std::move(asked)),
        args(pointers(request.args)),
        env(pointers(request.env)),
        binds(child_binds(request.private_binds)),
        job{.executable = request.executable,
            .path = request.path.c_str(),
            .args = args.data(),
            .env = env.data(),
            .directory = request.directory.empty() ? nullptr : request.directory.c_str(),
            .own_process_group = request.own_process_group,
            .parent = request.ends_with_parent ? ::getpid() : 0,
            .binds = binds.data(),
            .bind_count = binds.size(),
            .no_new_privileges = request.no_new_privileges,
            .own_keyring = request.own_keyring,
            .placements = request.placements.data(),
            .placement_count = request.placements.size()} {
    for (const Placement& placement : request.placements) {
      job.highest_target = std::max(job.highest_target, placement.target);
    }
  }

  bool has_child() { return std::atomic_ref(job.alive).load(std::memory_order_acquire) != 0; }

  SpawnRequest request;
  std::vector<char*> args;
  std::vector<char*> env;
  std::vector<ChildBind> binds;
  ChildJob job;
  alignas(64) std::byte stack[kStackSize];
};

Spawning::Spawning(SpawnRequest request) : shared_(std::make_unique<Shared>(std::move(request))) {
  int pidfd = -1;
  const BlockedSignals blocked;
  const int namespaces = !shared_->binds.empty() ? CLONE_NEWNS : 0;
  const pid_t pid = ::__clone(&become_program, shared_->stack + kStackSize,
                              CLONE_VM | CLONE_PIDFD | CLONE_CHILD_CLEARTID | namespaces | SIGCHLD,
                              &shared_->job, &pidfd, nullptr, &shared_->job.alive);
  if (pid < 0) {
    const int clone_errno = errno;
    shared_.reset();
    throw sys_error(clone_errno, "clone a child process");
  }
  child_ = PidFd(pid, UniqueFd(pidfd));
  if (shared_->request.elsewhere) send_elsewhere(pid);
}

Spawning::Spawning(Spawning&&) noexcept = default;

Spawning::~Spawning() {
  if (shared_) await_program();
}

// The kernel wakes who waits for `alive`, but for a child that dumps its core, which is looked
// after now and then.
void Spawning::await_program() const noexcept {
  constexpr timespec kNowAndThen{.tv_sec = 0, .tv_nsec = 100'000'000};
  while (shared_->has_child()) {
    ::syscall(SYS_futex, &shared_->job.alive, FUTEX_WAIT, 1, &kNowAndThen, nullptr, 0);
    pollfd end{child_.get(), POLLIN, 0};
    if (::poll(&end, 1, 0) == 1) return;
  }
}

PidFd Spawning::finish() {
  await_program();
  const std::unique_ptr<Shared> shared = std::move(shared_);
  if (shared->job.failed_call == nullptr) return std::move(child_);
  child_.wait_exit(std::nullopt);  // it has exited or is about to
  child_.reap();
  throw sys_error(shared->job.failed_errno, "{}{}{}", shared->job.failed_call,
                  shared->request.path.empty() ? "" : " ", shared->request.path);
}

PidFd spawn(const SpawnRequest& request) {
  return Spawning(request).finish();
}

}  // namespace seatrial::sys
