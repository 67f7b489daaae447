// Networks: made and removed.
#include <fcntl.h>

#include <algorithm>
#include <cerrno>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/base/undo.h"
#include "engine/network/address_pool.h"
#include "engine/network/identity.h"
#include "engine/network/links.h"
#include "engine/network/network.h"

namespace seatrial::network {
namespace {

constexpr const char* kForwarding = "/proc/sys/net/ipv4/ip_forward";
constexpr unsigned kMinimalMtu = 68;  // RFC 791
constexpr unsigned kMaximalMtu = 65535;
constexpr std::size_t kInterfaceNameSize = 15;

void validate(const NetworkSpec& network) {
  if (network.driver != "bridge") {
    throw error(Kind::kUnsupported, "driver {} is not known; bridge is", network.driver);
  }
  if (network.bridge_name.empty() || network.bridge_name.size() > kInterfaceNameSize) {
    throw error(Kind::kInvalidArgument, "\"{}\" is not the name of an interface",
                network.bridge_name);
  }
  if (network.mtu < kMinimalMtu || network.mtu > kMaximalMtu) {
    throw error(Kind::kInvalidArgument, "no link has an MTU of {}", network.mtu);
  }
  const AddressPool pool(network.subnet, network.gateway);  // which knows what makes sense
}

// True when it was off.
bool enable_forwarding() {
  if (read_file(kForwarding).starts_with('1')) return false;
  const UniqueFd file = open_file(kForwarding, O_WRONLY);
  write_all(file.get(), "1", kForwarding);
  return true;
}

// The bridge would believe a container that calls itself a router (CVE-2020-13401).
void turn_ipv6_off(const std::string& bridge) {
  const std::string setting = "/proc/sys/net/ipv6/conf/" + bridge + "/disable_ipv6";
  const UniqueFd file(::open(setting.c_str(), O_WRONLY | O_CLOEXEC));
  if (!file && errno == ENOENT) return;  // the kernel has none
  if (!file) throw sys_error(errno, "open {}", setting);
  write_all(file.get(), "1", setting);
}

bool counts_as_taken(const Route& route) {
  return route.destination.prefix >= 8;
}

void refuse_overlap(sys::Netlink& route, const NetworkSpec& network) {
  for (const Route& each : routes(route)) {
    if (!counts_as_taken(each) || !each.destination.overlaps(network.subnet)) continue;
    throw error(Kind::kConflict, "subnet {} overlaps {}, to which this host has a route",
                to_string(network.subnet), to_string(each.destination));
  }
}

std::string context(const NetworkSpec& network) {
  return fmt::format("network {}", network.name);
}

}  // namespace

std::string bridge_name_of(std::string_view network_id) {
  return fmt::format("st-{}", network_id.substr(0, 12));
}

Networks::Networks() : route_(sys::Netlink::route()) {}

HostChanges Networks::create(const NetworkSpec& network) {
  return with_context(context(network), [&] {
    validate(network);
    if (exists(network)) {
      throw error(Kind::kConflict, "bridge {} exists already", network.bridge_name);
    }
    refuse_overlap(route_, network);
    Undo undo;
    create_bridge(route_, {.name = network.bridge_name,
                           .alias = fmt::format("{}{}", kAliasPrefix, network.id),
                           .mac = mac_of(network.gateway),
                           .mtu = network.mtu});
    undo.add([&] {
      try {
        delete_link(route_, network.bridge_name);
      } catch (const Error&) {  // left for remove()
      }
    });
    const auto bridge = find_link(route_, network.bridge_name);
    if (!bridge) throw error(Kind::kConflict, "bridge {} was removed", network.bridge_name);
    turn_ipv6_off(network.bridge_name);
    // The rules first: with an address, the bridge would carry packets.
    firewall_.add_network(
        {.bridge = network.bridge_name, .subnet = network.subnet, .internal = network.internal});
    undo.add([&] {
      try {
        firewall_.remove_network(network.bridge_name);
      } catch (const Error&) {  // left for remove()
      }
    });
    add_address(route_, bridge->index, network.gateway, network.subnet.prefix);
    HostChanges changes;
    if (!network.internal) changes.enabled_forwarding = enable_forwarding();
    undo.commit();
    return changes;
  });
}

bool Networks::exists(const NetworkSpec& network) {
  return find_link(route_, network.bridge_name).has_value();
}

void Networks::remove(const NetworkSpec& network) {
  with_context(context(network), [&] {
    if (const auto bridge = find_link(route_, network.bridge_name)) {
      const std::vector<Link> ports = ports_of(route_, bridge->index);
      // Those without an alias are half made, or detached and about to go.
      const auto attached = std::ranges::find_if(
          ports, [](const Link& port) { return port.alias.starts_with(kAliasPrefix); });
      if (attached != ports.end()) {
        throw error(Kind::kConflict, "container {} is still attached",
                    attached->alias.substr(kAliasPrefix.size()));
      }
      for (const Link& port : ports) {
        if (port.name.starts_with(kHostLinkPrefix)) delete_link(route_, port.name);
      }
      // The link first: while it is there, its rules must hold.
      delete_link(route_, network.bridge_name);
    }
    firewall_.remove_network(network.bridge_name);
  });
}

std::vector<Subnet> Networks::routed_subnets() {
  std::vector<Subnet> subnets;
  for (const Route& each : routes(route_)) {
    if (counts_as_taken(each)) subnets.push_back(each.destination);
  }
  return subnets;
}

}  // namespace seatrial::network
