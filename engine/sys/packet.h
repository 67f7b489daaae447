// Packets with descriptors over unix sockets.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/unique_fd.h"

namespace seatrial::sys {

struct SocketPair {
  UniqueFd first;
  UniqueFd second;
};

// A close-on-exec pair of SOCK_SEQPACKET sockets. Throws Error.
SocketPair packet_socket_pair();

struct Packet {
  std::string bytes;
  std::vector<UniqueFd> descriptors;  // close-on-exec
};

// Sends head and payload as one packet; no SIGPIPE. False when the peer is gone. Throws Error.
bool send_packet(int socket, std::string_view head, std::string_view payload = {},
                 std::span<const int> descriptors = {});

// The next packet, of at most `limit` bytes; nothing when the peer closed. Throws Error, for a
// packet that is larger too. Of a stream, what is there, up to 4096 bytes.
std::optional<Packet> receive_packet(int socket, std::size_t limit);

}  // namespace seatrial::sys
