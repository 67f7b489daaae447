#include "engine/runtime/links.h"

#include <arpa/inet.h>
#include <linux/rtnetlink.h>
#include <net/if.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "engine/base/error.h"
#include "engine/sys/netlink_request.h"

namespace seatrial::runtime {
namespace {

using sys::NetlinkAttribute;
using sys::NetlinkRequest;

// What an administrator gives with an address; the other flags are the kernel's own.
constexpr std::uint32_t kGivenFlags = IFA_F_NODAD | IFA_F_OPTIMISTIC | IFA_F_HOMEADDRESS |
                                      IFA_F_MANAGETEMPADDR | IFA_F_NOPREFIXROUTE | IFA_F_MCAUTOJOIN;

// IFA_LABEL begins with the name of the device, which may change; IFA_CACHEINFO says that the
// address is permanent, as one without it is.
constexpr std::array<std::uint16_t, 5> kGivenAttributes{IFA_ADDRESS, IFA_LOCAL, IFA_BROADCAST,
                                                        IFA_ANYCAST, IFA_RT_PRIORITY};

ifinfomsg header_for(int index) {
  ifinfomsg header{};
  header.ifi_index = index;
  return header;
}

void demand(sys::Netlink& route, NetlinkRequest& request, std::string_view what) {
  if (const auto refusal = route.send(request.bytes())) throw sys::to_error(*refusal, what);
}

Link link_of(const nlmsghdr& message) {
  const auto header = sys::header_of<ifinfomsg>(message);
  Link link{.index = header.ifi_index, .flags = header.ifi_flags};
  for (const NetlinkAttribute& each : sys::attributes_of(message, sizeof header)) {
    if (each.type == IFLA_IFNAME) link.name = each.text();
    if (each.type == IFLA_MASTER) link.master = each.u32();
  }
  return link;
}

// Nothing for an address that is not to be kept.
std::optional<LinkAddress> address_of(const nlmsghdr& message) {
  LinkAddress address{.header = sys::header_of<ifaddrmsg>(message)};
  std::uint32_t flags = address.header.ifa_flags;
  for (const NetlinkAttribute& each : sys::attributes_of(message, sizeof address.header)) {
    if (each.type == IFA_FLAGS) flags = each.u32();  // the header has room for eight
    if (std::ranges::find(kGivenAttributes, each.type) == kGivenAttributes.end()) continue;
    address.attributes.emplace_back(each.type, each.value);
  }
  if ((flags & IFA_F_PERMANENT) == 0 || address.header.ifa_scope != RT_SCOPE_UNIVERSE) return {};
  flags &= kGivenFlags;
  address.header.ifa_flags = static_cast<std::uint8_t>(flags);
  address.attributes.emplace_back(IFA_FLAGS,
                                  std::string(reinterpret_cast<const char*>(&flags), sizeof flags));
  return address;
}

}  // namespace

std::string to_string(const LinkAddress& address) {
  std::string text = "?";
  for (const auto& [type, value] : address.attributes) {
    char buffer[INET6_ADDRSTRLEN] = "?";
    if (type != IFA_ADDRESS && type != IFA_LOCAL) continue;
    if (value.size() != sizeof(in_addr) && value.size() != sizeof(in6_addr)) continue;
    ::inet_ntop(address.header.ifa_family, value.data(), buffer, sizeof buffer);
    text = buffer;
    if (type == IFA_LOCAL) break;  // IFA_ADDRESS is the other end of a point-to-point link
  }
  return fmt::format("{}/{}", text, address.header.ifa_prefixlen);
}

std::vector<Link> links_of(sys::Netlink& route) {
  std::vector<Link> links;
  NetlinkRequest request(RTM_GETLINK, NLM_F_DUMP, header_for(0));
  route.dump(request.bytes(), [&](const nlmsghdr& message) {
    if (message.nlmsg_type == RTM_NEWLINK) links.push_back(link_of(message));
  });
  return links;
}

std::optional<Link> find_link(sys::Netlink& route, const std::string& name) {
  NetlinkRequest request(RTM_GETLINK, 0, header_for(0));
  request.put_text(IFLA_IFNAME, name);
  std::optional<Link> link;
  const auto refusal =
      route.send(request.bytes(), [&](const nlmsghdr& message) { link = link_of(message); });
  if (refusal && refusal->sys_errno != ENODEV) {
    throw sys::to_error(*refusal, fmt::format("find network device {}", name));
  }
  return link;
}

std::vector<LinkAddress> lasting_addresses(sys::Netlink& route, int index) {
  std::vector<LinkAddress> addresses;
  NetlinkRequest request(RTM_GETADDR, NLM_F_DUMP, ifaddrmsg{});
  route.dump(request.bytes(), [&](const nlmsghdr& message) {
    if (message.nlmsg_type != RTM_NEWADDR) return;
    std::optional<LinkAddress> address = address_of(message);
    if (!address || address->header.ifa_index != static_cast<unsigned>(index)) return;
    addresses.push_back(*std::move(address));
  });
  return addresses;
}

void add_address(sys::Netlink& route, int index, const LinkAddress& address) {
  ifaddrmsg header = address.header;
  header.ifa_index = static_cast<unsigned>(index);
  NetlinkRequest request(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK, header);
  for (const auto& [type, value] : address.attributes) request.put(type, value);
  demand(route, request, fmt::format("give it its address {} again", to_string(address)));
}

void move_link(sys::Netlink& route, int index, int network_namespace, const std::string& name) {
  NetlinkRequest request(RTM_SETLINK, NLM_F_ACK, header_for(index));
  request.put_u32(IFLA_NET_NS_FD, static_cast<std::uint32_t>(network_namespace));
  request.put_text(IFLA_IFNAME, name);
  demand(route, request, fmt::format("move it as {}", name));
}

void set_link_up(sys::Netlink& route, int index) {
  ifinfomsg header = header_for(index);
  header.ifi_flags = header.ifi_change = IFF_UP;
  NetlinkRequest request(RTM_SETLINK, NLM_F_ACK, header);
  demand(route, request, "set it up");
}

void set_link_master(sys::Netlink& route, int index, std::uint32_t master) {
  NetlinkRequest request(RTM_SETLINK, NLM_F_ACK, header_for(index));
  request.put_u32(IFLA_MASTER, master);
  demand(route, request, "make it a port again");
}

}  // namespace seatrial::runtime
