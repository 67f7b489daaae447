// Learning how a monitored container ended.
#include <sys/inotify.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/runtime/impl.h"
#include "engine/runtime/monitoring.h"
#include "engine/sys/pid_fd.h"

namespace seatrial::runtime {
namespace {

namespace fs = std::filesystem;

// "CODE SECONDS.NANOS\n"
std::optional<ExitStatus> parse_exit(const std::string& text) {
  int code = 0;
  std::int64_t seconds = 0;
  std::int64_t nanoseconds = 0;
  const char* at = text.data();
  const char* const end = at + text.size();
  const auto take = [&](auto& number, char behind) {
    const auto parsed = std::from_chars(at, end, number);
    at = parsed.ptr;
    return parsed.ec == std::errc() && at != end && *at++ == behind;
  };
  if (!take(code, ' ') || !take(seconds, '.') || !take(nanoseconds, '\n')) return std::nullopt;
  return ExitStatus{.code = code,
                    .finished = std::chrono::system_clock::time_point(
                        std::chrono::seconds(seconds) + std::chrono::nanoseconds(nanoseconds))};
}

UniqueFd watch_for_names(const fs::path& directory) {
  UniqueFd watch(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (!watch) throw sys_error(errno, "watch {}", directory.native());
  constexpr std::uint32_t kEvents = IN_MOVED_TO | IN_DELETE_SELF | IN_ONLYDIR;
  if (::inotify_add_watch(watch.get(), directory.c_str(), kEvents) < 0) {
    throw sys_error(errno, "watch {}", directory.native());
  }
  return watch;
}

std::optional<sys::PidFd> open_process(const ProcessIdentity& process) {
  auto opened = sys::PidFd::open(process.pid);
  // Checked after the open: the descriptor and the identity now speak of the same process.
  if (opened && !process.is_alive()) opened.reset();
  return opened;
}

ExitStatus lost() {
  return {
      .code = 128 + SIGKILL, .finished = std::chrono::system_clock::now(), .monitor_lost = true};
}

void forget_events(int watch) {
  std::array<char, 4096> events;
  while (::read(watch, events.data(), events.size()) > 0) {
  }
}

}  // namespace

std::optional<ExitStatus> read_exit(const fs::path& directory) {
  std::string text;
  try {
    text = read_file(directory / "exit");
  } catch (const Error& failure) {
    if (failure.sys_errno() == ENOENT) return std::nullopt;
    throw;
  }
  auto status = parse_exit(text);
  if (!status) throw error(Kind::kInternal, "{}/exit is no exit status", directory.native());
  return status;
}

std::optional<ExitStatus> await_exit(const fs::path& directory, const ProcessIdentity& monitor,
                                     const ProcessIdentity& init, sys::Deadline deadline) {
  if (auto status = read_exit(directory)) return status;
  const UniqueFd watch = watch_for_names(directory);
  for (;;) {
    // Opened before the file is looked for: a monitor that is gone has written it before.
    const auto process = open_process(monitor);
    if (auto status = read_exit(directory)) return status;
    if (!process) break;
    std::array<pollfd, 2> entries{{{watch.get(), POLLIN, 0}, {process->get(), POLLIN, 0}}};
    if (sys::poll_until(entries, deadline) == 0) return std::nullopt;
    forget_events(watch.get());
  }
  const auto survivor = open_process(init);
  if (survivor && !survivor->wait_exit(deadline)) return std::nullopt;
  return lost();
}

void settle_lost_exit(const fs::path& directory) {
  std::error_code ignored;
  if (!fs::is_directory(directory, ignored)) return;
  if (!read_exit(directory)) {
    const auto now = lost().finished.time_since_epoch();
    const auto seconds = std::chrono::floor<std::chrono::seconds>(now);
    const auto rest = std::chrono::nanoseconds(now - seconds);
    write_file_atomically(directory / "exit", fmt::format("{} {}.{:09}\n", 128 + SIGKILL,
                                                          seconds.count(), rest.count()));
  }
  fs::remove(directory / "attach.sock", ignored);
  fs::remove(directory / "monitor.pid", ignored);
}

std::optional<ExitStatus> Runtime::await_exit(
    const std::string& id, std::optional<std::chrono::milliseconds> timeout) const {
  const sys::Deadline deadline = sys::after(timeout);
  return with_context("wait for " + id, [&]() -> std::optional<ExitStatus> {
    const Record record = impl_->root.open(id).read_record();
    if (record.monitor_directory.empty()) {
      throw error(Kind::kInvalidArgument, "container {} has no monitor", id);
    }
    // Pids of another boot mean nothing.
    const bool now = impl_->is_of_this_boot(record);
    return runtime::await_exit(record.monitor_directory, now ? record.monitor : ProcessIdentity{},
                               now ? record.init : ProcessIdentity{}, deadline);
  });
}

}  // namespace seatrial::runtime
