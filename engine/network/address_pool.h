// Which addresses of a subnet are taken, and which subnet a new network gets. Pure: the records of
// leases are the caller's, who builds a pool from them and keeps what it hands out.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/network/address.h"

namespace seatrial::network {

// The addresses of one subnet. The subnet's own address and its broadcast address are never handed
// out; the gateway is leased from the start.
//
// Invariant: an address is leased at most once at a time.
class AddressPool {
 public:
  // The prefix must be 8 to 30 (a smaller subnet has no room for a gateway and a container). Throws
  // Error{kInvalidArgument} for it, and for a gateway that is not a host address of the subnet.
  AddressPool(Subnet subnet, Ipv4 gateway) : AddressPool(subnet, gateway, subnet) {}
  // lease() hands out addresses of `range` only, which lies in the subnet.
  AddressPool(Subnet subnet, Ipv4 gateway, Subnet range);

  // The gateway of a subnet when nobody asks for another one: its first host address.
  static Ipv4 default_gateway(const Subnet& subnet) { return {subnet.base.value + 1}; }

  // The next free address after the one handed out last, so that a peer's memory of a removed
  // container (connection tracking, ARP) does not meet its successor. Throws Error{kExhausted}.
  Ipv4 lease();

  // This address. Throws Error{kConflict} when it is taken, kInvalidArgument when it is not a host
  // address of the subnet.
  void lease(Ipv4 address);

  // Free again; an address that was not leased is fine.
  void release(Ipv4 address);

  bool is_leased(Ipv4 address) const;
  const Subnet& subnet() const { return subnet_; }
  Ipv4 gateway() const { return gateway_; }

 private:
  std::uint32_t offset(Ipv4 address) const { return address.value - subnet_.base.value; }
  bool is_host_address(Ipv4 address) const;

  Subnet subnet_;
  Ipv4 gateway_;
  Subnet range_;
  std::vector<bool> leased_;  // by offset; size: that of the subnet
  std::uint32_t last_ = 0;    // offset of the last lease()
};

// The first of the default pools (172.17.0.0/16 to 172.31.0.0/16, then 192.168.0.0/20 onwards, as
// Docker has them) that overlaps none of `taken`. Throws Error{kExhausted}.
Subnet choose_subnet(std::span<const Subnet> taken);

}  // namespace seatrial::network
