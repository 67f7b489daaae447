#include "engine/core/compose_config.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <set>

#include "engine/base/error.h"
#include "engine/core/request_json.h"
#include "engine/spec/mount_options.h"
#include "engine/spec/names.h"

namespace seatrial::core {
namespace {

using spec::NamespaceType;

constexpr std::string_view kDefaultPath =
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
constexpr std::uint64_t kCpuPeriod = 100'000;  // microseconds; docker's for --cpus

std::string_view key_of(std::string_view variable) {
  return variable.substr(0, variable.find('='));
}

bool has_key(const std::vector<std::string>& env, std::string_view key) {
  return std::any_of(env.begin(), env.end(),
                     [&](const std::string& each) { return key_of(each) == key; });
}

spec::Mount mount(std::string destination, std::string type, std::string source,
                  std::vector<std::string> options) {
  spec::Mount result{.destination = std::move(destination),
                     .type = std::move(type),
                     .source = std::move(source),
                     .options = spec::parse_mount_options(options)};
  result.raw_options = std::move(options);
  if (result.type == "bind") result.options.bind = true;
  return result;
}

// Docker's defaults, in its order.
std::vector<spec::Mount> default_mounts(const ContainerRequest& request,
                                        const ComposeFacts& facts) {
  std::vector<spec::Mount> mounts{
      mount("/proc", "proc", "proc", {"nosuid", "noexec", "nodev"}),
      mount("/dev", "tmpfs", "tmpfs", {"nosuid", "strictatime", "mode=755", "size=65536k"}),
      mount("/dev/pts", "devpts", "devpts",
            {"nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"}),
      mount("/sys", "sysfs", "sysfs", {"nosuid", "noexec", "nodev", "ro"}),
      mount("/sys/fs/cgroup", "cgroup", "cgroup", {"ro", "nosuid", "noexec", "nodev"}),
      mount("/dev/mqueue", "mqueue", "mqueue", {"nosuid", "noexec", "nodev"})};
  if (!facts.shm_source.empty()) {
    mounts.push_back(mount("/dev/shm", "bind", facts.shm_source, {"rbind", "rprivate"}));
  } else if (request.ipc_mode != "none") {
    mounts.push_back(mount(
        "/dev/shm", "tmpfs", "shm",
        {"nosuid", "noexec", "nodev", "mode=1777", fmt::format("size={}", request.shm_size)}));
  }
  for (const char* name : {"resolv.conf", "hostname", "hosts"}) {
    mounts.push_back(mount(fmt::format("/etc/{}", name), "bind",
                           fmt::format("{}/{}", facts.directory, name), {"rbind", "rprivate"}));
  }
  return mounts;
}

std::vector<std::string> tmpfs_options(const volume::MountSpec& spec) {
  std::vector<std::string> options{"noexec", "nosuid", "nodev"};
  if (spec.read_only) options.emplace_back("ro");
  if (spec.tmpfs_size != 0) options.push_back(fmt::format("size={}", spec.tmpfs_size));
  if (spec.tmpfs_mode) options.push_back(fmt::format("mode={:o}", *spec.tmpfs_mode));
  std::string_view rest = spec.tmpfs_options;
  while (!rest.empty()) {
    const std::size_t comma = std::min(rest.find(','), rest.size());
    if (comma > 0) options.emplace_back(rest.substr(0, comma));
    rest.remove_prefix(std::min(comma + 1, rest.size()));
  }
  return options;
}

spec::Mount host_mount(const MountPoint& point, bool recursive) {
  std::vector<std::string> options{recursive ? "rbind" : "bind",
                                   point.propagation.empty() ? "rprivate" : point.propagation};
  if (!point.read_write) options.emplace_back("ro");
  return mount(point.destination, "bind", point.source, std::move(options));
}

// A parent is mounted before what lies in it.
std::ptrdiff_t depth(const spec::Mount& mount) {
  return std::count(mount.destination.begin(), mount.destination.end(), '/');
}

void add_user_mounts(const ContainerRequest& request, const ComposeFacts& facts,
                     std::vector<spec::Mount>& mounts) {
  std::vector<spec::Mount> added;
  std::set<std::string> not_recursive;
  for (const volume::MountSpec& spec : request.mounts) {
    if (!spec.recursive) not_recursive.insert(spec.target);
    if (spec.type == volume::MountType::kTmpfs) {
      added.push_back(mount(spec.target, "tmpfs", "tmpfs", tmpfs_options(spec)));
    }
  }
  for (const MountPoint& point : facts.mounts) {
    if (point.type == volume::MountType::kTmpfs) continue;
    added.push_back(host_mount(point, !not_recursive.contains(point.destination)));
  }
  std::stable_sort(added.begin(), added.end(),
                   [](const spec::Mount& a, const spec::Mount& b) { return depth(a) < depth(b); });
  // What the user mounts takes the default's place, but for procfs: init refuses what is none over
  // it, by whatever path, and that is what a volume of an image on /proc must meet.
  std::erase_if(mounts, [&](const spec::Mount& each) {
    if (each.type == "proc") return false;
    return std::any_of(added.begin(), added.end(), [&](const spec::Mount& other) {
      return other.destination == each.destination;
    });
  });
  mounts.insert(mounts.end(), std::make_move_iterator(added.begin()),
                std::make_move_iterator(added.end()));
}

std::vector<spec::Namespace> namespaces_of(const ContainerRequest& request,
                                           const ComposeFacts& facts) {
  std::vector<spec::Namespace> namespaces{{.type = NamespaceType::kMount}};
  if (request.network_mode != "host") {
    namespaces.push_back({.type = NamespaceType::kNetwork, .path = facts.network_namespace});
  }
  if (request.pid_mode != "host") {
    namespaces.push_back({.type = NamespaceType::kPid, .path = facts.pid_namespace});
  }
  if (request.ipc_mode != "host") {
    namespaces.push_back({.type = NamespaceType::kIpc, .path = facts.ipc_namespace});
  }
  if (request.uts_mode != "host") namespaces.push_back({.type = NamespaceType::kUts});
  const bool own_cgroups =
      request.cgroupns_mode.empty() ? facts.cgroup_namespace : request.cgroupns_mode == "private";
  if (own_cgroups) namespaces.push_back({.type = NamespaceType::kCgroup});
  return namespaces;
}

std::uint64_t limit_value(std::int64_t value) {
  return value < 0 ? ~std::uint64_t{0} : static_cast<std::uint64_t>(value);
}

std::string name_of(const ContainerRequest& request, const ComposeFacts& facts) {
  return facts.hostname.empty() ? hostname_of(request, facts.id) : facts.hostname;
}

spec::Process process_of(const ContainerRequest& request, const ComposeFacts& facts) {
  spec::Process process{.terminal = request.tty,
                        .user = facts.user.user,
                        .args = program_of(request),
                        .cwd = request.working_dir.empty() ? "/" : request.working_dir,
                        .rlimits = rlimits_of(request.ulimits),
                        .oom_score_adj = request.resources.oom_score_adj};
  if (request.tty && request.console_height != 0) {
    process.console_size = {.height = request.console_height, .width = request.console_width};
  }
  if (!facts.init_program.empty()) {
    process.args.insert(process.args.begin(), {kInitPath, "--"});
  }
  process.env = environment_of(request.env, name_of(request, facts), facts.user.home, request.tty);
  return process;
}

bool covers(const ContainerRequest& request, const std::string& target) {
  return std::any_of(request.mounts.begin(), request.mounts.end(),
                     [&](const volume::MountSpec& spec) { return spec.target == target; });
}

}  // namespace

void check_memory(const ResourceLimits& limits) {
  constexpr std::int64_t kLeastMemory = 6 << 20;
  if (limits.memory != 0 && limits.memory < kLeastMemory) {
    throw error(Kind::kInvalidArgument, "Minimum memory limit allowed is 6MB");
  }
}

std::vector<spec::Rlimit> rlimits_of(const std::vector<Ulimit>& ulimits) {
  std::vector<spec::Rlimit> limits;
  for (const Ulimit& ulimit : ulimits) {
    std::string name = "RLIMIT_" + ulimit.name;
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    const auto resource = spec::rlimit_resource(name);
    if (!resource) {
      throw error(Kind::kInvalidArgument, "\"{}\" is not a ulimit ({})", ulimit.name,
                  spec::known_rlimits());
    }
    const spec::Rlimit limit{
        .resource = *resource, .soft = limit_value(ulimit.soft), .hard = limit_value(ulimit.hard)};
    if (limit.soft > limit.hard) {
      throw error(Kind::kInvalidArgument, "ulimit {}: the soft limit {} is over the hard limit {}",
                  ulimit.name, ulimit.soft, ulimit.hard);
    }
    limits.push_back(limit);
  }
  return limits;
}

std::vector<std::string> merge_env(std::vector<std::string> base,
                                   const std::vector<std::string>& changes) {
  for (const std::string& change : changes) {
    const std::string_view key = key_of(change);
    const auto same = std::find_if(base.begin(), base.end(),
                                   [&](const std::string& each) { return key_of(each) == key; });
    const bool removes = change.find('=') == std::string::npos;
    if (same != base.end() && removes) {
      base.erase(same);
    } else if (same != base.end()) {
      *same = change;
    } else if (!removes) {
      base.push_back(change);
    }
  }
  return base;
}

ContainerRequest merge_image(ContainerRequest request, const spec::RunConfig& image) {
  if (!request.entrypoint) {
    if (!image.entrypoint.empty()) request.entrypoint = image.entrypoint;
    if (request.cmd.empty()) request.cmd = image.cmd;
  } else if (request.entrypoint->empty() && request.cmd.empty()) {
    // `--entrypoint ""` alone: docker keeps the image's command.
    request.cmd = image.cmd;
  }
  if (program_of(request).empty()) {
    throw error(Kind::kInvalidArgument,
                "No command specified: neither the request nor image {} has one", request.image);
  }
  request.env = merge_env(image.env, request.env);
  if (request.user.empty()) request.user = image.user;
  if (request.working_dir.empty()) request.working_dir = image.working_dir;
  if (request.stop_signal.empty()) request.stop_signal = image.stop_signal;
  for (const auto& [key, value] : image.labels) request.labels.try_emplace(key, value);
  for (const std::string& port : image.exposed_ports) {
    // Exposing is a note to the reader: images name protocols that no port is published with.
    const std::string text = port.ends_with("/sctp") ? port : port_text(parse_port(port));
    if (std::find(request.exposed_ports.begin(), request.exposed_ports.end(), text) ==
        request.exposed_ports.end()) {
      request.exposed_ports.push_back(text);
    }
  }
  for (const std::string& target : image.volumes) {
    const volume::MountSpec spec = volume::parse_volume_option(target);
    if (!covers(request, spec.target)) request.mounts.push_back(spec);
  }
  return request;
}

std::vector<std::string> program_of(const ContainerRequest& merged) {
  std::vector<std::string> program = merged.entrypoint.value_or(std::vector<std::string>{});
  program.insert(program.end(), merged.cmd.begin(), merged.cmd.end());
  return program;
}

bool wants_init(const ContainerRequest& merged) {
  return merged.init && merged.pid_mode.empty();
}

std::string hostname_of(const ContainerRequest& merged, std::string_view id) {
  return merged.hostname.empty() ? std::string(id.substr(0, 12)) : merged.hostname;
}

std::vector<std::string> environment_of(const std::vector<std::string>& env,
                                        std::string_view hostname, std::string_view home,
                                        bool tty) {
  std::vector<std::string> result{std::string(kDefaultPath)};
  result.push_back(fmt::format("HOSTNAME={}", hostname));
  if (tty) result.emplace_back("TERM=xterm");
  result = merge_env(std::move(result), env);
  if (!has_key(result, "HOME")) result.push_back(fmt::format("HOME={}", home));
  return result;
}

spec::Resources resources_of(const ResourceLimits& limits) {
  spec::Resources resources;
  spec::MemoryLimits memory;
  if (limits.memory != 0) memory.limit = limits.memory;
  if (limits.memory_reservation != 0) memory.reservation = limits.memory_reservation;
  if (limits.memory_swap != 0) {
    memory.swap = limits.memory_swap;
  } else if (limits.memory > 0) {
    memory.swap = 2 * limits.memory;  // docker's: as much swap as memory
  }
  memory.swappiness = limits.memory_swappiness;
  if (limits.oom_kill_disable) memory.disable_oom_killer = true;
  resources.memory = memory;

  spec::CpuLimits cpu{.cpus = limits.cpuset_cpus, .mems = limits.cpuset_mems};
  if (limits.cpu_shares != 0) cpu.shares = limits.cpu_shares;
  if (limits.cpu_period != 0) cpu.period = limits.cpu_period;
  if (limits.cpu_quota != 0) cpu.quota = limits.cpu_quota;
  if (limits.nano_cpus > 0) {
    cpu.period = kCpuPeriod;
    cpu.quota = limits.nano_cpus * static_cast<std::int64_t>(kCpuPeriod) / 1'000'000'000;
  }
  resources.cpu = std::move(cpu);
  if (limits.pids_limit != 0) resources.pids_limit = limits.pids_limit;
  return resources;
}

spec::Config compose_config(const ContainerRequest& merged, const ComposeFacts& facts) {
  spec::Config config{.oci_version = "1.3.0",
                      .root = {.path = facts.rootfs, .readonly = merged.read_only_rootfs},
                      .mounts = default_mounts(merged, facts),
                      .process = process_of(merged, facts)};
  if (merged.uts_mode != "host") {
    config.hostname = name_of(merged, facts);
    config.domainname = merged.domainname;
  }
  add_user_mounts(merged, facts, config.mounts);
  // The last, so that nothing covers it.
  if (!facts.init_program.empty()) {
    config.mounts.push_back(mount(kInitPath, "bind", facts.init_program,
                                  {"bind", "ro", "nosuid", "nodev", "rprivate"}));
  }
  config.linux_.namespaces = namespaces_of(merged, facts);
  config.linux_.sysctl = merged.sysctls;
  config.linux_.cgroups_path = fmt::format(
      "{}/{}", merged.cgroup_parent.empty() ? facts.cgroup_parent : merged.cgroup_parent, facts.id);
  config.linux_.resources = resources_of(merged.resources);
  if (merged.resources.pids_limit == 0 && facts.pids_limit != 0) {
    config.linux_.resources.pids_limit = facts.pids_limit;
  }
  config.linux_.devices = facts.devices;
  return config;
}

}  // namespace seatrial::core
