#include "engine/cli/relay.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>

#include "engine/base/error.h"
#include "engine/base/files.h"

namespace seatrial::engine_cli {
namespace {

// The head of a frame: the stream's number, three zeros, the length, big-endian.
constexpr std::size_t kHead = 8;

// Sorts framed output to its streams, however it is cut into pieces.
class Output {
 public:
  explicit Output(const Relay& how) : how_(how) {}

  void take(std::string_view bytes) {
    if (!how_.framed) return put(1, bytes);
    while (!bytes.empty()) {
      if (left_ == 0) {
        while (held_ < kHead && !bytes.empty()) {
          head_[held_++] = static_cast<unsigned char>(bytes.front());
          bytes.remove_prefix(1);
        }
        if (held_ < kHead) return;
        held_ = 0;
        left_ = std::size_t{head_[4]} << 24 | std::size_t{head_[5]} << 16 |
                std::size_t{head_[6]} << 8 | head_[7];
      }
      const std::string_view piece = bytes.substr(0, left_);
      put(head_[0], piece);
      left_ -= piece.size();
      bytes.remove_prefix(piece.size());
    }
  }

 private:
  void put(int stream, std::string_view bytes) const {
    if (stream == 2 ? !how_.errors : !how_.output) return;
    write_all(stream == 2 ? STDERR_FILENO : STDOUT_FILENO, bytes, "output");
  }

  const Relay& how_;
  std::array<unsigned char, kHead> head_{};
  std::size_t held_ = 0;
  std::size_t left_ = 0;
};

class Loop {
 public:
  Loop(int stream, const Relay& how, const Signals& signals)
      : stream_(stream),
        how_(how),
        signals_(signals),
        output_(how),
        keys_(how.detach_keys),
        input_open_(how.input) {}

  RelayEnd run() {
    for (;;) {
      std::array<pollfd, 3> entries{
          {{stream_, static_cast<short>(POLLIN | (pending_.empty() ? 0 : POLLOUT)), 0},
           {signals_.fd(), POLLIN, 0},
           {input_open_ && pending_.empty() ? STDIN_FILENO : -1, POLLIN, 0}}};
      if (::poll(entries.data(), entries.size(), -1) < 0) {
        if (errno == EINTR) continue;
        throw sys_error(errno, "poll");
      }
      if (entries[1].revents != 0) pass_signals();
      if ((entries[0].revents & POLLOUT) != 0) write_pending();
      if ((entries[0].revents & (POLLIN | POLLHUP | POLLERR)) != 0 && !read_output()) {
        return RelayEnd::kEndOfStream;
      }
      if (entries[2].revents != 0 && !read_input()) return RelayEnd::kDetached;
    }
  }

 private:
  void pass_signals() const {
    while (const int signal = signals_.next()) {
      if (signal != SIGWINCH) {
        if (how_.on_signal) how_.on_signal(signal);
      } else if (const auto size = terminal_size(STDIN_FILENO); size && how_.on_resize) {
        how_.on_resize(size->first, size->second);
      }
    }
  }

  bool read_output() {
    std::array<char, 64 * 1024> buffer;
    const ssize_t got = ::read(stream_, buffer.data(), buffer.size());
    if (got < 0) return errno == EINTR || errno == EAGAIN;  // EIO: a terminal whose user is gone
    output_.take({buffer.data(), static_cast<std::size_t>(got)});
    return got > 0;
  }

  // False: the user detaches.
  bool read_input() {
    std::array<char, 16 * 1024> buffer;
    const ssize_t got = ::read(STDIN_FILENO, buffer.data(), buffer.size());
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) return true;
    if (got <= 0) {
      input_open_ = false;
      ::shutdown(stream_, SHUT_WR);
      return true;
    }
    const std::string_view typed(buffer.data(), static_cast<std::size_t>(got));
    if (how_.framed || how_.detach_keys.empty()) {
      pending_ = typed;
    } else if (keys_.feed(typed, pending_)) {
      return false;
    }
    write_pending();
    return true;
  }

  // Never blocks: the container may wait for its output to be read first.
  void write_pending() {
    if (pending_.empty()) return;
    ssize_t put = ::send(stream_, pending_.data(), pending_.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (put < 0 && errno == ENOTSOCK) put = ::write(stream_, pending_.data(), pending_.size());
    if (put < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (put < 0) {  // its stdin is closed: what is typed has nowhere to go
      input_open_ = false;
      pending_.clear();
      return;
    }
    pending_.erase(0, static_cast<std::size_t>(put));
  }

  int stream_;
  const Relay& how_;
  const Signals& signals_;
  Output output_;
  KeyWatch keys_;
  std::string pending_;
  bool input_open_;
};

}  // namespace

std::optional<std::pair<unsigned, unsigned>> terminal_size(int fd) {
  winsize size{};
  if (::ioctl(fd, TIOCGWINSZ, &size) != 0) return std::nullopt;
  return std::pair<unsigned, unsigned>(size.ws_row, size.ws_col);
}

Signals::Signals(bool pass) {
  sigset_t set;
  ::sigemptyset(&set);
  ::sigaddset(&set, SIGWINCH);
  if (pass) {
    // All but those that the kernel raises for our own faults, those of job control (they stop us,
    // not the container) and those that say nothing to a container.
    ::sigfillset(&set);
    for (const int signal : {SIGKILL, SIGSTOP, SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP,
                             SIGSYS, SIGTSTP, SIGTTIN, SIGTTOU, SIGPIPE, SIGURG, SIGCHLD}) {
      ::sigdelset(&set, signal);
    }
  }
  ::pthread_sigmask(SIG_BLOCK, &set, &before_);
  fd_ = UniqueFd(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!fd_) throw sys_error(errno, "signalfd");
}

Signals::~Signals() {
  ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

int Signals::next() const {
  signalfd_siginfo info{};
  if (::read(fd_.get(), &info, sizeof info) != sizeof info) return 0;
  return static_cast<int>(info.ssi_signo);
}

RelayEnd relay(int stream, const Relay& how, const Signals& signals) {
  return Loop(stream, how, signals).run();
}

bool KeyWatch::feed(std::string_view typed, std::string& onward) {
  for (const char c : typed) {
    if (!keys_.empty() && c == keys_[matched_]) {
      if (++matched_ == keys_.size()) return true;
      continue;
    }
    onward.append(keys_, 0, matched_);
    matched_ = !keys_.empty() && c == keys_[0] ? 1 : 0;
    if (matched_ == 0) onward += c;
  }
  return false;
}

}  // namespace seatrial::engine_cli
