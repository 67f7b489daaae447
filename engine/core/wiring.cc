// Containers and their networks: addresses, ports, /etc/hosts and /etc/resolv.conf.
#include <fcntl.h>
#include <sys/stat.h>

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <charconv>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/core/compose_config.h"
#include "engine/core/impl.h"
#include "engine/core/names.h"
#include "engine/core/request_json.h"
#include "engine/network/address_pool.h"
#include "engine/network/texts.h"

namespace seatrial::core {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kMtuOption = "com.docker.network.driver.mtu";

bool is_user_defined(const NetworkRecord& network) {
  return !network.predefined;
}

network::PublishedPort published(const PortBinding& port) {
  return {.protocol = port.protocol == "udp" ? network::Protocol::kUdp : network::Protocol::kTcp,
          .host_address = port.host_ip.empty() || port.host_ip == "0.0.0.0"
                              ? network::Ipv4{}
                              : network::parse_ipv4(port.host_ip),
          .host_port = port.host_port,
          .container_port = port.container_port,
          .host_port_last = port.host_port_last};
}

PortBinding binding(const network::PublishedPort& port) {
  return {.container_port = port.container_port,
          .protocol = port.protocol == network::Protocol::kUdp ? "udp" : "tcp",
          .host_ip = network::to_string(port.host_address),
          .host_port = port.host_port};
}

std::vector<network::PublishedPort> ports_of(const ContainerRequest& request) {
  std::vector<network::PublishedPort> ports;
  for (const PortBinding& port : request.ports) ports.push_back(published(port));
  if (!request.publish_all_ports) return ports;
  for (const std::string& text : request.exposed_ports) {
    const network::PublishedPort port = published(parse_port(text));
    const bool covered = std::any_of(ports.begin(), ports.end(), [&](const auto& each) {
      return each.protocol == port.protocol && each.container_port == port.container_port;
    });
    if (!covered) ports.push_back(port);
  }
  return ports;
}

network::Endpoint endpoint_of(const EndpointRecord& record) {
  network::Endpoint endpoint{.network_id = record.network,
                             .network_name = record.network_name,
                             .container_id = record.container,
                             .host_link = record.host_link,
                             .interface = record.interface,
                             .address = network::parse_ipv4(record.ip),
                             .prefix = record.prefix};
  for (const PortBinding& port : record.ports) endpoint.ports.push_back(published(port));
  return endpoint;
}

// In place: the file is bound into the container, which keeps the inode.
void write_in_place(const fs::path& path, std::string_view text) {
  write_all(open_file(path, O_WRONLY | O_CREAT | O_TRUNC, 0644).get(), text, path.native());
}

std::string host_file(const char* path) {
  std::error_code failure;
  return fs::exists(path, failure) ? read_file(path) : std::string();
}

unsigned mtu_of(const NetworkRecord& network) {
  unsigned mtu = 1500;
  if (const auto option = network.options.find(std::string(kMtuOption));
      option != network.options.end()) {
    const std::string& text = option->second;
    std::from_chars(text.data(), text.data() + text.size(), mtu);
  }
  return mtu;
}

}  // namespace

network::NetworkSpec Engine::Impl::spec_of(const NetworkRecord& network) {
  return {.id = network.id,
          .name = network.name,
          .driver = network.driver,
          .subnet = network::parse_subnet(network.subnet),
          .gateway = network::parse_ipv4(network.gateway),
          .internal = network.internal,
          .bridge_name = network::bridge_name_of(network.id),
          .mtu = mtu_of(network)};
}

NetworkRecord Engine::Impl::ensure_network(const std::string& id) {
  // One process at a time, from the choice of the subnet to the last rule.
  const UniqueFd lock =
      image::lock_file(options.root / "networks.lock", image::LockMode::kExclusive);
  NetworkRecord network = store.network(id);
  return with_networks([&](network::Networks& kernel) {
    if (network.subnet.empty()) {
      std::vector<network::Subnet> taken = kernel.routed_subnets();
      for (const NetworkRecord& other : store.networks()) {
        if (!other.subnet.empty()) taken.push_back(network::parse_subnet(other.subnet));
      }
      const network::Subnet subnet = network::choose_subnet(taken);
      network.subnet = network::to_string(subnet);
      network.gateway = network::to_string(network::AddressPool::default_gateway(subnet));
      store.save(network);
    }
    const network::NetworkSpec spec = spec_of(network);
    if (!kernel.exists(spec)) {
      kernel.remove(spec);  // what a reboot or a killed process left of it
      kernel.create(spec);
    }
    return network;
  });
}

std::vector<Engine::Impl::Joining> Engine::Impl::joinings_of(const ContainerRecord& record) {
  std::vector<Joining> joinings;
  for (EndpointRecord& endpoint : store.endpoints_of(record.id)) {
    NetworkRecord network = ensure_network(endpoint.network);
    joinings.push_back({.network = std::move(network), .endpoint = std::move(endpoint)});
  }
  return joinings;
}

void Engine::Impl::lease(Joining& joining) {
  EndpointRecord& endpoint = joining.endpoint;
  const NetworkRecord& network = joining.network;
  network::AddressPool pool(
      network::parse_subnet(network.subnet), network::parse_ipv4(network.gateway),
      network::parse_subnet(network.ip_range.empty() ? network.subnet : network.ip_range));
  for (const std::string& taken : store.leases_in(joining.network.id)) {
    pool.lease(network::parse_ipv4(taken));
  }
  if (endpoint.wanted_ip.empty()) {
    endpoint.ip = network::to_string(pool.lease());
  } else {
    pool.lease(network::parse_ipv4(endpoint.wanted_ip));
    endpoint.ip = endpoint.wanted_ip;
  }
  store.save(endpoint);
}

EndpointRecord Engine::Impl::attach_one(const ContainerRecord& record, Joining joining,
                                        int network_namespace, const std::string& interface,
                                        bool is_first, bool with_ports) {
  EndpointRecord& endpoint = joining.endpoint;
  network::Attachment attachment{.container_id = record.id,
                                 .network_namespace = network_namespace,
                                 .interface = interface,
                                 .address = network::parse_ipv4(endpoint.ip),
                                 .default_route = is_first};
  if (!endpoint.wanted_mac.empty()) attachment.mac = network::parse_mac(endpoint.wanted_mac);
  if (with_ports) attachment.ports = ports_of(record.request);
  const network::Endpoint got = with_networks([&](network::Networks& kernel) {
    return kernel.attach(spec_of(joining.network), attachment);
  });
  endpoint.prefix = got.prefix;
  endpoint.gateway = got.gateway.is_any() ? "" : network::to_string(got.gateway);
  endpoint.mac = network::to_string(got.mac);
  endpoint.interface = got.interface;
  endpoint.host_link = got.host_link;
  endpoint.ports.clear();
  for (const network::PublishedPort& port : got.ports) endpoint.ports.push_back(binding(port));
  return std::move(endpoint);
}

std::vector<EndpointRecord> Engine::Impl::attach(const ContainerRecord& record,
                                                 std::vector<Joining> joinings,
                                                 int network_namespace) {
  std::vector<EndpointRecord> endpoints;
  // The first network with a way out gets the default route and the ports.
  bool routed = false;
  for (Joining& joining : joinings) {
    const bool first = !routed && !joining.network.internal;
    routed = routed || first;
    endpoints.push_back(attach_one(record, std::move(joining), network_namespace,
                                   fmt::format("eth{}", endpoints.size()), first, first));
  }
  return endpoints;
}

void Engine::Impl::detach(const EndpointRecord& endpoint, network::HostLink host_link) {
  with_networks([&](network::Networks& kernel) {
    if (!endpoint.host_link.empty()) {
      kernel.detach(endpoint_of(endpoint), host_link);
      return;
    }
    // An attach that was cut short: what it made bears the container's id.
    const NetworkRecord network = store.network(endpoint.network);
    std::vector<std::string> others;
    for (const ContainerRecord& each : store.containers()) {
      if (each.id != endpoint.container) others.push_back(each.id);
    }
    const network::NetworkSpec spec = spec_of(network);
    kernel.recover({&spec, 1}, others);
  });
}

void Engine::Impl::write_hosts(const ContainerRecord& record,
                               const std::vector<EndpointRecord>& endpoints) {
  std::vector<network::HostEntry> entries;
  std::string gateway;
  const std::string hostname = hostname_of(record.request, record.id);
  for (const EndpointRecord& endpoint : endpoints) {
    if (endpoint.ip.empty()) continue;
    if (gateway.empty()) gateway = endpoint.gateway;
    std::vector<std::string> names{hostname};
    if (!record.request.domainname.empty()) {
      names.insert(names.begin(), hostname + "." + record.request.domainname);
    }
    entries.push_back({.address = endpoint.ip, .names = std::move(names)});
  }
  for (const std::string& text : record.request.extra_hosts) {
    const std::size_t colon = text.find(':');
    if (colon == std::string::npos) {
      throw error(Kind::kInvalidArgument, "bad format for add-host: \"{}\"", text);
    }
    std::string address = text.substr(colon + 1);
    if (address == "host-gateway") address = gateway;
    entries.push_back({.address = std::move(address), .names = {text.substr(0, colon)}});
  }
  for (const EndpointRecord& endpoint : endpoints) {
    if (!is_user_defined(store.network(endpoint.network))) continue;
    for (const EndpointRecord& peer : store.endpoints_in(endpoint.network)) {
      if (peer.ip.empty()) continue;
      const auto other = store.container(peer.container);
      if (!other) continue;
      std::vector<std::string> names{other->name, other->id.substr(0, 12)};
      names.insert(names.end(), peer.aliases.begin(), peer.aliases.end());
      entries.push_back({.address = peer.ip, .names = std::move(names)});
    }
  }
  const fs::path path = directory(record.id) / "hosts";
  if (record.request.network_mode != "host") {
    write_in_place(path, network::hosts_file(entries));
    return;
  }
  std::string text = host_file("/etc/hosts");
  for (const network::HostEntry& entry : entries) {
    text += fmt::format("{}\t{}\n", entry.address, fmt::join(entry.names, " "));
  }
  write_in_place(path, text);
}

void Engine::Impl::refresh_hosts(const std::string& network) {
  const std::vector<NetworkRecord> known = store.networks();
  const auto found = std::ranges::find(known, network, &NetworkRecord::id);
  if (found == known.end() || !is_user_defined(*found))
    return;  // removed meanwhile, or the default
  // Each reads the leases after it has the lock, so the last writer knows the most.
  const UniqueFd lock = image::lock_file(options.root / "hosts.lock", image::LockMode::kExclusive);
  for (const EndpointRecord& endpoint : store.endpoints_in(network)) {
    if (endpoint.ip.empty()) continue;
    const auto record = store.container(endpoint.container);
    if (!record || record->phase != Phase::kRunning) continue;
    try {
      write_hosts(*record, store.endpoints_of(record->id));
    } catch (const Error& failure) {
      if (failure.sys_errno() != ENOENT) throw;  // else it is being removed with its directory
    }
  }
}

std::optional<ContainerRecord> Engine::Impl::network_owner(const ContainerRecord& record) {
  std::optional<ContainerRecord> owner = record;
  // create() has put an id behind it, and an id can name an older container alone: this ends.
  while (owner && owner->request.network_mode.starts_with(kContainerPrefix)) {
    owner = store.container(owner->request.network_mode.substr(kContainerPrefix.size()));
  }
  return owner;
}

void Engine::Impl::write_resolv_conf(const ContainerRecord& record) {
  const ContainerRequest& request = record.request;
  const std::string host = host_file("/etc/resolv.conf");
  const bool as_is = request.network_mode == "host" && request.dns.empty() &&
                     request.dns_search.empty() && request.dns_options.empty();
  write_in_place(directory(record.id) / "resolv.conf",
                 as_is ? host
                       : network::resolv_conf(host, {.nameservers = request.dns,
                                                     .search = request.dns_search,
                                                     .options = request.dns_options}));
}

}  // namespace seatrial::core
