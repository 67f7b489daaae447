// Who the process is: user, groups, capabilities.
#include <asm/errno.h>
#include <linux/capability.h>
#include <linux/prctl.h>
#include <linux/seccomp.h>

#include "engine/init/executors.h"
#include "engine/init/paths.h"

namespace seatrial::init {
namespace {

// A pipe or terminal that the runtime made belongs to its user, but the container's user must be
// able to open it anew by /dev/stdout. Files keep their owner: they are somebody else's.
void own_stdio(unsigned uid) {
  for (int fd = 0; fd <= 2; ++fd) {
    struct statx facts;
    if (stat_fd(fd, facts) < 0) continue;
    if ((facts.stx_mode & kTypeMask) == kFifoType && facts.stx_uid != uid) {
      sys(__NR_fchown, fd, uid, -1);
    }
  }
}

Result set_groups(unsigned count, const std::uint32_t* groups) {
  const Result result = sys(__NR_setgroups, count, groups);
  // Where a user namespace has setgroups denied there is nothing to drop.
  return result == -EPERM && count == 0 ? 0 : result;
}

Result drop_from_bounding(unsigned capability) {
  const Result result = sys(__NR_prctl, PR_CAPBSET_DROP, capability);
  if (result != -EPERM) return result;
  return sys(__NR_prctl, PR_CAPBSET_READ, capability) == 0 ? 0 : result;
}

Result make_all_effective() {
  __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct sets[2];
  const Result result = sys(__NR_capget, &header, sets);
  if (result < 0) return result;
  for (__user_cap_data_struct& half : sets) half.effective = half.permitted;
  return sys(__NR_capset, &header, sets);
}

// The lowest number that is free, which is the one that seccomp(2) will give.
Result announce_listener(Run& run) {
  const Result number = sys(__NR_dup, run.sync);
  if (number < 0) return number;
  close_fd(number);
  wire::Message message;
  message.kind = wire::MessageKind::kSeccompListener;
  message.descriptor = (std::int32_t)number;
  return send_message(run.sync, message, nullptr);
}

}  // namespace

Result execute(Run&, const steps::BoundCapabilities<Form>& step) {
  for (unsigned capability = 0; capability <= step.last; ++capability) {
    if ((step.keep >> capability & 1) != 0) continue;
    const Result result = drop_from_bounding(capability);
    if (result < 0 && result != -EINVAL) return result;  // EINVAL: the kernel does not know it
  }
  return 0;
}

Result execute(Run& run, const steps::SetUser<Form>& step) {
  own_stdio(step.uid);
  // Else leaving user 0 would clear what kSetCapabilities is to choose from.
  Result result = sys(__NR_prctl, PR_SET_KEEPCAPS, 1);
  if (result >= 0) result = set_groups(step.groups.count, list(run, step.groups));
  if (result >= 0) result = sys(__NR_setresgid, step.gid, step.gid, step.gid);
  if (result >= 0) result = sys(__NR_setresuid, step.uid, step.uid, step.uid);
  if (result >= 0) result = sys(__NR_prctl, PR_SET_KEEPCAPS, 0);
  return result < 0 ? result : enter_pending_directory(run);
}

Result execute(Run&, const steps::NoNewPrivileges<Form>&) {
  return sys(__NR_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

Result execute(Run& run, const steps::InstallSeccomp<Form>& step) {
  const struct {
    unsigned short length;
    const std::uint64_t* instructions;
  } program = {(unsigned short)step.program.count, list(run, step.program)};  // struct sock_fprog
  const bool listened = (step.flags & SECCOMP_FILTER_FLAG_NEW_LISTENER) != 0;
  Result result = listened && run.listener == nullptr ? announce_listener(run) : 0;
  if (result < 0) return result;
  result = sys(__NR_seccomp, SECCOMP_SET_MODE_FILTER, step.flags, &program);
  if (result == -EACCES) {
    // Leaving user 0 took CAP_SYS_ADMIN out of the effective set.
    result = make_all_effective();
    if (result >= 0) result = sys(__NR_seccomp, SECCOMP_SET_MODE_FILTER, step.flags, &program);
  }
  if (result < 0 || !listened) return result;
  if (run.listener != nullptr) *run.listener = (std::int32_t)result;
  await_proceed(run);
  // As long as this one is open, the calls of a container whose listener is gone wait forever.
  close_fd(result);
  return 0;
}

Result execute(Run&, const steps::SetCapabilities<Form>& step) {
  __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct sets[2];
  for (int half = 0; half < 2; ++half) {
    sets[half] = {.effective = (std::uint32_t)(step.effective >> 32 * half),
                  .permitted = (std::uint32_t)(step.permitted >> 32 * half),
                  .inheritable = (std::uint32_t)(step.inheritable >> 32 * half)};
  }
  Result result = sys(__NR_capset, &header, sets);
  if (result < 0) return result;
  result = sys(__NR_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  for (unsigned capability = 0; capability < 64 && result >= 0; ++capability) {
    if ((step.ambient >> capability & 1) == 0) continue;
    result = sys(__NR_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0);
  }
  return result;
}

}  // namespace seatrial::init
