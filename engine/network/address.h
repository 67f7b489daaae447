// IPv4 addresses, subnets and hardware addresses, and their texts. Pure.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

namespace seatrial::network {

// In host byte order, so that addresses can be counted.
struct Ipv4 {
  std::uint32_t value = 0;

  bool is_loopback() const { return (value >> 24) == 127; }
  bool is_any() const { return value == 0; }
  auto operator<=>(const Ipv4&) const = default;
};

// "172.17.0.2". parse_ipv4() takes exactly four decimal numbers without leading zeros (which some
// programs read as octal); throws Error{kInvalidArgument}.
std::string to_string(Ipv4 address);
Ipv4 parse_ipv4(std::string_view text);

struct Subnet {
  Ipv4 base = {};       // no bit below the prefix is set
  unsigned prefix = 0;  // 0 to 32

  std::uint32_t mask() const { return prefix == 0 ? 0 : ~std::uint32_t{0} << (32 - prefix); }
  Ipv4 broadcast() const { return {base.value | ~mask()}; }
  bool contains(Ipv4 address) const { return (address.value & mask()) == base.value; }
  bool overlaps(const Subnet& other) const { return contains(other.base) || other.contains(base); }
  bool operator==(const Subnet&) const = default;
};

// "172.17.0.0/16". parse_subnet() refuses one whose base has bits below the prefix. Throws
// Error{kInvalidArgument}.
std::string to_string(const Subnet& subnet);
Subnet parse_subnet(std::string_view text);

using Mac = std::array<std::uint8_t, 6>;

// "02:42:ac:11:00:02". parse_mac() refuses group addresses and the null address, which no interface
// can have; throws Error{kInvalidArgument}.
std::string to_string(const Mac& mac);
Mac parse_mac(std::string_view text);

// The locally administered address that follows from an IPv4 address: who gets an address again
// needs no neighbour's ARP entry to expire.
Mac mac_of(Ipv4 address);

}  // namespace seatrial::network
