// exec: one more process in a running container.
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/core/compose_config.h"
#include "engine/core/impl.h"
#include "engine/security/profile.h"
#include "engine/spec/parse_config.h"
#include "engine/sys/deadline.h"
#include "engine/sys/pid_fd.h"

namespace seatrial::core {
namespace {

// The container's own process, with what the request changes.
spec::Process process_of(Engine::Impl& impl, const ContainerRecord& record,
                         const ExecRequest& request) {
  if (request.cmd.empty()) throw error(Kind::kInvalidArgument, "No exec command specified");
  const std::filesystem::path bundle = impl.directory(record.id) / "bundle";
  spec::Process process =
      spec::parse_config(read_file(bundle / "config.json"), {.bundle = bundle}).process.value();
  process.args = request.cmd;
  process.terminal = request.tty;
  process.console_size.reset();
  if (!request.working_dir.empty()) process.cwd = request.working_dir;
  const auto sets_home = [](const std::vector<std::string>& env) {
    return std::any_of(env.begin(), env.end(),
                       [](const std::string& each) { return each.starts_with("HOME="); });
  };
  if (!request.user.empty()) {
    const Engine::Impl::RootView view = impl.open_root(record);
    const ResolvedUser user =
        resolve_user(request.user, read_user_files(view.root.get()), record.request.group_add);
    process.user = user.user;
    if (!sets_home(record.request.env)) process.env = merge_env(process.env, {"HOME=" + user.home});
  }
  if (request.tty) process.env = merge_env({"TERM=xterm"}, process.env);
  process.env = merge_env(std::move(process.env), request.env);
  spec::Capabilities& capabilities =
      process.capabilities.emplace(process.capabilities.value_or(spec::Capabilities{}));
  if (request.privileged) capabilities.bounding = security::all_capabilities();
  // As at the start: a user other than root has its bound only.
  capabilities.effective = process.user.uid == 0 ? capabilities.bounding : 0;
  capabilities.permitted = capabilities.effective;
  process.no_new_privileges = process.no_new_privileges || request.no_new_privileges;
  return process;
}

struct Pipe {
  UniqueFd read;
  UniqueFd write;
};

Pipe make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw sys_error(errno, "pipe");
  return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

// Both pipes to their ends. A grandchild that keeps one open keeps us.
void collect(UniqueFd& out, UniqueFd& err, ExecResult& result) {
  std::array<char, 65536> buffer;
  while (out || err) {
    std::array<pollfd, 2> entries{{{out.get(), POLLIN, 0}, {err.get(), POLLIN, 0}}};
    sys::poll_until(entries, {});
    const auto take = [&](UniqueFd& fd, short happened, std::string& bytes) {
      if (!fd || happened == 0) return;
      const ssize_t got = ::read(fd.get(), buffer.data(), buffer.size());
      if (got > 0) bytes.append(buffer.data(), static_cast<std::size_t>(got));
      if (got == 0 || (got < 0 && errno != EINTR)) fd.reset();
    };
    take(out, entries[0].revents, result.stdout_bytes);
    take(err, entries[1].revents, result.stderr_bytes);
  }
}

}  // namespace

std::optional<int> ExecProcess::wait(std::optional<std::chrono::milliseconds> timeout) {
  if (!sys::wait_readable(pidfd_.get(), sys::after(timeout))) return std::nullopt;
  sys::PidFd process(pid_, std::move(pidfd_));
  const auto end = process.reap();
  pidfd_ = process.release();
  if (!end) throw error(Kind::kConflict, "process {} was waited for already", pid_);
  return end->code;
}

void ExecProcess::resize(unsigned height, unsigned width) {
  const winsize size{.ws_row = static_cast<unsigned short>(height),
                     .ws_col = static_cast<unsigned short>(width),
                     .ws_xpixel = 0,
                     .ws_ypixel = 0};
  if (!console_master_ || ::ioctl(console_master_.get(), TIOCSWINSZ, &size) != 0) {
    throw sys_error(console_master_ ? errno : ENOTTY, "resize a terminal");
  }
}

ExecProcess Engine::exec(const std::string& container, const ExecRequest& request,
                         const StdioFds& stdio) {
  const ContainerRecord record = impl_->find(container);
  const ContainerState state = impl_->state_of(record);
  if (state.status == ContainerStatus::kPaused) {
    throw error(Kind::kConflict, "Container {} is paused, unpause the container before exec",
                record.name);
  }
  if (state.status != ContainerStatus::kRunning) {
    throw impl_->not_running(record);
  }
  runtime::Child child =
      impl_->runtime.exec({.id = record.id,
                           .process = process_of(*impl_, record, request),
                           .stdio = {.in = stdio.in, .out = stdio.out, .err = stdio.err}});
  impl_->event(record, fmt::format("exec_start: {}", fmt::join(request.cmd, " ")));
  UniqueFd pidfd(::fcntl(child.pidfd(), F_DUPFD_CLOEXEC, 0));
  if (!pidfd) throw sys_error(errno, "duplicate a process descriptor");
  return {child.pid(), std::move(pidfd), std::move(child.console_master())};
}

ExecResult Engine::exec(const std::string& container, const ExecRequest& request) {
  if (request.tty) {
    throw error(Kind::kInvalidArgument, "an exec whose output is collected has no terminal");
  }
  Pipe out = make_pipe();
  Pipe err = make_pipe();
  ExecProcess process =
      exec(container, request, {.in = -1, .out = out.write.get(), .err = err.write.get()});
  out.write.reset();
  err.write.reset();
  ExecResult result;
  collect(out.read, err.read, result);
  result.exit_code = process.wait().value();
  return result;
}

}  // namespace seatrial::core
