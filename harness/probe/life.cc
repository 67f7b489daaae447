// Waiting, ending, children, resources.
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

#include "harness/probe/commands.h"
#include "harness/probe/json_line.h"

namespace seatrial::probe {
namespace {

constexpr std::size_t kMebibyte = 1 << 20;

// Blocked before the answer is printed: a signal that a case sends right after is not lost.
void hold(const Operands& operands) {
  sigset_t awaited;
  ::sigemptyset(&awaited);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2})
    ::sigaddset(&awaited, signal);
  ::sigprocmask(SIG_BLOCK, &awaited, nullptr);
  if (!operands.empty() && operands[0] == "ignore-term") ::sigdelset(&awaited, SIGTERM);
  JsonLine("hold").print();
  int woken_by = 0;
  while (::sigwait(&awaited, &woken_by) != 0) {
  }
  JsonLine("woken").number("signal", woken_by).print();
}

void leave(const Operands& operands) {
  JsonLine("end").print();
  ::_exit(operands.empty() ? 0 : std::atoi(operands[0].c_str()));
}

void raise_signal(const Operands& operands) {
  if (operands.empty()) return;
  JsonLine("end").print();
  ::kill(::getpid(), std::atoi(operands[0].c_str()));
}

void spawn(const Operands&) {
  const pid_t child = ::fork();
  if (child == 0) {
    for (;;) ::pause();
  }
  JsonLine line("spawn");
  if (child < 0) return line.error(errno).print();
  line.number("pid", child).print();
}

// All stand at once, waiting for the pipe to close, so that a limit on processes is met.
void fork_many(const Operands& operands) {
  const int wanted = operands.empty() ? 1 : std::atoi(operands[0].c_str());
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return JsonLine("fork").error(errno).print();
  int started = 0, failure = 0;
  for (; started < wanted && failure == 0; ++started) {
    const pid_t child = ::fork();
    if (child == 0) {
      char byte = 0;
      ::close(ends[1]);
      ::_exit(::read(ends[0], &byte, 1) < 0 ? 1 : 0);
    }
    if (child < 0) {
      failure = errno;
      break;
    }
  }
  ::close(ends[0]);
  ::close(ends[1]);
  for (int i = 0; i < started; ++i) ::wait(nullptr);
  JsonLine("fork").number("started", started).error(failure).print();
}

int touch_memory(const Operands& operands) {
  const std::size_t size = kMebibyte * static_cast<std::size_t>(std::atoi(operands[0].c_str()));
  void* memory = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return errno;
  auto* bytes = static_cast<volatile char*>(memory);
  for (std::size_t i = 0; i < size; i += 4096) bytes[i] = 1;
  return 0;
}

void allocate(const Operands& operands) {
  if (operands.empty()) return;
  const int status = in_child(touch_memory, operands);
  JsonLine line("alloc", operands[0]);
  if (WIFSIGNALED(status)) line.number("signal", WTERMSIG(status));
  line.error(WIFEXITED(status) ? WEXITSTATUS(status) : 0).print();
}

void fill(const Operands& operands) {
  if (operands.size() != 2) return;
  const int fd = ::open(operands[0].c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
  JsonLine line("fill", operands[0]);
  if (fd < 0) return line.error(errno).print();
  static char block[64 << 10];
  const std::size_t wanted = kMebibyte * static_cast<std::size_t>(std::atoi(operands[1].c_str()));
  std::size_t written = 0;
  ssize_t put = 0;
  while (written < wanted && (put = ::write(fd, block, sizeof block)) > 0) {
    written += static_cast<std::size_t>(put);
  }
  line.unsigned_number("written", written).error(put < 0 ? errno : 0).print();
  ::close(fd);
}

// Past the page cache, so that it takes as long as the disk, or whoever slows it down.
void write_through(const Operands& operands) {
  if (operands.size() != 2) return;
  const int fd =
      ::open(operands[0].c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_DIRECT | O_CLOEXEC, 0644);
  JsonLine line("write_through", operands[0]);
  if (fd < 0) return line.error(errno).print();
  alignas(4096) static char block[256 << 10];
  const std::size_t wanted = kMebibyte * static_cast<std::size_t>(std::atoi(operands[1].c_str()));
  timespec start{}, end{};
  ::clock_gettime(CLOCK_MONOTONIC, &start);
  std::size_t written = 0;
  ssize_t put = 0;
  while (written < wanted && (put = ::write(fd, block, sizeof block)) > 0) {
    written += static_cast<std::size_t>(put);
  }
  const int failure = put < 0 ? errno : 0;
  ::clock_gettime(CLOCK_MONOTONIC, &end);
  line.unsigned_number("written", written)
      .number("ms", (end.tv_sec - start.tv_sec) * 1000 + (end.tv_nsec - start.tv_nsec) / 1000000)
      .error(failure)
      .print();
  ::close(fd);
}

void write_descriptor(const Operands& operands) {
  if (operands.size() != 2) return;
  const ssize_t put =
      ::write(std::atoi(operands[0].c_str()), operands[1].data(), operands[1].size());
  JsonLine("write_fd", operands[0]).error(put < 0 ? errno : 0).print();
}

}  // namespace

const std::vector<NamedCommand>& life_commands() {
  static const std::vector<NamedCommand> commands = {
      {"hold", hold},
      {"exit", leave},
      {"raise", raise_signal},
      {"spawn", spawn},
      {"fork", fork_many},
      {"alloc", allocate},
      {"fill", fill},
      {"write_fd", write_descriptor},
      {"write_through", write_through},
  };
  return commands;
}

}  // namespace seatrial::probe
