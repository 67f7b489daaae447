#include "engine/sys/netlink_request.h"

#include <cstring>

#include "engine/base/error.h"

namespace seatrial::sys {

std::string netlink_attribute(std::uint16_t type, std::string_view value) {
  nlattr head{};
  head.nla_len = static_cast<std::uint16_t>(NLA_HDRLEN + value.size());
  head.nla_type = type;
  std::string attribute(reinterpret_cast<const char*>(&head), sizeof head);
  attribute += value;
  attribute.resize(NLA_ALIGN(attribute.size()));
  return attribute;
}

NetlinkRequest::NetlinkRequest(std::uint16_t type, std::uint16_t flags) {
  nlmsghdr header{};
  header.nlmsg_type = type;
  header.nlmsg_flags = static_cast<std::uint16_t>(flags | NLM_F_REQUEST);
  append({reinterpret_cast<const char*>(&header), sizeof header});
}

void NetlinkRequest::append(std::string_view part) {
  bytes_.insert(bytes_.end(), part.begin(), part.end());
  bytes_.resize(NLMSG_ALIGN(bytes_.size()));
  const auto length = static_cast<std::uint32_t>(bytes_.size());
  std::memcpy(bytes_.data() + offsetof(nlmsghdr, nlmsg_len), &length, sizeof length);
}

void NetlinkRequest::put(std::uint16_t type, std::string_view value) {
  append(netlink_attribute(type, value));
}

void NetlinkRequest::put_text(std::uint16_t type, const std::string& text) {
  put(type, {text.c_str(), text.size() + 1});
}

void NetlinkRequest::put_u32(std::uint16_t type, std::uint32_t value) {
  put(type, {reinterpret_cast<const char*>(&value), sizeof value});
}

std::uint32_t NetlinkAttribute::u32() const {
  std::uint32_t number = 0;
  if (value.size() == sizeof number) std::memcpy(&number, value.data(), sizeof number);
  return number;
}

std::string NetlinkAttribute::text() const {
  return std::string(value.substr(0, value.find('\0')));
}

std::vector<NetlinkAttribute> attributes_of(const nlmsghdr& message, std::size_t header_size) {
  const char* bytes = reinterpret_cast<const char*>(&message);
  std::vector<NetlinkAttribute> attributes;
  std::size_t at = NLMSG_HDRLEN + NLMSG_ALIGN(header_size);
  while (at + NLA_HDRLEN <= message.nlmsg_len) {
    nlattr head{};
    std::memcpy(&head, bytes + at, sizeof head);
    if (head.nla_len < NLA_HDRLEN || at + head.nla_len > message.nlmsg_len) break;
    attributes.push_back(
        {.type = static_cast<std::uint16_t>(head.nla_type & NLA_TYPE_MASK),
         .value = {bytes + at + NLA_HDRLEN, static_cast<std::size_t>(head.nla_len) - NLA_HDRLEN}});
    at += NLA_ALIGN(head.nla_len);
  }
  return attributes;
}

void copy_header(const nlmsghdr& message, void* to, std::size_t size) {
  if (message.nlmsg_len < NLMSG_HDRLEN + size) {
    throw error(Kind::kInternal, "a netlink message has {} bytes", message.nlmsg_len);
  }
  std::memcpy(to, reinterpret_cast<const char*>(&message) + NLMSG_HDRLEN, size);
}

}  // namespace seatrial::sys
