// Network devices and their addresses as rtnetlink has them, of one network namespace: as much as
// it takes to move a device into another one.
#pragma once

#include <linux/if_addr.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/sys/netlink.h"

namespace seatrial::runtime {

struct Link {
  int index = 0;
  unsigned flags = 0;        // IFF_*
  std::uint32_t master = 0;  // index of what it is a port of; 0: nothing
  std::string name = {};
};

// What it takes to give a device the address again: RTM_NEWADDR's header and attributes.
struct LinkAddress {
  ifaddrmsg header = {};
  std::vector<std::pair<std::uint16_t, std::string>> attributes = {};
};

// "192.0.2.1/24"
std::string to_string(const LinkAddress& address);

// All throw Error.
std::vector<Link> links_of(sys::Netlink& route);
std::optional<Link> find_link(sys::Netlink& route, const std::string& name);

// The permanent addresses of global scope, of every family, in the kernel's order.
std::vector<LinkAddress> lasting_addresses(sys::Netlink& route, int index);

// Gives the device of that index the address.
void add_address(sys::Netlink& route, int index, const LinkAddress& address);

// In one request; should the kernel refuse the name, the device may have moved all the same. It is
// down afterwards and has lost its addresses, routes and master.
void move_link(sys::Netlink& route, int index, int network_namespace, const std::string& name);

void set_link_up(sys::Netlink& route, int index);
void set_link_master(sys::Netlink& route, int index, std::uint32_t master);

}  // namespace seatrial::runtime
