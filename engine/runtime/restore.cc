// restore: image files of a checkpoint become a running container, through CRIU.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/runtime/bundle.h"
#include "engine/runtime/console.h"
#include "engine/runtime/container_id.h"
#include "engine/runtime/criu.h"
#include "engine/runtime/criu_images.h"
#include "engine/runtime/criu_mounts.h"
#include "engine/runtime/hooks.h"
#include "engine/runtime/impl.h"
#include "engine/runtime/launch.h"
#include "engine/runtime/new_container.h"
#include "engine/runtime/pid_file.h"
#include "engine/runtime/scope.h"
#include "engine/runtime/security_modules.h"
#include "engine/sys/network_namespace.h"

namespace seatrial::runtime {
namespace {

namespace fs = std::filesystem;

constexpr const char* kLog = "restore.log";
// In the state directory: 0 is the root that CRIU enters, and beside it are the sources of mounts.
constexpr const char* kStage = "restore";
// Of `criu lazy-pages`, in its working directory.
constexpr const char* kLazyPagesSocket = "lazy-pages.socket";
constexpr int kFirstFreeDescriptor = 4;  // in the process of CRIU: criu::SessionRequest

// What CRIU joins by its file; the name that it has for each.
const char* name_to_join(spec::NamespaceType type) {
  switch (type) {
    case spec::NamespaceType::kIpc:
      return "ipc";
    case spec::NamespaceType::kUts:
      return "uts";
    case spec::NamespaceType::kMount:
      return "mnt";
    case spec::NamespaceType::kTime:
      return "time";
    default:
      return nullptr;
  }
}

bool is_external(spec::NamespaceType type) {
  return type == spec::NamespaceType::kNetwork || type == spec::NamespaceType::kPid;
}

void check_namespaces(const spec::Config& config) {
  for (const spec::Namespace& each : config.linux_.namespaces) {
    if (!each.path.empty() && !is_external(each.type) && name_to_join(each.type) == nullptr) {
      throw error(Kind::kUnsupported,
                  "linux.namespaces: CRIU cannot restore a container into the namespace {}",
                  each.path);
    }
  }
}

// CRIU looks for it only once most of the container stands.
void check_lazy_pages(const CriuRequest& request, const fs::path& program) {
  if (!request.lazy_pages) return;
  criu::require_lazy_pages(program);
  const fs::path socket = (request.work.empty() ? request.images : request.work) / kLazyPagesSocket;
  std::error_code absent;
  if (fs::is_socket(socket, absent)) return;
  throw error(Kind::kNotFound,
              "lazy pages come from `criu lazy-pages`, which does not run: there is no socket {}",
              socket.native());
}

Bundle bundle_of(const RestoreRequest& request, Runtime::Impl& impl) {
  Bundle bundle = load_bundle(request.bundle, &impl.known_seccomp);
  if (impl.cgroup_manager == CgroupManager::kSystemd) place_in_scope(bundle, request.id, impl.host);
  return bundle;
}

// CRIU could not set the terminal's modes, and would say so only once most of the container stands.
void check_terminals(const std::vector<criu::InheritedFd>& inherited, const Stdio& stdio) {
  const std::array given{stdio.in, stdio.out, stdio.err};
  for (const criu::InheritedFd& each : inherited) {
    if (!each.key.starts_with("tty[") || ::isatty(given.at(static_cast<std::size_t>(each.fd)))) {
      continue;
    }
    throw error(Kind::kInvalidArgument,
                "descriptor {} of the container was a terminal outside of it, and what takes its "
                "place is none",
                each.fd);
  }
}

// One restore, step by step; what it made is taken back unless it comes to its end.
class Restoration {
 public:
  Restoration(Runtime::Impl& impl, const RestoreRequest& request);

  Child run();

 private:
  void make_state();
  void enter_scope();
  void start_criu();
  void set_io_priority() const;
  void restore();
  void take(const criu::Response& notification, std::vector<UniqueFd> descriptors);
  void set_up_namespaces(pid_t pid);
  void record(pid_t pid);
  void hold(pid_t pid);
  int next_descriptor() const {
    return std::max(kFirstFreeDescriptor, placements_.back().target + 1);
  }
  void inherit_stdio();
  void inherit_namespaces();
  void take_over_strictness();
  void undo();

  Runtime::Impl& impl_;
  const RestoreRequest& request_;
  const fs::path program_;
  const Bundle bundle_;
  const spec::Config& config_;
  ContainerCgroups cgroups_;
  criu::Options options_;
  UniqueFd console_socket_;
  std::optional<NewScope> scope_;  // nothing unless systemd makes the cgroups
  std::optional<StateDirectory> directory_;
  Record record_;
  std::vector<sys::Placement> placements_;
  std::vector<UniqueFd> namespaces_;
  std::optional<Launch> placeholder_;
  std::optional<criu::Session> session_;
  sys::PidFd init_;
  UniqueFd console_master_;
  bool hooks_begun_ = false;
};

// Everything up to here only reads: a bad request fails before anything was made.
Restoration::Restoration(Runtime::Impl& impl, const RestoreRequest& request)
    : impl_(impl),
      request_(request),
      program_(criu::require_program(request.criu.program)),
      bundle_(bundle_of(request, impl)),
      config_(bundle_.config),
      cgroups_(choose_cgroups(impl.host, config_.linux_, request.id, bundle_.scope)),
      options_(criu::options_of(request.criu, config_)) {
  const plan::LaunchPlan plan = plan::plan(
      config_, impl.host.facts(cgroups_.hierarchies),
      {.bundle = bundle_.path.native(), .id = request.id, .seccomp = impl.filter_of(config_)});
  for (const std::string& warning : plan.warnings) impl_.warn(warning);
  criu::check_config(config_);
  criu::check_sources(config_);
  cgroups_.nodes = cgroup::Nodes::kAny;  // CRIU makes whatever was on a tmpfs
  check_namespaces(config_);
  check_lazy_pages(request.criu, program_);
  options_.inherited = criu::inherited_stdio(read_file(request.criu.images / criu::kDescriptors));
  check_terminals(options_.inherited, request.stdio);
  options_.lsm_profile = request.lsm_profile;
  options_.lsm_mount_context = request.lsm_mount_context;
  console_socket_ = connect_console_of(config_, request.console_socket, request.detached);
  if (bundle_.scope) {
    scope_.emplace(*bundle_.scope, cgroups_.resources, cgroups_.layout(impl.host).is_pure_v2());
  }
}

Child Restoration::run() {
  make_state();
  try {
    if (scope_) enter_scope();
    make_cgroup(impl_, config_, request_.id, cgroups_, record_);
    take_over_strictness();
    criu::make_mount_points(config_, bundle_.rootfs);
    start_criu();
    placeholder_.reset();
    restore();
  } catch (...) {
    undo();
    throw;
  }
  const pid_t pid = init_.pid();
  return {pid, init_.release(), std::move(console_master_)};
}

void Restoration::make_state() {
  record_ = new_record(impl_, bundle_, request_.id, cgroups_);
  directory_ = impl_.root.create(request_.id);
  try {
    directory_->write_record(record_);
    if (::mkdirat(directory_->get(), kStage, 0700) != 0) {
      throw sys_error(errno, "make a directory in the state of container {}", request_.id);
    }
  } catch (...) {
    impl_.root.remove(*directory_);
    throw;
  }
}

// systemd makes no scope without a process, and ends one that has none left. CRIU starts only when
// the container's cgroups stand, because it is shown them: until then a launcher without a plan
// waits there.
void Restoration::enter_scope() {
  placeholder_.emplace(LaunchRequest{.program = impl_.host.init_program(), .stdio = {-1, -1, -1}});
  placeholder_->begin();
  scope_->start(record_, request_.id, placeholder_->launcher());
}

// CRIU's strict mode wants no cgroup to be there before it makes it; but CRIU starts in the
// container's, so it is this one that must not have been there.
void Restoration::take_over_strictness() {
  if (options_.cgroups != criu::CgroupMode::kStrict) return;
  options_.cgroups = criu::CgroupMode::kFull;
  for (const cgroup::Membership& member : cgroup::parse_identity(record_.cgroups).members) {
    if (!member.made.empty()) continue;
    throw error(Kind::kConflict, "the mode strict of managing cgroups: the cgroup {} exists",
                member.directory);
  }
}

// CRIU closes what it has put into what it restores, and may want its own stdio after that.
void Restoration::inherit_stdio() {
  for (criu::InheritedFd& each : options_.inherited) {
    const int number = next_descriptor();
    placements_.push_back({placements_.at(static_cast<std::size_t>(each.fd)).source, number});
    each.fd = number;
  }
}

// A namespace that stands is handed to CRIU open, or named to be joined.
void Restoration::inherit_namespaces() {
  for (const auto& [type, name] : criu::kExternalNamespaces) {
    const spec::Namespace* const given = config_.find_namespace(type);
    if (given == nullptr || given->path.empty()) continue;
    const int number = next_descriptor();
    namespaces_.push_back(open_file(given->path, O_RDONLY));
    placements_.push_back({namespaces_.back().get(), number});
    options_.inherited.push_back({.key = criu::namespace_key(name), .fd = number});
  }
  for (const spec::Namespace& each : config_.linux_.namespaces) {
    if (each.path.empty() || is_external(each.type)) continue;
    options_.joined_namespaces.emplace_back(name_to_join(each.type), each.path);
  }
}

// In the container's cgroup before it has a word to say: whatever ends this process, who cleans up
// finds CRIU and all that it has made so far there. The root that it enters must be a mount, and is
// one in a namespace that ends with it.
void Restoration::start_criu() {
  const UniqueFd null = open_file("/dev/null", O_RDWR);
  const auto or_null = [&](int fd) { return fd < 0 ? null.get() : fd; };
  placements_ = {{or_null(request_.stdio.in), 0},
                 {or_null(request_.stdio.out), 1},
                 {or_null(request_.stdio.err), 2}};
  inherit_stdio();
  inherit_namespaces();
  const fs::path stage = fs::canonical(impl_.root.path()) / request_.id / kStage;
  criu::Supply supply =
      criu::supply_mounts(config_, bundle_.rootfs, cgroup::parse_identity(record_.cgroups), stage);
  options_.external_mounts = std::move(supply.mounts);
  options_.root = supply.binds.front().target;
  session_.emplace(criu::SessionRequest{
      .program = program_,
      .placements = placements_,
      .binds = std::move(supply.binds),
      .no_new_privileges = config_.process && config_.process->no_new_privileges,
      .own_keyring = true});
  record_.checkpointer = identify(session_->pid());
  directory_->write_record(record_);
  set_io_priority();
  const cgroup::Cgroup cgroup = Runtime::Impl::cgroup_of(record_);
  cgroup.add(session_->pid());
  options_.cgroup_roots = criu::roots_of(cgroup.identity(), criu::Roots::kAll);
}

// Not in the image, but inherited from CRIU by all that it restores.
void Restoration::set_io_priority() const {
  if (!config_.process || !config_.process->io_priority) return;
  constexpr int kProcess = 1;  // IOPRIO_WHO_PROCESS
  constexpr unsigned kClassShift = 13;
  const spec::IoPriority& wanted = *config_.process->io_priority;
  const unsigned value = wanted.io_class << kClassShift | wanted.level;
  if (::syscall(SYS_ioprio_set, kProcess, session_->pid(), value) != 0) {
    throw sys_error(errno, "process.ioPriority: ioprio_set");
  }
}

void Restoration::restore() {
  const criu::Directories directories(request_.criu, session_->pid());
  options_.images = directories.images();
  options_.work = directories.work();
  options_.log_file = kLog;
  options_.evasive_devices = true;
  options_.restore_sibling = true;
  session_->ask(criu::RequestType::kRestore, options_, directories.log(kLog),
                [&](const criu::Response& notification, std::vector<UniqueFd> descriptors) {
                  take(notification, std::move(descriptors));
                });
  session_.reset();
  if (record_.phase != Phase::kCreated) {
    throw error(Kind::kInternal, "criu has restored no process");
  }
  remove_tree(impl_.root.path() / request_.id / kStage);
}

void Restoration::take(const criu::Response& notification, std::vector<UniqueFd> descriptors) {
  if (notification.script == "setup-namespaces") {
    set_up_namespaces(notification.pid);
  } else if (notification.script == "orphan-pts-master") {
    if (descriptors.size() != 1) throw error(Kind::kInternal, "criu sent no console");
    if (console_socket_) {
      send_console(console_socket_.get(), descriptors.front().get());
    } else {
      console_master_ = std::move(descriptors.front());
    }
  } else if (notification.script == "post-restore") {
    record(notification.pid);
  }
}

void Restoration::hold(pid_t pid) {
  if (init_) return;
  auto opened = sys::PidFd::open(pid);
  if (!opened) throw error(Kind::kUnavailable, "the restored process {} is gone", pid);
  init_ = std::move(*opened);
}

void Restoration::set_up_namespaces(pid_t pid) {
  hold(pid);
  const spec::Namespace* const network = config_.find_namespace(spec::NamespaceType::kNetwork);
  if (network != nullptr && network->path.empty()) {
    sys::bring_up_loopback(open_file(fmt::format("/proc/{}/ns/net", pid), O_RDONLY).get());
  }
  hooks_begun_ = true;
  const std::string document =
      spec::print_specified(state_of(record_, request_.id, spec::Status::kCreating, pid));
  const auto run = [&](std::string_view kind, const std::vector<spec::Hook>& hooks) {
    run_hooks(hooks, {.kind = kind,
                      .state = document,
                      .directory = bundle_.path.native(),
                      .abort_fd = init_.get()});
  };
  run("prestart", config_.hooks.prestart);
  run("createRuntime", config_.hooks.create_runtime);
}

// Before the processes go on: from here on the container is one that runs, whatever becomes of us.
void Restoration::record(pid_t pid) {
  hold(pid);
  Runtime::Impl::cgroup_of(record_).complete(cgroups_.resources, cgroups_.nodes);
  directory_->write_config(bundle_.config_text);
  record_.init = identify(pid);
  record_.checkpointer = {};
  record_.phase = Phase::kCreated;
  directory_->write_record(record_);
  if (!request_.pid_file.empty()) write_pid_file(request_.pid_file, pid);
}

// Called while the failure that matters is on its way up; one more is a warning.
void Restoration::undo() {
  session_.reset();
  placeholder_.reset();
  try {
    if (!request_.pid_file.empty() && record_.phase == Phase::kCreated) {
      ::unlink(request_.pid_file.c_str());
    }
    impl_.destroy(*directory_, record_, Runtime::Impl::Processes::kKill, hooks_begun_);
    if (init_) init_.reap();
  } catch (const Error& failure) {
    impl_.warn(fmt::format("container {} is not removed: {}", request_.id, failure.what()));
  }
}

}  // namespace

Child Runtime::restore(const RestoreRequest& request) {
  return with_context("restore " + request.id, [&] {
    check_container_id(request.id);
    return Restoration(*impl_, request).run();
  });
}

}  // namespace seatrial::runtime
