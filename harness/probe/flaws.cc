// What kernels once let a process do, tried on what is the case's own.
#include <fcntl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>

#include "harness/probe/commands.h"
#include "harness/probe/json_line.h"

namespace seatrial::probe {
namespace {

// What a tracee's edited call came to: the kernel's answer, -errno for a failure.
struct Edited {
  int failure = 0;  // of tracing itself
  long answer = 0;
};

#if defined(__x86_64__)
// The call that the tracee makes by itself, which no filter refuses.
constexpr long kHarmless = SYS_getppid;

using Registers = user_regs_struct;

void put(Registers& registers, const Operands& operands) {
  unsigned long long words[7] = {};
  for (std::size_t i = 0; i < operands.size() && i < 7; ++i) {
    words[i] = std::strtoull(operands[i].c_str(), nullptr, 0);
  }
  registers.orig_rax = words[0];
  registers.rdi = words[1];
  registers.rsi = words[2];
  registers.rdx = words[3];
  registers.r10 = words[4];
  registers.r8 = words[5];
  registers.r9 = words[6];
}

// To the tracee's next stop. False: it has ended.
bool go_on(pid_t tracee) {
  int status = 0;
  return ::ptrace(PTRACE_SYSCALL, tracee, nullptr, nullptr) == 0 &&
         ::waitpid(tracee, &status, 0) == tracee && WIFSTOPPED(status);
}

Edited edit(pid_t tracee, const Operands& operands) {
  Registers registers{};
  while (go_on(tracee)) {
    if (::ptrace(PTRACE_GETREGS, tracee, nullptr, &registers) != 0) break;
    const bool entry = static_cast<long>(registers.rax) == -ENOSYS;
    if (!entry || static_cast<long>(registers.orig_rax) != kHarmless) continue;
    put(registers, operands);
    if (::ptrace(PTRACE_SETREGS, tracee, nullptr, &registers) != 0 || !go_on(tracee) ||
        ::ptrace(PTRACE_GETREGS, tracee, nullptr, &registers) != 0) {
      break;
    }
    return {.failure = 0, .answer = static_cast<long>(registers.rax)};
  }
  return {.failure = errno == 0 ? ESRCH : errno, .answer = 0};
}

[[noreturn]] void be_tracee() {
  if (::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0) ::_exit(errno);
  ::raise(SIGSTOP);
  ::syscall(kHarmless);
  ::_exit(0);
}

Edited edited_call(const Operands& operands) {
  const pid_t tracee = ::fork();
  if (tracee == 0) be_tracee();
  int status = 0;
  if (tracee < 0 || ::waitpid(tracee, &status, 0) != tracee) return {.failure = errno};
  if (!WIFSTOPPED(status)) return {.failure = WEXITSTATUS(status)};
  const Edited edited = edit(tracee, operands);
  ::kill(tracee, SIGKILL);
  ::waitpid(tracee, nullptr, 0);
  return edited;
}
#else
Edited edited_call(const Operands&) {
  return {.failure = ENOSYS};
}
#endif

// edit_call NUMBER [ARG...]: a child makes a harmless call, which its tracer turns into this one
// after it was begun. Filters saw the first alone before Linux 4.8 (ptrace(2), seccomp(2)).
void edit_call(const Operands& operands) {
  if (operands.empty()) return;
  const Edited edited = edited_call(operands);
  JsonLine line("edit_call", operands[0]);
  if (edited.failure != 0) line.text("harness", "not traced").error(edited.failure);
  const bool failed = edited.answer < 0 && edited.answer > -4096;
  if (edited.failure == 0 && failed) line.error(static_cast<int>(-edited.answer));
  if (edited.failure == 0 && !failed) line.number("result", edited.answer);
  line.print();
}

// Fills a pipe to its end and empties it: each of its buffers may be added to from now on.
void use_every_buffer(const int (&ends)[2]) {
  char page[4096] = {};
  for (int left = ::fcntl(ends[1], F_GETPIPE_SZ); left > 0; left -= int{sizeof page}) {
    if (::write(ends[1], page, sizeof page) < 0 || ::read(ends[0], page, sizeof page) < 0) return;
  }
}

// splice_over FILE TEXT: the way of CVE-2022-0847. One byte of the file goes into a pipe as the
// page that the cache has of it, and the text behind it. `content`: what comes out of the pipe.
void splice_over(const Operands& operands) {
  if (operands.size() != 2) return;
  JsonLine line("splice_over", operands[0]);
  int ends[2];
  const int file = ::open(operands[0].c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0 || ::pipe2(ends, O_CLOEXEC) != 0) return line.error(errno).print();
  use_every_buffer(ends);
  const std::string& text = operands[1];
  if (::splice(file, nullptr, ends[1], nullptr, 1, 0) != 1 ||
      ::write(ends[1], text.data(), text.size()) < 0) {
    line.error(errno);
  } else {
    char seen[4096];
    const ssize_t got = ::read(ends[0], seen, sizeof seen);
    line.text("content", {seen, static_cast<std::size_t>(std::max<ssize_t>(got, 0))});
  }
  line.print();
  for (const int fd : {file, ends[0], ends[1]}) ::close(fd);
}

}  // namespace

const std::vector<NamedCommand>& flaw_commands() {
  static const std::vector<NamedCommand> commands = {{"edit_call", edit_call},
                                                     {"splice_over", splice_over}};
  return commands;
}

}  // namespace seatrial::probe
