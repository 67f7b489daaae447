// create and run: from a bundle to a container that waits for start, or runs.
#include <fcntl.h>
#include <unistd.h>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/runtime/bundle.h"
#include "engine/runtime/console.h"
#include "engine/runtime/container_cgroups.h"
#include "engine/runtime/container_id.h"
#include "engine/runtime/container_processes.h"
#include "engine/runtime/held_namespace.h"
#include "engine/runtime/home.h"
#include "engine/runtime/hooks.h"
#include "engine/runtime/id_maps.h"
#include "engine/runtime/impl.h"
#include "engine/runtime/kernel_calls.h"
#include "engine/runtime/launch.h"
#include "engine/runtime/monitoring.h"
#include "engine/runtime/net_devices.h"
#include "engine/runtime/new_container.h"
#include "engine/runtime/own_rights.h"
#include "engine/runtime/pid_file.h"
#include "engine/runtime/pid_inside.h"
#include "engine/runtime/scope.h"
#include "engine/runtime/seccomp_listener.h"
#include "engine/runtime/security_modules.h"
#include "engine/sys/unix_path.h"

namespace seatrial::runtime {
namespace {

enum class Begin { kLater, kAtOnce };

// One create, step by step; what it made is taken back unless finish() is reached.
class Creation {
 public:
  Creation(Runtime::Impl& impl, const CreateRequest& request, Begin begin);

  Child run();

 private:
  void connect_console();
  void make_state();
  void make_cgroup();  // and what resctrl gets
  void enter_scope();
  void make_launch();
  void launch();
  void build();
  void move_devices(UniqueFd network_namespace);
  void record_init(pid_t pid);
  void record();
  void await_execution();
  void undo();
  // No cgroup, or none but those that stood before.
  bool has_no_own_cgroup() const { return record_.planned_cgroups.empty(); }
  // Whether there is something to do between the clone of init and its first step.
  bool is_init_met_first() const { return net_devices_ || rdt_class_ || has_no_own_cgroup(); }
  spec::State state(spec::Status status, pid_t pid) const;
  std::string run_runtime_hooks(const sys::PidFd& init);
  void take_console(UniqueFd master);

  Runtime::Impl& impl_;
  const CreateRequest& request_;
  const Begin begin_;
  const Bundle bundle_;
  const spec::Config& config_;
  const ContainerCgroups cgroups_;
  const plan::HostFacts host_;
  const plan::LaunchPlan plan_;
  std::optional<IdMaps> id_maps_;  // nothing where no user namespace is made
  UniqueFd console_socket_;
  std::optional<Monitoring> monitoring_;
  std::optional<StateDirectory> directory_;
  Record record_;
  UniqueFd listener_;
  UniqueFd console_master_;
  std::optional<NewScope> scope_;          // nothing unless systemd makes the cgroups
  std::optional<NetDevices> net_devices_;  // nothing where there are none
  std::optional<RdtClass> rdt_class_;      // nothing without linux.intelRdt
  std::optional<Launch> launch_;
  bool hooks_begun_ = false;
};

// Whether all is done once init is ready. Who asked for a pid file may look for it as soon as the
// program runs; a monitor is to know by then that it outlives its starter.
bool may_start_unasked(const ContainerCgroups& cgroups, const CreateRequest& request) {
  return request.pid_file.empty() && !request.monitor &&
         !cgroup::Cgroup::leaves_something(cgroups.resources, cgroups.nodes);
}

UniqueFd network_namespace_of(pid_t pid) {
  return open_file(fmt::format("/proc/{}/ns/net", pid), O_RDONLY);
}

Bundle bundle_of(const CreateRequest& request, Runtime::Impl& impl, Begin begin) {
  Bundle bundle = load_bundle(request.bundle, &impl.known_seccomp);
  check_rights(bundle.config, impl.host.facts({}));
  if (impl.cgroup_manager == CgroupManager::kSystemd) place_in_scope(bundle, request.id, impl.host);
  if (begin == Begin::kAtOnce && !bundle.config.process) {
    throw error(Kind::kInvalidArgument,
                "config.json: process: is missing; create takes that, but there is nothing to run");
  }
  if (bundle.config.process) {
    auto& env = bundle.config.process->env;
    env.insert(env.end(), request.added_env.begin(), request.added_env.end());
    if (request.add_home) add_home(*bundle.config.process, bundle.config, bundle.rootfs);
  }
  return bundle;
}

// Everything up to here only reads: a bad request fails before anything was made.
Creation::Creation(Runtime::Impl& impl, const CreateRequest& request, Begin begin)
    : impl_(impl),
      request_(request),
      begin_(begin),
      bundle_(bundle_of(request, impl, begin)),
      config_(bundle_.config),
      cgroups_(choose_cgroups(impl.host, config_.linux_, request.id, bundle_.scope)),
      host_(impl.host.facts(cgroups_.hierarchies)),
      plan_(plan::plan(config_, host_,
                       {.bundle = bundle_.path.native(),
                        .id = request.id,
                        .start_at_once = begin == Begin::kAtOnce,
                        .start_unasked = may_start_unasked(cgroups_, request),
                        .no_pivot = request.no_pivot,
                        .no_new_keyring = request.no_new_keyring,
                        .preserve_fds = request.preserve_fds,
                        .seccomp = impl.filter_of(config_)})) {
  require_kernel_calls();
  if (plan_.needs_id_maps) id_maps_.emplace(config_.linux_, host_);
  if (config_.process) check_labels(*config_.process);
  if (!config_.linux_.net_devices.empty()) net_devices_.emplace(config_);
  if (config_.linux_.intel_rdt) {
    rdt_class_.emplace(*config_.linux_.intel_rdt, request.id, impl.resctrl);
  }
  check_mount_label(config_.linux_.mount_label);
  connect_console();
  if (bundle_.scope) {
    scope_.emplace(*bundle_.scope, cgroups_.resources, cgroups_.layout(impl.host).is_pure_v2());
  }
  for (const std::string& warning : plan_.warnings) impl_.warn(warning);
}

void Creation::connect_console() {
  if (request_.monitor) {
    if (request_.console_socket.empty()) return;
    throw error(Kind::kInvalidArgument, "a terminal goes to a console socket or to a monitor");
  }
  console_socket_ = connect_console_of(config_, request_.console_socket, request_.detached);
}

Child Creation::run() {
  if (request_.monitor) {
    monitoring_.emplace(*request_.monitor, config_.process && config_.process->terminal);
  }
  // The namespaces end with the processes in them, so they need no record and may come first. What
  // start listens on lies in the state directory, though.
  const bool at_first = begin_ == Begin::kAtOnce && !scope_;
  if (plan_.init_joins_cgroups && at_first) launch();
  make_state();
  try {
    if (scope_) enter_scope();
    if (plan_.init_joins_cgroups && !at_first) launch();
    make_cgroup();
    if (!plan_.init_joins_cgroups) {
      launch();
    } else if (!is_init_met_first()) {
      launch_->let_init_go();
    }
    build();
    if (begin_ == Begin::kAtOnce && !may_start_unasked(cgroups_, request_)) launch_->proceed();
    record();
    if (begin_ == Begin::kAtOnce) await_execution();
  } catch (...) {
    undo();
    throw;
  }
  if (monitoring_) monitoring_->keep();
  const pid_t pid = launch_->init().pid();
  return {pid, launch_->release().release(), std::move(console_master_)};
}

void Creation::make_state() {
  record_ = new_record(impl_, bundle_, request_.id, cgroups_);
  if (request_.monitor) record_.monitor_directory = request_.monitor->directory;
  if (rdt_class_) record_.rdt = rdt_class_->place();
  directory_ = impl_.root.create(request_.id);
  try {
    directory_->write_record(record_);
    if (begin_ == Begin::kLater) {
      listener_ = sys::listen_at(directory_->get(), kStartSocket, sys::SocketType::kPacket);
    }
  } catch (...) {
    impl_.root.remove(*directory_);
    throw;
  }
}

void Creation::make_cgroup() {
  runtime::make_cgroup(impl_, config_, request_.id, cgroups_, record_);
  if (rdt_class_) rdt_class_->make(record_.rdt, [&] { directory_->write_record(record_); });
}

// systemd makes no scope without a process: it is the launcher, which has nothing to do yet, and of
// which init is born.
void Creation::enter_scope() {
  make_launch();
  launch_->begin();
  scope_->start(record_, request_.id, launch_->launcher());
}

void Creation::make_launch() {
  launch_.emplace(LaunchRequest{.program = impl_.host.init_program(),
                                .stdio = request_.stdio,
                                .preserve_fds = request_.preserve_fds,
                                .start_listener = listener_.get(),
                                .target = -1,
                                .monitor = monitoring_ ? &*monitoring_ : nullptr});
}

void Creation::launch() {
  const bool has_begun = launch_.has_value();
  if (!has_begun) make_launch();
  launch_->give(plan_,
                plan_.init_joins_cgroups || is_init_met_first() ? Hold::kInit : Hold::kNothing);
  if (!has_begun) launch_->begin();
}

void Creation::build() {
  launch_->serve({
      .write_id_maps = [&](pid_t pid) { id_maps_->write(pid); },
      .before_init_works =
          [&](const sys::PidFd& init) {
            if (rdt_class_) join_class(record_.rdt, init.pid());
            if (net_devices_) move_devices(network_namespace_of(init.pid()));
            if (has_no_own_cgroup()) record_init(init.pid());
          },
      .while_init_works =
          [&](const sys::PidFd& init) {
            directory_->write_config(bundle_.config_text);
            if (!has_no_own_cgroup()) record_.init = identify(init.pid());
            if (monitoring_) record_.monitor = identify(launch_->monitor());
          },
      .run_hooks = [&](const sys::PidFd& init) { return run_runtime_hooks(init); },
      .take_console = [&](UniqueFd master) { take_console(std::move(master)); },
      .take_listener =
          [&](UniqueFd listener, pid_t pid) {
            send_listener(*config_.linux_.seccomp, state(spec::Status::kCreating, pid), pid,
                          listener.get());
          },
  });
  if (cgroup::Cgroup::leaves_something(cgroups_.resources, cgroups_.nodes)) {
    Runtime::Impl::cgroup_of(record_).complete(cgroups_.resources, cgroups_.nodes);
  }
}

// Recorded, and the namespace held, before the first one moves: of who is killed in between, they
// come back all the same.
void Creation::move_devices(UniqueFd network_namespace) {
  record_.lent = net_devices_->lend_to(network_namespace.get());
  hold_namespace(*directory_, kHeldForDevices, network_namespace.get());
  directory_->write_record(record_);
  net_devices_->move_into(std::move(network_namespace));
}

// Without a cgroup that recovery could look into, init must be known before it can outlive this
// process, and the namespace by which the others are told, before they can outlive init.
void Creation::record_init(pid_t pid) {
  record_.init = identify(pid);
  directory_->write_record(record_);
  hold_telling_namespace(*directory_, record_);
}

// The program may run already: should the runtime be killed before this, the container counts as
// one whose run failed, and goes.
void Creation::record() {
  record_.phase = Phase::kCreated;
  record_.lent = {};
  directory_->write_record(record_);
  if (net_devices_) let_namespace_go(*directory_, kHeldForDevices);
  if (monitoring_) launch_->outlive();
  if (!request_.pid_file.empty()) write_pid_file(request_.pid_file, record_.init.pid);
}

void Creation::await_execution() {
  const pid_t pid = record_.init.pid;
  launch_->await_execution(
      [&] { return spec::print_specified(state(spec::Status::kCreated, pid_inside(pid))); });
  impl_.run_poststart(config_, state(spec::Status::kRunning, pid));
}

std::string Creation::run_runtime_hooks(const sys::PidFd& init) {
  hooks_begun_ = true;
  const std::string document = spec::print_specified(state(spec::Status::kCreating, init.pid()));
  const auto run = [&](std::string_view kind, const std::vector<spec::Hook>& hooks) {
    run_hooks(hooks, {.kind = kind,
                      .state = document,
                      .directory = bundle_.path.native(),
                      .abort_fd = init.get()});
  };
  run("prestart", config_.hooks.prestart);
  run("createRuntime", config_.hooks.create_runtime);
  if (config_.hooks.create_container.empty()) return {};
  return spec::print_specified(state(spec::Status::kCreating, pid_inside(init.pid())));
}

void Creation::take_console(UniqueFd master) {
  if (console_socket_) {
    send_console(console_socket_.get(), master.get());
  } else {
    console_master_ = std::move(master);
  }
}

spec::State Creation::state(spec::Status status, pid_t pid) const {
  return state_of(record_, request_.id, status, pid);
}

// Called while the failure that matters is on its way up; one more is a warning.
void Creation::undo() {
  if (net_devices_ && record_.phase == Phase::kCreating) {
    net_devices_->move_back([&](std::string_view text) { impl_.warn(text); });
    record_.lent = {};
  }
  launch_.reset();
  try {
    if (!request_.pid_file.empty() && record_.phase == Phase::kCreated) {
      ::unlink(request_.pid_file.c_str());
    }
    // Once hooks have run, the lifecycle goes on with the end of the container (runtime.md).
    impl_.destroy(*directory_, record_, Runtime::Impl::Processes::kKill, hooks_begun_);
  } catch (const Error& failure) {
    impl_.warn(fmt::format("container {} is not removed: {}", request_.id, failure.what()));
  }
}

Child create_container(Runtime::Impl& impl, const CreateRequest& request, Begin begin) {
  const std::string context =
      fmt::format("{} {}", begin == Begin::kLater ? "create" : "run", request.id);
  return with_context(context, [&] {
    check_container_id(request.id);
    return Creation(impl, request, begin).run();
  });
}

}  // namespace

Child Runtime::create(const CreateRequest& request) {
  return create_container(*impl_, request, Begin::kLater);
}

Child Runtime::run(const CreateRequest& request) {
  return create_container(*impl_, request, Begin::kAtOnce);
}

}  // namespace seatrial::runtime
