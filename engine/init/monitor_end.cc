// How the monitor ends.
#include <linux/signal.h>
#include <linux/wait.h>

#include "engine/init/memory.h"
#include "engine/init/monitor_state.h"

namespace seatrial::init {
namespace {

constexpr const char* kSocket = "attach.sock";
constexpr const char* kPid = "monitor.pid";
constexpr const char* kAlive = "alive";
constexpr const char* kExit = "exit";
constexpr const char* kNewExit = ".exit.new";

// "CODE SECONDS.NANOS\n", the nanoseconds with all their nine digits. Without fsync: it lies where
// a reboot clears it away, and containers end with the boot anyway.
void write_exit(const Monitor& m) {
  char text[64];
  char* end = put_number(text, (std::uint64_t)m.code);
  *end++ = ' ';
  end = put_number(end, (std::uint64_t)m.finished.seconds);
  // A one in front keeps the zeros; the dot then takes its place.
  char* const dot = end;
  end = put_number(end, 1'000'000'000 + (std::uint64_t)m.finished.nanoseconds);
  *dot = '.';
  *end++ = '\n';
  const Result file = open_at(m.directory, kNewExit, O_WRONLY | O_CREAT | O_TRUNC, 0644);
  if (file < 0) return;
  write_bytes((int)file, text, (std::size_t)(end - text));
  close_fd(file);
  sys(__NR_renameat2, m.directory, kNewExit, m.directory, kExit, 0);
}

void unlink(const Monitor& m, const char* name) {
  sys(__NR_unlinkat, m.directory, name, 0);
}

void kill_and_reap(int pid) {
  if (pid == 0) return;
  sys(__NR_kill, pid, SIGKILL);
  while (sys(__NR_wait4, pid, 0, 0, 0) == -EINTR) {
  }
}

void restore_oom_score(const Monitor& m) {
  const Result file = open_file("/proc/self/oom_score_adj", O_WRONLY);
  if (file >= 0) write_bytes((int)file, m.own_oom_score, length(m.own_oom_score));
  close_fd(file);
}

// Who has started the container and stayed with it settles it when told of the end, and hangs up
// then: an exit command would come for nothing. Whether it did.
bool settled_by_starter(const Monitor& m, int starter) {
  constexpr int kNoMoreFromUs = 1;  // SHUT_WR
  sys(__NR_shutdown, starter, kNoMoreFromUs);
  PollEntry entry;
  entry.fd = starter;  // no events: its end alone
  wait_for_events(&entry, 1, Clients::kPatience);
  close_fd(starter);
  return sys(__NR_faccessat, m.directory, kExit, 0) == -ENOENT;
}

// In the place of the monitor, so that nothing waits for it and nothing is left of it.
[[noreturn]] void become_exit_command(const Monitor& m) {
  const char* const* environment = m.exit_command;
  while (*environment != nullptr) ++environment;
  restore_oom_score(m);
  sys(__NR_umask, 022);
  const std::uint64_t none = 0;
  sys(__NR_rt_sigprocmask, SIG_SETMASK, &none, 0, sizeof none);
  sys(__NR_execve, m.exit_command[0], m.exit_command, environment + 1);
  exit_process(127);
}

}  // namespace

void conclude(Monitor& m) {
  m.out_lines.finish(m.log);
  m.err_lines.finish(m.log);
  m.log.close();  // complete before anybody learns of the end
  unlink(m, kSocket);
  close_and_forget(m.listener);
  write_exit(m);
  unlink(m, kAlive);
  close_and_forget(m.alive);
  const int starter = m.clients.keep_starter();
  m.clients.finish();
  unlink(m, kPid);
  if (starter >= 0 && settled_by_starter(m, starter)) exit_process(0);
  if (m.exit_command[0] != nullptr) become_exit_command(m);
  exit_process(0);
}

void abandon(Monitor& m) {
  // The launcher first: after its end there is no other init to come.
  kill_and_reap(m.launcher);
  kill_and_reap(*m.cloned);
  unlink(m, kSocket);
  unlink(m, kAlive);
  unlink(m, kPid);
  exit_process(1);
}

}  // namespace seatrial::init
