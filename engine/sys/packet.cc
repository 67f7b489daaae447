#include "engine/sys/packet.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "engine/base/error.h"

namespace seatrial::sys {
namespace {

constexpr std::size_t kMaxDescriptors = 16;
constexpr std::size_t kOfAStream = 4096;  // what one call takes of a stream, at most

// Every descriptor in the message gets an owner, also those nobody asked for.
void take_descriptors(const msghdr& message, std::vector<UniqueFd>& owners) {
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr;
       header = CMSG_NXTHDR(const_cast<msghdr*>(&message), header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t index = 0; index < count; ++index) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(header) + index * sizeof(int), sizeof fd);
      owners.emplace_back(fd);
    }
  }
}

void put_descriptors(msghdr& message, std::span<char> room, std::span<const int> descriptors) {
  if (descriptors.empty()) return;
  message.msg_control = room.data();
  message.msg_controllen = CMSG_SPACE(descriptors.size_bytes());
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(descriptors.size_bytes());
  std::memcpy(CMSG_DATA(header), descriptors.data(), descriptors.size_bytes());
}

// A peer that ended with packets unread is told of once, as ECONNRESET, and before what it has
// sent.
bool is_passing(int receive_errno) {
  return receive_errno == EINTR || receive_errno == ECONNRESET;
}

// Waits for a packet and leaves it there. Zero at the end, and for a stream, which has no packets.
std::size_t next_size(int socket) {
  for (;;) {
    const ssize_t size = ::recv(socket, nullptr, 0, MSG_PEEK | MSG_TRUNC);
    if (size >= 0) return static_cast<std::size_t>(size);
    if (!is_passing(errno)) throw sys_error(errno, "receive a packet");
  }
}

}  // namespace

SocketPair packet_socket_pair() {
  int ends[2] = {-1, -1};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
    throw sys_error(errno, "socketpair");
  }
  return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

bool send_packet(int socket, std::string_view head, std::string_view payload,
                 std::span<const int> descriptors) {
  std::array<iovec, 2> parts{{{const_cast<char*>(head.data()), head.size()},
                              {const_cast<char*>(payload.data()), payload.size()}}};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(kMaxDescriptors * sizeof(int))> room{};
  msghdr message{};
  message.msg_iov = parts.data();
  message.msg_iovlen = parts.size();
  put_descriptors(message, room, descriptors.first(std::min(descriptors.size(), kMaxDescriptors)));
  for (;;) {
    if (::sendmsg(socket, &message, MSG_NOSIGNAL) >= 0) return true;
    if (errno == EPIPE || errno == ECONNRESET) return false;
    if (errno != EINTR)
      throw sys_error(errno, "send a packet of {} bytes", head.size() + payload.size());
  }
}

std::optional<Packet> receive_packet(int socket, std::size_t limit) {
  Packet packet;
  // Room for what came, and no more: few packets come near the limit, and fresh memory costs.
  const std::size_t next = next_size(socket);
  const std::size_t size = std::min(next == 0 ? kOfAStream : next, limit);
  packet.bytes.resize(size);
  iovec part{packet.bytes.data(), size};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(kMaxDescriptors * sizeof(int))> room{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = room.data();
  message.msg_controllen = room.size();
  ssize_t got = 0;
  do {
    got = ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
  } while (got < 0 && is_passing(errno));
  if (got == 0) return std::nullopt;
  if (got < 0) throw sys_error(errno, "receive a packet");
  take_descriptors(message, packet.descriptors);
  if ((message.msg_flags & MSG_TRUNC) != 0) {
    throw error(Kind::kInternal, "a packet is larger than {} bytes", limit);
  }
  packet.bytes.resize(static_cast<std::size_t>(got));
  return packet;
}

}  // namespace seatrial::sys
