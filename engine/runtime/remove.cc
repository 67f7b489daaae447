// delete and recover: taking back all that create made.
#include <csignal>
#include <thread>

#include "engine/base/error.h"
#include "engine/runtime/container_processes.h"
#include "engine/runtime/held_namespace.h"
#include "engine/runtime/hooks.h"
#include "engine/runtime/impl.h"
#include "engine/runtime/monitoring.h"
#include "engine/runtime/net_devices.h"
#include "engine/runtime/scope.h"
#include "engine/sys/pid_fd.h"

namespace seatrial::runtime {
namespace {

using namespace std::chrono_literals;

constexpr auto kPatience = 10s;  // for processes to die and cgroups to become removable

// A CRIU that restores and has lost its runtime gives up at the next thing that it has to tell, and
// takes away its directory in /tmp, which nobody else could know for its own.
void await_restorer(const Record& record) {
  constexpr auto kGrace = 5s;
  const auto process = sys::PidFd::open(record.checkpointer.pid);
  if (!process || !record.checkpointer.is_alive()) return;
  process->wait_exit(std::chrono::steady_clock::now() + kGrace);
}

// One that writes a checkpoint and has lost its runtime goes on, or waits for a container that is
// dead already.
void kill_checkpointer(const Record& record, cgroup::Deadline deadline) {
  const auto process = sys::PidFd::open(record.checkpointer.pid);
  if (!process || !record.checkpointer.is_alive()) return;
  process->send_signal(SIGKILL);
  process->wait_exit(deadline);
}

// Kills the container's init, by identity, and all in its cgroups, and waits for init's end: in
// this order, since a frozen process dies only when kill_all() thaws it.
void kill_processes(const StateDirectory& directory, const Record& record,
                    const cgroup::Cgroup& cgroup, cgroup::Deadline deadline) {
  kill_checkpointer(record, deadline);
  const auto init = sys::PidFd::open(record.init.pid);
  const bool alive = init && record.init.is_alive();
  // With a pid namespace of its own, init's end is the end of them all.
  if (is_told_by_namespace(record, cgroup) && !record.own_pid_namespace) {
    kill_by_namespace(directory, record, cgroup, deadline);
  }
  if (alive) init->send_signal(SIGKILL);
  cgroup.kill_all(deadline);
  if (alive && !init->wait_exit(deadline)) {
    throw error(Kind::kTimeout, "process {} did not end within {} s of SIGKILL", record.init.pid,
                kPatience.count());
  }
}

// The monitor has closed the log and told the end when the file is there. Its own end is not waited
// for: it may have become the exit command that has called us.
void await_last_word(const Record& record, cgroup::Deadline deadline) {
  try {
    await_exit(record.monitor_directory, record.monitor, record.init, deadline);
  } catch (const Error&) {
    // Its directory is gone already, and with it whoever wanted to know.
  }
}

// A container must not outlive its monitor, but a program can see to it that it does
// (PR_SET_PDEATHSIG). Its end is made and told here.
void adopt_orphan(Runtime::Impl& impl, const StateDirectory& directory, const Record& record) {
  if (record.monitor_directory.empty()) return;
  if (impl.is_of_this_boot(record)) {
    if (record.monitor.is_alive()) return;
    if (record.init.is_alive()) {
      kill_processes(directory, record, Runtime::Impl::cgroup_of(record),
                     std::chrono::steady_clock::now() + kPatience);
    }
  }
  settle_lost_exit(record.monitor_directory);
}

// What stands under an id whose create was killed before it wrote its record: nothing else yet.
// Throws Error for a record that cannot be read: what it names would be lost with it.
std::optional<Record> find_record(const StateDirectory& directory) {
  try {
    return directory.read_record();
  } catch (const Error& failure) {
    if (failure.kind() == Kind::kNotFound) return std::nullopt;
    throw;
  }
}

// In a namespace that ends, those that are not of hardware would end, too.
void bring_devices_back(const Runtime::Impl& impl, const StateDirectory& directory,
                        const Record& record) {
  UniqueFd network = held_namespace(directory, kHeldForDevices);
  if (record.lent.devices.empty() || !network) return;
  try {
    NetDevices devices(record.lent, std::move(network));
    devices.move_back([&](std::string_view text) { impl.warn(text); });
  } catch (const Error& failure) {
    impl.warn(failure.what());
  }
}

}  // namespace

void Runtime::Impl::destroy(const StateDirectory& directory, const Record& recorded,
                            Processes processes, bool poststop) {
  const bool of_this_boot = is_of_this_boot(recorded);
  const Record record = of_this_boot ? own_part(recorded, directory.id()) : recorded;
  if (of_this_boot) {
    bring_devices_back(*this, directory, record);
    let_namespace_go(directory, kHeldForDevices);
    const cgroup::Cgroup cgroup = cgroup_of(record);
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    if (record.phase == Phase::kCreating) await_restorer(record);
    if (processes == Processes::kKill) kill_processes(directory, record, cgroup, deadline);
    let_namespace_go(directory, kHeldForProcesses);
    if (record.phase == Phase::kCreated && record.monitor.is_alive()) {
      await_last_word(record, deadline);
    }
    try {
      stop_scope(record, directory.id());
    } catch (const Error& failure) {
      warn(failure.what());
    }
    cgroup.remove(deadline, host.layout_if_known());
    remove_empty_slices(record);
    leave_class(record.rdt, record.phase);
  }
  if (poststop && record.has_poststop) {
    spec::State state = state_of(directory, record);
    state.status = spec::Status::kStopped;
    const spec::Config config = config_of(directory, record);
    for (const spec::Hook& hook : config.hooks.poststop) {
      try {
        run_hook(hook, {.kind = "poststop",
                        .state = spec::print_specified(state),
                        .directory = record.bundle});
      } catch (const Error& failure) {
        warn(failure.what());
      }
    }
  }
  root.remove(directory);
}

namespace {

void remove_container(Runtime::Impl& impl, const std::string& id) {
  using Processes = Runtime::Impl::Processes;
  const StateDirectory directory = impl.root.lock(id);
  const Record record = directory.read_record();
  const spec::State state = impl.state_of(directory, record);
  if (state.status != spec::Status::kStopped) {
    throw error(Kind::kConflict, "cannot delete a container that is not stopped: it is {}",
                spec::to_string(state.status));
  }
  const bool all_gone = record.own_pid_namespace && record.phase == Phase::kCreated;
  impl.destroy(directory, record, all_gone ? Processes::kGone : Processes::kKill,
               record.phase == Phase::kCreated);
}

// A create in progress holds the lock; without its processes it fails and cleans up after itself.
void kill_before_lock(Runtime::Impl& impl, const std::string& id) {
  const StateDirectory directory = impl.root.open(id);
  const std::optional<Record> record = find_record(directory);
  if (!record || !impl.is_of_this_boot(*record)) return;
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  if (record->phase == Phase::kCreated) {
    kill_checkpointer(*record, deadline);  // a checkpoint holds the lock while its CRIU works
    return;
  }
  const cgroup::Cgroup cgroup = Runtime::Impl::cgroup_of(own_part(*record, id));
  if (is_told_by_namespace(*record, cgroup)) {
    const auto init = sys::PidFd::open(record->init.pid);
    if (init && record->init.is_alive()) init->send_signal(SIGKILL);
    return;
  }
  if (!record->creator.is_alive()) await_restorer(*record);
  cgroup.kill_all(deadline);
}

// Whom to kill, a checkpoint tells only a moment after it has taken the lock.
StateDirectory lock_by_force(Runtime::Impl& impl, const std::string& id) {
  for (;;) {
    kill_before_lock(impl, id);
    if (auto directory = impl.root.try_lock(id)) return std::move(*directory);
    std::this_thread::sleep_for(10ms);
  }
}

void force_remove(Runtime::Impl& impl, const std::string& id) {
  const StateDirectory directory = lock_by_force(impl, id);
  if (const std::optional<Record> record = find_record(directory)) {
    impl.destroy(directory, *record, Runtime::Impl::Processes::kKill,
                 record->phase == Phase::kCreated);
  } else {
    impl.root.remove(directory);
  }
}

// Whether something was cleaned.
bool recover_container(Runtime::Impl& impl, const std::string& id) {
  const auto directory = impl.root.try_lock(id);
  if (!directory) return false;  // somebody is at work on it
  const std::optional<Record> record = find_record(*directory);
  if (!record) {
    impl.root.remove(*directory);
    return true;
  }
  if (record->phase == Phase::kCreated) {
    adopt_orphan(impl, *directory, *record);
    return false;
  }
  if (!record->lent.devices.empty() && held_namespace(*directory, kHeldForDevices) &&
      !NetDevices::are_at_home(record->lent)) {
    impl.warn(fmt::format(
        "container {}: linux.netDevices: recover must run in the network namespace that create ran "
        "in to bring its devices back; delete --force gives them up",
        id));
    return false;
  }
  impl.destroy(*directory, *record, Runtime::Impl::Processes::kKill, false);
  return true;
}

}  // namespace

void Runtime::remove(const std::string& id, bool force) {
  with_context("delete " + id, [&] {
    if (!force) {
      remove_container(*impl_, id);
      return;
    }
    try {
      force_remove(*impl_, id);
    } catch (const Error& failure) {
      if (failure.kind() != Kind::kNotFound) throw;
    }
  });
}

std::vector<std::string> Runtime::recover() {
  std::vector<std::string> cleaned;
  std::exception_ptr failure;
  for (const std::string& id : impl_->root.ids()) {
    try {
      with_context("recover " + id, [&] {
        if (recover_container(*impl_, id)) cleaned.push_back(id);
      });
    } catch (const Error&) {
      if (!failure) failure = std::current_exception();
    }
  }
  if (failure) std::rethrow_exception(failure);
  return cleaned;
}

}  // namespace seatrial::runtime
