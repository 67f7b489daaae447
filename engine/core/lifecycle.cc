// From phase to phase: locks, states, settling what ended, removing.
#include <fcntl.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <cerrno>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/core/impl.h"
#include "engine/core/restart.h"
#include "engine/core/times.h"

namespace seatrial::core {
namespace {

using namespace std::chrono_literals;

// Where nobody saw the end: the host went down, or the runtime's state is gone.
constexpr int kExitUnknown = 255;

bool take_lock(int fd, int how) {
  while (::flock(fd, how) != 0) {
    if (errno == EWOULDBLOCK) return false;
    if (errno != EINTR) throw sys_error(errno, "lock a container");
  }
  return true;
}

// Whether the locked directory is still the container's: a removal renames nothing and frees the
// name only at its end.
bool is_current(int fd, const std::filesystem::path& path) {
  struct stat held{};
  struct stat named{};
  return ::fstat(fd, &held) == 0 && ::stat(path.c_str(), &named) == 0 &&
         held.st_ino == named.st_ino && held.st_dev == named.st_dev;
}

// Nothing while it lives.
std::optional<runtime::ExitStatus> end_of(runtime::Runtime& runtime, const std::string& id) {
  try {
    return runtime.await_exit(id, 0ms);
  } catch (const Error& failure) {
    if (failure.kind() != Kind::kNotFound) throw;
    return runtime::ExitStatus{.code = kExitUnknown, .finished = std::chrono::system_clock::now()};
  }
}

Error no_such_container(const std::string& text) {
  return error(Kind::kNotFound, "No such container: {}", text);
}

}  // namespace

UniqueFd lock_directory(const std::filesystem::path& directory) {
  UniqueFd lock = open_file(directory, O_RDONLY | O_DIRECTORY);
  take_lock(lock.get(), LOCK_EX);
  return lock;
}

// Asked before the cgroup goes. Who cannot tell (no memory controller) has seen none.
bool Engine::Impl::saw_oom_kill(const std::string& id) {
  try {
    return runtime.oom_kills(id).value_or(0) > 0;
  } catch (const Error& failure) {
    if (failure.kind() != Kind::kNotFound) throw;
    return false;
  }
}

ContainerRecord Engine::Impl::find(const std::string& container) {
  auto record = store.container(store.container_id(container));
  if (!record || record->phase == Phase::kCreating) throw no_such_container(container);
  return std::move(*record);
}

Locked Engine::Impl::lock_container(const std::string& container) {
  const std::string id = store.container_id(container);
  for (;;) {
    UniqueFd lock(::open(directory(id).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!lock && errno == ENOENT) throw no_such_container(container);
    if (!lock) throw sys_error(errno, "open {}", directory(id).native());
    take_lock(lock.get(), LOCK_EX);
    auto record = store.container(id);
    if (!record) throw no_such_container(container);
    if (!is_current(lock.get(), directory(id))) continue;
    auto settled = settle(std::move(*record));
    if (!settled) throw no_such_container(container);
    return {std::move(lock), std::move(*settled)};
  }
}

std::optional<Locked> Engine::Impl::try_lock_container(const std::string& id) {
  UniqueFd lock(::open(directory(id).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!lock || !take_lock(lock.get(), LOCK_EX | LOCK_NB)) return std::nullopt;
  auto record = store.container(id);
  if (!record || !is_current(lock.get(), directory(id))) return std::nullopt;
  auto settled = settle(std::move(*record));
  if (!settled) return std::nullopt;
  return Locked{std::move(lock), std::move(*settled)};
}

std::optional<ContainerRecord> Engine::Impl::settle(ContainerRecord record) {
  switch (record.phase) {
    case Phase::kCreated:
    case Phase::kExited:
    case Phase::kRestarting:
      return record;
    case Phase::kCreating:
    case Phase::kRemoving:
    case Phase::kRemovingVolumes:
      take_down(record);
      // Of one that was never made whole, nobody has seen a volume.
      erase(record, record.phase != Phase::kRemoving);
      return std::nullopt;
    case Phase::kStarting:
      take_down(record);
      // Only a restart has a count: a user's start begins with none.
      if (record.restarts > 0 && !store.is_stopped(record.id)) return restart_later(record);
      record.phase = record.started ? Phase::kExited : Phase::kCreated;
      save_stopped(record);
      return record;
    case Phase::kRunning: {
      const auto end = end_of(runtime, record.id);
      if (!end) return record;
      record.exit_code = end->code;
      record.oom_killed = saw_oom_kill(record.id);
      record.finished = end->finished;
      record.phase = Phase::kStopping;
      write_records([&] {
        store.save(record);
        event(record, "die", {{"exitCode", std::to_string(record.exit_code)}});
        tell_of_release(record);
      });
      break;
    }
    case Phase::kStopping:
      break;
  }
  take_down(record);
  if (record.request.auto_remove) {
    erase(record, true);
    return std::nullopt;
  }
  record.pid = 0;
  if (const auto delay = restart_delay(record, store.is_stopped(record.id))) {
    record.backoff = *delay;
    ++record.restarts;
    return restart_later(record);
  }
  record.phase = Phase::kExited;
  save_stopped(record);
  return record;
}

ContainerRecord Engine::Impl::restart_later(ContainerRecord record) {
  record.phase = Phase::kRestarting;
  store.remember_exit(record.id, record.exit_code);
  save_stopped(record);
  await_restart(record);
  return record;
}

void Engine::Impl::settle_quietly(const std::string& id) {
  try {
    static_cast<void>(lock_container(id));
  } catch (const Error& failure) {
    if (failure.kind() != Kind::kNotFound) throw;  // settling may be its removal
  }
}

Error Engine::Impl::not_running(const ContainerRecord& record) {
  if (record.phase == Phase::kRestarting) {
    return error(Kind::kConflict, "Container {} is restarting, wait until the container is running",
                 record.id);
  }
  return error(Kind::kConflict, "Container {} is not running", record.id);
}

std::vector<std::string> Engine::Impl::networks_that_know(const std::string& id) {
  std::vector<std::string> ids;
  for (const EndpointRecord& endpoint : store.endpoints_of(id)) {
    if (!endpoint.ip.empty()) ids.push_back(endpoint.network);
  }
  return ids;
}

void Engine::Impl::tell_of_release(const ContainerRecord& record) {
  for (const EndpointRecord& endpoint : store.endpoints_of(record.id)) {
    if (endpoint.ip.empty()) continue;
    event("network", "disconnect", endpoint.network,
          {{"container", record.id}, {"name", endpoint.network_name}, {"type", "bridge"}});
  }
  for (const MountPoint& mount : record.mounts) {
    if (mount.type != volume::MountType::kVolume) continue;
    event("volume", "unmount", mount.name, {{"container", record.id}, {"driver", "local"}});
  }
}

void Engine::Impl::save_stopped(const ContainerRecord& record) {
  const std::vector<std::string> left = networks_that_know(record.id);
  write_records([&] {
    store.save(record);
    store.release_leases(record.id);
  });
  for (const std::string& network : left) refresh_hosts(network);
}

namespace {

// The processes are gone, so nothing in it can be busy; detached for those who look inside.
void unmount(const std::filesystem::path& target) {
  while (::umount2(target.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW) == 0) {
  }
  if (errno != EINVAL && errno != ENOENT) throw sys_error(errno, "unmount {}", target.native());
}

}  // namespace

void Engine::Impl::take_down(const ContainerRecord& record) {
  runtime.remove(record.id, true);
  for (const EndpointRecord& endpoint : store.endpoints_of(record.id)) {
    if (endpoint.ip.empty()) continue;
    // Where others have joined the namespace it stays, and the link with it, whose address is about
    // to be somebody else's.
    detach(endpoint, store.some_joined_a_network() ? network::HostLink::kDelete
                                                   : network::HostLink::kEndsWithNamespace);
  }
  unmount(merged(record.id));
  unmount(shm(record.id));
  remove_tree(monitor_directory(record.id));
}

void Engine::Impl::destroy(ContainerRecord record, Phase removal) {
  const bool waits = record.phase == Phase::kRestarting;
  record.phase = removal;
  store.save(record);
  if (waits) cancel_restart(record.id);
  erase(record, removal == Phase::kRemovingVolumes);
}

void Engine::Impl::erase(const ContainerRecord& record, bool anonymous_volumes) {
  images.remove_snapshot(record.id);
  // Before the record goes, which alone tells whose they are.
  for (const MountPoint& mount : record.mounts) {
    if (!anonymous_volumes || mount.name.empty() || !volumes.has(mount.name)) continue;
    if (volumes.find(mount.name).anonymous && store.users_of_volume(mount.name).size() < 2) {
      volumes.remove(mount.name, {});
    }
  }
  const std::vector<std::string> left = networks_that_know(record.id);
  write_records([&] {
    store.remember_exit(record.id, record.exit_code);
    store.erase(record.id);
    event(record, "destroy");
  });
  for (const std::string& network : left) refresh_hosts(network);
  remove_tree(directory(record.id));
}

bool Engine::Impl::is_running(const ContainerRecord& record) {
  if (record.phase != Phase::kRunning) return false;
  try {
    return !runtime.await_exit(record.id, 0ms);
  } catch (const Error& failure) {
    if (failure.kind() != Kind::kNotFound) throw;
    return false;
  }
}

bool Engine::Impl::is_paused(const ContainerRecord& record) {
  try {
    return runtime.state(record.id).status == spec::Status::kPaused;
  } catch (const Error& failure) {
    if (failure.kind() != Kind::kNotFound) throw;
    return false;  // it has ended and was settled meanwhile
  }
}

ContainerState Engine::Impl::state_of(const ContainerRecord& record) {
  ContainerState state{.status = ContainerStatus::kCreated,
                       .exit_code = record.exit_code,
                       .oom_killed = record.oom_killed,
                       .error = record.error,
                       .started_at = record.started,
                       .finished_at = record.finished};
  switch (record.phase) {
    case Phase::kCreating:
    case Phase::kCreated:
    case Phase::kStarting:
      return state;
    case Phase::kRunning:
      if (is_running(record)) {
        state.pid = record.pid;
        state.status = is_paused(record) ? ContainerStatus::kPaused : ContainerStatus::kRunning;
        return state;
      }
      break;
    case Phase::kStopping:
    case Phase::kExited:
      break;
    case Phase::kRemoving:
    case Phase::kRemovingVolumes:
      state.status = ContainerStatus::kDead;
      return state;
    case Phase::kRestarting:
      state.status = ContainerStatus::kRestarting;
      return state;
  }
  state.status = ContainerStatus::kExited;
  return state;
}

void Engine::Impl::event(std::string type, std::string action, std::string actor,
                         std::map<std::string, std::string> attributes) {
  store.add_event({.type = std::move(type),
                   .action = std::move(action),
                   .actor_id = std::move(actor),
                   .attributes = std::move(attributes),
                   .time = std::chrono::system_clock::now()});
}

void Engine::Impl::event(const ContainerRecord& record, std::string action,
                         std::map<std::string, std::string> more) {
  std::map<std::string, std::string> attributes = record.request.labels;
  attributes["name"] = record.name;
  attributes["image"] = record.request.image;
  attributes.merge(more);
  event("container", std::move(action), record.id, std::move(attributes));
}

}  // namespace seatrial::core
