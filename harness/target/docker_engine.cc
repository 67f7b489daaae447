#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "engine/base/error.h"
#include "harness/core/deadline_scale.h"
#include "harness/target/docker_json.h"
#include "harness/target/engine_target.h"

namespace seatrial::harness {
namespace {

using nlohmann::json;
using namespace std::chrono_literals;

json mount_json(const MountDraft& mount) {
  json document{{"Type", mount.type}, {"Target", mount.target}, {"ReadOnly", mount.read_only}};
  if (!mount.source.empty()) document["Source"] = mount.source;
  if (mount.no_copy) document["VolumeOptions"] = {{"NoCopy", true}};
  if (!mount.propagation.empty()) {
    document["BindOptions"] = {{"Propagation", mount.propagation}};
  }
  return document;
}

// Limits that need no CAP_SYS_RESOURCE, which hosts of tests may lack: podman's own default does.
json ulimits(const std::vector<UlimitDraft>& wanted) {
  std::map<std::string, UlimitDraft> limits;
  for (const char* name : {"nofile", "nproc"}) {
    limits[name] = {.name = name, .soft = 1000, .hard = 1000};
  }
  for (const UlimitDraft& each : wanted) limits[each.name] = each;
  json list = json::array();
  for (const auto& [name, limit] : limits) {
    list.push_back({{"Name", name}, {"Soft", limit.soft}, {"Hard", limit.hard}});
  }
  return list;
}

json device_json(const std::string& path) {
  return {{"PathOnHost", path}, {"PathInContainer", path}, {"CgroupPermissions", "rwm"}};
}

void add_security(const ContainerDraft& draft, json& document) {
  if (draft.privileged) document["Privileged"] = true;
  if (draft.read_only) document["ReadonlyRootfs"] = true;
  if (!draft.cap_add.empty()) document["CapAdd"] = draft.cap_add;
  if (!draft.cap_drop.empty()) document["CapDrop"] = draft.cap_drop;
  for (const std::string& option : draft.security_opt) {
    // Of docker's command line, which turns it into lists of no paths.
    if (option == "systempaths=unconfined") {
      document["MaskedPaths"] = document["ReadonlyPaths"] = json::array();
    } else {
      document["SecurityOpt"].push_back(option);
    }
  }
  if (!draft.group_add.empty()) document["GroupAdd"] = draft.group_add;
  for (const std::string& path : draft.devices) document["Devices"].push_back(device_json(path));
  if (!draft.device_cgroup_rules.empty()) {
    document["DeviceCgroupRules"] = draft.device_cgroup_rules;
  }
  if (!draft.pid_mode.empty()) document["PidMode"] = draft.pid_mode;
  if (!draft.ipc_mode.empty()) document["IpcMode"] = draft.ipc_mode;
}

void add_limits(const ContainerDraft& draft, json& document) {
  document["Ulimits"] = ulimits(draft.ulimits);
  if (draft.memory != 0) document["Memory"] = draft.memory;
  if (draft.memory_swap != 0) document["MemorySwap"] = draft.memory_swap;
  if (draft.nano_cpus != 0) document["NanoCpus"] = draft.nano_cpus;
  if (draft.pids_limit != 0) document["PidsLimit"] = draft.pids_limit;
  if (draft.oom_score_adj != 0) document["OomScoreAdj"] = draft.oom_score_adj;
  for (const DeviceRateDraft& each : draft.device_write_bps) {
    document["BlkioDeviceWriteBps"].push_back({{"Path", each.path}, {"Rate", each.rate}});
  }
  if (!draft.storage_opt.empty()) document["StorageOpt"] = draft.storage_opt;
  if (draft.shm_size != 0) document["ShmSize"] = draft.shm_size;
  if (!draft.tmpfs.empty()) document["Tmpfs"] = draft.tmpfs;
  if (!draft.sysctls.empty()) document["Sysctls"] = draft.sysctls;
  if (!draft.log_opts.empty()) {
    document["LogConfig"] = {{"Type", "json-file"}, {"Config", draft.log_opts}};
  }
}

std::string host_port_text(const PublishDraft& port) {
  if (port.host_port == 0) return "";
  if (port.host_port_last == 0) return std::to_string(port.host_port);
  return fmt::format("{}-{}", port.host_port, port.host_port_last);
}

json host_config(const ContainerDraft& draft) {
  json document{{"NetworkMode", draft.network}};
  for (const MountDraft& mount : draft.mounts) document["Mounts"].push_back(mount_json(mount));
  if (!draft.volumes_from.empty()) document["VolumesFrom"] = draft.volumes_from;
  for (const PublishDraft& each : draft.ports) {
    document["PortBindings"][fmt::format("{}/{}", each.port, each.protocol)].push_back(
        {{"HostIp", each.host_ip}, {"HostPort", host_port_text(each)}});
  }
  if (draft.publish_all) document["PublishAllPorts"] = true;
  if (!draft.dns.empty()) document["Dns"] = draft.dns;
  if (!draft.extra_hosts.empty()) document["ExtraHosts"] = draft.extra_hosts;
  if (draft.init) document["Init"] = true;
  if (!draft.restart.empty()) {
    document["RestartPolicy"] = {{"Name", draft.restart},
                                 {"MaximumRetryCount", draft.restart_tries}};
  }
  add_security(draft, document);
  add_limits(draft, document);
  return document;
}

json create_document(const ContainerDraft& draft) {
  json document{{"Image", draft.image}, {"HostConfig", host_config(draft)}};
  if (draft.entrypoint) document["Entrypoint"] = *draft.entrypoint;
  if (!draft.cmd.empty()) document["Cmd"] = draft.cmd;
  if (!draft.env.empty()) document["Env"] = draft.env;
  if (!draft.user.empty()) document["User"] = draft.user;
  if (!draft.working_dir.empty()) document["WorkingDir"] = draft.working_dir;
  if (!draft.hostname.empty()) document["Hostname"] = draft.hostname;
  if (!draft.labels.empty()) document["Labels"] = draft.labels;
  if (draft.tty) document["Tty"] = true;
  if (!draft.stop_signal.empty()) document["StopSignal"] = draft.stop_signal;
  if (!draft.mac.empty()) document["MacAddress"] = draft.mac;
  for (const PublishDraft& each : draft.ports) {
    document["ExposedPorts"][fmt::format("{}/{}", each.port, each.protocol)] = json::object();
  }
  for (const std::string& port : draft.exposed) document["ExposedPorts"][port] = json::object();
  if (!draft.aliases.empty() || !draft.ip.empty()) {
    json& endpoint = document["NetworkingConfig"]["EndpointsConfig"][draft.network];
    if (!draft.aliases.empty()) endpoint["Aliases"] = draft.aliases;
    if (!draft.ip.empty()) endpoint["IPAMConfig"] = {{"IPv4Address", draft.ip}};
  }
  return document;
}

class DockerEngine : public EngineTarget {
 public:
  explicit DockerEngine(const DockerClient& client) : client_(client) {}

  std::string name() override { return identity().name; }
  std::string version() override { return identity().version; }

  std::string create(const ContainerDraft& draft) override {
    return client_.create(create_document(draft).dump(), draft.name);
  }
  void start(const std::string& container) override { client_.start(container); }
  void stop(const std::string& container, std::chrono::seconds grace) override {
    client_.stop(container, grace);
  }
  void restart(const std::string& container, std::chrono::seconds grace) override {
    post(fmt::format("/containers/{}/restart?t={}", container, grace.count()), "restart");
  }
  void kill(const std::string& container, int signal) override {
    client_.kill(container, std::to_string(signal));
  }
  void pause(const std::string& container) override { client_.pause(container); }
  void unpause(const std::string& container) override { client_.unpause(container); }
  void rename(const std::string& container, const std::string& name) override {
    post(fmt::format("/containers/{}/rename?name={}", container, url_escaped(name)), "rename");
  }
  int wait(const std::string& container, Milliseconds timeout) override {
    return client_.wait(container, timeout);
  }
  void remove(const std::string& container, const DockerRemoval& options) override {
    client_.remove(container, options);
  }
  std::string inspect(const std::string& container) override { return client_.inspect(container); }
  std::vector<std::string> list(bool all, const Filters& filters) override {
    return members(client_.list(all, filters.empty() ? "" : json(filters).dump()), "Id");
  }
  DockerOutput logs(const std::string& container, const DockerLogs& options) override {
    return client_.logs(container, options, scaled(10s));
  }
  DockerExecEnd exec(const std::string& container, const DockerExec& program) override {
    return client_.exec(container, program, scaled(10s));
  }
  std::vector<std::vector<std::string>> top(const std::string& container) override {
    const std::string body =
        client_.call({.target = "/containers/" + container + "/top"}, "top " + container);
    return parsed(body, "top").at("Processes").get<std::vector<std::vector<std::string>>>();
  }
  std::string archive(const std::string& container, const std::string& path) override {
    return client_.archive(container, path);
  }
  void put_archive(const std::string& container, const std::string& path,
                   const std::string& tar) override {
    client_.put_archive(container, path, tar);
  }

  void load_image(const std::filesystem::path& archive) override { client_.load_image(archive); }
  std::string inspect_image(const std::string& image) override {
    return client_.inspect_image(image);
  }
  void tag_image(const std::string& image, const std::string& repository,
                 const std::string& tag) override {
    client_.tag_image(image, repository, tag);
  }
  void remove_image(const std::string& image, bool force) override {
    client_.remove_image(image, force);
  }

  std::string create_network(const NetworkDraft& draft) override {
    json document{{"Name", draft.name}, {"CheckDuplicate", true}, {"Internal", draft.internal}};
    if (!draft.labels.empty()) document["Labels"] = draft.labels;
    if (!draft.subnet.empty()) {
      json pool{{"Subnet", draft.subnet}};
      if (!draft.gateway.empty()) pool["Gateway"] = draft.gateway;
      document["IPAM"]["Config"] = {std::move(pool)};
    }
    return client_.create_network(document.dump());
  }
  std::string inspect_network(const std::string& network) override {
    return client_.inspect_network(network);
  }
  std::vector<std::string> networks() override { return members(client_.networks(), "Name"); }
  void connect(const std::string& network, const std::string& container,
               const EndpointDraft& draft) override {
    json document{{"Container", container}};
    if (!draft.aliases.empty()) document["EndpointConfig"]["Aliases"] = draft.aliases;
    if (!draft.ip.empty()) {
      document["EndpointConfig"]["IPAMConfig"] = {{"IPv4Address", draft.ip}};
    }
    client_.connect_network(network, document.dump());
  }
  void disconnect(const std::string& network, const std::string& container) override {
    client_.disconnect_network(network, json{{"Container", container}}.dump());
  }
  void remove_network(const std::string& network) override { client_.remove_network(network); }

  std::string create_volume(const VolumeDraft& draft) override {
    json document = json::object();
    if (!draft.name.empty()) document["Name"] = draft.name;
    if (!draft.labels.empty()) document["Labels"] = draft.labels;
    if (!draft.options.empty()) document["DriverOpts"] = draft.options;
    return client_.create_volume(document.dump());
  }
  std::string inspect_volume(const std::string& volume) override {
    return client_.inspect_volume(volume);
  }
  std::vector<std::string> volumes() override {
    const json document = parsed(client_.volumes(), "list volumes");
    return document["Volumes"].is_array() ? members(document["Volumes"].dump(), "Name")
                                          : std::vector<std::string>{};
  }
  void remove_volume(const std::string& volume, bool force) override {
    client_.remove_volume(volume, force);
  }

 private:
  struct Identity {
    std::string name;
    std::string version;
  };

  // Asked once. The ping tells it, too, and podman runs dpkg for a second to answer /version; who
  // stands between may put another name there, though.
  const Identity& identity() {
    if (!identity_.name.empty()) return identity_;
    const std::string server = client_.ping().server;
    const auto version_after = [&](std::string_view head) {
      return server.substr(head.size(), server.find(' ') - head.size());
    };
    if (server.starts_with("Docker/")) {
      identity_ = {.name = "docker", .version = version_after("Docker/")};
    } else if (server.starts_with("Libpod/")) {
      identity_ = {.name = "podman", .version = version_after("Libpod/")};
    } else {
      const json document = parsed(client_.version(), "ask the version");
      const std::string components = document.value("Components", json::array()).dump();
      identity_ = {.name = components.find("Podman") != components.npos ? "podman" : "docker",
                   .version = document.value("Version", "unknown")};
    }
    return identity_;
  }

  void post(const std::string& target, const std::string& doing) const {
    client_.call({.method = "POST", .target = target}, doing, scaled(30s));
  }

  static std::vector<std::string> members(const std::string& array, const char* name) {
    std::vector<std::string> values;
    for (const json& each : parsed(array, "list")) values.push_back(each.at(name));
    return values;
  }

  DockerClient client_;
  Identity identity_;
};

}  // namespace

std::unique_ptr<EngineTarget> make_docker_engine(const DockerClient& client) {
  return std::make_unique<DockerEngine>(client);
}

}  // namespace seatrial::harness
