// exec: one more process in a container that stands.
#include <sys/stat.h>

#include <array>
#include <utility>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/runtime/console.h"
#include "engine/runtime/home.h"
#include "engine/runtime/impl.h"
#include "engine/runtime/launch.h"
#include "engine/runtime/own_rights.h"
#include "engine/runtime/pid_file.h"
#include "engine/runtime/scope.h"
#include "engine/runtime/seccomp_listener.h"
#include "engine/runtime/security_modules.h"
#include "engine/spec/names.h"

namespace seatrial::runtime {
namespace {

// What a process description of the caller's leaves open comes from the container's own process:
// an exec must not be a way around limits that the container has. NoNewPrivileges cannot be told
// apart from silence in a parsed document, so that one can only be added.
spec::Process completed(spec::Process process, const spec::Process& own) {
  if (!process.capabilities) process.capabilities = own.capabilities;
  if (process.rlimits.empty()) process.rlimits = own.rlimits;
  if (!process.oom_score_adj) process.oom_score_adj = own.oom_score_adj;
  if (!process.user.umask) process.user.umask = own.user.umask;
  process.no_new_privileges |= own.no_new_privileges;
  if (process.apparmor_profile.empty()) process.apparmor_profile = own.apparmor_profile;
  if (process.selinux_label.empty()) process.selinux_label = own.selinux_label;
  if (!process.scheduler) process.scheduler = own.scheduler;
  if (!process.io_priority) process.io_priority = own.io_priority;
  if (process.exec_cpu_affinity == spec::ExecCpuAffinity{}) {
    process.exec_cpu_affinity = own.exec_cpu_affinity;
  }
  return process;
}

void add_capabilities(spec::Process& process, const std::vector<std::string>& names) {
  if (names.empty()) return;
  spec::Capabilities capabilities = process.capabilities.value_or(spec::Capabilities{});
  for (const std::string& name : names) {
    const auto number = spec::capability_number(name);
    if (!number) {
      capabilities.unknown.push_back(name);
      continue;
    }
    const spec::CapabilitySet bit = spec::CapabilitySet{1} << *number;
    capabilities.bounding |= bit;
    capabilities.effective |= bit;
    capabilities.permitted |= bit;
  }
  process.capabilities = std::move(capabilities);
}

spec::Process process_of(const ExecRequest& request, const spec::Process& own) {
  if (request.process) return completed(*request.process, own);
  spec::Process process = own;
  process.args = request.args;
  process.env.insert(process.env.end(), request.env.begin(), request.env.end());
  process.terminal = request.terminal.value_or(false);
  if (request.cwd) process.cwd = *request.cwd;
  if (request.user) {
    process.user = *request.user;
    if (!process.user.umask) process.user.umask = own.user.umask;
  }
  if (request.uid) process.user.uid = *request.uid;
  if (request.gid) process.user.gid = *request.gid;
  auto& gids = process.user.additional_gids;
  gids.insert(gids.end(), request.added_gids.begin(), request.added_gids.end());
  if (request.no_new_privileges) process.no_new_privileges |= *request.no_new_privileges;
  if (!request.apparmor_profile.empty()) process.apparmor_profile = request.apparmor_profile;
  if (!request.selinux_label.empty()) process.selinux_label = request.selinux_label;
  add_capabilities(process, request.added_capabilities);
  return process;
}

// Those in which the container's init is and we are not: to join one's own user namespace is an
// error for setns(2), and for the others a waste.
std::vector<spec::NamespaceType> foreign_namespaces(pid_t pid) {
  using spec::NamespaceType;
  constexpr std::array<std::pair<const char*, NamespaceType>, 8> kFiles{
      {{"user", NamespaceType::kUser},
       {"pid", NamespaceType::kPid},
       {"mnt", NamespaceType::kMount},
       {"net", NamespaceType::kNetwork},
       {"ipc", NamespaceType::kIpc},
       {"uts", NamespaceType::kUts},
       {"cgroup", NamespaceType::kCgroup},
       {"time", NamespaceType::kTime}}};
  std::vector<NamespaceType> foreign;
  for (const auto& [name, type] : kFiles) {
    struct stat own{};
    struct stat theirs{};
    if (::stat(fmt::format("/proc/self/ns/{}", name).c_str(), &own) != 0) continue;
    const std::string path = fmt::format("/proc/{}/ns/{}", pid, name);
    if (::stat(path.c_str(), &theirs) != 0) throw sys_error(errno, "read {}", path);
    if (own.st_ino != theirs.st_ino) foreign.push_back(type);
  }
  return foreign;
}

sys::PidFd open_init(const Record& record) {
  auto init = sys::PidFd::open(record.init.pid);
  // Checked after the open: the descriptor and the identity now speak of the same process.
  if (!init || !record.init.is_alive()) throw error(Kind::kConflict, "container not running");
  return std::move(*init);
}

bool groups_are_free(pid_t process) {
  return !read_file(fmt::format("/proc/{}/setgroups", process)).starts_with("deny");
}

void check_status(spec::Status status, bool ignore_paused) {
  if (status == spec::Status::kRunning || status == spec::Status::kCreated) return;
  if (status == spec::Status::kPaused && ignore_paused) return;
  throw error(Kind::kConflict, "cannot exec in a container that is {}{}", spec::to_string(status),
              status == spec::Status::kStopped ? ": container not running" : "");
}

cgroup::Identity place_of(const ExecRequest& request, const Record& record) {
  const cgroup::Cgroup cgroup = Runtime::Impl::cgroup_of(record);
  return request.cgroups.empty() ? cgroup.place_beside(record.init.pid)
                                 : cgroup.place_below(request.cgroups);
}

Child exec_in_container(Runtime::Impl& impl, const ExecRequest& request) {
  StateDirectory directory = impl.root.lock(request.id, Lock::kShared);
  const Record record = directory.read_record();
  const spec::Status status = impl.state_of(directory, record).status;
  check_status(status, request.ignore_paused);
  const spec::Config config = impl.config_of(directory, record);
  spec::Process process = process_of(request, config.process.value_or(spec::Process{}));
  if (request.add_home) add_home(process, config, record.rootfs);
  check_labels(process);
  const sys::PidFd target = open_init(record);
  if (impl.host.is_restricted()) {
    check_process_rights(process, impl.host.facts({}), groups_are_free(record.init.pid));
  }
  const cgroup::Identity place = place_of(request, record);
  const plan::LaunchPlan plan = plan::plan_exec(process, impl.host.facts(joined_hierarchies(place)),
                                                {.preserve_fds = request.preserve_fds,
                                                 .no_new_keyring = false,
                                                 .id = request.id,
                                                 .namespaces = foreign_namespaces(record.init.pid),
                                                 .rootfs = record.rootfs,
                                                 .uid_map = config.linux_.uid_mappings,
                                                 .gid_map = config.linux_.gid_mappings,
                                                 .seccomp = impl.filter_of(config),
                                                 .personality = config.linux_.personality,
                                                 .memory_policy = config.linux_.memory_policy});
  for (const std::string& warning : plan.warnings) impl.warn(warning);

  UniqueFd console_socket;
  if (!request.console_socket.empty()) {
    if (!process.terminal) {
      throw error(Kind::kInvalidArgument, "a console socket was given, but no terminal asked for");
    }
    console_socket = connect_console_socket(request.console_socket);
  }
  UniqueFd console_master;
  // The launcher stops when it joins the frozen cgroup, and whoever resumes or deletes the
  // container needs the lock. A container that is gone by then has no cgroup to join.
  if (status == spec::Status::kPaused) directory = impl.root.open(request.id);
  Launch launch({.program = impl.host.init_program(),
                 .stdio = request.stdio,
                 .preserve_fds = request.preserve_fds,
                 .start_listener = -1,
                 .target = target.get()});
  const bool has_class = !record.rdt.directory.empty();
  const auto give = [&] { launch.give(plan, has_class ? Hold::kInit : Hold::kNothing); };
  if (record.scope.empty()) give();
  launch.begin();
  if (!record.scope.empty()) {
    let_into_scope(record, place, impl.host, launch.launcher());
    give();
  }
  launch.serve({.write_id_maps = {},
                .before_init_works =
                    [&](const sys::PidFd& init) {
                      if (has_class) join_class(record.rdt, init.pid());
                    },
                .while_init_works = {},
                .run_hooks = {},
                .take_console =
                    [&](UniqueFd master) {
                      if (console_socket) {
                        send_console(console_socket.get(), master.get());
                      } else {
                        console_master = std::move(master);
                      }
                    },
                .take_listener =
                    [&](UniqueFd listener, pid_t pid) {
                      send_listener(*config.linux_.seccomp, impl.state_of(directory, record), pid,
                                    listener.get());
                    }});
  launch.await_execution([] { return std::string(); });
  const pid_t pid = launch.init().pid();
  if (!request.pid_file.empty()) write_pid_file(request.pid_file, pid);
  return {pid, launch.release().release(), std::move(console_master)};
}

}  // namespace

Child Runtime::exec(const ExecRequest& request) {
  return with_context("exec in " + request.id, [&] { return exec_in_container(*impl_, request); });
}

}  // namespace seatrial::runtime
