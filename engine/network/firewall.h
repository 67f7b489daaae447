// The nftables table `ip seatrial`: masquerading, published ports, isolation.
//
// The rules of the base chains never change; what changes are chains and elements with names of
// their own, so that nothing has to be found by handle. A network adds its bridge to two sets and
// three chains that verdict maps lead to; a published port is one element of a map. One transaction
// each, all or nothing.
//
//   guard        raw prerouting: nothing from a bridge may address 127.0.0.0/8. The host's replies
//                to published ports go through route_localnet, which would let a container reach
//                the host's loopback otherwise (CVE-2020-8558).
//   prerouting,  to an address of the host: ports (address and port), then ports_any (0.0.0.0),
//   output       give the container's address and port. The output hook serves the host's own
//                clients, 127.0.0.1 too: a dnat costs nothing per connection and leaves no process
//                to own, to restart and to recover, where a proxy is one per port.
//   postrouting  out of a network: masquerade. Into one: masquerade what comes from loopback or
//                from the same network through a published port, so that the reply comes back here.
//   forward      within a network: yes. Between networks: no. Into one: replies and published ports
//                only. Into or out of an internal one: no.
//
// Another table's verdict still holds: where Docker has set its forward policy to drop, its
// DOCKER-USER chain must accept the bridges.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/network/address.h"
#include "engine/sys/netlink.h"

namespace seatrial::network {

enum class Protocol : std::uint8_t { kTcp = 6, kUdp = 17 };

struct PublishedPort {
  Protocol protocol = Protocol::kTcp;
  Ipv4 host_address = {};  // 0.0.0.0: all of the host's
  std::uint16_t host_port = 0;
  std::uint16_t container_port = 0;
  // Where attach() has a choice: from host_port to this one. 0 in what is published.
  std::uint16_t host_port_last = 0;
  bool operator==(const PublishedPort&) const = default;
};

// "127.0.0.1:8080/tcp": its place on the host.
std::string to_string(const PublishedPort& port);

// A port as it stands in the table.
struct Publication {
  PublishedPort port = {};
  Ipv4 container_address = {};
  std::string container_id = {};
  std::string network_id = {};  // its first 12 digits
};

// What the rules of a network depend on.
struct NetworkRules {
  std::string bridge = {};
  Subnet subnet = {};
  bool internal = false;
};

class Firewall {
 public:
  // A netfilter socket of the calling thread's namespace. Throws Error.
  Firewall();

  // Makes the table where there is none. Throws Error{kConflict} when the network's chains exist.
  void add_network(const NetworkRules& network);

  // Absent parts are fine. The last network takes the table along.
  void remove_network(std::string_view bridge);

  // All or none. Throws Error{kConflict} naming the port and who has it, when an element of exactly
  // this place exists.
  void publish(std::span<const Publication> publications);

  // Absent ones are fine. UDP flows through these ports are forgotten.
  void unpublish(std::span<const Publication> publications);

  std::vector<Publication> publications();

 private:
  void ensure_table();
  std::vector<std::string> bridges();
  std::uint32_t generation();

  sys::Netlink netfilter_;
};

}  // namespace seatrial::network
