#include "suites/integration/runtime/seccomp_witness.h"

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <filesystem>
#include <map>
#include <optional>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/sys/deadline.h"
#include "engine/sys/network_namespace.h"
#include "harness/core/lack.h"

namespace {

using seatrial::UniqueFd;
namespace sys = seatrial::sys;

constexpr auto kPatience = 5s;

void say(int pipe, std::uint64_t number) {
  if (::write(pipe, &number, sizeof number) != sizeof number) ::_exit(1);
}

// The call at whose entry the thread stands, if that installs a filter: its flags.
std::optional<std::uint64_t> flags_of(const __ptrace_syscall_info& info) {
  if (info.op != PTRACE_SYSCALL_INFO_ENTRY) return std::nullopt;
  const auto& call = info.entry;
  if (call.nr == SYS_seccomp && call.args[0] == SECCOMP_SET_MODE_FILTER) return call.args[1];
  if (call.nr == SYS_prctl && call.args[0] == PR_SET_SECCOMP) return 0;
  return std::nullopt;
}

// The tracer's life. What it sees goes into the pipe, whose end is its own.
class Tracing {
 public:
  Tracing(pid_t pid, Tracer::Until until, int pipe) : pid_(pid), until_(until), pipe_(pipe) {}

  [[noreturn]] void run(const std::vector<pid_t>& threads) {
    constexpr long kOptions = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEEXEC | PTRACE_O_TRACEEXIT |
                              PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK;
    const long options = kOptions | (calls() ? 0 : PTRACE_O_TRACESECCOMP);
    for (const pid_t thread : threads) {
      const bool taken = ::ptrace(PTRACE_SEIZE, thread, nullptr, options) == 0 &&
                         (!calls() || ::ptrace(PTRACE_INTERRUPT, thread, nullptr, nullptr) == 0);
      if (!taken && thread == pid_) fail();
    }
    // What was interrupted stops before anything that the case does from now on.
    say(pipe_, 0);
    int status = 0;
    for (pid_t thread = 0; (thread = ::waitpid(-1, &status, __WALL)) > 0;) {
      if (WIFSTOPPED(status)) stopped(thread, status);
    }
    ::_exit(0);
  }

 private:
  bool calls() const { return until_ == Tracer::Until::kProgram; }

  [[noreturn]] void fail() {
    say(pipe_, static_cast<std::uint64_t>(errno));
    ::_exit(1);
  }

  // With the tracer's end its tracees go on by themselves.
  void stopped(pid_t thread, int status) {
    const int signal = WSTOPSIG(status);
    const int event = status >> 16;
    int delivered = 0;
    if (signal == (SIGTRAP | 0x80)) {
      at_call(thread);
    } else if (event == PTRACE_EVENT_SECCOMP) {
      unsigned long data = 0;
      ::ptrace(PTRACE_GETEVENTMSG, thread, nullptr, &data);
      say(pipe_, data);
      ::_exit(0);
    } else if (thread == pid_ && (event == PTRACE_EVENT_EXIT || (event == PTRACE_EVENT_EXEC))) {
      ::_exit(0);
    } else if (event == 0) {
      delivered = signal;
    }
    ::ptrace(calls() ? PTRACE_SYSCALL : PTRACE_CONT, thread, nullptr, delivered);
  }

  // Filters that are tried out and refused do not count.
  void at_call(pid_t thread) {
    __ptrace_syscall_info info{};
    if (::ptrace(PTRACE_GET_SYSCALL_INFO, thread, sizeof info, &info) <= 0) return;
    if (info.op == PTRACE_SYSCALL_INFO_ENTRY) {
      asked_ = flags_of(info);
      asker_ = thread;
    } else if (info.op == PTRACE_SYSCALL_INFO_EXIT && asked_ && asker_ == thread) {
      if (info.exit.rval >= 0) say(pipe_, *asked_);
      asked_.reset();
    }
  }

  pid_t pid_;
  Tracer::Until until_;
  int pipe_;
  std::optional<std::uint64_t> asked_ = {};
  pid_t asker_ = 0;
};

std::vector<pid_t> threads_of(pid_t pid) {
  std::vector<pid_t> threads;
  const auto directory = std::filesystem::path("/proc") / std::to_string(pid) / "task";
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    threads.push_back(std::stoi(entry.path().filename()));
  }
  return threads;
}

std::optional<std::uint64_t> read_number(int pipe) {
  std::vector<pollfd> entries{{pipe, POLLIN, 0}};
  std::uint64_t number = 0;
  if (sys::poll_until(entries, sys::after(kPatience)) != 1 ||
      ::read(pipe, &number, sizeof number) != sizeof number) {
    return std::nullopt;
  }
  return number;
}

// Has a call of a process with this name logged, by a filter of our own.
void log_a_call(const std::string& name) {
  const pid_t pid = ::fork();
  if (pid < 0) throw seatrial::sys_error(errno, "fork");
  if (pid == 0) {
    sock_filter rules[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_munlockall, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_LOG),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const sock_fprog program{.len = std::size(rules), .filter = rules};
    ::prctl(PR_SET_NAME, name.c_str());
    ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program);
    ::syscall(SYS_munlockall);
    ::_exit(0);
  }
  while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
}

}  // namespace

std::uint64_t filter_flag(const std::string& name) {
  static const std::map<std::string, std::uint64_t> kFlags{
      {"SECCOMP_FILTER_FLAG_TSYNC", SECCOMP_FILTER_FLAG_TSYNC},
      {"SECCOMP_FILTER_FLAG_LOG", SECCOMP_FILTER_FLAG_LOG},
      {"SECCOMP_FILTER_FLAG_SPEC_ALLOW", SECCOMP_FILTER_FLAG_SPEC_ALLOW}};
  const auto flag = kFlags.find(name);
  return flag == kFlags.end() ? 0 : flag->second;
}

Tracer::Tracer(pid_t pid, Until until) {
  const std::vector<pid_t> threads = threads_of(pid);
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw seatrial::sys_error(errno, "make a pipe");
  answers_ = UniqueFd(ends[0]);
  const UniqueFd writing(ends[1]);
  const pid_t tracer = ::fork();
  if (tracer < 0) throw seatrial::sys_error(errno, "fork");
  if (tracer == 0) Tracing(pid, until, writing.get()).run(threads);
  tracer_ = seatrial::harness::Orphan(tracer);
  const auto error = read_number(answers_.get());
  if (error == EPERM) throw Lack("this user may not trace the container's process");
  if (error != 0U)
    throw seatrial::sys_error(static_cast<int>(error.value_or(EIO)), "trace {}", pid);
}

std::vector<std::uint64_t> Tracer::seen() {
  std::vector<std::uint64_t> numbers;
  while (const auto number = read_number(answers_.get())) numbers.push_back(*number);
  return numbers;
}

// The kernel sends them to its first network namespace alone, which is the host's, and so the one
// of who started the case.
AuditRecords::AuditRecords() {
  const std::string own = "own-" + std::to_string(::getpid());
  try {
    const UniqueFd first =
        seatrial::open_file("/proc/" + std::to_string(::getppid()) + "/ns/net", O_RDONLY);
    socket_ = sys::socket_in(first.get(), AF_NETLINK, SOCK_RAW, NETLINK_AUDIT);
  } catch (const seatrial::Error&) {
    throw Lack("this user may not read the kernel's audit records");
  }
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_groups = AUDIT_NLGRP_READLOG;
  if (::bind(socket_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    throw Lack("this user may not read the kernel's audit records");
  }
  log_a_call(own);
  if (!tell_of(own)) throw Lack("this kernel's audit records of filtered calls are not seen here");
}

bool AuditRecords::tell_of(const std::string& program) {
  const auto deadline = sys::after(kPatience);
  std::vector<pollfd> entries{{socket_.get(), POLLIN, 0}};
  while (!told_of(program)) {
    char buffer[16384];
    if (sys::poll_until(entries, deadline) != 1) return false;
    const ssize_t got = ::recv(socket_.get(), buffer, sizeof buffer, 0);
    if (got < static_cast<ssize_t>(sizeof(nlmsghdr))) continue;
    records_.append(buffer + sizeof(nlmsghdr), static_cast<std::size_t>(got) - sizeof(nlmsghdr));
    records_ += '\n';
  }
  return true;
}

bool AuditRecords::told_of(const std::string& program) const {
  return records_.contains("comm=\"" + program + "\"");
}
