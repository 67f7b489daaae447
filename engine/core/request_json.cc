#include "engine/core/request_json.h"

#include <fmt/format.h>

#include <charconv>
#include <nlohmann/json.hpp>

#include "engine/base/error.h"

namespace seatrial::core {
namespace {

using Json = nlohmann::json;

// The member `key` into `field`; absent and null leave the field as it is.
template <typename Field>
void read(const Json& object, const char* key, Field& field) {
  const auto member = object.find(key);
  if (member == object.end() || member->is_null()) return;
  try {
    member->get_to(field);
  } catch (const Json::exception&) {
    throw error(Kind::kInvalidArgument, "{} is {}, which is of the wrong type", key,
                member->dump());
  }
}

template <typename Value>
void read(const Json& object, const char* key, std::optional<Value>& field) {
  const auto member = object.find(key);
  if (member == object.end() || member->is_null()) return;
  Value value{};
  read(object, key, value);
  field = std::move(value);
}

const Json& child(const Json& object, const char* key) {
  static const Json kNone = Json::object();
  const auto member = object.find(key);
  if (member == object.end() || member->is_null()) return kNone;
  if (!member->is_object() && !member->is_array()) {
    throw error(Kind::kInvalidArgument, "{} is {}, which is of the wrong type", key,
                member->dump());
  }
  return *member;
}

std::uint16_t port_number(std::string_view text, std::string_view whole) {
  std::uint16_t number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc() || end != text.data() + text.size()) {
    throw error(Kind::kInvalidArgument, "\"{}\" is not a port", whole);
  }
  return number;
}

// "8080", or "8000-8003": one that is free of these.
void read_host_port(std::string_view text, PortBinding& binding) {
  if (text.empty()) return;
  const std::size_t dash = text.find('-');
  binding.host_port = port_number(text.substr(0, dash), text);
  if (dash == std::string_view::npos) return;
  binding.host_port_last = port_number(text.substr(dash + 1), text);
  if (binding.host_port == 0 || binding.host_port_last < binding.host_port) {
    throw error(Kind::kInvalidArgument, "\"{}\" is not a range of ports", text);
  }
}

std::string host_port_text(const PortBinding& port) {
  if (port.host_port == 0) return "";
  if (port.host_port_last == 0) return std::to_string(port.host_port);
  return fmt::format("{}-{}", port.host_port, port.host_port_last);
}

Json mount_json(const volume::MountSpec& mount) {
  Json json{{"Type", volume::to_string(mount.type)},
            {"Source", mount.source},
            {"Target", mount.target},
            {"ReadOnly", mount.read_only}};
  if (mount.type == volume::MountType::kBind) {
    json["BindOptions"] = {{"Propagation", mount.propagation},
                           {"NonRecursive", !mount.recursive},
                           {"CreateMountpoint", mount.create_source}};
  } else if (mount.type == volume::MountType::kVolume) {
    json["VolumeOptions"] = {
        {"NoCopy", mount.no_copy}, {"Labels", mount.labels}, {"Subpath", mount.subpath}};
  } else {
    json["TmpfsOptions"] = {{"SizeBytes", mount.tmpfs_size}, {"Text", mount.tmpfs_options}};
    if (mount.tmpfs_mode) json["TmpfsOptions"]["Mode"] = *mount.tmpfs_mode;
  }
  return json;
}

volume::MountSpec read_mount(const Json& json) {
  volume::MountSpec mount;
  std::string type = "volume";
  read(json, "Type", type);
  if (type == "bind") {
    mount.type = volume::MountType::kBind;
  } else if (type == "tmpfs") {
    mount.type = volume::MountType::kTmpfs;
  } else if (type != "volume") {
    throw error(Kind::kInvalidArgument, "\"{}\" is not a type of mount (volume, bind, tmpfs)",
                type);
  }
  read(json, "Source", mount.source);
  read(json, "Target", mount.target);
  read(json, "ReadOnly", mount.read_only);
  const Json& bind = child(json, "BindOptions");
  read(bind, "Propagation", mount.propagation);
  bool non_recursive = false;
  read(bind, "NonRecursive", non_recursive);
  mount.recursive = !non_recursive;
  read(bind, "CreateMountpoint", mount.create_source);
  const Json& options = child(json, "VolumeOptions");
  read(options, "NoCopy", mount.no_copy);
  read(options, "Labels", mount.labels);
  read(options, "Subpath", mount.subpath);
  const Json& tmpfs = child(json, "TmpfsOptions");
  read(tmpfs, "SizeBytes", mount.tmpfs_size);
  read(tmpfs, "Mode", mount.tmpfs_mode);
  read(tmpfs, "Text", mount.tmpfs_options);
  volume::check(mount);
  return mount;
}

void read_config(const Json& json, ContainerRequest& request) {
  read(json, "Image", request.image);
  read(json, "Entrypoint", request.entrypoint);
  read(json, "Cmd", request.cmd);
  read(json, "Env", request.env);
  read(json, "User", request.user);
  read(json, "WorkingDir", request.working_dir);
  read(json, "Hostname", request.hostname);
  read(json, "Domainname", request.domainname);
  read(json, "Labels", request.labels);
  read(json, "Tty", request.tty);
  read(json, "OpenStdin", request.open_stdin);
  read(json, "StdinOnce", request.stdin_once);
  read(json, "AttachStdin", request.attach_stdin);
  read(json, "AttachStdout", request.attach_stdout);
  read(json, "AttachStderr", request.attach_stderr);
  read(json, "StopSignal", request.stop_signal);
  read(json, "StopTimeout", request.stop_timeout);
  for (const auto& [port, nothing] : child(json, "ExposedPorts").items()) {
    request.exposed_ports.push_back(port);
  }
  for (const auto& [target, nothing] : child(json, "Volumes").items()) {
    request.mounts.push_back(volume::parse_volume_option(target));
  }
}

void read_rates(const Json& json, const char* key, std::vector<DeviceRate>& rates) {
  for (const Json& device : child(json, key)) {
    DeviceRate& entry = rates.emplace_back();
    read(device, "Path", entry.path);
    read(device, "Rate", entry.rate);
  }
}

void read_resources(const Json& json, ResourceLimits& limits) {
  read(json, "Memory", limits.memory);
  read(json, "MemorySwap", limits.memory_swap);
  read(json, "MemoryReservation", limits.memory_reservation);
  std::optional<std::int64_t> swappiness;  // -1: silence
  read(json, "MemorySwappiness", swappiness);
  if (swappiness.value_or(-1) >= 0) {
    limits.memory_swappiness = static_cast<std::uint64_t>(*swappiness);
  }
  read(json, "NanoCpus", limits.nano_cpus);
  read(json, "CpuShares", limits.cpu_shares);
  read(json, "CpuPeriod", limits.cpu_period);
  read(json, "CpuQuota", limits.cpu_quota);
  read(json, "CpusetCpus", limits.cpuset_cpus);
  read(json, "CpusetMems", limits.cpuset_mems);
  read(json, "PidsLimit", limits.pids_limit);
  read(json, "OomKillDisable", limits.oom_kill_disable);
  read(json, "OomScoreAdj", limits.oom_score_adj);
  read_rates(json, "BlkioDeviceReadBps", limits.device_read_bps);
  read_rates(json, "BlkioDeviceWriteBps", limits.device_write_bps);
  read_rates(json, "BlkioDeviceReadIOps", limits.device_read_iops);
  read_rates(json, "BlkioDeviceWriteIOps", limits.device_write_iops);
}

void read_lists(const Json& json, ContainerRequest& request) {
  for (const Json& mount : child(json, "Mounts")) request.mounts.push_back(read_mount(mount));
  for (const Json& bind : child(json, "Binds")) {
    request.mounts.push_back(volume::parse_volume_option(bind.get<std::string>()));
  }
  for (const auto& [target, options] : child(json, "Tmpfs").items()) {
    const auto text = options.get<std::string>();
    request.mounts.push_back(
        volume::parse_tmpfs_option(text.empty() ? target : target + ":" + text));
  }
  for (const auto& [port, bindings] : child(json, "PortBindings").items()) {
    for (const Json& binding : bindings) {
      PortBinding entry = parse_port(port);
      read(binding, "HostIp", entry.host_ip);
      std::string host_port;
      read(binding, "HostPort", host_port);
      read_host_port(host_port, entry);
      request.ports.push_back(std::move(entry));
    }
  }
  for (const Json& ulimit : child(json, "Ulimits")) {
    Ulimit& entry = request.ulimits.emplace_back();
    read(ulimit, "Name", entry.name);
    read(ulimit, "Soft", entry.soft);
    read(ulimit, "Hard", entry.hard);
  }
  for (const Json& device : child(json, "Devices")) {
    DeviceMapping& entry = request.devices.emplace_back();
    read(device, "PathOnHost", entry.path_on_host);
    read(device, "PathInContainer", entry.path_in_container);
    read(device, "CgroupPermissions", entry.permissions);
  }
}

void read_host_config(const Json& json, ContainerRequest& request) {
  read_lists(json, request);
  read_resources(json, request.resources);
  read(json, "StorageOpt", request.storage_opt);
  read(json, "VolumesFrom", request.volumes_from);
  read(json, "PublishAllPorts", request.publish_all_ports);
  read(json, "NetworkMode", request.network_mode);
  if (request.network_mode.empty()) request.network_mode = "default";
  read(json, "Dns", request.dns);
  read(json, "DnsSearch", request.dns_search);
  read(json, "DnsOptions", request.dns_options);
  read(json, "ExtraHosts", request.extra_hosts);
  read(json, "AutoRemove", request.auto_remove);
  read(json, "Privileged", request.privileged);
  read(json, "ReadonlyRootfs", request.read_only_rootfs);
  read(json, "Init", request.init);
  read(json, "CapAdd", request.cap_add);
  read(json, "CapDrop", request.cap_drop);
  read(json, "SecurityOpt", request.security_opt);
  read(json, "GroupAdd", request.group_add);
  read(json, "DeviceCgroupRules", request.device_cgroup_rules);
  read(json, "Sysctls", request.sysctls);
  read(json, "PidMode", request.pid_mode);
  read(json, "IpcMode", request.ipc_mode);
  read(json, "UTSMode", request.uts_mode);
  read(json, "CgroupnsMode", request.cgroupns_mode);
  read(json, "CgroupParent", request.cgroup_parent);
  std::uint64_t shm_size = 0;  // 0 says "the default", as silence does
  read(json, "ShmSize", shm_size);
  if (shm_size != 0) request.shm_size = shm_size;
  const Json& log = child(json, "LogConfig");
  read(log, "Type", request.log_driver);
  if (request.log_driver.empty()) request.log_driver = "json-file";
  read(log, "Config", request.log_opts);
  const Json& restart = child(json, "RestartPolicy");
  read(restart, "Name", request.restart_policy.name);
  if (request.restart_policy.name.empty()) request.restart_policy.name = "no";
  read(restart, "MaximumRetryCount", request.restart_policy.maximum_retry_count);
  const Json& console = child(json, "ConsoleSize");
  if (console.is_array() && console.size() == 2) {
    console[0].get_to(request.console_height);
    console[1].get_to(request.console_width);
  }
}

void read_networks(const Json& json, ContainerRequest& request) {
  for (const auto& [network, endpoint] : child(json, "EndpointsConfig").items()) {
    NetworkAttachment& entry = request.networks.emplace_back();
    entry.network = network;
    if (endpoint.is_null()) continue;
    read(endpoint, "Aliases", entry.aliases);
    read(endpoint, "MacAddress", entry.mac);
    read(child(endpoint, "IPAMConfig"), "IPv4Address", entry.ip);
  }
}

Json rates_json(const std::vector<DeviceRate>& rates) {
  Json json = Json::array();
  for (const DeviceRate& device : rates) {
    json.push_back({{"Path", device.path}, {"Rate", device.rate}});
  }
  return json;
}

Json resources_json(const ResourceLimits& limits) {
  Json json{{"Memory", limits.memory},
            {"MemorySwap", limits.memory_swap},
            {"MemoryReservation", limits.memory_reservation},
            {"MemorySwappiness", nullptr},
            {"NanoCpus", limits.nano_cpus},
            {"CpuShares", limits.cpu_shares},
            {"CpuPeriod", limits.cpu_period},
            {"CpuQuota", limits.cpu_quota},
            {"CpusetCpus", limits.cpuset_cpus},
            {"CpusetMems", limits.cpuset_mems},
            {"PidsLimit", limits.pids_limit},
            {"OomKillDisable", limits.oom_kill_disable},
            {"OomScoreAdj", limits.oom_score_adj},
            {"BlkioDeviceReadBps", rates_json(limits.device_read_bps)},
            {"BlkioDeviceWriteBps", rates_json(limits.device_write_bps)},
            {"BlkioDeviceReadIOps", rates_json(limits.device_read_iops)},
            {"BlkioDeviceWriteIOps", rates_json(limits.device_write_iops)}};
  if (limits.memory_swappiness) json["MemorySwappiness"] = *limits.memory_swappiness;
  return json;
}

void add_lists(const ContainerRequest& request, Json& json) {
  json["Mounts"] = Json::array();
  for (const volume::MountSpec& mount : request.mounts) json["Mounts"].push_back(mount_json(mount));
  json["Ulimits"] = Json::array();
  for (const Ulimit& ulimit : request.ulimits) {
    json["Ulimits"].push_back(
        {{"Name", ulimit.name}, {"Soft", ulimit.soft}, {"Hard", ulimit.hard}});
  }
  json["Devices"] = Json::array();
  for (const DeviceMapping& device : request.devices) {
    json["Devices"].push_back({{"PathOnHost", device.path_on_host},
                               {"PathInContainer", device.path_in_container},
                               {"CgroupPermissions", device.permissions}});
  }
}

}  // namespace

PortBinding parse_port(std::string_view text) {
  const std::size_t slash = text.find('/');
  PortBinding port;
  if (slash != std::string_view::npos) port.protocol = text.substr(slash + 1);
  port.container_port = port_number(text.substr(0, slash), text);
  if (port.container_port == 0 || (port.protocol != "tcp" && port.protocol != "udp")) {
    throw error(Kind::kInvalidArgument, "\"{}\" is not a port with a protocol (tcp, udp)", text);
  }
  return port;
}

std::string port_text(const PortBinding& port) {
  return fmt::format("{}/{}", port.container_port, port.protocol);
}

Json ports_json(const std::vector<PortBinding>& ports) {
  Json json = Json::object();
  for (const PortBinding& port : ports) {
    json[port_text(port)].push_back({{"HostIp", port.host_ip}, {"HostPort", host_port_text(port)}});
  }
  return json;
}

Json config_json(const ContainerRequest& request) {
  Json json{{"Image", request.image},
            {"Entrypoint", nullptr},
            {"Cmd", request.cmd},
            {"Env", request.env},
            {"User", request.user},
            {"WorkingDir", request.working_dir},
            {"Hostname", request.hostname},
            {"Domainname", request.domainname},
            {"Labels", request.labels},
            {"Tty", request.tty},
            {"OpenStdin", request.open_stdin},
            {"StdinOnce", request.stdin_once},
            {"AttachStdin", request.attach_stdin},
            {"AttachStdout", request.attach_stdout},
            {"AttachStderr", request.attach_stderr},
            {"ExposedPorts", Json::object()},
            {"Volumes", nullptr}};
  if (request.entrypoint) json["Entrypoint"] = *request.entrypoint;
  if (!request.stop_signal.empty()) json["StopSignal"] = request.stop_signal;
  if (request.stop_timeout) json["StopTimeout"] = *request.stop_timeout;
  for (const std::string& port : request.exposed_ports) json["ExposedPorts"][port] = Json::object();
  return json;
}

Json host_config_json(const ContainerRequest& request) {
  Json json = resources_json(request.resources);
  add_lists(request, json);
  json.update({{"StorageOpt", request.storage_opt},
               {"VolumesFrom", request.volumes_from},
               {"PortBindings", ports_json(request.ports)},
               {"PublishAllPorts", request.publish_all_ports},
               {"NetworkMode", request.network_mode},
               {"Dns", request.dns},
               {"DnsSearch", request.dns_search},
               {"DnsOptions", request.dns_options},
               {"ExtraHosts", request.extra_hosts},
               {"AutoRemove", request.auto_remove},
               {"Privileged", request.privileged},
               {"ReadonlyRootfs", request.read_only_rootfs},
               {"Init", request.init},
               {"CapAdd", request.cap_add},
               {"CapDrop", request.cap_drop},
               {"SecurityOpt", request.security_opt},
               {"GroupAdd", request.group_add},
               {"DeviceCgroupRules", request.device_cgroup_rules},
               {"Sysctls", request.sysctls},
               {"PidMode", request.pid_mode},
               {"IpcMode", request.ipc_mode},
               {"UTSMode", request.uts_mode},
               {"CgroupnsMode", request.cgroupns_mode},
               {"CgroupParent", request.cgroup_parent},
               {"ShmSize", request.shm_size},
               {"LogConfig", {{"Type", request.log_driver}, {"Config", request.log_opts}}},
               {"RestartPolicy",
                {{"Name", request.restart_policy.name},
                 {"MaximumRetryCount", request.restart_policy.maximum_retry_count}}},
               {"ConsoleSize", {request.console_height, request.console_width}}});
  return json;
}

Json networks_json(const ContainerRequest& request) {
  Json endpoints = Json::object();
  for (const NetworkAttachment& network : request.networks) {
    endpoints[network.network] = {{"Aliases", network.aliases}, {"MacAddress", network.mac}};
    endpoints[network.network]["IPAMConfig"] = {{"IPv4Address", network.ip}};
  }
  return {{"EndpointsConfig", endpoints}};
}

std::string print_request(const ContainerRequest& request) {
  Json json = config_json(request);
  json["HostConfig"] = host_config_json(request);
  json["NetworkingConfig"] = networks_json(request);
  json["Name"] = request.name;
  json["Platform"] = request.platform;
  // What is no UTF-8 (an argument may hold any bytes) cannot be kept in JSON.
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

ContainerRequest parse_request(std::string_view text) {
  try {
    const Json json = Json::parse(text);
    if (!json.is_object()) {
      throw error(Kind::kInvalidArgument, "the container's description is no JSON object");
    }
    ContainerRequest request;
    read(json, "Name", request.name);
    read(json, "Platform", request.platform);
    read_config(json, request);
    read_host_config(child(json, "HostConfig"), request);
    read_networks(child(json, "NetworkingConfig"), request);
    return request;
  } catch (const Json::exception& failure) {
    throw error(Kind::kInvalidArgument, "the container's description: {}", failure.what());
  }
}

}  // namespace seatrial::core
