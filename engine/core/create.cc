// create: the record, the writable layer, the volumes. Nothing runs.
#include <arpa/inet.h>
#include <fmt/ranges.h>
#include <sys/stat.h>
#include <sys/utsname.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <initializer_list>
#include <set>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/base/size.h"
#include "engine/base/undo.h"
#include "engine/core/compose_config.h"
#include "engine/core/impl.h"
#include "engine/core/names.h"
#include "engine/core/request_json.h"
#include "engine/core/restart.h"
#include "engine/security/request.h"
#include "engine/spec/names.h"

namespace seatrial::core {
namespace {

namespace fs = std::filesystem;

void refuse_what_is_missing(const ContainerRequest& request) {
  if (request.log_driver != "json-file" && request.log_driver != "none") {
    throw error(Kind::kUnsupported, "the log driver {} is not there; json-file and none are",
                request.log_driver);
  }
}

void check_mode(std::string_view what, const std::string& mode,
                std::initializer_list<std::string_view> known, bool of_a_container) {
  if (mode.empty() || std::find(known.begin(), known.end(), mode) != known.end()) return;
  if (of_a_container && mode.starts_with(kContainerPrefix)) return;
  throw error(Kind::kInvalidArgument, "invalid {} mode: {} (there is {}{})", what, mode,
              fmt::join(known, ", "), of_a_container ? ", container:ID" : "");
}

// A mode that is not known would be taken for the default, which shares more or less than was
// meant.
void check_modes(const ContainerRequest& request) {
  check_mode("PID", request.pid_mode, {"host"}, true);
  check_mode("IPC", request.ipc_mode, {"private", "shareable", "host", "none"}, true);
  check_mode("UTS", request.uts_mode, {"host"}, false);
  check_mode("cgroup namespace", request.cgroupns_mode, {"private", "host"}, false);
  if (request.uts_mode == "host" && !request.hostname.empty()) {
    throw error(Kind::kInvalidArgument, "conflicting options: hostname and the UTS mode");
  }
  for (const std::string& server : request.dns) {
    std::array<unsigned char, sizeof(in6_addr)> address{};
    if (::inet_pton(AF_INET, server.c_str(), address.data()) == 1) continue;
    if (::inet_pton(AF_INET6, server.c_str(), address.data()) == 1) continue;
    throw error(Kind::kInvalidArgument, "{} is not an ip address", server);
  }
}

// A positive number without a sign, of which at most nine digits are needed.
bool is_count(const std::string& text) {
  return !text.empty() && text.size() < 10 && text != "0" &&
         text.find_first_not_of("0123456789") == std::string::npos;
}

void check_log(const ContainerRequest& request) {
  for (const auto& [key, value] : request.log_opts) {
    if (request.log_driver != "json-file" || (key != "max-size" && key != "max-file")) {
      throw error(Kind::kInvalidArgument, "unknown log opt '{}' for {} log driver", key,
                  request.log_driver);
    }
    const bool valid =
        key == "max-file" ? is_count(value) : value == "-1" || parse_size(value).value_or(0) > 0;
    if (!valid) throw error(Kind::kInvalidArgument, "invalid value for {}: {}", key, value);
  }
}

void check_restart(const ContainerRequest& request) {
  check_restart_policy(request.restart_policy);
  if (request.auto_remove && restarts(request.restart_policy)) {
    throw error(Kind::kInvalidArgument, "can't create 'AutoRemove' container with restart policy");
  }
}

void check_request(const ContainerRequest& request) {
  refuse_what_is_missing(request);
  check_log(request);
  check_restart(request);
  static_cast<void>(rlimits_of(request.ulimits));
  static_cast<void>(
      security::capabilities_of({.cap_add = request.cap_add, .cap_drop = request.cap_drop}));
  check_modes(request);
  if (!request.name.empty() && !is_container_name(request.name)) {
    throw error(Kind::kInvalidArgument,
                "Invalid container name ({}), only [a-zA-Z0-9][a-zA-Z0-9_.-]+ is allowed",
                request.name);
  }
  if (!request.working_dir.empty() && request.working_dir.front() != '/') {
    throw error(Kind::kInvalidArgument,
                "the working directory '{}' is invalid, it needs to be an absolute path",
                request.working_dir);
  }
  if (!request.stop_signal.empty() && !spec::signal_number(request.stop_signal)) {
    throw error(Kind::kInvalidArgument, "Invalid signal: {}", request.stop_signal);
  }
  check_memory(request.resources);
  if (!request.storage_opt.empty()) {
    const auto& [key, value] = *request.storage_opt.begin();
    throw error(Kind::kUnsupported,
                "--storage-opt {}={}: what a container writes beside its volumes cannot be bounded "
                "on this host",
                key, value);
  }
  for (std::size_t at = 0; at < request.mounts.size(); ++at) {
    volume::check(request.mounts[at]);
    for (std::size_t other = 0; other < at; ++other) {
      if (request.mounts[at].target == request.mounts[other].target) {
        throw error(Kind::kInvalidArgument, "Duplicate mount point: {}", request.mounts[at].target);
      }
    }
  }
  // What a record says must be readable again.
  for (const PortBinding& port : request.ports) parse_port(port_text(port));
  const bool shares_network = request.network_mode == "host" || request.network_mode == "none" ||
                              request.network_mode.starts_with(kContainerPrefix);
  if (shares_network && !request.networks.empty()) {
    throw error(Kind::kInvalidArgument, "a container with network mode {} joins no other network",
                request.network_mode);
  }
}

// What belongs to the container whose network is shared cannot be given to another one.
void refuse_what_is_shared(const ContainerRequest& request) {
  if (!request.network_mode.starts_with(kContainerPrefix)) return;
  const auto refuse = [&](bool given, const char* what) {
    if (!given) return;
    throw error(Kind::kInvalidArgument, "conflicting options: {} and the network mode {}", what,
                request.network_mode);
  };
  refuse(!request.hostname.empty(), "hostname");
  refuse(!request.extra_hosts.empty(), "custom host-to-IP mapping");
  refuse(!request.dns.empty() || !request.dns_search.empty() || !request.dns_options.empty(),
         "dns");
  refuse(!request.ports.empty() || request.publish_all_ports, "port publishing");
  refuse(!request.exposed_ports.empty(), "port exposing");
}

// With the host's network comes the host's name.
std::string hosts_name() {
  utsname names{};
  if (::uname(&names) != 0) throw sys_error(errno, "uname");
  return names.nodename;
}

// Mounts of other containers come first; the request's own win.
void take_volumes_from(Engine::Impl& impl, ContainerRequest& request,
                       std::vector<MountPoint>& mounts) {
  for (const std::string& text : request.volumes_from) {
    const std::size_t colon = text.find(':');
    const std::string mode = colon == std::string::npos ? "" : text.substr(colon + 1);
    if (!mode.empty() && mode != "ro" && mode != "rw") {
      throw error(Kind::kInvalidArgument, "volumes-from \"{}\": \"{}\" is not a mode (ro, rw)",
                  text, mode);
    }
    for (MountPoint mount : impl.find(text.substr(0, colon)).mounts) {
      if (mount.type == volume::MountType::kTmpfs) continue;
      const auto covered = [&](const auto& spec) { return spec.target == mount.destination; };
      if (std::any_of(request.mounts.begin(), request.mounts.end(), covered)) continue;
      if (mode == "ro") mount.read_write = false;
      mounts.push_back(std::move(mount));
    }
  }
}

MountPoint bind_point(const volume::MountSpec& spec) {
  struct stat status{};
  if (::stat(spec.source.c_str(), &status) != 0) {
    if (!spec.create_source) {
      throw error(Kind::kInvalidArgument, "bind source path does not exist: {}", spec.source);
    }
    std::error_code failure;
    fs::create_directories(spec.source, failure);
    if (failure) throw sys_error(failure.value(), "make {}", spec.source);
  }
  return {.type = volume::MountType::kBind,
          .source = spec.source,
          .destination = spec.target,
          .read_write = !spec.read_only,
          .propagation = spec.propagation.empty() ? "rprivate" : spec.propagation};
}

// Volumes without a name get one, so that the record can tell whose they are before they are made:
// the result has those names.
std::set<std::string> name_volumes(ContainerRequest& request) {
  std::set<std::string> names;
  for (volume::MountSpec& spec : request.mounts) {
    if (spec.type != volume::MountType::kVolume || !spec.source.empty()) continue;
    spec.source = volume::Volumes::made_up_name();
    names.insert(spec.source);
  }
  return names;
}

std::vector<MountPoint> mounts_of(Engine::Impl& impl, ContainerRequest& request) {
  std::vector<MountPoint> mounts;
  take_volumes_from(impl, request, mounts);
  for (const volume::MountSpec& spec : request.mounts) {
    if (spec.type == volume::MountType::kBind) {
      mounts.push_back(bind_point(spec));
      continue;
    }
    if (spec.type == volume::MountType::kTmpfs) {
      mounts.push_back({.type = spec.type, .destination = spec.target});
      continue;
    }
    const fs::path content = impl.volumes.mountpoint_of(spec.source);
    mounts.push_back({.type = spec.type,
                      .name = spec.source,
                      .source = content / fs::path(spec.subpath).relative_path(),
                      .destination = spec.target,
                      .read_write = !spec.read_only});
  }
  return mounts;
}

// At create, so that a container never starts with another volume than it was created with.
void make_volumes(Engine::Impl& impl, const ContainerRecord& record,
                  const std::set<std::string>& anonymous, Undo& undo) {
  for (const volume::MountSpec& spec : record.request.mounts) {
    if (spec.type != volume::MountType::kVolume || impl.volumes.has(spec.source)) continue;
    if (anonymous.contains(spec.source)) {
      impl.volumes.create_anonymous(spec.source, spec.labels);
    } else {
      impl.volumes.create(spec.source, spec.labels);
    }
    undo.add([&impl, id = record.id, name = spec.source] {
      try {
        std::vector<std::string> users = impl.store.users_of_volume(name);
        std::erase(users, id);
        impl.volumes.remove(name, users);
      } catch (const Error&) {
      }
    });
    impl.event("volume", "create", spec.source, {{"driver", "local"}});
  }
}

// The networks that the container joins at start, the one of network_mode first.
std::vector<EndpointRecord> endpoints_of(Engine::Impl& impl, const ContainerRecord& record) {
  const ContainerRequest& request = record.request;
  const std::string& mode = request.network_mode;
  if (mode == "host" || mode == "none" || mode.starts_with(kContainerPrefix)) return {};
  const std::string first = mode == "default" ? "bridge" : mode;
  std::vector<EndpointRecord> endpoints{
      {.container = record.id, .network = impl.store.network(first).id}};
  for (const NetworkAttachment& attachment : request.networks) {
    const NetworkRecord network =
        impl.store.network(attachment.network == "default" ? "bridge" : attachment.network);
    auto same = std::find_if(endpoints.begin(), endpoints.end(), [&](const EndpointRecord& each) {
      return each.network == network.id;
    });
    if (same == endpoints.end()) {
      same = endpoints.insert(same, {.container = record.id, .network = network.id});
    }
    Engine::Impl::check_attachment(network, attachment);
    same->aliases = attachment.aliases;
    same->wanted_ip = attachment.ip;
    same->wanted_mac = attachment.mac;
  }
  for (const EndpointRecord& endpoint : endpoints) {
    const NetworkRecord network = impl.store.network(endpoint.network);
    if (network.driver != "bridge") {
      throw error(Kind::kInvalidArgument, "a container cannot join network {} beside others",
                  network.name);
    }
  }
  return endpoints;
}

// Names are the caller's or made up until one is free. In the caller's transaction.
void choose_name(Store& store, ContainerRecord& record) {
  if (!record.request.name.empty()) {
    record.name = record.request.name;
    if (const auto taken = store.id_of_name(record.name)) {
      throw error(Kind::kConflict,
                  "Conflict. The container name \"/{}\" is already in use by container \"{}\". You "
                  "have to remove (or rename) that container to be able to reuse that name.",
                  record.name, *taken);
    }
    return;
  }
  for (unsigned attempt = 0;; ++attempt) {
    record.name = made_up_name(attempt);
    if (!store.id_of_name(record.name)) return;
  }
}

// With all that hangs on the record, in the caller's transaction.
void insert(Engine::Impl& impl, ContainerRecord& record) {
  choose_name(impl.store, record);
  impl.store.insert(record);
  for (const MountPoint& mount : record.mounts) {
    if (!mount.name.empty()) impl.store.use_volume(mount.name, record.id);
  }
  for (const EndpointRecord& endpoint : endpoints_of(impl, record)) impl.store.save(endpoint);
}

void forget(Engine::Impl& impl, const std::string& id) {
  try {
    impl.store.erase(id);
  } catch (const Error&) {
  }
}

}  // namespace

std::string Engine::create(const ContainerRequest& request) {
  Impl& impl = *impl_;
  check_request(request);
  if (restarts(request.restart_policy) && impl.options.exit_command.empty()) {
    throw error(Kind::kUnsupported,
                "the restart policy {} needs an exit command, which this engine was not given",
                request.restart_policy.name);
  }
  refuse_what_is_shared(request);              // an image may expose ports
  const UniqueFd lease = impl.images.lease();  // the image stays until the snapshot names it
  const image::ImageRecord image = impl.images.find(request.image);
  Impl::check_platform(image, request.image, request.platform);
  ContainerRecord record{.id = new_id(),
                         .created = std::chrono::system_clock::now(),
                         .image_id = image.id.text(),
                         .request = merge_image(request, image.config.config)};
  check_request(record.request);
  if (std::string& mode = record.request.network_mode; mode.starts_with(kContainerPrefix)) {
    // By id: another container may bear the name tomorrow.
    mode = std::string(kContainerPrefix) + impl.find(mode.substr(kContainerPrefix.size())).id;
  }
  if (record.request.network_mode == "host" && record.request.hostname.empty()) {
    record.request.hostname = hosts_name();
  }
  const fs::path directory = impl.directory(record.id);
  UniqueFd lock;
  Undo undo;  // runs while the lock is still held
  // The directory is there, and locked, before all else: what bears the name of one whose lock is
  // free, and has no record or one in phase "creating", was left behind.
  fs::create_directory(directory);
  undo.add([&] { remove_tree(directory); });
  lock = lock_directory(directory);
  fs::create_directory(impl.merged(record.id));
  fs::create_directory(directory / "bundle");
  const std::set<std::string> anonymous = name_volumes(record.request);
  record.mounts = mounts_of(impl, record.request);
  const bool owns_volumes = !anonymous.empty();
  if (owns_volumes) {
    impl.write_records([&] { insert(impl, record); });
    undo.add([&] { forget(impl, record.id); });
  }
  make_volumes(impl, record, anonymous, undo);
  impl.images.prepare(record.id, image.id);
  undo.add([&] {
    try {
      impl.images.remove_snapshot(record.id);
    } catch (const Error&) {
    }
  });
  record.phase = Phase::kCreated;
  impl.write_records([&] {
    if (owns_volumes) {
      impl.store.save(record);
    } else {
      insert(impl, record);
    }
    impl.event(record, "create");
  });
  undo.commit();
  return record.id;
}

}  // namespace seatrial::core
