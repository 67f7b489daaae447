#include "engine/runtime/hooks.h"

#include <fcntl.h>

#include <array>
#include <cerrno>
#include <csignal>

#include "engine/base/error.h"
#include "engine/sys/memfd.h"
#include "engine/sys/spawn.h"

namespace seatrial::runtime {
namespace {

constexpr std::size_t kTail = 512;  // of a hook's output, in a message

struct Pipe {
  UniqueFd reader;
  UniqueFd writer;
};

Pipe make_pipe() {
  int ends[2] = {-1, -1};
  if (::pipe2(ends, O_CLOEXEC) != 0) throw sys_error(errno, "pipe");
  ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
  return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

// Keeps the last bytes of what comes through a pipe.
class Tail {
 public:
  // Reads what is there. False at the end of file.
  bool drain(int fd) {
    std::array<char, 4096> buffer;
    for (;;) {
      const ssize_t got = ::read(fd, buffer.data(), buffer.size());
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) return got < 0;
      text_.append(buffer.data(), static_cast<std::size_t>(got));
      if (text_.size() > kTail) text_.erase(0, text_.size() - kTail);
    }
  }

  std::string message() const {
    std::string_view text = text_;
    while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.remove_suffix(1);
    return text.empty() ? std::string() : fmt::format(": {}", text);
  }

 private:
  std::string text_;
};

enum class Ending { kExited, kTimedOut, kAborted };

// Until the hook's own end: what it started may keep the pipe open.
Ending follow(const sys::PidFd& child, int output, int abort_fd, sys::Deadline deadline,
              Tail& tail) {
  std::array<pollfd, 3> entries{
      {{child.get(), POLLIN, 0}, {output, POLLIN, 0}, {abort_fd, POLLIN, 0}}};
  for (;;) {
    if (sys::poll_until(entries, deadline) == 0) return Ending::kTimedOut;
    if (entries[1].revents != 0 && !tail.drain(output)) entries[1].fd = -1;
    if (entries[0].revents != 0) return Ending::kExited;
    if (entries[2].revents != 0) return Ending::kAborted;
  }
}

// The hook and what it started.
void kill_group(const sys::PidFd& child) {
  ::kill(-child.pid(), SIGKILL);
  child.wait_exit(std::nullopt);
}

}  // namespace

void run_hook(const spec::Hook& hook, const HookRun& run) {
  const std::string name = fmt::format("{} hook {}", run.kind, hook.path);
  const UniqueFd state = sys::sealed_memfd("state", run.state);
  Pipe output = make_pipe();
  const auto start = [&] {
    return sys::spawn(
        {.executable = -1,
         .path = hook.path,
         .args = hook.args.empty() ? std::vector{hook.path} : hook.args,
         .env = hook.env,
         .placements = {{state.get(), 0}, {output.writer.get(), 1}, {output.writer.get(), 2}},
         .directory = run.directory,
         .own_process_group = true});
  };
  const sys::PidFd child = with_context(name, start);
  output.writer.reset();

  Tail tail;
  const Ending ending =
      follow(child, output.reader.get(), run.abort_fd, sys::after(hook.timeout), tail);
  if (ending != Ending::kExited) kill_group(child);
  const sys::ProcessEnd end = child.reap().value_or(sys::ProcessEnd{});
  tail.drain(output.reader.get());
  if (ending == Ending::kTimedOut) {
    throw error(Kind::kTimeout, "{}: killed after its timeout of {} s{}", name,
                hook.timeout->count(), tail.message());
  }
  if (ending == Ending::kAborted) {
    throw error(Kind::kUnavailable, "{}: killed because the container's init ended", name);
  }
  if (end.signal != 0) {
    throw error(Kind::kDenied, "{}: killed by signal {}{}", name, end.signal, tail.message());
  }
  if (end.code != 0) {
    throw error(Kind::kDenied, "{}: exit status {}{}", name, end.code, tail.message());
  }
}

void run_hooks(const std::vector<spec::Hook>& hooks, const HookRun& run) {
  for (const spec::Hook& hook : hooks) run_hook(hook, run);
}

}  // namespace seatrial::runtime
