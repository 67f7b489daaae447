#include "engine/network/elements.h"

#include <arpa/inet.h>
#include <libnftnl/set.h>
#include <libnftnl/udata.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <memory>

#include "engine/base/error.h"
#include "engine/network/transaction.h"

namespace seatrial::network {
namespace {

constexpr std::size_t kFieldSize = 4;  // of a concatenation
constexpr std::size_t kNetworkDigits = 12;

std::string_view bytes_of(nftnl_set_elem& element, std::uint16_t attribute) {
  std::uint32_t size = 0;
  const void* bytes = ::nftnl_set_elem_get(&element, attribute, &size);
  return bytes == nullptr ? std::string_view()
                          : std::string_view(static_cast<const char*>(bytes), size);
}

template <typename Number>
Number number_at(std::string_view bytes, std::size_t offset) {
  Number number{};
  if (offset + sizeof number <= bytes.size()) {
    std::memcpy(&number, bytes.data() + offset, sizeof number);
  }
  return number;
}

Ipv4 address_at(std::string_view bytes, std::size_t offset) {
  return {::ntohl(number_at<std::uint32_t>(bytes, offset))};
}

std::uint16_t port_at(std::string_view bytes, std::size_t offset) {
  return ::ntohs(number_at<std::uint16_t>(bytes, offset));
}

// User data are type, length, value.
std::string comment_of(nftnl_set_elem& element) {
  std::string_view data = bytes_of(element, NFTNL_SET_ELEM_USERDATA);
  while (data.size() >= 2) {
    const auto length = static_cast<std::size_t>(static_cast<unsigned char>(data[1]));
    const std::string_view value = data.substr(2, length);
    if (data[0] == NFTNL_UDATA_SET_ELEM_COMMENT)
      return std::string(value.substr(0, value.find('\0')));
    data.remove_prefix(std::min(data.size(), length + 2));
  }
  return {};
}

int call(nftnl_set_elem* element, void* each) {
  (*static_cast<std::function<void(nftnl_set_elem&)>*>(each))(*element);
  return 0;
}

void for_each_element(sys::Netlink& netfilter, const char* name,
                      std::function<void(nftnl_set_elem&)> each) {
  using Set = std::unique_ptr<nftnl_set, void (*)(const nftnl_set*)>;
  const Set wanted(::nftnl_set_alloc(), &::nftnl_set_free);
  if (!wanted) throw error(Kind::kExhausted, "no memory for an nftables message");
  ::nftnl_set_set_str(wanted.get(), NFTNL_SET_TABLE, kTable);
  ::nftnl_set_set_str(wanted.get(), NFTNL_SET_NAME, name);
  alignas(nlmsghdr) std::array<char, 512> request{};
  nlmsghdr* header =
      ::nftnl_nlmsg_build_hdr(request.data(), NFT_MSG_GETSETELEM, NFPROTO_IPV4, NLM_F_DUMP, 0);
  ::nftnl_set_elems_nlmsg_build_payload(header, wanted.get());
  netfilter.dump(std::span(request).first(header->nlmsg_len), [&](const nlmsghdr& answer) {
    const Set part(::nftnl_set_alloc(), &::nftnl_set_free);
    if (!part || ::nftnl_set_elems_nlmsg_parse(&answer, part.get()) != 0) {
      throw error(Kind::kInternal, "the elements of nftables set {} cannot be read", name);
    }
    ::nftnl_set_elem_foreach(part.get(), &call, &each);
  });
}

}  // namespace

PortElement::PortElement(const Publication& publication) {
  const PublishedPort& port = publication.port;
  key_[0] = static_cast<char>(port.protocol);
  std::size_t offset = kFieldSize;
  if (!port.host_address.is_any()) {
    const std::uint32_t address = ::htonl(port.host_address.value);
    std::memcpy(key_.data() + offset, &address, sizeof address);
    offset += kFieldSize;
  }
  const std::uint16_t host_port = ::htons(port.host_port);
  std::memcpy(key_.data() + offset, &host_port, sizeof host_port);
  key_size_ = offset + kFieldSize;

  const std::uint32_t address = ::htonl(publication.container_address.value);
  const std::uint16_t container_port = ::htons(port.container_port);
  std::memcpy(data_.data(), &address, sizeof address);
  std::memcpy(data_.data() + kFieldSize, &container_port, sizeof container_port);
  comment_ = fmt::format("{} {}", publication.container_id,
                         publication.network_id.substr(0, kNetworkDigits));
}

std::vector<Publication> publications_in(sys::Netlink& netfilter, const char* map, bool any) {
  std::vector<Publication> found;
  for_each_element(netfilter, map, [&](nftnl_set_elem& element) {
    const std::string_view key = bytes_of(element, NFTNL_SET_ELEM_KEY);
    const std::string_view data = bytes_of(element, NFTNL_SET_ELEM_DATA);
    const std::string comment = comment_of(element);
    const std::size_t space = std::min(comment.find(' '), comment.size());
    if (key.empty()) return;
    found.push_back({.port = {.protocol = static_cast<Protocol>(key[0]),
                              .host_address = any ? Ipv4{} : address_at(key, kFieldSize),
                              .host_port = port_at(key, (any ? 1 : 2) * kFieldSize),
                              .container_port = port_at(data, kFieldSize)},
                     .container_address = address_at(data, 0),
                     .container_id = comment.substr(0, space),
                     .network_id = comment.substr(std::min(space + 1, comment.size()))});
  });
  return found;
}

std::vector<std::string> interfaces_in(sys::Netlink& netfilter, const char* set) {
  std::vector<std::string> names;
  for_each_element(netfilter, set, [&](nftnl_set_elem& element) {
    const std::string_view key = bytes_of(element, NFTNL_SET_ELEM_KEY);
    names.emplace_back(key.substr(0, key.find('\0')));
  });
  return names;
}

std::uint32_t generation_in(const nlmsghdr& answer) {
  const char* bytes = reinterpret_cast<const char*>(&answer);
  for (std::size_t at = NLMSG_HDRLEN + NLMSG_ALIGN(sizeof(nfgenmsg));
       at + sizeof(nlattr) <= answer.nlmsg_len;) {
    const auto* attribute = reinterpret_cast<const nlattr*>(bytes + at);
    if (attribute->nla_len < sizeof *attribute) break;
    if (attribute->nla_type == NFTA_GEN_ID) {
      return ::ntohl(number_at<std::uint32_t>({bytes + at, attribute->nla_len}, NLA_HDRLEN));
    }
    at += NLA_ALIGN(attribute->nla_len);
  }
  throw error(Kind::kInternal, "the kernel did not tell the generation of its nftables ruleset");
}

}  // namespace seatrial::network
