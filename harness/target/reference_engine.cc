#include <fcntl.h>
#include <fmt/chrono.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/core/engine.h"
#include "engine/sys/memfd.h"
#include "harness/core/deadline_scale.h"
#include "harness/target/engine_target.h"

namespace seatrial::harness {
namespace {

using namespace std::chrono_literals;

volume::MountSpec mount_spec(const MountDraft& draft) {
  volume::MountSpec spec{.source = draft.source,
                         .target = draft.target,
                         .read_only = draft.read_only,
                         .propagation = draft.propagation,
                         .no_copy = draft.no_copy};
  if (draft.type == "bind") spec.type = volume::MountType::kBind;
  if (draft.type == "tmpfs") spec.type = volume::MountType::kTmpfs;
  return spec;
}

void add_limits(const ContainerDraft& draft, core::ContainerRequest& request) {
  request.resources.memory = draft.memory;
  request.resources.memory_swap = draft.memory_swap;
  request.resources.nano_cpus = draft.nano_cpus;
  request.resources.pids_limit = draft.pids_limit;
  request.resources.oom_score_adj = draft.oom_score_adj;
  for (const DeviceRateDraft& each : draft.device_write_bps) {
    request.resources.device_write_bps.push_back({.path = each.path, .rate = each.rate});
  }
  request.storage_opt = draft.storage_opt;
  if (draft.shm_size != 0) request.shm_size = draft.shm_size;
  for (const UlimitDraft& each : draft.ulimits) {
    request.ulimits.push_back({.name = each.name, .soft = each.soft, .hard = each.hard});
  }
}

core::ContainerRequest request_of(const ContainerDraft& draft) {
  core::ContainerRequest request{.name = draft.name,
                                 .image = draft.image,
                                 .entrypoint = draft.entrypoint,
                                 .cmd = draft.cmd,
                                 .env = draft.env,
                                 .user = draft.user,
                                 .working_dir = draft.working_dir,
                                 .hostname = draft.hostname,
                                 .labels = draft.labels,
                                 .exposed_ports = draft.exposed,
                                 .tty = draft.tty,
                                 .stop_signal = draft.stop_signal,
                                 .volumes_from = draft.volumes_from,
                                 .publish_all_ports = draft.publish_all,
                                 .network_mode = draft.network,
                                 .dns = draft.dns,
                                 .extra_hosts = draft.extra_hosts,
                                 .privileged = draft.privileged,
                                 .read_only_rootfs = draft.read_only,
                                 .cap_add = draft.cap_add,
                                 .cap_drop = draft.cap_drop,
                                 .security_opt = draft.security_opt,
                                 .group_add = draft.group_add,
                                 .device_cgroup_rules = draft.device_cgroup_rules,
                                 .sysctls = draft.sysctls,
                                 .pid_mode = draft.pid_mode,
                                 .ipc_mode = draft.ipc_mode,
                                 .log_opts = draft.log_opts};
  add_limits(draft, request);
  for (const std::string& path : draft.devices) request.devices.push_back({.path_on_host = path});
  for (const auto& [target, options] : draft.tmpfs) {
    request.mounts.push_back(volume::parse_tmpfs_option(target + ":" + options));
  }
  for (const MountDraft& mount : draft.mounts) request.mounts.push_back(mount_spec(mount));
  for (const PublishDraft& each : draft.ports) {
    request.ports.push_back({.container_port = each.port,
                             .protocol = each.protocol,
                             .host_ip = each.host_ip,
                             .host_port = each.host_port,
                             .host_port_last = each.host_port_last});
  }
  request.init = draft.init;
  request.restart_policy = {.name = draft.restart,
                            .maximum_retry_count = static_cast<unsigned>(draft.restart_tries)};
  if (!draft.aliases.empty() || !draft.ip.empty() || !draft.mac.empty()) {
    request.networks = {
        {.network = draft.network, .aliases = draft.aliases, .ip = draft.ip, .mac = draft.mac}};
  }
  return request;
}

// "1700000000", "1700000000.25": what cases write into since and until.
core::Time time_of(const std::string& seconds) {
  double number = 0;
  const auto [end, failure] =
      std::from_chars(seconds.data(), seconds.data() + seconds.size(), number);
  if (failure != std::errc{} || end != seconds.data() + seconds.size()) {
    throw error(Kind::kInvalidArgument, "\"{}\" is no number of seconds", seconds);
  }
  return core::Time(
      std::chrono::duration_cast<core::Time::duration>(std::chrono::duration<double>(number)));
}

core::LogOptions log_options(const DockerLogs& options) {
  core::LogOptions result{.follow = options.follow};
  if (!options.tail.empty()) result.tail = std::stoul(options.tail);
  if (!options.since.empty()) result.since = time_of(options.since);
  if (!options.until.empty()) result.until = time_of(options.until);
  return result;
}

std::string stamp(core::Time time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:09}Z ",
                     fmt::gmtime(core::Time::clock::to_time_t(time)),
                     std::chrono::nanoseconds(time - seconds).count());
}

class ReferenceEngine : public EngineTarget {
 public:
  explicit ReferenceEngine(const ReferenceEnginePlace& place)
      : options_{.root = place.directory / "root",
                 .run = place.directory / "run",
                 .cgroup_parent = place.cgroup_parent},
        engine_(options_) {}

  std::string name() override { return "seatrial"; }
  std::string version() override { return engine_.info().version; }

  std::string create(const ContainerDraft& draft) override {
    if (!draft.restart.empty()) let_it_restart();
    return engine_.create(request_of(draft));
  }
  void start(const std::string& container) override { engine_.start(container); }
  void stop(const std::string& container, std::chrono::seconds grace) override {
    engine_.stop(container, grace);
  }
  void restart(const std::string& container, std::chrono::seconds grace) override {
    engine_.restart(container, grace);
  }
  void kill(const std::string& container, int signal) override { engine_.kill(container, signal); }
  void pause(const std::string& container) override { engine_.pause(container); }
  void unpause(const std::string& container) override { engine_.unpause(container); }
  void rename(const std::string& container, const std::string& name) override {
    engine_.rename(container, name);
  }
  int wait(const std::string& container, Milliseconds timeout) override {
    const auto code = engine_.wait(container, core::WaitCondition::kNotRunning, timeout);
    if (!code) throw error(Kind::kTimeout, "{} still runs after {} ms", container, timeout.count());
    return *code;
  }
  void remove(const std::string& container, const DockerRemoval& options) override {
    engine_.remove(container, options.force, options.volumes);
  }
  std::string inspect(const std::string& container) override {
    return engine_.inspect_json(container);
  }
  std::vector<std::string> list(bool all, const Filters& filters) override {
    std::vector<std::string> ids;
    for (const auto& each : engine_.list({.all = all, .filters = filters})) ids.push_back(each.id);
    return ids;
  }
  DockerOutput logs(const std::string& container, const DockerLogs& options) override {
    DockerOutput output;
    engine_.logs(container, log_options(options), [&](const core::LogEntry& entry) {
      std::string& stream = entry.stream == "stderr" ? output.err : output.out;
      if (options.timestamps) stream += stamp(entry.time);
      stream += entry.text;
      return true;
    });
    return output;
  }
  DockerExecEnd exec(const std::string& container, const DockerExec& program) override;
  std::vector<std::vector<std::string>> top(const std::string& container) override {
    return engine_.top(container).processes;
  }
  std::string archive(const std::string& container, const std::string& path) override {
    const UniqueFd file(::memfd_create("archive", MFD_CLOEXEC));
    engine_.copy_from(container, path, file.get());
    return content(file);
  }
  void put_archive(const std::string& container, const std::string& path,
                   const std::string& tar) override {
    engine_.copy_to(container, path, sys::sealed_memfd("archive", tar).get());
  }

  void load_image(const std::filesystem::path& archive) override {
    engine_.load(open_file(archive, O_RDONLY | O_CLOEXEC).get());
  }
  std::string inspect_image(const std::string& image) override {
    return engine_.inspect_image_json(image);
  }
  void tag_image(const std::string& image, const std::string& repository,
                 const std::string& tag) override {
    engine_.tag(image, repository + ":" + tag);
  }
  void remove_image(const std::string& image, bool force) override {
    engine_.remove_image(image, force);
  }

  std::string create_network(const NetworkDraft& draft) override {
    return engine_.create_network({.name = draft.name,
                                   .internal = draft.internal,
                                   .subnet = draft.subnet,
                                   .gateway = draft.gateway,
                                   .labels = draft.labels});
  }
  std::string inspect_network(const std::string& network) override {
    return engine_.inspect_network_json(network);
  }
  std::vector<std::string> networks() override {
    std::vector<std::string> names;
    for (const auto& each : engine_.networks()) names.push_back(each.name);
    return names;
  }
  void connect(const std::string& network, const std::string& container,
               const EndpointDraft& draft) override {
    engine_.connect({.network = network, .aliases = draft.aliases, .ip = draft.ip}, container);
  }
  void disconnect(const std::string& network, const std::string& container) override {
    engine_.disconnect(network, container);
  }
  void remove_network(const std::string& network) override { engine_.remove_network(network); }

  std::string create_volume(const VolumeDraft& draft) override {
    return engine_
        .create_volume({.name = draft.name, .driver_opts = draft.options, .labels = draft.labels})
        .name;
  }
  std::string inspect_volume(const std::string& volume) override {
    return engine_.inspect_volume_json(volume);
  }
  std::vector<std::string> volumes() override {
    std::vector<std::string> names;
    for (const auto& each : engine_.volumes()) names.push_back(each.name);
    return names;
  }
  void remove_volume(const std::string& volume, bool force) override {
    engine_.remove_volume(volume, force);
  }

 private:
  // The program that restarts containers, beside this one or above it. Only where a case needs it:
  // for the others it would be one more process at each end.
  void let_it_restart() {
    if (!options_.exit_command.empty()) return;
    std::filesystem::path here = std::filesystem::read_symlink("/proc/self/exe").parent_path();
    if (!std::filesystem::exists(here / "seatrial")) here = here.parent_path();
    options_.exit_command = {here / "seatrial", "--root",     options_.root,
                             "--run",           options_.run, "settle"};
    engine_ = core::Engine(options_);
  }

  static std::string content(const UniqueFd& file) {
    std::string bytes(static_cast<std::size_t>(::lseek(file.get(), 0, SEEK_END)), '\0');
    const ssize_t got = ::pread(file.get(), bytes.data(), bytes.size(), 0);
    bytes.resize(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    return bytes;
  }

  core::EngineOptions options_;
  core::Engine engine_;
};

// Files and not pipes: a program that writes much waits for nobody.
DockerExecEnd ReferenceEngine::exec(const std::string& container, const DockerExec& program) {
  const UniqueFd in = sys::sealed_memfd("in", program.input);
  const UniqueFd out(::memfd_create("out", MFD_CLOEXEC));
  const UniqueFd err(::memfd_create("err", MFD_CLOEXEC));
  core::ExecProcess process = engine_.exec(container,
                                           {.cmd = program.args,
                                            .env = program.env,
                                            .user = program.user,
                                            .working_dir = program.cwd,
                                            .privileged = program.privileged},
                                           {.in = in.get(), .out = out.get(), .err = err.get()});
  const auto code = process.wait(scaled(10s));
  if (!code) throw error(Kind::kTimeout, "exec in {}: it did not end within 10 s", container);
  return {.code = *code, .output = {.out = content(out), .err = content(err)}};
}

}  // namespace

std::unique_ptr<EngineTarget> make_reference_engine(const ReferenceEnginePlace& place) {
  return std::make_unique<ReferenceEngine>(place);
}

}  // namespace seatrial::harness
