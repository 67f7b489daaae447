#include "engine/runtime/monitoring.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdlib>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/plan/wire.h"
#include "engine/runtime/state_root.h"
#include "engine/sys/unix_path.h"

namespace seatrial::runtime {
namespace {

namespace fs = std::filesystem;

constexpr const char* kSocket = "attach.sock";
constexpr const char* kPid = "monitor.pid";
constexpr const char* kAlive = "alive";
constexpr const char* kExit = "exit";

UniqueFd open_directory(const fs::path& path) {
  std::error_code failure;
  fs::create_directories(path, failure);
  if (failure) throw sys_error(failure.value(), "create the directory {}", path.native());
  return open_file(path, O_RDONLY | O_DIRECTORY);
}

void check(const MonitorRequest& request, bool terminal) {
  if (request.terminal != terminal) {
    throw error(Kind::kInvalidArgument,
                "the monitor is to have {} terminal, but config.json asks for {}",
                request.terminal ? "a" : "no", terminal ? "one" : "none");
  }
  if (!request.exit_command.empty() && !request.exit_command.front().starts_with('/')) {
    throw error(Kind::kInvalidArgument, "the exit command {} is not an absolute path",
                request.exit_command.front());
  }
  if (request.max_log_files == 0) {
    throw error(Kind::kInvalidArgument, "a log of 0 files cannot be kept");
  }
}

// A socket that nobody listens on was left by a monitor that was killed.
UniqueFd listen_on(int directory) {
  try {
    return sys::listen_at(directory, kSocket, sys::SocketType::kStream);
  } catch (const Error& failure) {
    if (failure.sys_errno() != EADDRINUSE) throw;
  }
  try {
    static_cast<void>(sys::connect_at(directory, kSocket, sys::SocketType::kStream));
  } catch (const Error&) {
    ::unlinkat(directory, kSocket, 0);
    return sys::listen_at(directory, kSocket, sys::SocketType::kStream);
  }
  throw error(Kind::kConflict, "{} belongs to another container's monitor", kSocket);
}

// A new one each time: waiters of an earlier life hold the old one. A FIFO and not inotify, whose
// close(2) waits for a grace period of the kernel: 7 to 18 ms were seen.
UniqueFd make_alive(int directory) {
  ::unlinkat(directory, kAlive, 0);
  if (::mkfifoat(directory, kAlive, 0600) != 0) throw sys_error(errno, "create {}", kAlive);
  // Open for both, so that nobody needs to read.
  UniqueFd fd(::openat(directory, kAlive, O_RDWR | O_CLOEXEC));
  if (!fd) throw sys_error(errno, "open {}", kAlive);
  return fd;
}

}  // namespace

Monitoring::Monitoring(const MonitorRequest& request, bool terminal)
    : request_(request), terminal_(terminal) {
  check(request, terminal);
  with_context("monitor " + request.directory.native(), [this] {
    directory_ = open_directory(request_.directory);
    listener_ = listen_on(directory_.get());
    alive_ = make_alive(directory_.get());
    ::unlinkat(directory_.get(), kExit, 0);  // of an earlier life of the same container
  });
  try {
    open_log();
  } catch (...) {
    ::unlinkat(directory_.get(), kSocket, 0);
    ::unlinkat(directory_.get(), kAlive, 0);
    throw;
  }
}

void Monitoring::open_log() {
  if (request_.log.empty()) return;
  log_directory_ = open_directory(request_.log.parent_path());
  const std::string name = request_.log.filename();
  constexpr int kFlags = O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC;
  log_ = UniqueFd(::openat(log_directory_.get(), name.c_str(), kFlags | O_EXCL, 0640));
  made_log_ = static_cast<bool>(log_);
  if (!log_) log_ = UniqueFd(::openat(log_directory_.get(), name.c_str(), kFlags, 0640));
  if (!log_) throw sys_error(errno, "open the log {}", request_.log.native());
}

Monitoring::~Monitoring() {
  if (kept_) return;
  ::unlinkat(directory_.get(), kSocket, 0);
  ::unlinkat(directory_.get(), kAlive, 0);
  ::unlinkat(directory_.get(), kPid, 0);
  if (made_log_) ::unlinkat(log_directory_.get(), request_.log.filename().c_str(), 0);
}

std::vector<std::string> Monitoring::arguments(int base) const {
  std::string options;
  if (terminal_) options += wire::kMonitorTerminal;
  if (request_.open_stdin) options += wire::kMonitorStdin;
  if (request_.stdin_once) options += wire::kMonitorStdinOnce;
  if (log_) options += wire::kMonitorLogs;
  if (request_.attached >= 0) options += wire::kMonitorAttached;
  std::vector<std::string> arguments = {"seatrial-init",
                                        "monitor",
                                        std::to_string(base),
                                        options,
                                        std::to_string(request_.max_log_size),
                                        std::to_string(request_.max_log_files),
                                        request_.log.filename()};
  arguments.insert(arguments.end(), request_.exit_command.begin(), request_.exit_command.end());
  return arguments;
}

// What an exit command needs to find programs and the state of an unprivileged user; the rest of
// the starter's environment is nobody's business years later.
std::vector<std::string> Monitoring::environment() {
  std::vector<std::string> environment = {
      "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"};
  const char* runtime_dir = std::getenv("XDG_RUNTIME_DIR");
  if (runtime_dir != nullptr) environment.push_back(fmt::format("XDG_RUNTIME_DIR={}", runtime_dir));
  return environment;
}

void Monitoring::place(std::vector<sys::Placement>& placements, int base, int filler) const {
  const auto add = [&](wire::MonitorSlot slot, int fd) {
    placements.push_back(
        {fd < 0 ? filler : fd, base + wire::kMonitorSlotOffset + static_cast<int>(slot)});
  };
  add(wire::MonitorSlot::kDirectory, directory_.get());
  add(wire::MonitorSlot::kLogDirectory, log_directory_.get());
  add(wire::MonitorSlot::kLog, log_.get());
  add(wire::MonitorSlot::kListener, listener_.get());
  add(wire::MonitorSlot::kAlive, alive_.get());
  add(wire::MonitorSlot::kAttached, request_.attached);
}

}  // namespace seatrial::runtime
