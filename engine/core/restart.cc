// Starting again what has ended, without a daemon: whoever settles the container decides, and
// leaves a small process that sleeps through the delay and then becomes the exit command, which
// starts it (settle()). That process holds the FIFO `restart` of the container's directory open: no
// reader, no process, and a byte ends it. Where it was killed, `recover` goes on.
#include "engine/core/restart.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "engine/base/error.h"
#include "engine/core/impl.h"

namespace seatrial::core {
namespace {

using namespace std::chrono_literals;

constexpr const char* kFifo = "restart";

// The end of what waits, if anything does.
UniqueFd open_waiting(const std::filesystem::path& fifo) {
  UniqueFd fd(::open(fifo.c_str(), O_WRONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC));
  if (!fd && errno != ENXIO && errno != ENOENT) throw sys_error(errno, "open {}", fifo.native());
  return fd;
}

}  // namespace

bool restarts(const RestartPolicy& policy) {
  return !policy.name.empty() && policy.name != "no";
}

void check_restart_policy(const RestartPolicy& policy) {
  constexpr std::string_view kKnown[] = {"", "no", "always", "unless-stopped", "on-failure"};
  if (std::ranges::find(kKnown, policy.name) == std::end(kKnown)) {
    throw error(Kind::kInvalidArgument, "invalid restart policy '{}'", policy.name);
  }
  if (policy.maximum_retry_count != 0 && policy.name != "on-failure") {
    throw error(Kind::kInvalidArgument,
                "maximum retry count cannot be used with restart policy '{}'", policy.name);
  }
}

std::optional<std::chrono::milliseconds> restart_delay(const ContainerRecord& ended, bool stopped) {
  constexpr auto kFirst = 100ms;
  constexpr std::chrono::milliseconds kLongest = 1min;
  constexpr auto kLongRun = 10s;
  const RestartPolicy& policy = ended.request.restart_policy;
  if (stopped || !restarts(policy)) return std::nullopt;
  if (policy.name == "on-failure") {
    const unsigned most = policy.maximum_retry_count;
    if (ended.exit_code == 0 || (most != 0 && ended.restarts >= most)) return std::nullopt;
  }
  const bool ran_long =
      ended.started && ended.finished && *ended.finished - *ended.started >= kLongRun;
  if (ended.backoff == 0ms || ran_long) return kFirst;
  return std::min(2 * ended.backoff, kLongest);
}

std::filesystem::path Engine::Impl::restart_fifo(const std::string& id) const {
  return directory(id) / kFifo;
}

void Engine::Impl::await_restart(const ContainerRecord& record) {
  if (options.exit_command.empty()) return;
  const std::filesystem::path path = restart_fifo(record.id);
  ::unlink(path.c_str());
  if (::mkfifo(path.c_str(), 0600) != 0) throw sys_error(errno, "create {}", path.native());
  // For both, so that it has a writer, too: the end of the last one would look like a byte.
  const UniqueFd fifo(::open(path.c_str(), O_RDWR | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC));
  if (!fifo) throw sys_error(errno, "open {}", path.native());
  std::vector<std::string> command = options.exit_command;
  command.push_back(record.id);
  runtime.run_later({.delay = record.backoff, .command = std::move(command), .cancel = fifo.get()});
}

bool Engine::Impl::is_restart_awaited(const std::string& id) {
  return static_cast<bool>(open_waiting(restart_fifo(id)));
}

void Engine::Impl::cancel_restart(const std::string& id) {
  const std::filesystem::path path = restart_fifo(id);
  // For both: where nobody reads any more, no signal is due.
  const UniqueFd fifo(::open(path.c_str(), O_RDWR | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC));
  if (!fifo && errno == ENOENT) return;
  if (!fifo || ::write(fifo.get(), "x", 1) != 1)
    throw sys_error(errno, "end the wait for a restart");
  ::unlink(path.c_str());
}

void Engine::Impl::give_up_restart(ContainerRecord& record) {
  record.phase = Phase::kExited;
  store.save(record);
  cancel_restart(record.id);
}

void Engine::Impl::go_on(Locked& locked) {
  if (is_restart_awaited(locked.record.id)) return;
  if (store.is_stopped(locked.record.id)) return give_up_restart(locked.record);
  ::unlink(restart_fifo(locked.record.id).c_str());
  start(locked, -1);
}

void Engine::settle(const std::string& container) {
  try {
    Locked locked = impl_->lock_container(container);
    if (locked.record.phase == Phase::kRestarting) impl_->go_on(locked);
  } catch (const Error& failure) {
    if (failure.kind() != Kind::kNotFound) throw;  // settling may be its removal
  }
}

void Engine::Impl::tell_to_stop(const ContainerRecord& record) {
  if (restarts(record.request.restart_policy)) store.set_stopped(record.id, true);
}

}  // namespace seatrial::core
