// inspect as JSON, in Docker's field names.
#include <nlohmann/json.hpp>
#include <set>

#include "engine/core/impl.h"
#include "engine/core/request_json.h"
#include "engine/core/times.h"

namespace seatrial::core {
namespace {

using Json = nlohmann::json;

std::string dump(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace);
}

Json state_json(const ContainerState& state) {
  const bool paused = state.status == ContainerStatus::kPaused;
  return {{"Status", to_string(state.status)},
          {"Running", is_active(state.status)},
          {"Paused", paused},
          {"Restarting", state.status == ContainerStatus::kRestarting},
          {"OOMKilled", state.oom_killed},
          {"Dead", state.status == ContainerStatus::kDead},
          {"Pid", state.pid},
          {"ExitCode", state.exit_code},
          {"Error", state.error},
          {"StartedAt", print_time(state.started_at)},
          {"FinishedAt", print_time(state.finished_at)}};
}

Json mounts_json(const std::vector<MountPoint>& mounts) {
  Json json = Json::array();
  for (const MountPoint& mount : mounts) {
    Json entry{{"Type", volume::to_string(mount.type)},
               {"Source", mount.source},
               {"Destination", mount.destination},
               {"Mode", mount.read_write ? "" : "ro"},
               {"RW", mount.read_write},
               {"Propagation", mount.propagation}};
    if (!mount.name.empty()) {
      entry["Name"] = mount.name;
      entry["Driver"] = "local";
    }
    json.push_back(std::move(entry));
  }
  return json;
}

Json endpoint_json(const EndpointInfo& endpoint) {
  return {{"NetworkID", endpoint.network_id},
          {"EndpointID", endpoint.endpoint_id},
          {"IPAddress", endpoint.ip_address},
          {"IPPrefixLen", endpoint.ip_prefix_length},
          {"Gateway", endpoint.gateway},
          {"MacAddress", endpoint.mac_address},
          {"Aliases", endpoint.aliases},
          {"IPAMConfig", nullptr},
          {"Links", nullptr},
          {"IPv6Gateway", ""},
          {"GlobalIPv6Address", ""},
          {"GlobalIPv6PrefixLen", 0}};
}

// The first network's facts stand at the top as well: what clients read that know only the bridge.
Json network_settings(const ContainerInfo& info) {
  Json ports = ports_json(info.ports);
  for (const std::string& port : info.config.exposed_ports) {
    if (!ports.contains(port)) ports[port] = nullptr;
  }
  Json networks = Json::object();
  for (const EndpointInfo& endpoint : info.networks) {
    networks[endpoint.network] = endpoint_json(endpoint);
  }
  const EndpointInfo first = info.networks.empty() ? EndpointInfo{} : info.networks.front();
  return {{"Ports", ports},
          {"Networks", networks},
          {"IPAddress", first.ip_address},
          {"IPPrefixLen", first.ip_prefix_length},
          {"Gateway", first.gateway},
          {"MacAddress", first.mac_address},
          {"SandboxKey", ""}};
}

}  // namespace

std::string Engine::inspect_json(const std::string& container) {
  const ContainerInfo info = inspect(container);
  Json host = host_config_json(info.config);
  // Docker tells binds of -v apart from --mount.
  host["Binds"] = nullptr;
  Json json{
      {"Id", info.id},
      {"Name", "/" + info.name},
      {"Created", print_time(info.created)},
      {"Path", info.path},
      {"Args", info.args},
      {"State", state_json(info.state)},
      {"Image", info.image_id},
      {"ResolvConfPath", info.resolv_conf_path},
      {"HostnamePath", info.hostname_path},
      {"HostsPath", info.hosts_path},
      {"LogPath", info.log_path},
      {"RestartCount", info.restart_count},
      {"Driver", "overlay"},
      {"Platform", "linux"},
      {"GraphDriver", {{"Name", "overlay"}, {"Data", {{"MergedDir", info.merged_directory}}}}},
      {"HostConfig", host},
      {"Mounts", mounts_json(info.mounts)},
      {"Config", config_json(info.config)},
      {"NetworkSettings", network_settings(info)}};
  return dump(json);
}

std::string Engine::inspect_network_json(const std::string& network) {
  const NetworkInfo info = inspect_network(network);
  Json containers = Json::object();
  for (const auto& [id, endpoint] : info.containers) {
    containers[id] = {
        {"Name", impl_->find(id).name},
        {"EndpointID", endpoint.endpoint_id},
        {"MacAddress", endpoint.mac_address},
        {"IPv4Address", endpoint.ip_address + "/" + std::to_string(endpoint.ip_prefix_length)},
        {"IPv6Address", ""}};
  }
  Json config = Json::array();
  if (!info.subnet.empty()) config.push_back({{"Subnet", info.subnet}, {"Gateway", info.gateway}});
  if (!info.ip_range.empty()) config.back()["IPRange"] = info.ip_range;
  return dump({{"Name", info.name},
               {"Id", info.id},
               {"Created", print_time(info.created)},
               {"Scope", info.scope},
               {"Driver", info.driver},
               {"EnableIPv6", false},
               {"IPAM", {{"Driver", "default"}, {"Options", nullptr}, {"Config", config}}},
               {"Internal", info.internal},
               {"Attachable", false},
               {"Ingress", false},
               {"Containers", containers},
               {"Options", info.options},
               {"Labels", info.labels}});
}

std::string Engine::inspect_volume_json(const std::string& volume) {
  const VolumeInfo info = inspect_volume(volume);
  return dump({{"Name", info.name},
               {"Driver", info.driver},
               {"Mountpoint", info.mountpoint},
               {"CreatedAt", print_time(info.created)},
               {"Labels", info.labels},
               {"Options", nullptr},
               {"Scope", "local"}});
}

std::string Engine::inspect_image_json(const std::string& image) {
  const ImageSummary summary = inspect_image(image);
  const spec::ImageConfig config = impl_->images.find(image).config;
  const spec::RunConfig& run = config.config;
  Json layers = Json::array();
  for (const spec::Digest& diff_id : config.diff_ids) layers.push_back(diff_id.text());
  const auto set_of = [](const std::set<std::string>& names) {
    Json json = Json::object();
    for (const std::string& name : names) json[name] = Json::object();
    return json;
  };
  return dump({{"Id", summary.id},
               {"RepoTags", summary.repo_tags},
               {"RepoDigests", summary.repo_digests},
               {"Parent", ""},
               {"Created", config.created},
               {"Author", config.author},
               {"Architecture", config.architecture},
               {"Variant", config.variant},
               {"Os", config.os},
               {"Size", summary.size},
               {"VirtualSize", summary.size},
               {"Config",
                {{"User", run.user},
                 {"Env", run.env},
                 {"Entrypoint", run.entrypoint},
                 {"Cmd", run.cmd},
                 {"WorkingDir", run.working_dir},
                 {"Volumes", set_of(run.volumes)},
                 {"ExposedPorts", set_of(run.exposed_ports)},
                 {"Labels", run.labels},
                 {"StopSignal", run.stop_signal}}},
               {"RootFS", {{"Type", "layers"}, {"Layers", layers}}}});
}

}  // namespace seatrial::core
