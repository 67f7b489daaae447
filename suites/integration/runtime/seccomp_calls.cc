// SCMP_ACT_NOTIFY and SECCOMP_FILTER_FLAG_*: what only who listens himself can see.
#include <fcntl.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <mutex>
#include <thread>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/sys/proc_stat.h"
#include "engine/sys/unix_path.h"
#include "harness/fixtures/answering_thread.h"
#include "harness/fixtures/case.h"

namespace {

using seatrial::UniqueFd;

constexpr auto kStays = 300ms;  // a stop takes effect far sooner where it can
constexpr std::size_t kPiece = 512;

// One part of what came: how many bytes, and the descriptors with it.
struct Piece {
  std::size_t bytes = 0;
  std::vector<UniqueFd> descriptors = {};
};

Piece receive_piece(int connection) {
  char bytes[kPiece];
  alignas(cmsghdr) char control[CMSG_SPACE(8 * sizeof(int))];
  iovec part{.iov_base = bytes, .iov_len = sizeof bytes};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  const ssize_t got = ::recvmsg(connection, &message, MSG_CMSG_CLOEXEC);
  if (got < 0) throw seatrial::sys_error(errno, "receive what the engine sends");
  Piece piece{.bytes = static_cast<std::size_t>(got)};
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr;
       header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int descriptor = -1;
      std::memcpy(&descriptor, CMSG_DATA(header) + i * sizeof descriptor, sizeof descriptor);
      piece.descriptors.emplace_back(descriptor);
    }
  }
  return piece;
}

// Takes what is sent in pieces, then lets every call that it is told of go on, but first tries to
// stop who makes the first one.
class Examiner {
 public:
  explicit Examiner(const std::string& directory)
      : path_(directory + "/agent.sock"),
        thread_(listen(directory), [this](int socket) { take(socket); }) {}

  const std::string& path() const { return path_; }

  // Descriptors by piece.
  std::vector<std::size_t> pieces() {
    const std::lock_guard lock(mutex_);
    return pieces_;
  }
  // Whether the stop came through to the first call.
  bool interrupted() {
    const std::lock_guard lock(mutex_);
    return interrupted_;
  }

 private:
  static UniqueFd listen(const std::string& directory) {
    const UniqueFd opened = seatrial::open_file(directory, O_DIRECTORY | O_PATH);
    return seatrial::sys::listen_at(opened.get(), "agent.sock", seatrial::sys::SocketType::kStream);
  }

  void take(int socket) {
    const UniqueFd connection(::accept4(socket, nullptr, nullptr, SOCK_CLOEXEC));
    UniqueFd listener;
    for (Piece piece = receive_piece(connection.get()); piece.bytes > 0;
         piece = receive_piece(connection.get())) {
      const std::lock_guard lock(mutex_);
      pieces_.push_back(piece.descriptors.size());
      if (!piece.descriptors.empty()) listener = std::move(piece.descriptors.front());
    }
    if (listener) answer(listener.get());
  }

  void answer(int listener) {
    constexpr int kDeadlineMs = 10'000;
    for (bool first = true;; first = false) {
      pollfd entry{listener, POLLIN, 0};
      seccomp_notif call{};
      if (::poll(&entry, 1, kDeadlineMs) != 1 || (entry.revents & POLLIN) == 0) return;
      if (::ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &call) != 0) return;
      if (first) try_to_stop(listener, call);
      seccomp_notif_resp response{
          .id = call.id, .val = 0, .error = 0, .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE};
      if (::ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response) == 0) return;
    }
  }

  void try_to_stop(int listener, const seccomp_notif& call) {
    const auto caller = static_cast<pid_t>(call.pid);
    ::kill(caller, SIGSTOP);
    const auto end = std::chrono::steady_clock::now() + kStays;
    const auto is_stopped = [&] {
      const auto stat = seatrial::sys::proc_stat(caller);
      return stat && stat->state == 'T';
    };
    while (!is_stopped() && std::chrono::steady_clock::now() < end) {
      std::this_thread::sleep_for(1ms);  // nothing tells of it
    }
    __u64 id = call.id;
    const std::lock_guard lock(mutex_);
    interrupted_ = ::ioctl(listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &id) != 0;
    ::kill(caller, SIGCONT);
  }

  std::string path_;
  std::mutex mutex_;
  std::vector<std::size_t> pieces_;
  bool interrupted_ = false;
  seatrial::harness::AnsweringThread thread_;
};

Bundle notifying(const std::string& path) {
  return Bundle::minimal()
      .set_json("/linux/seccomp", R"({"defaultAction": "SCMP_ACT_ALLOW",
          "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_NOTIFY"}]})")
      .set("/linux/seccomp/listenerPath", path)
      .probe({"mkdir", "/made"});
}

}  // namespace

// A state of so many bytes is received in more than one piece.
TRIAL(SeccompListener, GetsTheDescriptorsWithTheFirstPieceAlone,
      Clauses{"runtime/seccomp/state-descriptors-first"},
      Needs{Feature::kSeccomp, Feature::kSpec11}) {
  constexpr std::size_t kCargo = 40'000;
  Examiner examiner(scratch_dir("agent"));
  auto box = target().run(
      notifying(examiner.path()).annotation("org.example.cargo", std::string(kCargo, 'x')));
  EXPECT_THAT(box.report(), Did("mkdir", "/made"));
  const std::vector<std::size_t> pieces = examiner.pieces();
  ASSERT_THAT(pieces, SizeIs(Gt(kCargo / kPiece)));
  EXPECT_EQ(pieces.front(), 1U);
  EXPECT_THAT(std::vector(pieces.begin() + 1, pieces.end()), Each(0U));
}

// With this flag, a signal that does not end the process leaves a call alone of which the listener
// knows; without, the call is broken off and made again.
TRIAL(SeccompFlags, AreThoseOfTheFilter, Clauses{"runtime/seccomp/flags"},
      Needs{Feature::kSeccomp, Feature::kSpec11}) {
  const auto interrupted = [this](const char* name, const char* flags) {
    Examiner examiner(scratch_dir(name));
    auto box = target().run(notifying(examiner.path()).set_json("/linux/seccomp/flags", flags));
    EXPECT_THAT(box.report(), Did("mkdir", "/made"));
    return examiner.interrupted();
  };
  EXPECT_TRUE(interrupted("plain", "[]"));  // control
  EXPECT_FALSE(interrupted("killable", R"(["SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"])"));
}
