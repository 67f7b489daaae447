#include "engine/cli/container_request.h"

#include <algorithm>
#include <filesystem>

#include "engine/base/error.h"

namespace seatrial::engine_cli {
namespace {

using core::ContainerRequest;

std::vector<std::string> joined(std::vector<std::string> left,
                                const std::vector<std::string>& right) {
  left.insert(left.end(), right.begin(), right.end());
  return left;
}

std::string absolute(const std::string& path, const Surroundings& around) {
  return (std::filesystem::path(around.directory) / path).lexically_normal();
}

bool is_relative_path(std::string_view text) {
  return text == "." || text == ".." || text.starts_with("./") || text.starts_with("../");
}

volume::MountSpec parse_volume(std::string text, const Surroundings& around) {
  const std::size_t colon = text.find(':');
  if (colon != text.npos && is_relative_path(text.substr(0, colon))) {
    text = absolute(text.substr(0, colon), around) + text.substr(colon);
  }
  return volume::parse_volume_option(text);
}

void read_mounts(const GivenOptions& options, const Surroundings& around,
                 ContainerRequest& request) {
  for (const std::string& text : options.all("volume")) {
    request.mounts.push_back(parse_volume(text, around));
  }
  for (const std::string& text : options.all("mount")) {
    request.mounts.push_back(volume::parse_mount_option(text));
  }
  for (const std::string& text : options.all("tmpfs")) {
    request.mounts.push_back(volume::parse_tmpfs_option(text));
  }
  for (auto one = request.mounts.begin(); one != request.mounts.end(); ++one) {
    const bool twice = std::any_of(request.mounts.begin(), one,
                                   [&](const auto& other) { return other.target == one->target; });
    if (twice) throw error(Kind::kInvalidArgument, "Duplicate mount point: {}", one->target);
  }
  request.volumes_from = options.all("volumes-from");
  request.read_only_rootfs = options.on("read-only");
  for (const std::string& text : options.all("device")) {
    request.devices.push_back(parse_device(text));
  }
  request.device_cgroup_rules = options.all("device-cgroup-rule");
  if (const auto size = options.get("shm-size")) {
    request.shm_size = static_cast<std::uint64_t>(parse_bytes("shm-size", *size));
    if (request.shm_size == 0) request.shm_size = 64U << 20;
  }
}

std::vector<std::string> comma_parts(const std::string& text) {
  std::vector<std::string> parts;
  for (std::size_t begin = 0;;) {
    const std::size_t comma = text.find(',', begin);
    parts.push_back(text.substr(begin, comma == text.npos ? comma : comma - begin));
    if (comma == text.npos) return parts;
    begin = comma + 1;
  }
}

// "NAME", or docker's long form "name=NAME,alias=A,ip=1.2.3.4".
core::NetworkAttachment parse_attachment(const std::string& text) {
  core::NetworkAttachment made;
  if (text.find('=') == text.npos) {
    made.network = text;
    return made;
  }
  for (const std::string& part : comma_parts(text)) {
    const std::size_t equals = part.find('=');
    const std::string key = part.substr(0, equals);
    const std::string value = equals == part.npos ? "" : part.substr(equals + 1);
    if (key == "name") {
      made.network = value;
    } else if (key == "alias") {
      made.aliases.push_back(value);
    } else if (key == "ip") {
      made.ip = value;
    } else if (key == "mac-address") {
      made.mac = value;
    } else {
      throw error(Kind::kInvalidArgument,
                  "invalid argument \"{}\" for \"--network\" flag: invalid key {}", text, key);
    }
  }
  if (made.network.empty()) {
    throw error(Kind::kInvalidArgument,
                "invalid argument \"{}\" for \"--network\" flag: network name is empty", text);
  }
  return made;
}

bool takes_no_endpoint(const std::string& mode) {
  return mode == "host" || mode == "none" || mode.starts_with("container:");
}

void read_networks(const GivenOptions& options, ContainerRequest& request) {
  for (const std::string& text : joined(options.all("network"), options.all("net"))) {
    request.networks.push_back(parse_attachment(text));
  }
  core::NetworkAttachment first;
  if (!request.networks.empty()) first = request.networks.front();
  if (!first.network.empty()) request.network_mode = first.network;
  const auto aliases = joined(options.all("network-alias"), options.all("net-alias"));
  first.aliases = joined(first.aliases, aliases);
  if (const auto ip = options.get("ip")) first.ip = *ip;
  if (const auto mac = options.get("mac-address")) first.mac = *mac;
  const bool asks = !first.aliases.empty() || !first.ip.empty() || !first.mac.empty();
  if (takes_no_endpoint(request.network_mode)) {
    if (asks || request.networks.size() > 1) {
      throw error(Kind::kInvalidArgument,
                  "conflicting options: cannot attach both user-defined and non-user-defined "
                  "network-modes");
    }
    request.networks.clear();
    return;
  }
  if (first.network.empty()) first.network = request.network_mode;
  if (request.networks.empty() && asks) request.networks.emplace_back();
  if (!request.networks.empty()) request.networks.front() = first;
}

void read_names_of_hosts(const GivenOptions& options, ContainerRequest& request) {
  request.hostname = options.text("hostname");
  request.domainname = options.text("domainname");
  request.dns = options.all("dns");
  request.dns_search = options.all("dns-search");
  request.dns_options = joined(options.all("dns-option"), options.all("dns-opt"));
  for (std::string text : options.all("add-host")) {
    const std::size_t separator = text.find_first_of("=:");
    if (separator == text.npos || separator == 0 || separator + 1 == text.size()) {
      throw error(Kind::kInvalidArgument, "bad format for add-host: \"{}\"", text);
    }
    text[separator] = ':';
    request.extra_hosts.push_back(text);
  }
  for (const std::string& text : options.all("publish")) {
    const auto bindings = parse_publish(text);
    request.ports.insert(request.ports.end(), bindings.begin(), bindings.end());
  }
  request.publish_all_ports = options.on("publish-all");
  for (const std::string& text : options.all("expose")) {
    request.exposed_ports = joined(request.exposed_ports, parse_expose(text));
  }
}

// A profile's file is read when the container starts, maybe from another directory.
std::string with_absolute_profile(const std::string& option, const Surroundings& around) {
  static constexpr std::string_view kSeccomp = "seccomp";
  if (!option.starts_with(kSeccomp) || option.size() < kSeccomp.size() + 2) return option;
  const char separator = option[kSeccomp.size()];
  const std::string value = option.substr(kSeccomp.size() + 1);
  if ((separator != '=' && separator != ':') || value == "unconfined" || value == "builtin" ||
      value.starts_with('{')) {
    return option;
  }
  return "seccomp=" + absolute(value, around);
}

void read_isolation(const GivenOptions& options, const Surroundings& around,
                    ContainerRequest& request) {
  request.privileged = options.on("privileged");
  request.cap_add = options.all("cap-add");
  request.cap_drop = options.all("cap-drop");
  for (const std::string& option : options.all("security-opt")) {
    request.security_opt.push_back(with_absolute_profile(option, around));
  }
  request.pid_mode = options.text("pid");
  request.ipc_mode = options.text("ipc");
  request.uts_mode = options.text("uts");
  request.cgroupns_mode = options.text("cgroupns");
  request.cgroup_parent = options.text("cgroup-parent");
  request.sysctls = parse_options("sysctl", options.all("sysctl"));
  for (const std::string& text : options.all("ulimit")) {
    request.ulimits.push_back(parse_ulimit(text));
  }
  request.resources = parse_limits(options);
  request.storage_opt = parse_options("storage-opt", options.all("storage-opt"));
}

void read_program(const CommandLine& line, const Surroundings& around, ContainerRequest& request) {
  const GivenOptions& options = line.options;
  request.name = options.text("name");
  request.image = line.arguments.front();
  request.platform = options.text("platform");
  request.cmd.assign(line.arguments.begin() + 1, line.arguments.end());
  if (const auto entrypoint = options.get("entrypoint")) {
    request.entrypoint.emplace();
    if (!entrypoint->empty()) request.entrypoint->push_back(*entrypoint);
  }
  request.env = parse_environment(options.all("env"), options.all("env-file"), around);
  request.user = options.text("user");
  request.group_add = options.all("group-add");
  request.working_dir = options.text("workdir");
  request.labels = parse_labels(options.all("label"), options.all("label-file"), around);
  request.init = options.on("init");
  request.stop_signal = options.text("stop-signal");
  if (!request.stop_signal.empty()) parse_signal(request.stop_signal);
  if (const auto timeout = options.number("stop-timeout")) {
    request.stop_timeout = static_cast<int>(*timeout);
  }
  request.auto_remove = options.on("rm");
  request.restart_policy = parse_restart_policy(options.text("restart"));
  if (request.auto_remove && request.restart_policy.name != "no") {
    throw error(Kind::kInvalidArgument,
                "conflicting options: cannot specify both --restart and --rm");
  }
  if (const auto driver = options.get("log-driver")) request.log_driver = *driver;
  request.log_opts = parse_options("log-opt", options.all("log-opt"));
}

// Docker's rule: without -a, what is not detached has its output here, and with -i its input.
void read_attachment(const GivenOptions& options, RunRequest& run) {
  ContainerRequest& request = run.container;
  const auto streams = options.all("attach");
  run.detach = options.on("detach");
  if (run.detach && !streams.empty()) {
    throw error(Kind::kInvalidArgument, "Conflicting options: -a and -d");
  }
  request.tty = options.on("tty");
  request.open_stdin = options.on("interactive");
  if (streams.empty() && !run.detach) {
    request.attach_stdout = request.attach_stderr = true;
    request.attach_stdin = request.open_stdin;
  }
  for (std::string stream : streams) {
    for (char& c : stream) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    bool& chosen = stream == "stdin"    ? request.attach_stdin
                   : stream == "stdout" ? request.attach_stdout
                   : stream == "stderr"
                       ? request.attach_stderr
                       : throw error(Kind::kInvalidArgument,
                                     "invalid argument \"{}\" for \"-a, --attach\" flag: valid "
                                     "streams are STDIN, STDOUT and STDERR",
                                     stream);
    chosen = true;
  }
  request.stdin_once = request.open_stdin && request.attach_stdin;
}

PullWhen parse_pull(const GivenOptions& options) {
  const auto text = options.get("pull");
  if (!text || *text == "missing") return PullWhen::kMissing;
  if (*text == "always") return PullWhen::kAlways;
  if (*text == "never") return PullWhen::kNever;
  throw error(Kind::kInvalidArgument,
              "invalid pull option: '{}': must be one of \"always\", \"missing\" or \"never\"",
              *text);
}

}  // namespace

namespace {

void read_rates(const GivenOptions& options, core::ResourceLimits& limits) {
  const auto rates = [&](std::string_view option, RateUnit unit) {
    std::vector<core::DeviceRate> parsed;
    for (const std::string& text : options.all(option)) {
      parsed.push_back(parse_device_rate(option, text, unit));
    }
    return parsed;
  };
  limits.device_read_bps = rates("device-read-bps", RateUnit::kBytes);
  limits.device_write_bps = rates("device-write-bps", RateUnit::kBytes);
  limits.device_read_iops = rates("device-read-iops", RateUnit::kOperations);
  limits.device_write_iops = rates("device-write-iops", RateUnit::kOperations);
}

}  // namespace

core::ResourceLimits parse_limits(const GivenOptions& options) {
  core::ResourceLimits limits;
  const auto number = [&](std::string_view name) { return options.number(name).value_or(0); };
  if (const auto text = options.get("memory")) limits.memory = parse_bytes("memory", *text);
  if (const auto text = options.get("memory-swap")) {
    limits.memory_swap = parse_bytes_or_unlimited("memory-swap", *text);
  }
  if (const auto text = options.get("memory-reservation")) {
    limits.memory_reservation = parse_bytes("memory-reservation", *text);
  }
  if (const auto percent = options.number("memory-swappiness"); percent && *percent != -1) {
    if (*percent < 0 || *percent > 100) {
      throw error(Kind::kInvalidArgument,
                  "invalid value: {}. Valid memory swappiness range is 0-100", *percent);
    }
    limits.memory_swappiness = static_cast<std::uint64_t>(*percent);
  }
  if (const auto text = options.get("cpus")) limits.nano_cpus = parse_cpus(*text);
  for (const std::string_view name : {"cpu-shares", "cpu-period"}) {
    if (number(name) < 0) throw error(Kind::kInvalidArgument, "--{} cannot be negative", name);
  }
  limits.cpu_shares = static_cast<std::uint64_t>(number("cpu-shares"));
  limits.cpu_period = static_cast<std::uint64_t>(number("cpu-period"));
  limits.cpu_quota = number("cpu-quota");
  if (limits.nano_cpus > 0 && (limits.cpu_period > 0 || limits.cpu_quota > 0)) {
    throw error(Kind::kInvalidArgument,
                "Conflicting options: Nano CPUs and CPU Period or Quota cannot both be set");
  }
  limits.cpuset_cpus = options.text("cpuset-cpus");
  limits.cpuset_mems = options.text("cpuset-mems");
  limits.pids_limit = number("pids-limit");
  limits.oom_kill_disable = options.on("oom-kill-disable");
  const long adjustment = number("oom-score-adj");
  if (adjustment < -1000 || adjustment > 1000) {
    throw error(Kind::kInvalidArgument,
                "invalid value {}, range for oom score adj is [-1000, 1000]", adjustment);
  }
  limits.oom_score_adj = static_cast<int>(adjustment);
  read_rates(options, limits);
  return limits;
}

std::string parse_detach_keys(const std::string& text) {
  std::string bytes;
  if (text.empty()) return bytes;
  for (const std::string& part : comma_parts(text)) {
    if (part.size() == 1) {
      bytes += part;
    } else if (part.starts_with("ctrl-") && part.size() == 6) {
      const char key = part[5];
      const bool letter = key >= 'a' && key <= 'z';
      if (!letter && std::string_view("@[\\]^_").find(key) == std::string_view::npos) {
        throw error(Kind::kInvalidArgument, "invalid detach keys ({})", text);
      }
      bytes += static_cast<char>(letter ? key - 'a' + 1 : key - '@');
    } else {
      throw error(Kind::kInvalidArgument, "invalid detach keys ({})", text);
    }
  }
  return bytes;
}

RunRequest parse_run(const CommandLine& line, const Surroundings& around) {
  RunRequest run;
  read_program(line, around, run.container);
  read_attachment(line.options, run);
  read_mounts(line.options, around, run.container);
  read_networks(line.options, run.container);
  read_names_of_hosts(line.options, run.container);
  read_isolation(line.options, around, run.container);
  if (run.container.network_mode.starts_with("container:") && !run.container.hostname.empty()) {
    throw error(Kind::kInvalidArgument, "conflicting options: hostname and the network mode");
  }
  run.pass_signals = line.options.on("sig-proxy", true) && !run.detach;
  run.pull = parse_pull(line.options);
  run.quiet = line.options.on("quiet");
  run.id_file = line.options.text("cidfile");
  run.detach_keys = parse_detach_keys(line.options.get("detach-keys").value_or("ctrl-p,ctrl-q"));
  return run;
}

ExecCall parse_exec(const CommandLine& line, const Surroundings& around) {
  const GivenOptions& options = line.options;
  ExecCall call{.container = line.arguments.front()};
  call.request.cmd.assign(line.arguments.begin() + 1, line.arguments.end());
  call.request.env = parse_environment(options.all("env"), options.all("env-file"), around);
  call.request.user = options.text("user");
  call.request.working_dir = options.text("workdir");
  call.request.tty = options.on("tty");
  call.request.privileged = options.on("privileged");
  call.interactive = options.on("interactive");
  call.detach = options.on("detach");
  return call;
}

}  // namespace seatrial::engine_cli
