// Messages of rtnetlink, written and read without a library: a fixed header (ifinfomsg, ifaddrmsg),
// then attributes.
#pragma once

#include <linux/netlink.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace seatrial::sys {

// One attribute as it lies in a message, padded. For those that lie in others.
std::string netlink_attribute(std::uint16_t type, std::string_view value);

class NetlinkRequest {
 public:
  // NLM_F_REQUEST is among the flags always.
  template <typename Header>
  NetlinkRequest(std::uint16_t type, std::uint16_t flags, const Header& header)
      : NetlinkRequest(type, flags) {
    append({reinterpret_cast<const char*>(&header), sizeof header});
  }

  void put(std::uint16_t type, std::string_view value);        // as it stands
  void put_text(std::uint16_t type, const std::string& text);  // with its NUL
  void put_u32(std::uint16_t type, std::uint32_t value);

  std::span<char> bytes() { return bytes_; }

 private:
  NetlinkRequest(std::uint16_t type, std::uint16_t flags);
  void append(std::string_view part);  // padded

  std::vector<char> bytes_;
};

struct NetlinkAttribute {
  std::uint16_t type = 0;  // without flags
  std::string_view value = {};

  std::uint32_t u32() const;  // 0 for a value of another size
  std::string text() const;   // up to its NUL
};

// The fixed header of a message from the kernel. Throws Error when the message is shorter.
template <typename Header>
Header header_of(const nlmsghdr& message);

// Those behind a fixed header of this size. They point into the message.
std::vector<NetlinkAttribute> attributes_of(const nlmsghdr& message, std::size_t header_size);

// Copies `size` bytes from behind the message's header. Throws Error when there are fewer.
void copy_header(const nlmsghdr& message, void* to, std::size_t size);

template <typename Header>
Header header_of(const nlmsghdr& message) {
  Header header{};
  copy_header(message, &header, sizeof header);
  return header;
}

}  // namespace seatrial::sys
