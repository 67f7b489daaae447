// A number that grows, so that it can be seen whether a process goes on, from where, and with what.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "harness/probe/commands.h"
#include "harness/probe/json_line.h"

namespace seatrial::probe {
namespace {

constexpr std::size_t kDigits = 9;  // eight and a newline

// Ways that each number takes before it is written; -1: none.
struct Ways {
  int near_end = -1;  // of a connection over TCP
  int far_end = -1;
  int told = -1;  // a datagram socket of somebody else's
};

sockaddr* generic(auto& address) {
  return reinterpret_cast<sockaddr*>(&address);
}

// A connection of this process with itself. 0, or errno.
int connect_to_oneself(Ways& ways) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = ::htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ways.near_end = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (listener < 0 || ways.near_end < 0 || ::bind(listener, generic(address), size) != 0 ||
      ::listen(listener, 1) != 0 || ::getsockname(listener, generic(address), &size) != 0 ||
      ::connect(ways.near_end, generic(address), size) != 0) {
    return errno;
  }
  ways.far_end = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
  if (ways.far_end < 0) return errno;
  ::close(listener);
  return 0;
}

// On the loopback device; whoever connects is left waiting. 0, or errno.
int listen_at(const std::string& port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = ::htonl(INADDR_LOOPBACK);
  address.sin_port = ::htons(static_cast<std::uint16_t>(std::atoi(port.c_str())));
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  return listener < 0 || ::bind(listener, generic(address), sizeof address) != 0 ||
                 ::listen(listener, 4) != 0
             ? errno
             : 0;
}

int connect_to_socket(Ways& ways, const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  ways.told = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  return ways.told < 0 || ::connect(ways.told, generic(address), sizeof address) != 0 ? errno : 0;
}

// 0, or errno.
int prepare(const Operands& words, int file, Ways& ways) {
  for (std::size_t i = 1; i < words.size(); ++i) {
    int failure = 0;
    if (words[i] == "locked") failure = ::flock(file, LOCK_EX | LOCK_NB) == 0 ? 0 : errno;
    if (words[i] == "looped") failure = connect_to_oneself(ways);
    if (words[i] == "told" && i + 1 < words.size()) failure = connect_to_socket(ways, words[++i]);
    if (words[i] == "listening" && i + 1 < words.size()) failure = listen_at(words[++i]);
    if (failure != 0) return failure;
  }
  return 0;
}

// Whether it could take every way.
bool send(const Ways& ways, char* text) {
  if (ways.near_end >= 0) {
    if (::write(ways.near_end, text, kDigits) != static_cast<ssize_t>(kDigits)) return false;
    std::memset(text, 0, kDigits);
    if (::recv(ways.far_end, text, kDigits, MSG_WAITALL) != static_cast<ssize_t>(kDigits)) {
      return false;
    }
  }
  // Who does not read as fast as this counts has seen that it does.
  return ways.told < 0 || ::send(ways.told, text, kDigits, MSG_DONTWAIT) >= 0 || errno == EAGAIN;
}

// count P [locked] [looped] [told SOCKET] [listening PORT]: for ever, a number in memory and, as
// text of eight digits, in the file.
void count(const Operands& operands) {
  if (operands.empty()) return;
  constexpr timespec kPause{.tv_sec = 0, .tv_nsec = 10'000'000};
  const int fd = ::open(operands[0].c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
  Ways ways;
  const int failure = fd < 0 ? errno : prepare(operands, fd, ways);
  if (failure != 0) return JsonLine("count", operands[0]).error(failure).print();
  JsonLine("hold").print();
  for (int number = 1;; ++number) {
    char text[16];
    std::snprintf(text, sizeof text, "%08d\n", number);
    if (!send(ways, text)) ::_exit(1);
    if (::pwrite(fd, text, kDigits, 0) != static_cast<ssize_t>(kDigits)) ::_exit(1);
    ::nanosleep(&kPause, nullptr);
  }
}

}  // namespace

const std::vector<NamedCommand>& count_commands() {
  static const std::vector<NamedCommand> commands = {{"count", count}};
  return commands;
}

}  // namespace seatrial::probe
