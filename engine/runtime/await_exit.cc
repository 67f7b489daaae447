// Learning how a monitored container ended.
#include <fcntl.h>

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
  // In this order: a monitor that lives behind the open and has not written the file yet still has
  // the FIFO open, so that its end will show.
  const UniqueFd alive(::open((directory / "alive").c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  const auto process = open_process(monitor);
  if (auto status = read_exit(directory)) return status;
  if (process) {
    std::array<pollfd, 1> entry{{{alive ? alive.get() : process->get(), 0, 0}}};
    if (!alive) entry[0].events = POLLIN;
    if (sys::poll_until(entry, deadline) == 0) return std::nullopt;
    if (auto status = read_exit(directory)) return status;
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
  fs::remove(directory / "alive", ignored);
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
