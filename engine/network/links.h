// Links, addresses and routes of one network namespace, over rtnetlink.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/network/address.h"
#include "engine/sys/netlink.h"

namespace seatrial::network {

struct Link {
  int index = 0;
  int master = 0;  // the bridge it is a port of; 0: none
  std::string name = {};
  std::string alias = {};
};

struct Bridge {
  std::string name = {};
  std::string alias = {};
  Mac mac = {};
  unsigned mtu = 1500;
};

struct VethPair {
  std::string name = {};  // the host's end, a port of `bridge`
  int bridge = 0;
  unsigned mtu = 1500;
  int peer_namespace = -1;
  std::string peer_name = {};
  Mac peer_mac = {};
};

struct Route {
  Subnet destination = {};
  int link = 0;
};

// All throw Error naming the link.
std::optional<Link> find_link(sys::Netlink& route, const std::string& name);
std::vector<Link> ports_of(sys::Netlink& route, int bridge);
std::vector<Route> routes(sys::Netlink& route);  // unicast, of all tables

// A bridge that is up and may forward packets from 127.0.0.0/8 (route_localnet, of this one link).
// Its hardware address is given, because the kernel's choice would change with its ports.
void create_bridge(sys::Netlink& route, const Bridge& bridge);

// The host's end up; the peer down, but born in its namespace: no moment at which it lies in ours.
void create_veth(sys::Netlink& route, const VethPair& pair);
void set_up(sys::Netlink& route, int index);

// An alias, and for a bridge's port hairpin mode: a container may reach a published port of its
// own.
void set_alias(sys::Netlink& route, int index, const std::string& alias);
void set_hairpin(sys::Netlink& route, int index);

void add_address(sys::Netlink& route, int index, Ipv4 address, unsigned prefix);
void add_default_route(sys::Netlink& route, int index, Ipv4 gateway);

// False when there is none of this name.
bool delete_link(sys::Netlink& route, const std::string& name);

}  // namespace seatrial::network
