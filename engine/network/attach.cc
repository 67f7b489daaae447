// Containers on networks: attached, detached, and what a killed process left of either.
#include <arpa/inet.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "engine/base/error.h"
#include "engine/base/undo.h"
#include "engine/network/identity.h"
#include "engine/network/links.h"
#include "engine/network/network.h"

namespace seatrial::network {
namespace {

constexpr std::size_t kNetworkDigits = 12;
constexpr int kPortTries = 32;
constexpr int kLoopbackIndex = 1;  // of lo, in every namespace

// "sv" and 13 hex digits that follow from both ids (FNV-1a): the link has its identity from the
// moment it exists. 52 bits: among 1000 containers, two names meet once in 10^10 hosts, and then
// the second attach fails.
std::string host_link_name(std::string_view container_id, std::string_view network_id) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const std::string_view part : {container_id, std::string_view("/"), network_id}) {
    for (const char byte : part) {
      hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001b3U;
    }
  }
  return fmt::format("{}{:013x}", kHostLinkPrefix, hash >> 12);
}

std::string alias_of(std::string_view container_id) {
  return fmt::format("{}{}", kAliasPrefix, container_id);
}

// Both take the same address and port of the host, at least in part.
bool collide(const PublishedPort& left, const PublishedPort& right) {
  return left.protocol == right.protocol && left.host_port == right.host_port &&
         (left.host_address == right.host_address || left.host_address.is_any() ||
          right.host_address.is_any());
}

// Binds as a server would. Returns the port that is free, which is port.host_port unless that is 0;
// nothing when a process of the host has it.
std::optional<std::uint16_t> probe_port(const PublishedPort& port) {
  const bool tcp = port.protocol == Protocol::kTcp;
  const UniqueFd socket(::socket(AF_INET, (tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC, 0));
  if (!socket) throw sys_error(errno, "open a socket");
  const int on = 1;
  // Connections of an earlier server may linger; a listening socket refuses us all the same. With
  // UDP the option would let two sockets share the port.
  if (tcp) ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = ::htonl(port.host_address.value);
  address.sin_port = ::htons(port.host_port);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (::bind(socket.get(), generic, size) != 0) {
    if (errno == EADDRINUSE) return std::nullopt;
    if (errno == EADDRNOTAVAIL) {
      throw error(Kind::kInvalidArgument, "port {}: this host has no such address",
                  to_string(port));
    }
    throw sys_error(errno, "port {}: bind", to_string(port));
  }
  if (::getsockname(socket.get(), generic, &size) != 0) throw sys_error(errno, "getsockname");
  return ::ntohs(address.sin_port);
}

const Publication* find_collision(const std::vector<Publication>& taken,
                                  const PublishedPort& port) {
  const auto found = std::ranges::find_if(
      taken, [&](const Publication& each) { return collide(each.port, port); });
  return found == taken.end() ? nullptr : &*found;
}

PublishedPort settle_any_port(PublishedPort port, const std::vector<Publication>& taken) {
  for (int attempt = 0; attempt < kPortTries; ++attempt) {
    const auto found = probe_port(port);
    if (!found) break;
    const PublishedPort candidate{.protocol = port.protocol,
                                  .host_address = port.host_address,
                                  .host_port = *found,
                                  .container_port = port.container_port};
    if (find_collision(taken, candidate) == nullptr) return candidate;
  }
  throw error(Kind::kExhausted, "no free port on {}", to_string(port.host_address));
}

PublishedPort settle_in_range(const PublishedPort& port, const std::vector<Publication>& taken) {
  for (unsigned each = port.host_port; each <= port.host_port_last; ++each) {
    const PublishedPort candidate{.protocol = port.protocol,
                                  .host_address = port.host_address,
                                  .host_port = static_cast<std::uint16_t>(each),
                                  .container_port = port.container_port};
    if (find_collision(taken, candidate) == nullptr && probe_port(candidate)) return candidate;
  }
  throw error(Kind::kConflict, "no port of {}-{} is free on {}", port.host_port,
              port.host_port_last, to_string(port.host_address));
}

PublishedPort settle(const PublishedPort& port, const std::vector<Publication>& taken) {
  if (port.host_port_last != 0) return settle_in_range(port, taken);
  return port.host_port == 0 ? settle_any_port(port, taken) : port;
}

// The ports as they will be published; throws for one that somebody has. `taken` grows.
std::vector<PublishedPort> settle_ports(const std::vector<PublishedPort>& ports,
                                        std::vector<Publication> taken,
                                        const std::string& container_id) {
  std::vector<PublishedPort> settled;
  for (const PublishedPort& port : ports) {
    if (port.container_port == 0) {
      throw error(Kind::kInvalidArgument, "port {}: no port of the container is 0",
                  to_string(port));
    }
    settled.push_back(settle(port, taken));
    const PublishedPort& chosen = settled.back();
    if (const Publication* other = find_collision(taken, chosen)) {
      throw error(Kind::kConflict, "port {} is already published by container {}",
                  to_string(chosen), other->container_id);
    }
    if (!probe_port(chosen)) {
      throw error(Kind::kConflict, "port {} is in use by a process of this host",
                  to_string(chosen));
    }
    taken.push_back({.port = chosen, .container_id = container_id});
  }
  return settled;
}

void configure_inside(const NetworkSpec& network, const Attachment& attachment) {
  sys::Netlink inside = sys::Netlink::route_in(attachment.network_namespace);
  const auto link = find_link(inside, attachment.interface);
  if (!link) throw error(Kind::kNotFound, "interface {} was removed", attachment.interface);
  set_up(inside, kLoopbackIndex);
  set_up(inside, link->index);
  add_address(inside, link->index, attachment.address, network.subnet.prefix);
  if (attachment.default_route && !network.internal) {
    add_default_route(inside, link->index, network.gateway);
  }
}

// The link may go at this very moment.
void forget_alias(sys::Netlink& route, int index) {
  try {
    set_alias(route, index, "");
  } catch (const Error& failure) {
    if (failure.sys_errno() != ENODEV) throw;
  }
}

std::vector<Publication> to_publications(const Endpoint& endpoint) {
  std::vector<Publication> publications;
  for (const PublishedPort& port : endpoint.ports) {
    publications.push_back({.port = port,
                            .container_address = endpoint.address,
                            .container_id = endpoint.container_id,
                            .network_id = endpoint.network_id});
  }
  return publications;
}

void validate(const NetworkSpec& network, const Attachment& attachment) {
  if (attachment.container_id.empty() || attachment.network_namespace < 0) {
    throw error(Kind::kInternal, "an attachment needs a container and its network namespace");
  }
  if (!network.subnet.contains(attachment.address)) {
    throw error(Kind::kInvalidArgument, "address {} is not in subnet {}",
                to_string(attachment.address), to_string(network.subnet));
  }
  if (network.internal && !attachment.ports.empty()) {
    throw error(Kind::kInvalidArgument, "port {} cannot be published: the network is internal",
                to_string(attachment.ports.front()));
  }
}

}  // namespace

void Networks::make_pair(const NetworkSpec& network, const Attachment& attachment,
                         const Endpoint& endpoint) {
  const auto bridge = find_link(route_, network.bridge_name);
  if (!bridge) throw error(Kind::kNotFound, "bridge {} does not exist", network.bridge_name);
  // A container that starts again may come before its last link has gone.
  if (const auto stale = find_link(route_, endpoint.host_link); stale && stale->alias.empty()) {
    delete_link(route_, endpoint.host_link);
  }
  create_veth(route_, {.name = endpoint.host_link,
                       .bridge = bridge->index,
                       .mtu = network.mtu,
                       .peer_namespace = attachment.network_namespace,
                       .peer_name = attachment.interface,
                       .peer_mac = endpoint.mac});
}

Endpoint Networks::attach(const NetworkSpec& network, const Attachment& attachment) {
  return with_context(fmt::format("network {}", network.name), [&] {
    validate(network, attachment);
    Endpoint endpoint{.network_id = network.id,
                      .network_name = network.name,
                      .container_id = attachment.container_id,
                      .host_link = host_link_name(attachment.container_id, network.id),
                      .interface = attachment.interface,
                      .address = attachment.address,
                      .prefix = network.subnet.prefix,
                      .gateway = network.internal ? Ipv4{} : network.gateway,
                      .mac = attachment.mac.value_or(mac_of(attachment.address)),
                      .ports = {}};
    if (!attachment.ports.empty()) {
      endpoint.ports =
          settle_ports(attachment.ports, firewall_.publications(), attachment.container_id);
    }
    Undo undo;
    make_pair(network, attachment, endpoint);
    undo.add([&] {
      try {
        delete_link(route_, endpoint.host_link);
      } catch (const Error&) {  // left for recover()
      }
    });
    if (const auto link = find_link(route_, endpoint.host_link)) {
      set_alias(route_, link->index, alias_of(endpoint.container_id));
      set_hairpin(route_, link->index);
    }
    configure_inside(network, attachment);
    firewall_.publish(to_publications(endpoint));
    undo.commit();
    return endpoint;
  });
}

// The list of a map that the kernel is growing or shrinking, which it does in the background, may
// lack some of its elements: none is left once two lists have none.
std::vector<Publication> Networks::unpublish_each(
    const std::function<bool(const Publication&)>& is_meant) {
  std::vector<Publication> gone;
  for (int empty_lists = 0; empty_lists < 2;) {
    std::vector<Publication> meant = firewall_.publications();
    std::erase_if(meant, [&](const Publication& each) { return !is_meant(each); });
    empty_lists = meant.empty() ? empty_lists + 1 : 0;
    firewall_.unpublish(meant);
    std::ranges::move(meant, std::back_inserter(gone));
  }
  return gone;
}

void Networks::detach(const Endpoint& endpoint, HostLink host_link) {
  with_context(fmt::format("network {}", endpoint.network_name), [&] {
    if (!endpoint.ports.empty()) {
      unpublish_each([&](const Publication& each) {
        return each.container_id == endpoint.container_id &&
               each.network_id == endpoint.network_id.substr(0, kNetworkDigits);
      });
    }
    if (host_link == HostLink::kDelete) {
      delete_link(route_, endpoint.host_link);
    } else if (const auto link = find_link(route_, endpoint.host_link)) {
      forget_alias(route_, link->index);
    }
  });
}

Recovered Networks::recover(std::span<const NetworkSpec> networks,
                            std::span<const std::string> kept) {
  Recovered recovered;
  const auto is_kept = [&](const std::string& id) {
    return std::ranges::find(kept, id) != kept.end();
  };
  for (const NetworkSpec& network : networks) {
    const std::vector<Publication> stale = unpublish_each([&](const Publication& each) {
      return each.network_id == network.id.substr(0, kNetworkDigits) && !is_kept(each.container_id);
    });
    for (const Publication& each : stale) recovered.ports.push_back(each.port);

    const auto bridge = find_link(route_, network.bridge_name);
    if (!bridge) continue;
    std::vector<std::string> names;
    for (const std::string& id : kept) names.push_back(host_link_name(id, network.id));
    for (const Link& link : ports_of(route_, bridge->index)) {
      if (!link.name.starts_with(kHostLinkPrefix) ||
          std::ranges::find(names, link.name) != names.end()) {
        continue;
      }
      if (delete_link(route_, link.name)) recovered.links.push_back(link.name);
    }
  }
  return recovered;
}

}  // namespace seatrial::network
