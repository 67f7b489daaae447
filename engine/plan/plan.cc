// The order in which a container is built.
#include <fmt/format.h>
#include <linux/mount.h>
#include <linux/sched.h>
#include <sys/stat.h>

#include <algorithm>
#include <limits>

#include "engine/base/error.h"
#include "engine/plan/parts.h"
#include "engine/spec/names.h"

namespace seatrial::plan {
namespace {

// Where a process moves itself by writing 0. The launcher has one thread, so for v1 that is
// `tasks`: unlike cgroup.procs it does not take the kernel's lock on all thread groups, which costs
// a grace period (cgroup_procs_write_start in kernel/cgroup/cgroup.c).
std::string join_file(const CgroupHierarchy& hierarchy) {
  return hierarchy.mountpoint + hierarchy.cgroup + (hierarchy.v2 ? "/cgroup.procs" : "/tasks");
}

using spec::NamespaceType;

enum class Presence { kInherited, kJoined, kNew };

Presence presence(const spec::Config& config, NamespaceType type) {
  const spec::Namespace* entry = config.find_namespace(type);
  if (entry == nullptr) return Presence::kInherited;
  return entry->path.empty() ? Presence::kNew : Presence::kJoined;
}

// The default device, a link into the container's own devpts: dockerd and podman name the host's
// among those of a privileged container.
bool is_ptmx(const spec::Device& device) {
  return device.type == spec::DeviceType::kCharacter && device.major == 5 && device.minor == 2 &&
         normal_path(device.path) == "/dev/ptmx";
}

bool maps_root(const std::vector<spec::IdMapping>& mappings) {
  return std::any_of(mappings.begin(), mappings.end(),
                     [](const spec::IdMapping& mapping) { return mapping.container_id == 0; });
}

void refuse_user_namespace_without_root(const spec::Config& config) {
  if (presence(config, NamespaceType::kUser) != Presence::kNew) return;
  const auto check = [](const auto& mappings, const char* name) {
    if (maps_root(mappings)) return;
    throw error(
        Kind::kInvalidArgument,
        "linux.{} must map id 0 of the container: a new user namespace is set up by its root",
        name);
  };
  check(config.linux_.uid_mappings, "uidMappings");
  check(config.linux_.gid_mappings, "gidMappings");
}

// Without a mount namespace of the container's own, each of these would change the host's.
void refuse_mounts_on_the_host(const spec::Config& config) {
  if (presence(config, NamespaceType::kMount) != Presence::kInherited) return;
  const char* culprit = !config.mounts.empty()                  ? "mounts"
                        : !config.linux_.masked_paths.empty()   ? "linux.maskedPaths"
                        : !config.linux_.readonly_paths.empty() ? "linux.readonlyPaths"
                        : config.root.readonly                  ? "root.readonly"
                        : config.linux_.rootfs_propagation != 0 ? "linux.rootfsPropagation"
                                                                : nullptr;
  if (culprit == nullptr) return;
  throw error(Kind::kInvalidArgument,
              "{} needs a namespace of type mount in linux.namespaces; without one it would change "
              "the host's mounts",
              culprit);
}

std::string offsets_text(const std::map<std::string, spec::TimeOffset>& offsets) {
  std::string text;
  for (const auto& [clock, offset] : offsets) {
    text += fmt::format("{} {} {}\n", clock, offset.secs, offset.nanosecs);
  }
  return text;
}

std::optional<std::string> keyring_of(bool none, const std::string& id) {
  if (none) return std::nullopt;
  return id.empty() ? "" : "_ses." + id;
}

class Planner {
 public:
  Planner(const spec::Config& config, const HostFacts& host, const LaunchOptions& options)
      : config_(config), host_(host), options_(options) {
    in_user_namespace_ = host.in_user_namespace || is(NamespaceType::kUser, Presence::kNew) ||
                         is(NamespaceType::kUser, Presence::kJoined);
    process_context_ = {.last_capability = host.last_capability,
                        .own_capabilities = host.own_capabilities,
                        .in_user_namespace = has_user_namespace(),
                        .seccomp = &options.seccomp,
                        .personality = config.linux_.personality,
                        .memory_policy = config.linux_.memory_policy};
  }

  LaunchPlan make() {
    if (config_.process) {
      plan_.warnings = capability_warnings(*config_.process, process_context_);
    }
    plan_.preserve_fds = options_.preserve_fds;
    plan_.start_at_once = options_.start_at_once;
    plan_the_mounts();
    add_launcher();
    add_outside_root();
    add_inside_root();
    add_end();
    return std::move(plan_);
  }

 private:
  bool is(NamespaceType type, Presence wanted) const { return presence(config_, type) == wanted; }
  bool has_user_namespace() const {
    return config_.find_namespace(NamespaceType::kUser) != nullptr;
  }
  bool has_mount_namespace() const {
    return config_.find_namespace(NamespaceType::kMount) != nullptr;
  }

  template <typename S>
  void launcher(S step) {
    plan_.launcher.push_back({std::move(step)});
  }
  template <typename S>
  void init(S step) {
    plan_.init.push_back({std::move(step)});
  }

  void plan_the_mounts() {
    mounts_ = plan_mounts(config_.mounts,
                          {.cgroups = host_.cgroups,
                           .own_cgroup_namespace = is(NamespaceType::kCgroup, Presence::kNew),
                           .in_user_namespace = in_user_namespace_,
                           .own_network_namespace = is(NamespaceType::kNetwork, Presence::kNew),
                           .own_user_namespace = has_user_namespace(),
                           .may_clone_mounts = host_.may_clone_mounts,
                           .uid_mappings = config_.linux_.uid_mappings,
                           .gid_mappings = config_.linux_.gid_mappings,
                           .label = config_.linux_.mount_label});
  }

  static void append(Steps from, Steps& to) {
    std::move(from.begin(), from.end(), std::back_inserter(to));
  }

  // A cgroup namespace takes its root from where the process then is; a user namespace or a mount
  // namespace that is joined takes the host's cgroup files away. Where there is none of them, init
  // joins the cgroups itself, and the runtime makes them while the kernel makes the namespaces:
  // those cost the most of all.
  bool init_joins_cgroups() const {
    return !in_user_namespace_ && !is(NamespaceType::kCgroup, Presence::kNew) &&
           std::ranges::all_of(config_.linux_.namespaces,
                               [](const spec::Namespace& entry) { return entry.path.empty(); });
  }

  void join_cgroups(Steps& steps) {
    for (const CgroupHierarchy& hierarchy : host_.cgroups) {
      if (!hierarchy.joined) continue;
      steps.push_back({JoinCgroup{.file = join_file(hierarchy)}});
    }
  }

  // Cgroups first: all that follows is accounted to the container. Joined namespaces before new
  // ones, so that the new ones belong to the container's user namespace.
  void add_launcher() {
    plan_.init_joins_cgroups = init_joins_cgroups();
    if (!plan_.init_joins_cgroups) join_cgroups(plan_.launcher);
    if (config_.process) add_host_limits(*config_.process, process_context_, plan_.launcher);
    append(std::move(mounts_.on_host), plan_.launcher);
    if (config_.process) add_label_on_host(*config_.process, plan_.launcher);
    std::uint64_t new_flags = 0;
    bool joins = false;
    for (const spec::Namespace& entry : config_.linux_.namespaces) {
      const std::uint64_t flag = clone_flag(entry.type);
      if (entry.path.empty()) {
        new_flags |= flag;
      } else {
        launcher(OpenNamespace{.path = entry.path, .flag = flag});
        joins = true;
      }
    }
    if (joins) launcher(EnterNamespaces{});
    if (is(NamespaceType::kUser, Presence::kJoined)) launcher(BecomeRoot{});
    if (is(NamespaceType::kUser, Presence::kNew)) {
      launcher(NewUserNamespace{});
      plan_.needs_id_maps = true;
    }
    if (is(NamespaceType::kTime, Presence::kNew)) {
      launcher(NewTimeNamespace{.offsets = offsets_text(config_.linux_.time_offsets)});
    }
    constexpr std::uint64_t kMadeBefore = CLONE_NEWUSER | CLONE_NEWTIME;
    plan_.launcher_hands_listener = launcher_hands_listener(options_.seccomp, host_);
    launcher(CloneInit{.flags = new_flags & ~kMadeBefore,
                       .hand_listener = plan_.launcher_hands_listener ? 1u : 0u});
  }

  void add_outside_root() {
    if (plan_.init_joins_cgroups) join_cgroups(plan_.init);
    add_keyring_and_label(config_.process.value_or(spec::Process{}),
                          keyring_of(options_.no_new_keyring, options_.id), plan_.init);
    if (is(NamespaceType::kNetwork, Presence::kNew)) init(LoopbackUp{});
    init(PrepareRoot{.rootfs = rootfs(), .propagation = outer_propagation()});
    append(std::move(mounts_.now), plan_.init);
    add_devices();
    if (config_.process && config_.process->terminal) {
      init(console_of(*config_.process, has_mount_namespace()));
      plan_.has_console = true;
    }
    if (!config_.linux_.masked_paths.empty())
      init(PrepareMasks{.label = config_.linux_.mount_label});
    if (!config_.linux_.sysctl.empty()) init(OpenProcfs{});
    add_create_hooks();
    init(EnterRoot{.how = !has_mount_namespace() ? steps::RootEntry::kChroot
                          : options_.no_pivot    ? steps::RootEntry::kMove
                                                 : steps::RootEntry::kPivot});
  }

  std::string rootfs() const {
    const std::string& path = config_.root.path;
    return path.starts_with('/') ? path : options_.bundle + "/" + path;
  }

  // What the whole tree gets before anything is mounted. pivot_root(2) wants no shared mount, so
  // what the configuration asks for the root comes after it, on the root mount alone.
  std::uint64_t outer_propagation() const {
    if (!has_mount_namespace()) return 0;
    const std::uint64_t asked = config_.linux_.rootfs_propagation;
    return asked == MS_PRIVATE || asked == MS_UNBINDABLE ? MS_PRIVATE : MS_SLAVE;
  }

  // A bind mount at /dev brings its own devices.
  void add_devices() {
    const bool brought =
        std::any_of(config_.mounts.begin(), config_.mounts.end(), [](const spec::Mount& mount) {
          return mount.options.bind && normal_path(mount.destination) == "/dev";
        });
    if (brought) return;
    const std::uint32_t bind = in_user_namespace_ ? 1 : 0;
    init(DefaultDevices{.bind = bind});
    for (const spec::Device& device : config_.linux_.devices) {
      if (is_ptmx(device)) continue;
      const std::uint32_t kind = device.type == spec::DeviceType::kCharacter ? S_IFCHR
                                 : device.type == spec::DeviceType::kBlock   ? S_IFBLK
                                                                             : S_IFIFO;
      init(Device{.target = normal_path(device.path),
                  .mode = kind | device.file_mode.value_or(0666),
                  .uid = device.uid.value_or(0),
                  .gid = device.gid.value_or(0),
                  .major = static_cast<std::uint32_t>(device.major),
                  .minor = static_cast<std::uint32_t>(device.minor),
                  .bind = kind == S_IFIFO ? 0 : bind});
    }
  }

  void add_create_hooks() {
    const spec::Hooks& hooks = config_.hooks;
    plan_.has_runtime_hooks_sync =
        !hooks.prestart.empty() || !hooks.create_runtime.empty() || !hooks.create_container.empty();
    if (!plan_.has_runtime_hooks_sync) return;
    init(RuntimeHooks{});
    add_hooks(hooks.create_container, false);
  }

  void add_hooks(const std::vector<spec::Hook>& hooks, bool at_start) {
    constexpr std::int64_t kMostMs = std::numeric_limits<std::int32_t>::max();
    for (const spec::Hook& hook : hooks) {
      const std::int64_t seconds = hook.timeout ? hook.timeout->count() : 0;
      init(Hook{.path = hook.path,
                .args = hook.args.empty() ? std::vector{hook.path} : hook.args,
                .env = hook.env,
                .timeout_ms = static_cast<std::uint32_t>(std::min(seconds * 1000, kMostMs)),
                .at_start = at_start ? 1u : 0u});
    }
  }

  // Whatever writes below the root comes before what makes it read-only.
  void add_inside_root() {
    if (config_.process && normal_path(config_.process->cwd) != "/") {
      init(MakeDirectory{.target = normal_path(config_.process->cwd)});
    }
    append(std::move(mounts_.later), plan_.init);
    steps::MountChange root;
    if (config_.root.readonly) root.set = MOUNT_ATTR_RDONLY;
    const std::uint64_t asked = config_.linux_.rootfs_propagation;
    if (asked == MS_SHARED || asked == MS_UNBINDABLE) root.propagation = asked;
    if (root.set != 0 || root.propagation != 0) init(ChangeRoot{.change = root});
    if (!config_.hostname.empty()) init(SetHostname{.name = config_.hostname});
    if (!config_.domainname.empty()) init(SetDomainname{.name = config_.domainname});
    for (const auto& [name, value] : config_.linux_.sysctl) {
      std::string path = name;  // a '/' in a name stands for a dot in a component
      for (char& c : path) c = c == '.' ? '/' : c == '/' ? '.' : c;
      init(Sysctl{.path = std::move(path), .value = value});
    }
    for (const std::string& path : config_.linux_.readonly_paths) {
      init(ReadonlyPath{.target = normal_path(path)});
    }
    for (const std::string& path : config_.linux_.masked_paths) {
      init(MaskPath{.target = normal_path(path)});
    }
    if (config_.process) add_process(*config_.process, process_context_, plan_.init);
  }

  void add_end() {
    using enum steps::ReadyAnswer;
    init(Ready{.answer = !options_.start_at_once  ? kStartLater
                         : options_.start_unasked ? kNone
                                                  : kProceed});
    if (!options_.start_at_once) init(AwaitStart{});
    if (!config_.hooks.start_container.empty()) {
      plan_.needs_start_state = true;
      init(AskState{});
      add_hooks(config_.hooks.start_container, true);
    }
    add_execution(config_.process.value_or(spec::Process{}), process_context_, plan_.init);
  }

  const spec::Config& config_;
  const HostFacts& host_;
  const LaunchOptions& options_;
  bool in_user_namespace_ = false;  // of the runtime or of the container
  ProcessContext process_context_;
  MountSteps mounts_;
  LaunchPlan plan_;
};

}  // namespace

std::string normal_path(std::string_view path) {
  std::string result;
  for (const char c : path) {
    if (result.empty() && c != '/') result += '/';
    if (c == '/' && result.ends_with('/')) continue;
    result += c;
  }
  if (result.size() > 1 && result.ends_with('/')) result.pop_back();
  return result.empty() ? "/" : result;
}

std::uint64_t clone_flag(NamespaceType type) {
  switch (type) {
    case NamespaceType::kPid:
      return CLONE_NEWPID;
    case NamespaceType::kNetwork:
      return CLONE_NEWNET;
    case NamespaceType::kMount:
      return CLONE_NEWNS;
    case NamespaceType::kIpc:
      return CLONE_NEWIPC;
    case NamespaceType::kUts:
      return CLONE_NEWUTS;
    case NamespaceType::kUser:
      return CLONE_NEWUSER;
    case NamespaceType::kCgroup:
      return CLONE_NEWCGROUP;
    case NamespaceType::kTime:
      return CLONE_NEWTIME;
  }
  throw error(Kind::kInternal, "a namespace type without a clone flag");
}

LaunchPlan plan(const spec::Config& config, const HostFacts& host, const LaunchOptions& options) {
  if (config.linux_.seccomp && options.seccomp.program.empty()) {
    throw error(Kind::kInternal, "linux.seccomp was not compiled");
  }
  refuse_user_namespace_without_root(config);
  refuse_mounts_on_the_host(config);
  refuse_unmapped_ids(config, id_maps_of(config, host));
  return Planner(config, host, options).make();
}

LaunchPlan plan_exec(const spec::Process& process, const HostFacts& host,
                     const ExecOptions& options) {
  refuse_unmapped_user(process.user, {.uids = options.uid_map, .gids = options.gid_map});
  std::uint64_t flags = 0;
  for (const NamespaceType type : options.namespaces) flags |= clone_flag(type);
  const ProcessContext context{.last_capability = host.last_capability,
                               .own_capabilities = host.own_capabilities,
                               .in_user_namespace = (flags & CLONE_NEWUSER) != 0,
                               .seccomp = &options.seccomp,
                               .personality = options.personality,
                               .memory_policy = options.memory_policy};
  LaunchPlan plan;
  plan.warnings = capability_warnings(process, context);
  plan.preserve_fds = options.preserve_fds;
  const auto run_on = [&](const spec::NumberMask& cpus) {
    if (!cpus.empty()) plan.launcher.push_back({SetAffinity{.cpus = cpus}});
  };
  run_on(process.exec_cpu_affinity.initial);
  for (const CgroupHierarchy& hierarchy : host.cgroups) {
    plan.launcher.push_back({JoinCgroup{.file = join_file(hierarchy)}});
  }
  run_on(process.exec_cpu_affinity.final);
  add_host_limits(process, context, plan.launcher);
  add_label_on_host(process, plan.launcher);
  const bool needs_root = (flags & CLONE_NEWNS) == 0;
  if (flags != 0 || needs_root) {
    plan.launcher.push_back(
        {EnterTarget{.rootfs = needs_root ? options.rootfs : "", .flags = flags}});
  }
  if (context.in_user_namespace) plan.launcher.push_back({BecomeRoot{}});
  plan.launcher_hands_listener = launcher_hands_listener(options.seccomp, host);
  plan.launcher.push_back(
      {CloneInit{.flags = 0, .hand_listener = plan.launcher_hands_listener ? 1u : 0u}});

  add_keyring_and_label(process, keyring_of(options.no_new_keyring, options.id), plan.init);
  if (process.terminal) {
    plan.init.push_back({console_of(process, false)});
    plan.has_console = true;
  }
  add_process(process, context, plan.init);
  plan.init.push_back({Ready{}});
  add_execution(process, context, plan.init);
  return plan;
}

}  // namespace seatrial::plan
