// Answering over the network.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdlib>

#include "harness/probe/commands.h"
#include "harness/probe/json_line.h"

namespace seatrial::probe {
namespace {

// "web 10.1.0.1\n": who answers, and whom he sees asking.
std::string answer_to(const sockaddr_in& asker, const std::string& word) {
  char address[INET_ADDRSTRLEN] = "";
  ::inet_ntop(AF_INET, &asker.sin_addr, address, sizeof address);
  return word + " " + address + "\n";
}

int listening_socket(bool tcp, int port) {
  const int type = tcp ? SOCK_STREAM : SOCK_DGRAM;
  const int fd = ::socket(AF_INET, type | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  const int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in own{};
  own.sin_family = AF_INET;
  own.sin_port = ::htons(static_cast<std::uint16_t>(port));
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&own), sizeof own) != 0) return -1;
  return tcp && ::listen(fd, SOMAXCONN) != 0 ? -1 : fd;
}

void answer_connection(int listener, const std::string& word) {
  sockaddr_in asker{};
  socklen_t size = sizeof asker;
  const int fd = ::accept4(listener, reinterpret_cast<sockaddr*>(&asker), &size, SOCK_CLOEXEC);
  if (fd < 0) return;
  const std::string answer = answer_to(asker, word);
  if (::send(fd, answer.data(), answer.size(), MSG_NOSIGNAL) >= 0) ::shutdown(fd, SHUT_WR);
  ::close(fd);
}

void answer_datagram(int fd, const std::string& word) {
  sockaddr_in asker{};
  socklen_t size = sizeof asker;
  char question[16];
  if (::recvfrom(fd, question, sizeof question, 0, reinterpret_cast<sockaddr*>(&asker), &size) <
      0) {
    return;
  }
  const std::string answer = answer_to(asker, word);
  // Who does not get it asks again.
  static_cast<void>(::sendto(fd, answer.data(), answer.size(), 0,
                             reinterpret_cast<const sockaddr*>(&asker), size));
}

void serve(const Operands& operands) {
  if (operands.size() != 3) return;
  const bool tcp = operands[0] == "tcp";
  const int fd = listening_socket(tcp, std::atoi(operands[1].c_str()));
  JsonLine("serve", operands[1]).error(fd < 0 ? errno : 0).print();
  if (fd < 0) return;
  for (;;) tcp ? answer_connection(fd, operands[2]) : answer_datagram(fd, operands[2]);
}

}  // namespace

const std::vector<NamedCommand>& serve_commands() {
  static const std::vector<NamedCommand> commands = {{"serve", serve}};
  return commands;
}

}  // namespace seatrial::probe
