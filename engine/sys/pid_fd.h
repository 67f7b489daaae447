// A process, held by a descriptor so that its number cannot come to mean another one.
#pragma once

#include <sys/types.h>

#include <optional>

#include "engine/base/unique_fd.h"
#include "engine/sys/deadline.h"

namespace seatrial::sys {

// How a process ended: `code` 0 to 255, or 128 + the signal that killed it.
struct ProcessEnd {
  int code = 0;
  int signal = 0;  // that killed it; 0: it exited
};

// Owns at most one process descriptor (pidfd_open(2), Linux 5.3). Does not own the process.
class PidFd {
 public:
  PidFd() = default;
  PidFd(pid_t pid, UniqueFd fd) : pid_(pid), fd_(std::move(fd)) {}
  PidFd(PidFd&& other) noexcept : pid_(std::exchange(other.pid_, -1)), fd_(std::move(other.fd_)) {}
  PidFd& operator=(PidFd&& other) noexcept {
    PidFd moved(std::move(other));
    std::swap(pid_, moved.pid_);
    fd_.swap(moved.fd_);
    return *this;
  }
  ~PidFd() = default;

  // Nothing when there is no such process. Throws Error for any other failure.
  static std::optional<PidFd> open(pid_t pid);

  pid_t pid() const { return pid_; }
  int get() const { return fd_.get(); }
  explicit operator bool() const { return static_cast<bool>(fd_); }
  [[nodiscard]] UniqueFd release() {
    pid_ = -1;
    return std::move(fd_);
  }
  void reset() {
    pid_ = -1;
    fd_.reset();
  }

  // False when the process has ended already. Throws Error when the kernel refuses.
  bool send_signal(int signal) const;

  // Whether it ended before the deadline. Works for any process, not only for children.
  bool wait_exit(Deadline deadline) const;

  // A copy of its descriptor with this number (pidfd_getfd(2), Linux 5.6); nothing where it has
  // none, or has ended. Throws Error when the kernel refuses: it takes what ptrace(2) takes.
  UniqueFd copy_descriptor(int number) const;

  // Takes the end of a child that has exited (see wait_exit) and frees its number. Nothing when it
  // has not exited yet, is no child of ours or was reaped by somebody else.
  std::optional<ProcessEnd> reap() const;

  // The same for one of which wait_exit() has told the end: where somebody traces it (CRIU, while
  // it writes a checkpoint), that one takes the end first, and it is waited for.
  std::optional<ProcessEnd> reap_ended() const;

 private:
  std::optional<ProcessEnd> take_end(int options) const;

  pid_t pid_ = -1;
  UniqueFd fd_;
};

}  // namespace seatrial::sys
