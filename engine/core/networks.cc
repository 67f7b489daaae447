// Networks: records, and the kernel's side through engine/network.
#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>

#include "engine/base/error.h"
#include "engine/core/filters.h"
#include "engine/core/impl.h"
#include "engine/core/names.h"
#include "engine/network/address_pool.h"

namespace seatrial::core {
namespace {

NetworkInfo info_of(Store& store, const NetworkRecord& network) {
  NetworkInfo info{.id = network.id,
                   .name = network.name,
                   .driver = network.driver,
                   .created = network.created,
                   .internal = network.internal,
                   .subnet = network.subnet,
                   .ip_range = network.ip_range,
                   .gateway = network.gateway,
                   .options = network.options,
                   .labels = network.labels};
  for (const EndpointRecord& endpoint : store.endpoints_in(network.id)) {
    if (endpoint.ip.empty()) continue;
    info.containers[endpoint.container] = {.network = network.name,
                                           .network_id = network.id,
                                           .endpoint_id = endpoint.host_link,
                                           .ip_address = endpoint.ip,
                                           .ip_prefix_length = endpoint.prefix,
                                           .gateway = endpoint.gateway,
                                           .mac_address = endpoint.mac,
                                           .aliases = endpoint.aliases};
  }
  return info;
}

void check_request(const NetworkRequest& request) {
  if (!is_container_name(request.name)) {
    throw error(Kind::kInvalidArgument, "\"{}\" is not a name for a network", request.name);
  }
  if (request.driver != "bridge") {
    throw error(Kind::kUnsupported, "the network driver {} is not there; bridge is",
                request.driver);
  }
  if (request.subnet.empty() && !(request.gateway.empty() && request.ip_range.empty())) {
    throw error(Kind::kInvalidArgument, "{} needs the subnet that it lies in",
                request.gateway.empty() ? "an address range" : "a gateway");
  }
}

UniqueFd network_namespace_of(const ContainerRecord& record) {
  UniqueFd fd(::open(fmt::format("/proc/{}/ns/net", record.pid).c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) throw sys_error(errno, "open the network namespace of container {}", record.name);
  return fd;
}

// The lowest N such that no endpoint of the container has ethN.
std::string free_interface(const std::vector<EndpointRecord>& endpoints) {
  for (unsigned number = 0;; ++number) {
    std::string name = fmt::format("eth{}", number);
    const auto has = [&](const EndpointRecord& each) { return each.interface == name; };
    if (std::none_of(endpoints.begin(), endpoints.end(), has)) return name;
  }
}

}  // namespace

void Engine::Impl::check_attachment(const NetworkRecord& network,
                                    const NetworkAttachment& attachment) {
  if (!network.predefined) return;
  if (!attachment.ip.empty()) {
    throw error(Kind::kInvalidArgument,
                "user specified IP address is supported on user defined networks only, and {} is "
                "none",
                network.name);
  }
  if (!attachment.aliases.empty()) {
    throw error(
        Kind::kInvalidArgument,
        "network-scoped aliases are supported in user defined networks only, and {} is none",
        network.name);
  }
}

std::string Engine::create_network(const NetworkRequest& request) {
  check_request(request);
  NetworkRecord network{.id = new_id(),
                        .name = request.name,
                        .driver = request.driver,
                        .created = std::chrono::system_clock::now(),
                        .internal = request.internal,
                        .options = request.options,
                        .labels = request.labels};
  if (!request.subnet.empty()) {
    const network::Subnet subnet = network::parse_subnet(request.subnet);
    const network::Ipv4 gateway = request.gateway.empty()
                                      ? network::AddressPool::default_gateway(subnet)
                                      : network::parse_ipv4(request.gateway);
    const network::Subnet range =
        request.ip_range.empty() ? subnet : network::parse_subnet(request.ip_range);
    static_cast<void>(network::AddressPool(subnet, gateway, range));  // refuses what cannot be
    if (range != subnet) network.ip_range = network::to_string(range);
    network.subnet = network::to_string(subnet);
    network.gateway = network::to_string(gateway);
  }
  {
    Transaction transaction(impl_->store.database());
    for (const NetworkRecord& other : impl_->store.networks()) {
      if (other.name == network.name) {
        throw error(Kind::kConflict, "network with name {} already exists", network.name);
      }
      if (!network.subnet.empty() && !other.subnet.empty() &&
          network::parse_subnet(network.subnet).overlaps(network::parse_subnet(other.subnet))) {
        throw error(Kind::kConflict, "subnet {} overlaps that of network {}, {}", network.subnet,
                    other.name, other.subnet);
      }
    }
    impl_->store.insert(network);
    transaction.commit();
  }
  try {
    impl_->ensure_network(network.id);
  } catch (...) {
    impl_->store.erase_network(network.id);
    throw;
  }
  impl_->event("network", "create", network.id, {{"name", network.name}, {"type", "bridge"}});
  return network.id;
}

std::vector<NetworkInfo> Engine::networks(const Filters& filters) {
  check_filters(filters, {"id", "name", "driver", "label", "type", "scope", "dangling"});
  std::vector<NetworkInfo> infos;
  for (const NetworkRecord& network : impl_->store.networks()) {
    const auto keep = [&](const auto& filter) {
      const auto& [key, values] = filter;
      const auto any = [&](const auto& test) {
        return std::any_of(values.begin(), values.end(), test);
      };
      if (key == "id") return any([&](const auto& each) { return network.id.starts_with(each); });
      if (key == "name") {
        return any([&](const auto& each) { return name_matches(network.name, each); });
      }
      if (key == "driver") return any([&](const auto& each) { return network.driver == each; });
      if (key == "label") return labels_match(network.labels, values);
      if (key == "scope") return any([](const auto& each) { return each == "local"; });
      if (key == "type") {
        return any(
            [&](const auto& each) { return each == (network.predefined ? "builtin" : "custom"); });
      }
      const bool dangling = impl_->store.endpoints_in(network.id).empty();
      return any([&](const auto& each) { return (each == "true") == dangling; });
    };
    if (std::all_of(filters.begin(), filters.end(), keep)) {
      infos.push_back(info_of(impl_->store, network));
    }
  }
  return infos;
}

NetworkInfo Engine::inspect_network(const std::string& network) {
  return info_of(impl_->store, impl_->store.network(network));
}

void Engine::remove_network(const std::string& text) {
  const NetworkRecord network = impl_->store.network(text);
  if (network.predefined) {
    throw error(Kind::kDenied, "{} is a pre-defined network and cannot be removed", network.name);
  }
  // What ended unseen holds no network.
  for (const EndpointRecord& endpoint : impl_->store.endpoints_in(network.id)) {
    const auto record = impl_->store.container(endpoint.container);
    if (record && !impl_->is_running(*record)) {
      static_cast<void>(impl_->try_lock_container(record->id));
    }
  }
  const UniqueFd lock =
      image::lock_file(impl_->options.root / "networks.lock", image::LockMode::kExclusive);
  {
    Transaction transaction(impl_->store.database());
    for (const EndpointRecord& endpoint : impl_->store.endpoints_in(network.id)) {
      if (!endpoint.ip.empty()) {
        throw error(Kind::kConflict, "network {} has active endpoints", network.name);
      }
      impl_->store.erase_endpoint(endpoint.container, network.id);
    }
    impl_->store.erase_network(network.id);
    transaction.commit();
  }
  if (!network.subnet.empty()) {
    impl_->with_networks([&](network::Networks& kernel) { kernel.remove(Impl::spec_of(network)); });
  }
  impl_->event("network", "destroy", network.id, {{"name", network.name}});
}

void Engine::connect(const NetworkAttachment& attachment, const std::string& container) {
  const NetworkRecord network = impl_->store.network(attachment.network);
  if (network.driver != "bridge") {
    throw error(Kind::kConflict, "container cannot be connected to network {}", network.name);
  }
  Impl::check_attachment(network, attachment);
  const Locked locked = impl_->lock_container(container);
  const ContainerRecord& record = locked.record;
  const std::string& mode = record.request.network_mode;
  if (mode == "host" || mode.starts_with("container:")) {
    throw error(Kind::kConflict,
                "a container that shares a network namespace ({}) joins no network", mode);
  }
  std::vector<EndpointRecord> endpoints = impl_->store.endpoints_of(record.id);
  for (const EndpointRecord& each : endpoints) {
    if (each.network == network.id) {
      throw error(Kind::kConflict, "endpoint with name {} already exists in network {}",
                  record.name, network.name);
    }
  }
  const EndpointRecord endpoint{.container = record.id,
                                .network = network.id,
                                .network_name = network.name,
                                .aliases = attachment.aliases,
                                .wanted_ip = attachment.ip,
                                .wanted_mac = attachment.mac};
  impl_->store.save(endpoint);
  if (record.phase == Phase::kRunning) {
    const bool first = std::none_of(endpoints.begin(), endpoints.end(),
                                    [](const auto& each) { return !each.gateway.empty(); });
    try {
      Impl::Joining joining{.network = impl_->ensure_network(network.id), .endpoint = endpoint};
      impl_->write_records([&] { impl_->lease(joining); });
      impl_->store.save(
          impl_->attach_one(record, std::move(joining), network_namespace_of(record).get(),
                            free_interface(endpoints), first && !network.internal, false));
    } catch (...) {
      impl_->store.erase_endpoint(record.id, network.id);
      throw;
    }
    impl_->refresh_hosts(network.id);
  }
  impl_->event("network", "connect", network.id,
               {{"container", record.id}, {"name", network.name}, {"type", "bridge"}});
}

void Engine::disconnect(const std::string& text, const std::string& container, bool force) {
  const NetworkRecord network = impl_->store.network(text);
  const Locked locked = impl_->lock_container(container);
  const std::vector<EndpointRecord> endpoints = impl_->store.endpoints_of(locked.record.id);
  const auto endpoint = std::find_if(endpoints.begin(), endpoints.end(),
                                     [&](const auto& each) { return each.network == network.id; });
  if (endpoint == endpoints.end()) {
    if (force) return;
    throw error(Kind::kNotFound, "container {} is not connected to network {}", locked.record.id,
                network.name);
  }
  if (!endpoint->ip.empty()) impl_->detach(*endpoint, network::HostLink::kDelete);
  impl_->store.erase_endpoint(locked.record.id, network.id);
  impl_->refresh_hosts(network.id);
  impl_->event("network", "disconnect", network.id,
               {{"container", locked.record.id}, {"name", network.name}, {"type", "bridge"}});
}

PruneResult Engine::prune_networks(const Filters& filters) {
  check_filters(filters, {"until", "label", "label!"});
  PruneResult result;
  for (const NetworkRecord& network : impl_->store.networks()) {
    if (network.predefined || !impl_->store.endpoints_in(network.id).empty()) continue;
    if (!may_go(filters, network.created, network.labels)) continue;
    remove_network(network.id);
    result.deleted.push_back(network.name);
  }
  return result;
}

void Engine::release_networks() {
  const UniqueFd lock =
      image::lock_file(impl_->options.root / "networks.lock", image::LockMode::kExclusive);
  for (const NetworkRecord& network : impl_->store.networks()) {
    if (network.subnet.empty()) continue;
    const std::vector<EndpointRecord> endpoints = impl_->store.endpoints_in(network.id);
    const auto in_use = [](const EndpointRecord& endpoint) { return !endpoint.ip.empty(); };
    if (std::any_of(endpoints.begin(), endpoints.end(), in_use)) continue;
    impl_->with_networks([&](network::Networks& kernel) { kernel.remove(Impl::spec_of(network)); });
  }
}

}  // namespace seatrial::core
