#include "engine/init/monitor.h"

#include <linux/close_range.h>
#include <linux/mman.h>
#include <linux/prctl.h>
#include <linux/signal.h>

#include "engine/init/launcher.h"
#include "engine/init/memory.h"
#include "engine/init/monitor_state.h"
#include "engine/init/run.h"

namespace seatrial::init {
namespace {

constexpr int kBadInvocation = 125;
constexpr int kArguments = 6;  // before the exit command

Monitor the_monitor;

// The container's ends, for the launcher.
struct Ends {
  int in;
  int out;
  int err;
};

int slot(int base, wire::MonitorSlot slot) {
  return base + wire::kMonitorSlotOffset + (int)slot;
}

// The runtime says it as a sentence: "the monitor: WHAT: ERRNO".
[[noreturn]] void report_and_exit(int base, const char* what, Result error) {
  wire::Message message;
  message.kind = wire::MessageKind::kFailed;
  message.step = wire::kMonitorStep;
  message.sys_errno = (std::int32_t)-error;
  message.payload = (std::uint32_t)length(what);
  send_message(base + wire::kSyncOffset, message, what);
  exit_process(1);
}

int must(int base, const char* what, Result result) {
  if (result < 0) report_and_exit(base, what, result);
  return (int)result;
}

std::uint64_t parse_size(const char* digits) {
  std::uint64_t number = 0;
  for (; *digits >= '0' && *digits <= '9'; ++digits) {
    number = number * 10 + (std::uint64_t)(*digits - '0');
  }
  return number;
}

void block_signals() {
  // Only what nobody can block may end a monitor before its container.
  const std::uint64_t all = ~0UL;
  sys(__NR_rt_sigprocmask, SIG_SETMASK, &all, 0, sizeof all);
}

void unblock_signals() {
  const std::uint64_t none = 0;
  sys(__NR_rt_sigprocmask, SIG_SETMASK, &none, 0, sizeof none);
}

void take_arguments(Monitor& m, int base, const char* const* arguments) {
  bool logs = false;
  bool attached = false;
  for (const char* option = arguments[2]; *option != '\0'; ++option) {
    m.terminal = m.terminal || *option == wire::kMonitorTerminal;
    m.wants_stdin = m.wants_stdin || *option == wire::kMonitorStdin;
    m.stdin_once = m.stdin_once || *option == wire::kMonitorStdinOnce;
    logs = logs || *option == wire::kMonitorLogs;
    attached = attached || *option == wire::kMonitorAttached;
  }
  m.exit_command = arguments + kArguments;
  m.control = slot(base, wire::MonitorSlot::kControl);
  m.directory = slot(base, wire::MonitorSlot::kDirectory);
  m.listener = slot(base, wire::MonitorSlot::kListener);
  m.alive = slot(base, wire::MonitorSlot::kAlive);
  m.out_lines.name("stdout");
  m.err_lines.name("stderr");
  m.clients.begin(!m.terminal);
  if (logs) {
    m.log.open(slot(base, wire::MonitorSlot::kLogDirectory), slot(base, wire::MonitorSlot::kLog),
               arguments[5], parse_size(arguments[3]), (unsigned)parse_size(arguments[4]));
  }
  if (attached) m.clients.add_starter(slot(base, wire::MonitorSlot::kAttached));
}

void make_pipe(int base, int& reader, int& writer) {
  int ends[2];
  must(base, "make a pipe", sys(__NR_pipe2, ends, O_CLOEXEC));
  reader = ends[0];
  writer = ends[1];
}

Ends make_stdio(Monitor& m, int base) {
  Ends ends = {-1, -1, -1};
  m.out = m.err = -1;
  if (m.terminal) return ends;
  make_pipe(base, m.out, ends.out);
  make_pipe(base, m.err, ends.err);
  never_block(m.out);
  never_block(m.err);
  if (m.wants_stdin) {
    int writer = -1;
    make_pipe(base, ends.in, writer);
    never_block(writer);
    m.input.open(writer, true, m.stdin_once);
  }
  return ends;
}

void fork_launcher(Monitor& m, int base, const char* base_text, const Ends& ends) {
  const Result page =
      sys(__NR_mmap, 0, sizeof(int), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  must(base, "share memory with the launcher", page < 0 && page > -4096 ? page : 0);
  m.cloned = (volatile std::int32_t*)page;
  const int self = (int)sys(__NR_getpid);
  m.launcher = must(base, "fork the launcher", sys(__NR_clone, SIGCHLD, 0, 0, 0, 0));
  if (m.launcher != 0) return;
  unblock_signals();
  if (ends.in >= 0) sys(__NR_dup3, ends.in, 0, 0);
  if (ends.out >= 0) sys(__NR_dup3, ends.out, 1, 0);
  if (ends.err >= 0) sys(__NR_dup3, ends.err, 2, 0);
  launch(base_text, {.monitor = self, .cloned = (std::int32_t*)page});
}

// Of what the monitor was given, the container's part is not its own to hold: the runtime waits for
// the end of the sync socket, readers and writers for that of their pipes.
void give_up_the_containers(int base, const Ends& ends) {
  sys(__NR_close_range, 3, base + wire::kMonitorSlotOffset - 1, 0);
  close_fd(ends.in);
  close_fd(ends.out);
  close_fd(ends.err);
}

void write_pid(const Monitor& m) {
  char text[16];
  char* end = put_number(text, (std::uint64_t)sys(__NR_getpid));
  *end++ = '\n';
  const Result file = open_at(m.directory, "monitor.pid", O_WRONLY | O_CREAT | O_TRUNC, 0644);
  if (file >= 0) write_bytes((int)file, text, (std::size_t)(end - text));
  close_fd(file);
}

// Where that is refused, the monitor is as mortal as whoever started it.
void protect(Monitor& m) {
  constexpr char kProtected[] = "-999";
  const Result file = open_file("/proc/self/oom_score_adj", O_RDWR);
  if (file < 0) return;
  sys(__NR_read, file, m.own_oom_score, sizeof m.own_oom_score - 1);
  write_bytes((int)file, kProtected, sizeof kProtected - 1);
  close_fd(file);
}

void detach(Monitor& m) {
  sys(__NR_chdir, "/");
  sys(__NR_umask, 0);
  sys(__NR_prctl, PR_SET_NAME, "monitor");
  protect(m);
  write_pid(m);
}

}  // namespace

void monitor(const char* const* arguments) {
  int count = 0;
  while (arguments[count] != nullptr) ++count;
  const int base = count >= kArguments ? parse_base(arguments[1]) : -1;
  if (base < 0) exit_process(kBadInvocation);
  // The parent's part ends here: an orphan is reaped by init or by the subreaper.
  if (must(base, "fork the monitor", sys(__NR_clone, SIGCHLD, 0, 0, 0, 0)) != 0) exit_process(0);

  Monitor& m = the_monitor;
  sys(__NR_setsid);
  block_signals();
  sys(__NR_close_range, base, ~0u, CLOSE_RANGE_CLOEXEC);
  take_arguments(m, base, arguments);
  const std::uint64_t child = 1UL << (SIGCHLD - 1);
  m.signals = must(base, "make a signalfd",
                   sys(__NR_signalfd4, -1, &child, sizeof child, O_CLOEXEC | O_NONBLOCK));
  const Ends ends = make_stdio(m, base);
  fork_launcher(m, base, arguments[1], ends);
  give_up_the_containers(base, ends);
  detach(m);
  watch(m);
  conclude(m);
}

}  // namespace seatrial::init
