#include "engine/network/flows.h"

#include <arpa/inet.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <netlink/msg.h>

#include <array>
#include <cerrno>
#include <memory>
#include <optional>
#include <vector>

#include "engine/base/error.h"

namespace seatrial::network {
namespace {

using Message = std::unique_ptr<nl_msg, void (*)(nl_msg*)>;

Message request(int type, int flags) {
  Message message(::nlmsg_alloc_simple(NFNL_SUBSYS_CTNETLINK << 8 | type, NLM_F_REQUEST | flags),
                  &::nlmsg_free);
  nfgenmsg header{};
  header.nfgen_family = AF_INET;
  if (!message || ::nlmsg_append(message.get(), &header, sizeof header, NLMSG_ALIGNTO) < 0) {
    throw error(Kind::kExhausted, "no memory for a netlink message");
  }
  return message;
}

std::span<char> bytes_of(const Message& message) {
  nlmsghdr* header = ::nlmsg_hdr(message.get());
  return {reinterpret_cast<char*>(header), header->nlmsg_len};
}

template <std::size_t Size>
std::array<nlattr*, Size> nested(nlattr* parent) {
  std::array<nlattr*, Size> table{};
  if (parent != nullptr) {
    ::nla_parse_nested(table.data(), static_cast<int>(Size) - 1, parent, nullptr);
  }
  return table;
}

// The flow's original tuple, as the kernel wants it back, when the flow is one to forget.
std::optional<std::vector<char>> tuple_to_forget(const nlmsghdr& answer, Ipv4 container) {
  std::array<nlattr*, CTA_MAX + 1> flow{};
  ::nlmsg_parse(const_cast<nlmsghdr*>(&answer), sizeof(nfgenmsg), flow.data(), CTA_MAX, nullptr);
  nlattr* original = flow[CTA_TUPLE_ORIG];
  if (original == nullptr || flow[CTA_STATUS] == nullptr) return std::nullopt;
  if ((::ntohl(::nla_get_u32(flow[CTA_STATUS])) & IPS_DST_NAT) == 0) return std::nullopt;
  const auto reply = nested<CTA_TUPLE_MAX + 1>(flow[CTA_TUPLE_REPLY]);
  const auto address = nested<CTA_IP_MAX + 1>(reply[CTA_TUPLE_IP]);
  const auto protocol = nested<CTA_PROTO_MAX + 1>(reply[CTA_TUPLE_PROTO]);
  nlattr* source = address[CTA_IP_V4_SRC];
  nlattr* number = protocol[CTA_PROTO_NUM];
  if (source == nullptr || ::ntohl(::nla_get_u32(source)) != container.value) return std::nullopt;
  if (number == nullptr || ::nla_get_u8(number) != IPPROTO_UDP) return std::nullopt;
  const auto* data = static_cast<const char*>(::nla_data(original));
  return std::vector<char>(data, data + ::nla_len(original));
}

}  // namespace

void forget_udp_flows(sys::Netlink& netfilter, Ipv4 container) {
  std::vector<std::vector<char>> tuples;
  try {
    netfilter.dump(bytes_of(request(IPCTNL_MSG_CT_GET, NLM_F_DUMP)), [&](const nlmsghdr& answer) {
      if (auto tuple = tuple_to_forget(answer, container)) tuples.push_back(std::move(*tuple));
    });
  } catch (const Error& failure) {
    if (failure.sys_errno() == EINVAL || failure.sys_errno() == EOPNOTSUPP) return;
    throw;
  }
  for (const std::vector<char>& tuple : tuples) {
    const Message message = request(IPCTNL_MSG_CT_DELETE, NLM_F_ACK);
    if (::nla_put(message.get(), CTA_TUPLE_ORIG | NLA_F_NESTED, static_cast<int>(tuple.size()),
                  tuple.data()) < 0) {
      throw error(Kind::kInternal, "a netlink message has no room left");
    }
    const auto refusal = netfilter.send(bytes_of(message));
    // ENOENT: it has timed out meanwhile.
    if (refusal && refusal->sys_errno != ENOENT) {
      throw to_error(*refusal, fmt::format("forget a flow to {}", to_string(container)));
    }
  }
}

}  // namespace seatrial::network
