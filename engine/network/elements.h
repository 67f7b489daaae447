// Elements of the table's sets: published ports and interface names, to the kernel and back.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "engine/network/firewall.h"
#include "engine/sys/netlink.h"

namespace seatrial::network {

// The element of one published port. The comment is "CONTAINER NETWORK": the container's id and the
// first 12 digits of the network's, which recovery goes by.
class PortElement {
 public:
  explicit PortElement(const Publication& publication);

  std::span<const char> key() const { return std::span(key_).first(key_size_); }
  std::span<const char> data() const { return data_; }
  const std::string& comment() const { return comment_; }

 private:
  std::array<char, 12> key_{};  // protocol, address unless it is 0.0.0.0, port
  std::size_t key_size_ = 0;
  std::array<char, 8> data_{};  // address, port
  std::string comment_;
};

// All ports of a map; `any`: its keys have no address. Nothing where there is no table.
std::vector<Publication> publications_in(sys::Netlink& netfilter, const char* map, bool any);

// The names in a set of interfaces. Nothing where there is no table.
std::vector<std::string> interfaces_in(sys::Netlink& netfilter, const char* set);

// The ruleset's generation in an answer to NFT_MSG_GETGEN.
std::uint32_t generation_in(const nlmsghdr& answer);

}  // namespace seatrial::network
