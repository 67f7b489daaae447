#include "engine/sys/pid_fd.h"

#include <sys/syscall.h>
#include <sys/wait.h>

#include <cerrno>

#include "engine/base/error.h"

namespace seatrial::sys {
std::optional<PidFd> PidFd::open(pid_t pid) {
  const long fd = ::syscall(SYS_pidfd_open, pid, 0);
  if (fd >= 0) return PidFd(pid, UniqueFd(static_cast<int>(fd)));
  if (errno == ESRCH || errno == EINVAL) return std::nullopt;
  throw sys_error(errno, "pidfd_open of process {}", pid);
}

bool PidFd::send_signal(int signal) const {
  if (::syscall(SYS_pidfd_send_signal, fd_.get(), signal, nullptr, 0) == 0) return true;
  if (errno == ESRCH) return false;
  throw sys_error(errno, "send signal {} to process {}", signal, pid_);
}

bool PidFd::wait_exit(Deadline deadline) const {
  return wait_readable(fd_.get(), deadline);
}

UniqueFd PidFd::copy_descriptor(int number) const {
  UniqueFd copy(static_cast<int>(::syscall(SYS_pidfd_getfd, fd_.get(), number, 0)));
  if (copy || errno == EBADF || errno == ESRCH) return copy;
  throw sys_error(errno, "take descriptor {} of process {}", number, pid_);
}

std::optional<ProcessEnd> PidFd::reap() const {
  return take_end(WNOHANG);
}

std::optional<ProcessEnd> PidFd::reap_ended() const {
  return take_end(0);
}

std::optional<ProcessEnd> PidFd::take_end(int options) const {
  siginfo_t info{};
  int result = 0;
  do {
    result = ::waitid(P_PIDFD, static_cast<id_t>(fd_.get()), &info, WEXITED | options);
  } while (result != 0 && errno == EINTR);
  if (result != 0 || info.si_pid == 0) return std::nullopt;
  const bool exited = info.si_code == CLD_EXITED;
  if (exited) return ProcessEnd{.code = info.si_status};
  return ProcessEnd{.code = 128 + info.si_status, .signal = info.si_status};
}

}  // namespace seatrial::sys
