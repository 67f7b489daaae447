#include "engine/sys/spawn_child.h"

#include <asm/unistd.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/keyctl.h>
#include <linux/mount.h>
#include <linux/prctl.h>
#include <signal.h>

#include "engine/sys/raw_signals.h"
#include "engine/sys/raw_syscall.h"

namespace seatrial::sys {
namespace {

[[noreturn]] void fail(ChildJob& job, const char* call, long result) {
  job.failed_errno = static_cast<int>(-result);
  job.failed_call = call;
  for (;;) raw_syscall(__NR_exit_group, 127);
}

long check(ChildJob& job, const char* call, long result) {
  if (result < 0) fail(job, call, result);
  return result;
}

// Above all targets, so that no placement can overwrite it before it is used.
int lift(ChildJob& job, int fd) {
  if (fd > job.highest_target) return fd;
  return static_cast<int>(
      check(job, "duplicate a descriptor",
            raw_syscall(__NR_fcntl, fd, F_DUPFD_CLOEXEC, job.highest_target + 1)));
}

bool is_target(const ChildJob& job, int fd) {
  for (std::size_t i = 0; i < job.placement_count; ++i) {
    if (job.placements[i].target == fd) return true;
  }
  return false;
}

void place_descriptors(ChildJob& job) {
  for (std::size_t i = 0; i < job.placement_count; ++i) {
    Placement& placement = job.placements[i];
    if (placement.source != placement.target) placement.source = lift(job, placement.source);
  }
  if (job.executable >= 0) job.executable = lift(job, job.executable);
  for (std::size_t i = 0; i < job.placement_count; ++i) {
    const Placement& placement = job.placements[i];
    const bool in_place = placement.source == placement.target;
    check(job, "place a descriptor",
          in_place ? raw_syscall(__NR_fcntl, placement.source, F_SETFD, 0)
                   : raw_syscall(__NR_dup3, placement.source, placement.target, 0));
  }
  for (int fd = 0; fd <= job.highest_target; ++fd) {
    if (!is_target(job, fd)) raw_syscall(__NR_close, fd);
  }
  check(job, "close_range",
        raw_syscall(__NR_close_range, job.highest_target + 1, ~0U, CLOSE_RANGE_CLOEXEC));
}

// A parent that ended before the kernel knew of the wish is found by its number, which is no longer
// the parent's.
void end_with_parent(ChildJob& job) {
  constexpr long kNoParent = -3;  // -ESRCH
  check(job, "prctl", raw_syscall(__NR_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0));
  if (raw_syscall(__NR_getppid) != job.parent) fail(job, "find the parent", kNoParent);
}

void change_mount(ChildJob& job, const char* target, unsigned flags, const mount_attr& change) {
  if ((change.attr_set | change.attr_clr) == 0) return;
  check(job, "change a mount",
        raw_syscall(__NR_mount_setattr, AT_FDCWD, target, flags, &change, sizeof change));
}

void make_binds(ChildJob& job) {
  if (job.bind_count == 0) return;
  check(job, "cut the mount namespace off",
        raw_syscall(__NR_mount, 0, "/", 0, MS_REC | MS_SLAVE, 0));
  for (std::size_t i = 0; i < job.bind_count; ++i) {
    const ChildBind& bind = job.binds[i];
    const unsigned long flags = MS_BIND | (bind.recursive ? MS_REC : 0);
    check(job, "bind a mount", raw_syscall(__NR_mount, bind.source, bind.target, 0, flags, 0));
    change_mount(job, bind.target, AT_RECURSIVE, bind.tree);
    change_mount(job, bind.target, 0, bind.top);
  }
}

// A kernel without keys has no keyring to share.
void take_own_keyring(ChildJob& job) {
  constexpr long kNoKeys = -38;  // -ENOSYS
  const long result = raw_syscall(__NR_keyctl, KEYCTL_JOIN_SESSION_KEYRING, 0);
  if (result != kNoKeys) check(job, "join a keyring of its own", result);
}

}  // namespace

int become_program(void* argument) {
  ChildJob& job = *static_cast<ChildJob*>(argument);
  reset_signals();
  if (job.own_process_group) check(job, "setpgid", raw_syscall(__NR_setpgid, 0, 0));
  if (job.parent != 0) end_with_parent(job);
  make_binds(job);
  if (job.own_keyring) take_own_keyring(job);
  if (job.no_new_privileges) {
    check(job, "prctl", raw_syscall(__NR_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
  }
  if (job.directory != nullptr) check(job, "chdir", raw_syscall(__NR_chdir, job.directory));
  place_descriptors(job);
  const long result = job.executable >= 0 ? raw_syscall(__NR_execveat, job.executable, "", job.args,
                                                        job.env, AT_EMPTY_PATH)
                                          : raw_syscall(__NR_execve, job.path, job.args, job.env);
  fail(job, "execute", result);
}

}  // namespace seatrial::sys
