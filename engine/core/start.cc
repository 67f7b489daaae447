// start: overlay, network, configuration, cgroup and process, each once; all taken back when one
// fails.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include <utility>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/base/size.h"
#include "engine/cgroup/layout.h"
#include "engine/core/compose_config.h"
#include "engine/core/devices.h"
#include "engine/core/impl.h"
#include "engine/core/names.h"
#include "engine/core/restart.h"
#include "engine/init/image.h"
#include "engine/security/request.h"
#include "engine/spec/print_config.h"
#include "engine/sys/network_namespace.h"
#include "engine/volume/mount_syntax.h"

namespace seatrial::core {
namespace {

namespace fs = std::filesystem;

// Without fsync: these files are made anew at every start.
void write_plainly(const fs::path& path, std::string_view text) {
  write_all(open_file(path, O_WRONLY | O_CREAT | O_TRUNC, 0644).get(), text, path.native());
}

// A copy of the container's own, made anew: whatever a privileged one did to it, it did to nobody
// else, and no program of the host ever runs it (CVE-2019-5736).
fs::path write_init(const fs::path& directory) {
  const fs::path path = directory / "docker-init";
  fs::remove(path);
  const UniqueFd file = open_file(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0555);
  const auto image = init::image();
  write_all(file.get(), {reinterpret_cast<const char*>(image.data()), image.size()}, path.native());
  if (::fchmod(file.get(), 0555) != 0) throw sys_error(errno, "chmod {}", path.native());
  return path;
}

// The init of the running container that a mode such as "container:X" names; nothing for another
// mode.
std::optional<pid_t> joined_init(Engine::Impl& impl, const std::string& mode) {
  if (!mode.starts_with(kContainerPrefix)) return std::nullopt;
  const ContainerRecord other = impl.find(mode.substr(kContainerPrefix.size()));
  if (!impl.is_running(other)) {
    throw error(Kind::kConflict, "cannot join the namespaces of container {}: it is not running",
                other.name);
  }
  return other.pid;
}

std::string namespace_path(std::optional<pid_t> pid, const char* name) {
  return pid ? fmt::format("/proc/{}/ns/{}", *pid, name) : std::string();
}

security::SecurityRequest security_request(const ContainerRequest& request) {
  return {.cap_add = request.cap_add,
          .cap_drop = request.cap_drop,
          .security_opt = request.security_opt,
          .privileged = request.privileged,
          .read_only = request.read_only_rootfs};
}

bool can_limit_pids(const cgroup::Layout& layout) {
  if (layout.find("pids") != nullptr) return true;
  if (!layout.is_pure_v2()) return false;
  const std::string& top = layout.hierarchies().front().mountpoint;
  return (" " + read_file(top + "/cgroup.controllers")).find(" pids") != std::string::npos;
}

// For a container that says nothing: half of the host's process numbers, so that none can take the
// last of them. docker's default is no limit at all.
std::int64_t default_pids_limit(const cgroup::Layout& layout) {
  if (!can_limit_pids(layout)) return 0;
  return std::stol(read_file("/proc/sys/kernel/pid_max")) / 2;
}

class Start {
 public:
  Start(Engine::Impl& impl, ContainerRecord& record, int attached)
      : impl_(impl), record_(record), attached_(attached) {}

  // What the container got on its networks.
  std::vector<EndpointRecord> run() {
    begin();
    mount();
    fill_volumes();
    join_networks();
    write_files();
    configure();
    launch();
    return std::move(endpoints_);
  }

 private:
  // The last that is done before anything of the container is made: from here on it is to be taken
  // down by whoever finds it.
  void begin() {
    joinings_ = impl_.joinings_of(record_);
    record_.phase = Phase::kStarting;
    impl_.write_records([&] {
      impl_.store.save(record_);
      for (Engine::Impl::Joining& joining : joinings_) impl_.lease(joining);
    });
  }

  void mount() {
    // What a container that goes with its end wrote need not survive a power failure.
    impl_.images.mount(
        record_.id, impl_.merged(record_.id),
        record_.request.auto_remove ? image::Durability::kVolatile : image::Durability::kDurable);
    root_ = open_file(impl_.merged(record_.id), O_RDONLY | O_DIRECTORY);
  }

  void fill_volumes() {
    for (const MountPoint& mount : record_.mounts) {
      if (mount.type != volume::MountType::kVolume) continue;
      const auto& specs = record_.request.mounts;
      const auto spec = std::find_if(specs.begin(), specs.end(), [&](const auto& each) {
        return each.target == mount.destination;
      });
      if (spec != specs.end() && (spec->no_copy || !spec->subpath.empty())) continue;
      impl_.volumes.fill(mount.name, root_.get(), mount.destination);
    }
  }

  void join_networks() {
    const std::string& mode = record_.request.network_mode;
    if (mode == "host") return;
    if (const auto pid = joined_init(impl_, mode)) {
      network_path_ = namespace_path(pid, "net");
      return;
    }
    network_ = sys::new_network_namespace();
    // The launcher is another process: it reaches our descriptor through procfs.
    network_path_ = fmt::format("/proc/{}/fd/{}", ::getpid(), network_.get());
    endpoints_ = impl_.attach(record_, std::move(joinings_), network_.get());
  }

  void write_files() {
    const auto owner = impl_.network_owner(record_);
    if (!owner) throw error(Kind::kNotFound, "the container that made the network is gone");
    files_ = impl_.directory(owner->id);
    hostname_ = hostname_of(owner->request, owner->id);
    if (owner->id == record_.id) write_own_files(files_);
  }

  void write_own_files(const fs::path& directory) {
    write_plainly(directory / "hostname", hostname_ + "\n");
    impl_.write_hosts(record_, endpoints_);
    impl_.write_resolv_conf(record_);
  }

  struct SharedIpc {
    std::string name_space;  // path; empty: one of its own
    std::string shm;         // directory; empty: a tmpfs of its own
  };

  // Nobody can be given a mount out of another mount namespace: shared memory that is to be shared
  // is mounted here.
  SharedIpc shared_ipc() {
    const ContainerRequest& request = record_.request;
    if (request.ipc_mode == kShareable) {
      const fs::path shm = impl_.shm(record_.id);
      fs::create_directory(shm);
      const std::string options = fmt::format("mode=1777,size={}", request.shm_size);
      if (::mount("shm", shm.c_str(), "tmpfs", MS_NOSUID | MS_NOEXEC | MS_NODEV, options.c_str()) !=
          0) {
        throw sys_error(errno, "mount shared memory on {}", shm.native());
      }
      return {.name_space = {}, .shm = shm};
    }
    if (request.ipc_mode == "host") return {.name_space = {}, .shm = "/dev/shm"};
    const auto init = joined_init(impl_, request.ipc_mode);
    if (!init) return {};
    const ContainerRecord owner = impl_.find(request.ipc_mode.substr(kContainerPrefix.size()));
    SharedIpc shared{.name_space = namespace_path(init, "ipc"), .shm = impl_.shm(owner.id)};
    if (owner.request.ipc_mode == "host") shared.shm = "/dev/shm";
    if (owner.request.ipc_mode == kShareable || owner.request.ipc_mode == "host") return shared;
    throw error(Kind::kConflict,
                "the IPC of container {} cannot be joined: it was not made with --ipc shareable",
                owner.name);
  }

  void configure() {
    const ContainerRequest& request = record_.request;
    HostDevices devices = request.privileged ? all_host_devices() : HostDevices{};
    add_devices(devices, request.devices, request.device_cgroup_rules);
    const SharedIpc ipc = shared_ipc();
    const cgroup::Layout layout = cgroup::Layout::detect();
    spec::Config config = compose_config(
        request,
        {.id = record_.id,
         .rootfs = impl_.merged(record_.id),
         .directory = files_,
         .hostname = hostname_,
         .cgroup_parent = impl_.options.cgroup_parent,
         .user = resolve_user(request.user, read_user_files(root_.get()), request.group_add),
         .mounts = record_.mounts,
         .devices = std::move(devices.nodes),
         .network_namespace = network_path_,
         .pid_namespace = namespace_path(joined_init(impl_, request.pid_mode), "pid"),
         .ipc_namespace = ipc.name_space,
         .init_program =
             wants_init(request) ? write_init(impl_.directory(record_.id)).native() : "",
         .shm_source = ipc.shm,
         .pids_limit = default_pids_limit(layout),
         .cgroup_namespace = layout.is_pure_v2()});
    security::apply(security_request(request), config);
    auto& rules = config.linux_.resources.devices;
    rules.insert(rules.end(), devices.rules.begin(), devices.rules.end());
    config.linux_.resources.block_io = block_io_of(request.resources);
    write_plainly(impl_.directory(record_.id) / "bundle/config.json", spec::print_config(config));
  }

  runtime::MonitorRequest monitor() const {
    const ContainerRequest& request = record_.request;
    runtime::MonitorRequest monitor{.directory = impl_.monitor_directory(record_.id),
                                    .open_stdin = request.open_stdin,
                                    .stdin_once = request.stdin_once,
                                    .terminal = request.tty,
                                    .attached = attached_};
    if (request.log_driver == "json-file") monitor.log = impl_.log(record_.id);
    if (const auto size = request.log_opts.find("max-size"); size != request.log_opts.end()) {
      monitor.max_log_size = parse_size(size->second).value_or(0);
    }
    if (const auto files = request.log_opts.find("max-file"); files != request.log_opts.end()) {
      monitor.max_log_files = static_cast<unsigned>(std::stoul(files->second));
    }
    if (!impl_.options.exit_command.empty()) {
      monitor.exit_command = impl_.options.exit_command;
      monitor.exit_command.push_back(record_.id);
    }
    return monitor;
  }

  void launch() {
    // Before, because a short program has ended when run() returns.
    record_.started = std::chrono::system_clock::now();
    runtime::Child child = impl_.runtime.run({.id = record_.id,
                                              .bundle = impl_.directory(record_.id) / "bundle",
                                              .stdio = {.in = -1, .out = -1, .err = -1},
                                              .detached = true,
                                              .monitor = monitor()});
    record_.pid = child.pid();
  }

  Engine::Impl& impl_;
  ContainerRecord& record_;
  const int attached_;
  UniqueFd root_;
  UniqueFd network_;
  std::string network_path_;
  fs::path files_;  // the directory of hosts, hostname and resolv.conf
  std::string hostname_;
  std::vector<Engine::Impl::Joining> joinings_;
  std::vector<EndpointRecord> endpoints_;
};

// Docker's statuses for a program that is not there (127), one that cannot be run (126), and a
// start that did not come so far (128).
int status_of(const Error& failure) {
  if (std::string_view(failure.what()).find("exec") == std::string_view::npos) return 128;
  return failure.sys_errno() == ENOENT ? 127 : 126;
}

}  // namespace

void Engine::Impl::start(Locked& locked, int attached) {
  ContainerRecord& record = locked.record;
  const Phase before = record.phase == Phase::kRestarting ? Phase::kExited : record.phase;
  const auto started_before = record.started;
  record.error.clear();
  std::vector<EndpointRecord> endpoints;
  try {
    endpoints = with_context("start container " + record.name,
                             [&] { return Start(*this, record, attached).run(); });
  } catch (const Error& failure) {
    record.error = failure.what();
    record.exit_code = status_of(failure);
    record.started = started_before;
    try {
      take_down(record);
      record.phase = before;
      save_stopped(record);
    } catch (const Error& second) {
      warn(fmt::format("container {} is not taken down: {}", record.name, second.what()));
    }
    throw;
  }
  record.finished.reset();
  record.exit_code = 0;
  record.phase = Phase::kRunning;
  write_records([&] {
    store.save(record);
    for (const EndpointRecord& endpoint : endpoints) {
      store.save(endpoint);
      event("network", "connect", endpoint.network,
            {{"container", record.id}, {"name", endpoint.network_name}, {"type", "bridge"}});
    }
    for (const MountPoint& mount : record.mounts) {
      if (mount.type != volume::MountType::kVolume) continue;
      event("volume", "mount", mount.name,
            {{"container", record.id},
             {"destination", mount.destination},
             {"driver", "local"},
             {"propagation", mount.propagation},
             {"read/write", mount.read_write ? "true" : "false"}});
    }
    event(record, "start");
  });
  for (const EndpointRecord& endpoint : endpoints) refresh_hosts(endpoint.network);
}

void Engine::Impl::start_anew(Locked& locked, int attached) {
  if (restarts(locked.record.request.restart_policy)) store.set_stopped(locked.record.id, false);
  locked.record.restarts = 0;
  locked.record.backoff = {};
  start(locked, attached);
}

bool Engine::start(const std::string& container) {
  Locked locked = impl_->lock_container(container);
  if (is_active(impl_->state_of(locked.record).status)) return false;
  impl_->start_anew(locked, -1);
  return true;
}

UniqueFd Engine::start_attached(const std::string& container) {
  Locked locked = impl_->lock_container(container);
  if (is_active(impl_->state_of(locked.record).status)) {
    locked.lock.reset();
    return attach(container);
  }
  int pair[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
    throw sys_error(errno, "socketpair");
  }
  UniqueFd ours(pair[0]);
  const UniqueFd theirs(pair[1]);
  impl_->start_anew(locked, theirs.get());
  return ours;
}

std::string Engine::run(const ContainerRequest& request) {
  std::string id = create(request);
  try {
    start(id);
  } catch (const Error&) {
    if (request.auto_remove) remove(id, true, true);
    throw;
  }
  return id;
}

}  // namespace seatrial::core
