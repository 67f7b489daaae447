// Many system calls in a row, each in a child of its own: what a filter does to them.
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fcntl.h>

#include <cerrno>
#include <cstdlib>

#include "harness/probe/commands.h"
#include "harness/probe/json_line.h"

namespace seatrial::probe {
namespace {

constexpr std::size_t kWords = 6;

struct Call {
  std::string label;
  long number = -1;
  // What no call can do anything with: no descriptor, no address, no process, every flag at once.
  long words[kWords] = {-1, -1, -1, -1, -1, -1};
};

// Both give what the kernel gives: -errno for a failure.
using Caller = long (*)(const Call&);

long call_native(const Call& call) {
  const long* words = call.words;
  const long result =
      ::syscall(call.number, words[0], words[1], words[2], words[3], words[4], words[5]);
  return result == -1 ? -errno : result;
}

#if defined(__x86_64__)
// The i386 entry of a 64-bit process. Where the kernel has none, SIGSEGV.
long call_32(const Call& call) {
  long result = call.number;
  asm volatile("int $0x80"
               : "+a"(result)
               : "b"(call.words[0]), "c"(call.words[1]), "d"(call.words[2]), "S"(call.words[3]),
                 "D"(call.words[4])
               : "memory", "cc", "r8", "r9", "r10", "r11");
  return static_cast<int>(result);
}
#else
long call_32(const Call&) {
  return -ENOSYS;
}
#endif

// "keyctl=250:0:-3": label, number, the first words.
Call parse(const std::string& operand) {
  Call call;
  const std::size_t equals = operand.find('=');
  call.label = operand.substr(0, equals);
  if (equals == std::string::npos) return call;
  const char* rest = operand.c_str() + equals + 1;
  char* end = nullptr;
  call.number = std::strtol(rest, &end, 0);
  for (std::size_t i = 0; i < kWords && *end == ':'; ++i) {
    rest = end + 1;
    call.words[i] = static_cast<long>(std::strtoull(rest, &end, 0));
  }
  return call;
}

// One that waits is taken for what it is: let through.
void limit_time() {
  itimerval limit{};
  limit.it_value.tv_usec = 200 * 1000;
  ::setitimer(ITIMER_REAL, &limit, nullptr);
}

void attempt(const char* command, const Call& call, Caller caller) {
  JsonLine line(command, call.label);
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return line.error(errno).print();
  const pid_t child = ::fork();
  if (child == 0) {
    limit_time();
    const long answer = caller(call);
    ::_exit(::write(ends[1], &answer, sizeof answer) < 0 ? 1 : 0);
  }
  ::close(ends[1]);
  long answer = 0;
  const bool answered = child > 0 && ::read(ends[0], &answer, sizeof answer) == sizeof answer;
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  if (child < 0) line.text("harness", "no child");
  // The call may have ended the child, as exit does: then there is no answer.
  if (!answered && WIFSIGNALED(status)) line.number("signal", WTERMSIG(status));
  if (answered && answer < 0 && answer > -4096) line.error(static_cast<int>(-answer));
  line.print();
}

void sweep_with(const char* command, const Operands& operands, Caller caller) {
  require_inside();
  for (const std::string& operand : operands) attempt(command, parse(operand), caller);
}

void sweep(const Operands& operands) {
  sweep_with("sweep", operands, call_native);
}

void sweep_32(const Operands& operands) {
  sweep_with("sweep32", operands, call_32);
}

}  // namespace

const std::vector<NamedCommand>& sweep_commands() {
  static const std::vector<NamedCommand> commands = {{"sweep", sweep}, {"sweep32", sweep_32}};
  return commands;
}

}  // namespace seatrial::probe
