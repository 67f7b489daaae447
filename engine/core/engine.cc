#include "engine/core/engine.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include <cerrno>
#include <csignal>

#include "engine/base/error.h"
#include "engine/core/change_watch.h"
#include "engine/core/filters.h"
#include "engine/core/impl.h"
#include "engine/core/names.h"
#include "engine/core/restart.h"
#include "engine/core/rootfs.h"
#include "engine/spec/names.h"
#include "engine/sys/standard_descriptors.h"
#include "engine/sys/unix_path.h"

namespace seatrial::core {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr int kDefaultStopTimeout = 10;  // seconds, docker's

EngineOptions with_directories(EngineOptions options) {
  options.root = fs::absolute(options.root).lexically_normal();
  options.run = fs::absolute(options.run).lexically_normal();
  for (const fs::path& path : {options.root / "containers", options.run / "containers"}) {
    std::error_code failure;
    fs::create_directories(path, failure);
    if (failure) throw sys_error(failure.value(), "make {}", path.native());
  }
  // Secrets of containers lie below: nobody but root looks in.
  for (const fs::path& path : {options.root, options.run}) {
    if (::chmod(path.c_str(), 0711) != 0) throw sys_error(errno, "chmod {}", path.native());
  }
  return options;
}

int stop_signal_of(const ContainerRecord& record) {
  return record.request.stop_signal.empty()
             ? SIGTERM
             : spec::signal_number(record.request.stop_signal).value_or(SIGTERM);
}

}  // namespace

std::string short_id(const std::string& id) {
  const std::size_t colon = id.find(':');
  return id.substr(colon == std::string::npos ? 0 : colon + 1, 12);
}

std::string_view to_string(ContainerStatus status) {
  switch (status) {
    case ContainerStatus::kCreated:
      return "created";
    case ContainerStatus::kRunning:
      return "running";
    case ContainerStatus::kPaused:
      return "paused";
    case ContainerStatus::kRestarting:
      return "restarting";
    case ContainerStatus::kExited:
      return "exited";
    case ContainerStatus::kDead:
      return "dead";
  }
  return {};
}

Engine::Impl::Impl(EngineOptions chosen)
    : options(with_directories(std::move(chosen))),
      store(options.root / "engine.db"),
      images(options.root),
      volumes(options.root / "volumes"),
      runtime(options.run / "runtime") {}

Engine::Engine(EngineOptions options)
    : impl_((sys::occupy_standard_descriptors(), std::make_unique<Impl>(std::move(options)))) {}
Engine::Engine(Engine&&) noexcept = default;
Engine& Engine::operator=(Engine&&) noexcept = default;
Engine::~Engine() = default;

const EngineOptions& Engine::options() const {
  return impl_->options;
}

void Engine::on_warning(std::function<void(std::string_view)> sink) {
  impl_->warning_sink = sink;
  impl_->runtime.on_warning(std::move(sink));
}

void Engine::Impl::kill(const ContainerRecord& record, int signal) {
  runtime.kill(record.id, signal);
  event(record, "kill", {{"signal", std::to_string(signal)}});
}

namespace {

// Docker's rule for what is meant to end a container with a restart policy.
bool is_meant_to_stop(const ContainerRecord& record, int signal) {
  return record.request.stop_signal.empty() || signal == SIGKILL ||
         signal == stop_signal_of(record) || record.request.restart_policy.name == "unless-stopped";
}

// One that waits for its restart waits no more. False when there is none that does.
bool stop_restarting(Engine::Impl& impl, const std::string& id) {
  auto locked = impl.lock_container(id);
  if (locked.record.phase != Phase::kRestarting) return false;
  impl.give_up_restart(locked.record);
  return true;
}

// The signal, then after `patience` (below 0: never) SIGKILL; its end.
void end_politely(Engine::Impl& impl, const ContainerRecord& record,
                  std::chrono::seconds patience) {
  try {
    impl.kill(record, stop_signal_of(record));
    // A frozen process cannot act on a signal.
    if (impl.runtime.state(record.id).status == spec::Status::kPaused) {
      impl.runtime.resume(record.id);
    }
    const std::optional<std::chrono::milliseconds> limit =
        patience < 0s ? std::nullopt : std::optional<std::chrono::milliseconds>(patience);
    if (!impl.runtime.await_exit(record.id, limit)) {
      impl.kill(record, SIGKILL);
      impl.runtime.await_exit(record.id);
    }
  } catch (const Error& failure) {
    // It ended by itself, and somebody has settled it meanwhile.
    if (failure.kind() != Kind::kNotFound && failure.kind() != Kind::kConflict) throw;
    if (impl.is_running(record)) throw;
  }
}

}  // namespace

void Engine::kill(const std::string& container, int signal) {
  const ContainerRecord record = impl_->find(container);
  const bool stops = restarts(record.request.restart_policy) && is_meant_to_stop(record, signal);
  if (stops) impl_->tell_to_stop(record);
  if (impl_->is_running(record)) return impl_->kill(record, signal);
  if (!stops || !stop_restarting(*impl_, record.id)) {
    throw impl_->not_running(impl_->find(record.id));
  }
}

bool Engine::stop(const std::string& container, std::optional<std::chrono::seconds> timeout) {
  ContainerRecord record = impl_->find(container);
  const auto patience = timeout.value_or(
      std::chrono::seconds(record.request.stop_timeout.value_or(kDefaultStopTimeout)));
  impl_->tell_to_stop(record);
  bool ended = false;
  try {
    for (;;) {
      if (impl_->is_running(record)) {
        end_politely(*impl_, record, patience);
        ended = true;
      }
      Locked locked = impl_->lock_container(record.id);
      record = locked.record;
      if (record.phase == Phase::kRestarting) {
        impl_->give_up_restart(locked.record);
        ended = true;
      }
      // A restart that had begun before it could know better.
      if (record.phase != Phase::kRunning || record.restarts == 0) break;
    }
  } catch (const Error& failure) {
    if (failure.kind() != Kind::kNotFound) throw;  // its end was its removal
  }
  if (ended) impl_->event(record, "stop");
  return ended;
}

void Engine::restart(const std::string& container, std::optional<std::chrono::seconds> timeout) {
  const std::string id = impl_->find(container).id;
  stop(id, timeout);
  start(id);
  impl_->event(impl_->find(id), "restart");
}

void Engine::pause(const std::string& container) {
  const ContainerRecord record = impl_->find(container);
  if (!impl_->is_running(record)) throw impl_->not_running(record);
  impl_->runtime.pause(record.id);
  impl_->event(record, "pause");
}

void Engine::unpause(const std::string& container) {
  const ContainerRecord record = impl_->find(container);
  if (!impl_->is_running(record)) throw impl_->not_running(record);
  impl_->runtime.resume(record.id);
  impl_->event(record, "unpause");
}

std::optional<int> Engine::wait(const std::string& container, WaitCondition condition,
                                std::optional<std::chrono::milliseconds> timeout) {
  return impl_->wait(container, condition, std::nullopt, sys::after(timeout));
}

int Engine::wait_for_run(const std::string& container, unsigned run) {
  return impl_->wait(container, WaitCondition::kNotRunning, run, {}).value();
}

std::string Engine::Impl::id_to_wait_for(const std::string& container, WaitCondition condition) {
  try {
    return store.container_id(container);
  } catch (const Error& failure) {
    const bool may_have_gone =
        failure.kind() == Kind::kNotFound && condition == WaitCondition::kRemoved;
    if (!may_have_gone || !store.remembered_exit(container)) throw;
    return container;
  }
}

bool Engine::Impl::await_end(const std::string& id, sys::Deadline deadline) {
  try {
    const auto left = deadline
                          ? std::optional(std::chrono::duration_cast<std::chrono::milliseconds>(
                                *deadline - std::chrono::steady_clock::now()))
                          : std::nullopt;
    if (left && *left < 0ms) return false;
    return runtime.await_exit(id, left).has_value();
  } catch (const Error& failure) {
    // A container that is taken down meanwhile is looked up again.
    if (failure.kind() != Kind::kNotFound) throw;
    return true;
  }
}

std::optional<int> Engine::Impl::wait(const std::string& container, WaitCondition condition,
                                      std::optional<unsigned> run, sys::Deadline deadline) {
  const std::string id = id_to_wait_for(container, condition);
  // Only for whom nothing else can be waited on: the end of a watch waits for a grace period of the
  // kernel, 7 to 22 ms were seen.
  std::optional<ChangeWatch> watch;
  bool must_run_first = condition == WaitCondition::kNextExit;
  for (;;) {
    const auto record = store.container(id);
    if (!record) return store.remembered_exit(id).value_or(0);
    const bool stands = record->phase == Phase::kExited || record->phase == Phase::kRestarting;
    // The run that was waited for is over, though there may be another already.
    if (run && record->restarts != *run && condition != WaitCondition::kRemoved) {
      return stands ? record->exit_code : store.remembered_exit(id).value_or(record->exit_code);
    }
    if (record->phase == Phase::kStopping || is_removal(record->phase)) {
      settle_quietly(id);  // whoever is at it holds the lock, and its end is what is waited for
      continue;
    }
    if (record->phase == Phase::kRunning) {
      must_run_first = false;
      if (!run) run = record->restarts;
      if (!await_end(id, deadline)) return std::nullopt;
      settle_quietly(id);
      continue;
    }
    if (condition != WaitCondition::kRemoved && !must_run_first &&
        (record->phase == Phase::kExited || record->phase == Phase::kCreated)) {
      return record->exit_code;
    }
    if (!watch) {
      watch.emplace(options.root);  // what changed before it stood is looked at again
    } else if (!watch->wait(deadline)) {
      return std::nullopt;
    }
  }
}

namespace {

// Kills the container and waits for its end, which may have come by itself.
void end(Engine::Impl& impl, const ContainerRecord& record) {
  try {
    try {
      impl.kill(record, SIGKILL);
      // Frozen or not: the freezer of cgroup v1 holds SIGKILL back.
      if (impl.runtime.state(record.id).status == spec::Status::kPaused) {
        impl.runtime.resume(record.id);
      }
    } catch (const Error& failure) {
      // Its process is gone; that its monitor has told so is to be waited for.
      if (failure.kind() != Kind::kConflict) throw;
    }
    impl.runtime.await_exit(record.id);
  } catch (const Error& failure) {
    if (failure.kind() != Kind::kNotFound) throw;
  }
}

}  // namespace

void Engine::remove(const std::string& container, bool force, bool volumes) {
  if (force) static_cast<void>(impl_->find(container));  // who never was there is an error
  try {
    for (;;) {
      if (force) {
        const ContainerRecord record = impl_->find(container);
        impl_->tell_to_stop(record);
        if (impl_->is_running(record)) end(*impl_, record);
        if (record.request.auto_remove && !impl_->store.container(record.id)) return;
      }
      Locked locked = impl_->lock_container(container);
      const ContainerStatus status = impl_->state_of(locked.record).status;
      if (locked.record.phase == Phase::kRunning && force && locked.record.restarts > 0) {
        continue;  // a restart that had begun before it could know better
      }
      if (locked.record.phase == Phase::kRunning || (is_active(status) && !force)) {
        throw error(Kind::kConflict,
                    "You cannot remove a {} container {}. Stop the container before attempting "
                    "removal or force remove",
                    status == ContainerStatus::kRestarting ? "restarting" : "running",
                    locked.record.id);
      }
      impl_->destroy(locked.record, volumes ? Phase::kRemovingVolumes : Phase::kRemoving);
      return;
    }
  } catch (const Error& failure) {
    // Its own end removed it.
    if (!force || failure.kind() != Kind::kNotFound) throw;
  }
}

void Engine::rename(const std::string& container, const std::string& name) {
  if (!is_container_name(name)) {
    throw error(Kind::kInvalidArgument,
                "Invalid container name ({}), only [a-zA-Z0-9][a-zA-Z0-9_.-]+ is allowed", name);
  }
  Locked locked = impl_->lock_container(container);
  const std::string old_name = locked.record.name;
  {
    Transaction transaction(impl_->store.database());
    if (const auto taken = impl_->store.id_of_name(name)) {
      throw error(Kind::kConflict,
                  "Conflict. The container name \"/{}\" is already in use by container \"{}\".",
                  name, *taken);
    }
    locked.record.name = locked.record.request.name = name;
    impl_->store.save(locked.record);
    transaction.commit();
  }
  for (const EndpointRecord& endpoint : impl_->store.endpoints_of(locked.record.id)) {
    impl_->refresh_hosts(endpoint.network);
  }
  impl_->event(locked.record, "rename", {{"oldName", "/" + old_name}});
}

UniqueFd Engine::attach(const std::string& container) {
  const ContainerRecord record = impl_->find(container);
  if (!impl_->is_running(record)) throw impl_->not_running(record);
  impl_->event(record, "attach");
  return sys::connect_to(impl_->monitor_directory(record.id) / "attach.sock",
                         sys::SocketType::kStream);
}

void Engine::resize(const std::string& container, unsigned height, unsigned width) {
  const ContainerRecord record = impl_->find(container);
  if (!impl_->is_running(record)) throw impl_->not_running(record);
  if (!record.request.tty)
    throw error(Kind::kConflict, "container {} has no terminal", record.name);
  const Impl::RootView view = impl_->open_root(record);
  // Whatever the program has made of /dev/console: setting a size harms nothing, and opening must
  // neither wait nor become our terminal.
  const UniqueFd console =
      open_in_root(view.root.get(), "/dev/console", O_RDWR | O_NOCTTY | O_NONBLOCK);
  if (!console) throw sys_error(errno, "open the terminal of container {}", record.name);
  const winsize size{.ws_row = static_cast<unsigned short>(height),
                     .ws_col = static_cast<unsigned short>(width),
                     .ws_xpixel = 0,
                     .ws_ypixel = 0};
  if (::ioctl(console.get(), TIOCSWINSZ, &size) != 0) {
    throw sys_error(errno, "resize the terminal of container {}", record.name);
  }
  impl_->event(record, "resize",
               {{"height", std::to_string(height)}, {"width", std::to_string(width)}});
}

PruneResult Engine::prune_containers(const Filters& filters) {
  check_filters(filters, {"until", "label", "label!"});
  PruneResult result;
  for (const ContainerSummary& summary : list({.all = true})) {
    if (!may_go(filters, summary.created, summary.labels)) continue;
    auto locked = impl_->try_lock_container(summary.id);
    if (!locked || is_active(impl_->state_of(locked->record).status)) continue;
    impl_->destroy(locked->record, Phase::kRemoving);
    result.deleted.push_back(summary.id);
  }
  return result;
}

}  // namespace seatrial::core
