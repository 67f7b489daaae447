#include "engine/oci/foreground.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>

#include <array>
#include <cerrno>
#include <csignal>

#include "engine/base/error.h"
#include "engine/sys/deadline.h"
#include "engine/sys/raw_terminal.h"

namespace seatrial::oci {
namespace {

// All but those that the kernel raises for our own faults, those of job control (they must stop us,
// not the container) and those that say nothing to a container.
sigset_t forwarded_signals() {
  sigset_t set;
  ::sigfillset(&set);
  for (const int signal : {SIGKILL, SIGSTOP, SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP,
                           SIGSYS, SIGTSTP, SIGTTIN, SIGTTOU, SIGPIPE, SIGURG, SIGCHLD}) {
    ::sigdelset(&set, signal);
  }
  return set;
}

// Copies what is there. False when the source has come to its end.
bool copy(int from, int to) {
  std::array<char, 16384> buffer;
  const ssize_t got = ::read(from, buffer.data(), buffer.size());
  if (got < 0) return errno == EINTR || errno == EAGAIN;  // EIO: no slave is open any more
  for (ssize_t done = 0; done < got;) {
    const ssize_t put = ::write(to, buffer.data() + done, static_cast<std::size_t>(got - done));
    if (put < 0 && errno != EINTR && errno != EAGAIN) return false;
    if (put > 0) done += put;
  }
  return got > 0;
}

void drain(int console) {
  pollfd entry{.fd = console, .events = POLLIN, .revents = 0};
  using namespace std::chrono_literals;
  while (sys::poll_until({&entry, 1}, sys::after(0s)) > 0 && copy(console, 1)) {
  }
}

// Gives `to` the window size of `from`, where that is a terminal.
void copy_window_size(int from, int to) {
  winsize size{};
  if (::ioctl(from, TIOCGWINSZ, &size) == 0) ::ioctl(to, TIOCSWINSZ, &size);
}

}  // namespace

Foreground::Foreground() {
  const sigset_t set = forwarded_signals();
  ::sigprocmask(SIG_BLOCK, &set, nullptr);
  signals_ = UniqueFd(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!signals_) throw sys_error(errno, "signalfd");
}

int Foreground::attend(runtime::Child& child) {
  const int console = child.console_master().get();
  std::optional<sys::RawTerminal> raw;
  if (console >= 0) {
    copy_window_size(0, console);
    raw.emplace(0);
  }
  enum { kEnd, kSignals, kConsole, kInput };
  std::array<pollfd, 4> entries{{{child.pidfd(), POLLIN, 0},
                                 {signals_.get(), POLLIN, 0},
                                 {console, POLLIN, 0},
                                 {console >= 0 ? 0 : -1, POLLIN, 0}}};
  for (;;) {
    sys::poll_until(entries, std::nullopt);
    if (entries[kSignals].revents != 0) forward_signals(child, console);
    if (entries[kConsole].revents != 0 && !copy(console, 1)) entries[kConsole].fd = -1;
    if (entries[kInput].revents != 0 && !copy(0, console)) entries[kInput].fd = -1;
    if (entries[kEnd].revents != 0) break;
  }
  if (console >= 0) drain(console);
  return child.wait()->code;
}

void Foreground::forward_signals(const runtime::Child& child, int console) const {
  signalfd_siginfo info{};
  while (::read(signals_.get(), &info, sizeof info) == sizeof info) {
    const int signal = static_cast<int>(info.ssi_signo);
    if (signal == SIGWINCH && console >= 0) {
      copy_window_size(0, console);
    } else {
      ::syscall(SYS_pidfd_send_signal, child.pidfd(), signal, nullptr, 0);
    }
  }
}

}  // namespace seatrial::oci
