// A world of network namespaces for a test: a "host" and an "outside" that a cable connects. The
// test's body runs in a child process whose own namespace is the host; this machine's own is never
// touched. Traffic is real: sockets of the namespaces, used from the one process.
#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nftables/libnftables.h>
#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <cerrno>
#include <csignal>
#include <functional>
#include <memory>
#include <string>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/network/links.h"
#include "engine/network/network.h"
#include "engine/sys/network_namespace.h"

namespace seatrial::network {

inline constexpr int kTcp = SOCK_STREAM;
inline constexpr int kUdp = SOCK_DGRAM;

// Long enough for a busy machine where something must arrive; short where nothing may.
inline constexpr int kArrives = 5000;
inline constexpr int kStaysAway = 300;

inline std::string id_of(char digit) {
  return std::string(64, digit);
}

// Runs `body` as root of namespaces of its own; its failures are the test's.
inline void in_child(const std::function<void()>& body) {
  std::fflush(nullptr);
  const pid_t child = ::fork();
  if (child == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::unshare(CLONE_NEWNET) != 0) ::_exit(77);
    sys::bring_up_loopback(sys::own_network_namespace().get());
    try {
      // A new namespace forwards where the host does.
      write_all(open_file("/proc/sys/net/ipv4/ip_forward", O_WRONLY).get(), "0", "ip_forward");
      body();
    } catch (const std::exception& failure) {
      ADD_FAILURE() << failure.what();
    }
    std::fflush(nullptr);
    ::_exit(testing::Test::HasFailure() ? 1 : 0);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_NE(WEXITSTATUS(status), 77) << "unshare(CLONE_NEWNET) was refused";
  EXPECT_EQ(status, 0) << "failed in the child process, see above";
}

struct Sender {
  std::string ip;
  std::uint16_t port = 0;
};

// A socket with deadlines. Every failure is a test's failure or a `false`.
class Peer {
 public:
  Peer(int network_namespace, int type)
      : fd_(sys::socket_in(network_namespace, AF_INET, type, 0)), type_(type) {
    const int on = 1;
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  }

  void listen(const std::string& ip, std::uint16_t port) {
    const sockaddr_in address = to_sockaddr(ip, port);
    ASSERT_EQ(::bind(fd_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0)
        << ip << ":" << port << " " << errno_name(errno);
    if (type_ == kTcp) {
      ASSERT_EQ(::listen(fd_.get(), 8), 0);
    }
  }

  // Sends a datagram from this socket, whose port stays the same.
  void send_to(const std::string& ip, std::uint16_t port) {
    const sockaddr_in address = to_sockaddr(ip, port);
    EXPECT_EQ(::sendto(fd_.get(), "ping", 4, 0, reinterpret_cast<const sockaddr*>(&address),
                       sizeof address),
              4);
  }

  // Whether a datagram arrives; takes it.
  bool hears(int timeout) {
    char word[16];
    return ready(fd_.get(), POLLIN, timeout) && ::recv(fd_.get(), word, sizeof word, 0) > 0;
  }

  // Sends one word and returns whether the server's answer came back.
  static bool exchange(int client_namespace, int type, const std::string& ip, std::uint16_t port,
                       Peer& server, Sender* seen, int timeout) {
    Peer client(client_namespace, type);
    const sockaddr_in address = to_sockaddr(ip, port);
    ::fcntl(client.fd_.get(), F_SETFL, O_NONBLOCK);
    const int connected =
        ::connect(client.fd_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
    if (connected != 0 && errno != EINPROGRESS) return false;
    if (type == kTcp) return client.exchange_tcp(server, seen, timeout);
    return client.exchange_udp(server, seen, timeout);
  }

 private:
  static sockaddr_in to_sockaddr(const std::string& ip, std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = ::htonl(parse_ipv4(ip).value);
    address.sin_port = ::htons(port);
    return address;
  }

  static bool ready(int fd, short events, int timeout) {
    pollfd entry{.fd = fd, .events = events, .revents = 0};
    return ::poll(&entry, 1, timeout) == 1 && (entry.revents & events) != 0;
  }

  static void note(const sockaddr_in& from, Sender* seen) {
    if (seen != nullptr) {
      *seen = {.ip = to_string(Ipv4{::ntohl(from.sin_addr.s_addr)}),
               .port = ::ntohs(from.sin_port)};
    }
  }

  bool exchange_tcp(Peer& server, Sender* seen, int timeout) {
    if (!ready(server.fd_.get(), POLLIN, timeout)) return false;
    sockaddr_in from{};
    socklen_t size = sizeof from;
    const UniqueFd accepted(::accept(server.fd_.get(), reinterpret_cast<sockaddr*>(&from), &size));
    if (!accepted) return false;
    note(from, seen);
    if (::send(accepted.get(), "hello", 5, MSG_NOSIGNAL) != 5) return false;
    return received_hello(timeout);
  }

  bool exchange_udp(Peer& server, Sender* seen, int timeout) {
    if (::send(fd_.get(), "ping", 4, MSG_NOSIGNAL) != 4) return false;
    if (!ready(server.fd_.get(), POLLIN, timeout)) return false;
    sockaddr_in from{};
    socklen_t size = sizeof from;
    char word[16];
    if (::recvfrom(server.fd_.get(), word, sizeof word, 0, reinterpret_cast<sockaddr*>(&from),
                   &size) != 4) {
      return false;
    }
    note(from, seen);
    if (::sendto(server.fd_.get(), "hello", 5, 0, reinterpret_cast<sockaddr*>(&from), size) != 5) {
      return false;
    }
    return received_hello(timeout);
  }

  bool received_hello(int timeout) {
    char word[16];
    return ready(fd_.get(), POLLIN, timeout) && ::recv(fd_.get(), word, sizeof word, 0) == 5;
  }

  UniqueFd fd_;
  int type_;
};

// Whether a client of one namespace reaches a server that listens in another one on ip:port.
struct Path {
  int client = -1;
  std::string to_ip = {};
  std::uint16_t to_port = 0;
  int server = -1;
  std::string server_ip = "0.0.0.0";
  std::uint16_t server_port = 0;
  int type = kTcp;
};

inline bool arrives(const Path& path, Sender* seen = nullptr, int timeout = kArrives) {
  Peer server(path.server, path.type);
  server.listen(path.server_ip, path.server_port);
  return Peer::exchange(path.client, path.type, path.to_ip, path.to_port, server, seen, timeout);
}

inline bool stays_away(const Path& path) {
  return !arrives(path, nullptr, kStaysAway);
}

// A command for another library than the one under test.
inline std::string nft(const std::string& command) {
  const std::unique_ptr<nft_ctx, void (*)(nft_ctx*)> context(::nft_ctx_new(NFT_CTX_DEFAULT),
                                                             &::nft_ctx_free);
  ::nft_ctx_buffer_output(context.get());
  ::nft_ctx_buffer_error(context.get());
  EXPECT_EQ(::nft_run_cmd_from_buffer(context.get(), command.c_str()), 0)
      << ::nft_ctx_get_error_buffer(context.get());
  return ::nft_ctx_get_output_buffer(context.get());
}

inline std::string ruleset() {
  return nft("list ruleset");
}

// Host 192.0.2.1 and outside 192.0.2.2, which knows no other way back than that.
struct World {
  World() : host(sys::own_network_namespace()), outside(sys::new_network_namespace()) {
    sys::Netlink route = sys::Netlink::route();
    create_bridge(route, {.name = "uplink", .alias = "", .mac = parse_mac("02:00:00:00:00:01")});
    const int uplink = find_link(route, "uplink")->index;
    add_address(route, uplink, parse_ipv4("192.0.2.1"), 24);
    create_veth(route, {.name = "cable",
                        .bridge = uplink,
                        .peer_namespace = outside.get(),
                        .peer_name = "eth0",
                        .peer_mac = parse_mac("02:00:00:00:00:02")});
    sys::Netlink far = sys::Netlink::route_in(outside.get());
    set_up(far, find_link(far, "eth0")->index);
    add_address(far, find_link(far, "eth0")->index, parse_ipv4("192.0.2.2"), 24);
  }

  // A container's namespace, attached.
  Endpoint attach(const NetworkSpec& network, int container, char id, const std::string& ip,
                  std::vector<PublishedPort> ports = {}) {
    return networks.attach(network, {.container_id = id_of(id),
                                     .network_namespace = container,
                                     .address = parse_ipv4(ip),
                                     .ports = std::move(ports)});
  }

  UniqueFd host;
  UniqueFd outside;
  Networks networks;
};

inline NetworkSpec network_named(const std::string& name, char id, const std::string& subnet,
                                 bool internal = false) {
  const Subnet parsed = parse_subnet(subnet);
  return {.id = id_of(id),
          .name = name,
          .subnet = parsed,
          .gateway = {parsed.base.value + 1},
          .internal = internal,
          .bridge_name = bridge_name_of(id_of(id))};
}

class InNamespaces : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root: makes network namespaces";
  }
};

// what() of the Error that `body` throws.
template <typename Body>
std::string error_of(Body body) {
  try {
    body();
  } catch (const Error& failure) {
    return failure.what();
  }
  return "nothing was thrown";
}

}  // namespace seatrial::network
