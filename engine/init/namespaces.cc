// The launcher's steps: cgroups, limits that need the host's privileges, namespaces.
#include <asm/errno.h>
#include <linux/mman.h>
#include <linux/prctl.h>
#include <linux/resource.h>
#include <linux/sched.h>
#include <linux/signal.h>

#include "engine/init/executors.h"

namespace seatrial::init {
namespace {

// The kernel takes both back when credentials change.
void stay_hidden() {
  sys(__NR_prctl, PR_SET_DUMPABLE, 0);
  sys(__NR_prctl, PR_SET_PDEATHSIG, SIGKILL);
}

Result become_root() {
  // Refused where an unprivileged user's namespace has setgroups denied; then there are no groups
  // to drop that could be dropped.
  const Result dropped = sys(__NR_setgroups, 0, 0);
  if (dropped < 0 && dropped != -EPERM) return dropped;
  Result result = sys(__NR_setresgid, 0, 0, 0);
  if (result >= 0) result = sys(__NR_setresuid, 0, 0, 0);
  stay_hidden();
  return result;
}

// With what is open of a kind, `user` or all others. A namespace that refuses may be owned by the
// user namespace that is yet to be joined.
Result enter_all(Run& run, bool user, bool may_refuse) {
  for (int i = 0; i < run.namespace_count; ++i) {
    OpenedNamespace& entry = run.namespaces[i];
    if (entry.fd < 0 || (entry.flag == CLONE_NEWUSER) != user) continue;
    const Result result = sys(__NR_setns, entry.fd, entry.flag);
    if (result == -EPERM && may_refuse) continue;
    if (result < 0) return fail(run, result, entry.path);
    close_fd(entry.fd);
    entry.fd = -1;
  }
  return 0;
}

Result write_file(const char* path, const char* content) {
  const Result fd = open_file(path, O_WRONLY);
  if (fd < 0) return fd;
  const Result written = write_bytes((int)fd, content, length(content));
  close_fd(fd);
  return written;
}

// Sends what init leaves in `run.listener`. Its own filter holds up nothing here.
Result hand_listener(Run& run, Result pid) {
  struct {
    int fd;
    short events;
    short revents;
  } init = {(int)sys(__NR_pidfd_open, pid, 0), 1 /* POLLIN */, 0};
  if (init.fd < 0) return init.fd;
  while (*run.listener == 0) {
    const struct {
      long seconds;
      long nanoseconds;
    } pause = {0, 1'000'000};
    // The shared descriptors keep the socket open: nobody else would tell that init has died.
    if (sys(__NR_ppoll, &init, 1, &pause, 0, 0) > 0) exit_process(1);
  }
  close_fd(init.fd);
  wire::Message message;
  message.kind = wire::MessageKind::kSeccompListener;
  return send_message(run.sync, message, nullptr, *run.listener);
}

}  // namespace

Result execute(Run& run, const steps::JoinCgroup<Form>& step) {
  return write_file(text(run, step.file), "0");
}

Result execute(Run& run, const steps::SetOomScore<Form>& step) {
  constexpr const char* kFile = "/proc/self/oom_score_adj";
  Result result = write_file(kFile, text(run, step.value));
  if (result != -EACCES) return result;
  // The file of a process that is not dumpable belongs to the host's root. Nothing in a namespace
  // that is to be joined can see this process yet.
  sys(__NR_prctl, PR_SET_DUMPABLE, 1);
  result = write_file(kFile, text(run, step.value));
  sys(__NR_prctl, PR_SET_DUMPABLE, 0);
  if (result != -EACCES) return result;
  return fail(run, result,
              "process.oomScoreAdj is lower than this user may go: that takes CAP_SYS_RESOURCE");
}

Result execute(Run&, const steps::RaiseRlimit<Form>& step) {
  rlimit64 limit = {};
  const Result result = sys(__NR_prlimit64, 0, step.resource, 0, &limit);
  if (result < 0 || limit.rlim_max >= step.hard) return result;
  limit.rlim_max = step.hard;
  return sys(__NR_prlimit64, 0, step.resource, &limit, 0);
}

Result execute(Run& run, const steps::OpenNamespace<Form>& step) {
  if (run.namespace_count == kMostNamespaces) return -E2BIG;
  // O_NONBLOCK: what turns out to be a fifo is no namespace, and must not be waited for.
  const Result fd = open_file(text(run, step.path), O_RDONLY | O_NONBLOCK);
  if (fd < 0) return fd;
  OpenedNamespace& entry = run.namespaces[run.namespace_count++];
  entry.fd = (int)fd;
  entry.flag = step.flag;
  entry.path = text(run, step.path);
  return 0;
}

Result execute(Run& run, const steps::EnterNamespaces<Form>&) {
  bool joins_user = false;
  for (int i = 0; i < run.namespace_count; ++i) {
    joins_user = joins_user || run.namespaces[i].flag == CLONE_NEWUSER;
  }
  Result result = enter_all(run, false, joins_user);
  if (result >= 0) result = enter_all(run, true, false);
  if (result >= 0) result = enter_all(run, false, false);
  stay_hidden();
  return result;
}

Result execute(Run& run, const steps::EnterTarget<Form>& step) {
  if (step.flags != 0) {
    const Result result = sys(__NR_setns, run.target_pidfd, step.flags);
    stay_hidden();
    if (result < 0) return result;
  }
  if (step.rootfs.offset == 0) return 0;
  const Result result = sys(__NR_chroot, text(run, step.rootfs));
  return result < 0 ? result : sys(__NR_chdir, "/");
}

Result execute(Run& run, const steps::NewUserNamespace<Form>&) {
  // Else /proc/PID/uid_map belongs to the host's root, and a runtime that is not root could not
  // write it. Nothing in a namespace that was joined can see this process.
  sys(__NR_prctl, PR_SET_DUMPABLE, 1);
  const Result result = sys(__NR_unshare, CLONE_NEWUSER);
  if (result == -ENOSPC || result == -EUSERS) {
    return fail(run, result, "too many user namespaces (/proc/sys/user/max_user_namespaces)");
  }
  if (result == -EPERM) {
    return fail(run, result, "from within a chroot, or where a security module forbids it");
  }
  if (result < 0) return result;
  wire::Message message;
  message.kind = wire::MessageKind::kIdMapsNeeded;
  message.pid = (std::int32_t)sys(__NR_getpid);
  const Result sent = send_message(run.sync, message, nullptr);
  if (sent < 0) return sent;
  await_proceed(run);
  return become_root();
}

Result execute(Run&, const steps::BecomeRoot<Form>&) {
  return become_root();
}

Result execute(Run& run, const steps::NewTimeNamespace<Form>& step) {
  const Result result = sys(__NR_unshare, CLONE_NEWTIME);
  if (result < 0 || step.offsets.offset == 0) return result;
  // Else the file belongs to the host's root, which the root of a user namespace is not. Nothing in
  // a namespace that was joined can see this process.
  sys(__NR_prctl, PR_SET_DUMPABLE, 1);
  const Result written = write_file("/proc/self/timens_offsets", text(run, step.offsets));
  stay_hidden();
  return written;
}

Result execute(Run& run, const steps::CloneInit<Form>& step) {
  // As a sibling, so that the runtime, or the monitor, is its parent and can wait for it. The exit
  // signal is the launcher's own (clone(2), CLONE_PARENT). The kernel writes the monitor's copy of
  // the number, so that it knows of init even when this process is killed right behind the clone.
  const std::uint64_t told = run.cloned != nullptr ? CLONE_PARENT_SETTID : 0;
  std::uint64_t shared = 0;
  if (step.hand_listener != 0) {
    const Result page = sys(__NR_mmap, 0, sizeof *run.listener, PROT_READ | PROT_WRITE,
                            MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (page < 0) return page;
    run.listener = (volatile std::int32_t*)page;
    shared = CLONE_FILES;
  }
  const Result pid =
      sys(__NR_clone, step.flags | CLONE_PARENT | told | shared, 0, run.cloned, 0, 0);
  if (pid < 0) return pid;
  if (pid == 0) run_init(run);
  wire::Message message;
  message.kind = wire::MessageKind::kInitStarted;
  message.pid = (std::int32_t)pid;
  message.monitor = run.monitor;
  const Result sent = send_message(run.sync, message, nullptr);
  return sent < 0 || step.hand_listener == 0 ? sent : hand_listener(run, pid);
}

}  // namespace seatrial::init
