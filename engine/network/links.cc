#include "engine/network/links.h"

#include <arpa/inet.h>
#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/ip.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <netlink/msg.h>

#include <array>
#include <cerrno>
#include <memory>

#include "engine/base/error.h"

namespace seatrial::network {
namespace {

// A request under construction. What libnl refuses for want of room is a defect of ours.
class Request {
 public:
  Request(int type, int flags)
      : message_(::nlmsg_alloc_simple(type, NLM_F_REQUEST | flags), &::nlmsg_free) {
    if (!message_) throw error(Kind::kExhausted, "no memory for a netlink message");
  }

  template <typename Header>
  void header(Header header) {
    check(::nlmsg_append(message_.get(), &header, sizeof header, NLMSG_ALIGNTO));
  }
  void put(int type, std::string_view text) {
    check(::nla_put_string(message_.get(), type, std::string(text).c_str()));
  }
  void put_u32(int type, std::uint32_t value) { check(::nla_put_u32(message_.get(), type, value)); }
  void put_u8(int type, std::uint8_t value) { check(::nla_put_u8(message_.get(), type, value)); }
  void put(int type, const Mac& mac) {
    check(::nla_put(message_.get(), type, static_cast<int>(mac.size()), mac.data()));
  }
  void put(int type, Ipv4 address) { put_u32(type, ::htonl(address.value)); }

  // `body` adds what lies inside.
  template <typename Body>
  void nest(int type, Body body) {
    nlattr* start = ::nla_nest_start(message_.get(), type);
    if (start == nullptr) check(-1);
    body();
    check(::nla_nest_end(message_.get(), start));
  }

  std::span<char> bytes() {
    nlmsghdr* header = ::nlmsg_hdr(message_.get());
    return {reinterpret_cast<char*>(header), header->nlmsg_len};
  }

 private:
  static void check(int result) {
    if (result < 0) throw error(Kind::kInternal, "a netlink message has no room left");
  }

  std::unique_ptr<nl_msg, void (*)(nl_msg*)> message_;
};

void demand(sys::Netlink& route, Request& request, std::string_view what) {
  if (const auto refusal = route.send(request.bytes())) throw to_error(*refusal, what);
}

ifinfomsg link_header(int family, int index, bool up) {
  ifinfomsg header{};
  header.ifi_family = static_cast<unsigned char>(family);
  header.ifi_index = index;
  if (up) header.ifi_flags = header.ifi_change = IFF_UP;
  return header;
}

template <std::size_t Size>
std::array<nlattr*, Size> attributes(const nlmsghdr& header, int header_size) {
  std::array<nlattr*, Size> table{};
  ::nlmsg_parse(const_cast<nlmsghdr*>(&header), header_size, table.data(),
                static_cast<int>(Size) - 1, nullptr);
  return table;
}

std::string text_of(nlattr* attribute) {
  return attribute == nullptr ? std::string() : std::string(::nla_get_string(attribute));
}

Link link_of(const nlmsghdr& header) {
  const auto table = attributes<IFLA_MAX + 1>(header, sizeof(ifinfomsg));
  nlattr* master = table[IFLA_MASTER];
  return {.index = static_cast<const ifinfomsg*>(::nlmsg_data(&header))->ifi_index,
          .master = master == nullptr ? 0 : static_cast<int>(::nla_get_u32(master)),
          .name = text_of(table[IFLA_IFNAME]),
          .alias = text_of(table[IFLA_IFALIAS])};
}

}  // namespace

std::optional<Link> find_link(sys::Netlink& route, const std::string& name) {
  Request request(RTM_GETLINK, 0);
  request.header(link_header(AF_UNSPEC, 0, false));
  request.put(IFLA_IFNAME, name);
  std::optional<Link> link;
  const auto refusal =
      route.send(request.bytes(), [&](const nlmsghdr& header) { link = link_of(header); });
  if (refusal && refusal->sys_errno != ENODEV) {
    throw to_error(*refusal, fmt::format("find link {}", name));
  }
  return link;
}

std::vector<Link> ports_of(sys::Netlink& route, int bridge) {
  Request request(RTM_GETLINK, NLM_F_DUMP);
  request.header(link_header(AF_UNSPEC, 0, false));
  request.put_u32(IFLA_MASTER, static_cast<std::uint32_t>(bridge));
  std::vector<Link> links;
  route.dump(request.bytes(), [&](const nlmsghdr& header) {
    // Kernels that do not know the filter answer with all links.
    if (Link link = link_of(header); link.master == bridge) links.push_back(std::move(link));
  });
  return links;
}

std::vector<Route> routes(sys::Netlink& route) {
  Request request(RTM_GETROUTE, NLM_F_DUMP);
  rtmsg wanted{};
  wanted.rtm_family = AF_INET;
  request.header(wanted);
  std::vector<Route> found;
  route.dump(request.bytes(), [&](const nlmsghdr& header) {
    const auto* fields = static_cast<const rtmsg*>(::nlmsg_data(&header));
    if (header.nlmsg_type != RTM_NEWROUTE || fields->rtm_type != RTN_UNICAST) return;
    const auto table = attributes<RTA_MAX + 1>(header, sizeof(rtmsg));
    Route each;
    each.destination.prefix = fields->rtm_dst_len;
    if (table[RTA_DST] != nullptr) {
      each.destination.base.value = ::ntohl(::nla_get_u32(table[RTA_DST]));
    }
    if (table[RTA_OIF] != nullptr) each.link = static_cast<int>(::nla_get_u32(table[RTA_OIF]));
    found.push_back(each);
  });
  return found;
}

void create_bridge(sys::Netlink& route, const Bridge& bridge) {
  Request request(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK);
  request.header(link_header(AF_UNSPEC, 0, false));
  request.put(IFLA_IFNAME, bridge.name);
  request.put(IFLA_ADDRESS, bridge.mac);
  request.put_u32(IFLA_MTU, bridge.mtu);
  request.nest(IFLA_LINKINFO, [&] { request.put(IFLA_INFO_KIND, "bridge"); });
  demand(route, request, fmt::format("create bridge {}", bridge.name));

  // What the kernel takes only for a link that exists.
  Request change(RTM_NEWLINK, NLM_F_ACK);
  change.header(link_header(AF_UNSPEC, 0, true));
  change.put(IFLA_IFNAME, bridge.name);
  change.put(IFLA_IFALIAS, bridge.alias);
  change.nest(IFLA_AF_SPEC, [&] {
    change.nest(AF_INET, [&] {
      change.nest(IFLA_INET_CONF, [&] { change.put_u32(IPV4_DEVCONF_ROUTE_LOCALNET, 1); });
    });
  });
  demand(route, change, fmt::format("set bridge {} up", bridge.name));
}

void create_veth(sys::Netlink& route, const VethPair& pair) {
  Request request(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK);
  request.header(link_header(AF_UNSPEC, 0, true));
  request.put(IFLA_IFNAME, pair.name);
  request.put_u32(IFLA_MTU, pair.mtu);
  request.put_u32(IFLA_MASTER, static_cast<std::uint32_t>(pair.bridge));
  request.nest(IFLA_LINKINFO, [&] {
    request.put(IFLA_INFO_KIND, "veth");
    request.nest(IFLA_INFO_DATA, [&] {
      request.nest(VETH_INFO_PEER, [&] {
        // Not up: the kernel opens the peer before the two are connected, and refuses (ENOTCONN).
        request.header(link_header(AF_UNSPEC, 0, false));
        request.put(IFLA_IFNAME, pair.peer_name);
        request.put(IFLA_ADDRESS, pair.peer_mac);
        request.put_u32(IFLA_MTU, pair.mtu);
        request.put_u32(IFLA_NET_NS_FD, static_cast<std::uint32_t>(pair.peer_namespace));
      });
    });
  });
  demand(route, request, fmt::format("create veth pair {} and {}", pair.name, pair.peer_name));
}

void set_up(sys::Netlink& route, int index) {
  Request request(RTM_SETLINK, NLM_F_ACK);
  request.header(link_header(AF_UNSPEC, index, true));
  demand(route, request, fmt::format("set link {} up", index));
}

void set_alias(sys::Netlink& route, int index, const std::string& alias) {
  Request request(RTM_SETLINK, NLM_F_ACK);
  request.header(link_header(AF_UNSPEC, index, false));
  request.put(IFLA_IFALIAS, alias);
  demand(route, request, fmt::format("set the alias of link {}", index));
}

void set_hairpin(sys::Netlink& route, int index) {
  Request request(RTM_SETLINK, NLM_F_ACK);
  request.header(link_header(AF_BRIDGE, index, false));
  request.nest(IFLA_PROTINFO | NLA_F_NESTED, [&] { request.put_u8(IFLA_BRPORT_MODE, 1); });
  demand(route, request, fmt::format("set hairpin mode of link {}", index));
}

void add_address(sys::Netlink& route, int index, Ipv4 address, unsigned prefix) {
  Request request(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK);
  ifaddrmsg header{};
  header.ifa_family = AF_INET;
  header.ifa_prefixlen = static_cast<unsigned char>(prefix);
  header.ifa_index = static_cast<unsigned>(index);
  request.header(header);
  request.put(IFA_LOCAL, address);
  request.put(IFA_ADDRESS, address);
  request.put(IFA_BROADCAST, Subnet{.base = address, .prefix = prefix}.broadcast());
  demand(route, request, fmt::format("add address {}/{}", to_string(address), prefix));
}

void add_default_route(sys::Netlink& route, int index, Ipv4 gateway) {
  Request request(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK);
  rtmsg header{};
  header.rtm_family = AF_INET;
  header.rtm_table = RT_TABLE_MAIN;
  header.rtm_protocol = RTPROT_BOOT;
  header.rtm_scope = RT_SCOPE_UNIVERSE;
  header.rtm_type = RTN_UNICAST;
  request.header(header);
  request.put(RTA_GATEWAY, gateway);
  request.put_u32(RTA_OIF, static_cast<std::uint32_t>(index));
  demand(route, request, fmt::format("add a default route through {}", to_string(gateway)));
}

bool delete_link(sys::Netlink& route, const std::string& name) {
  Request request(RTM_DELLINK, NLM_F_ACK);
  request.header(link_header(AF_UNSPEC, 0, false));
  request.put(IFLA_IFNAME, name);
  const auto refusal = route.send(request.bytes());
  if (refusal && refusal->sys_errno == ENODEV) return false;
  if (refusal) throw to_error(*refusal, fmt::format("delete link {}", name));
  return true;
}

}  // namespace seatrial::network
