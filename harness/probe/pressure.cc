// Using up what a container is given: processors, memory, descriptors, files, output.
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <ctime>

#include "harness/probe/commands.h"
#include "harness/probe/json_line.h"

namespace seatrial::probe {
namespace {

long long number_at(const Operands& operands, std::size_t index, long long otherwise) {
  return index < operands.size() ? std::atoll(operands[index].c_str()) : otherwise;
}

long long monotonic() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<long long>(now.tv_sec) * 1000000000 + now.tv_nsec;
}

long long nanoseconds(const timeval& time) {
  return static_cast<long long>(time.tv_sec) * 1000000000 + time.tv_usec * 1000LL;
}

// burn MILLISECONDS PROCESSES: what they got of the processors in that time.
void burn(const Operands& operands) {
  require_inside();
  const long long begin = monotonic();
  const long long end = begin + number_at(operands, 0, 100) * 1000000;
  const long long processes = number_at(operands, 1, 1);
  for (long long i = 0; i < processes; ++i) {
    if (::fork() != 0) continue;
    while (monotonic() < end) {
    }
    ::_exit(0);
  }
  long long used = 0;
  rusage usage{};
  while (::wait4(-1, nullptr, 0, &usage) > 0) {
    used += nanoseconds(usage.ru_utime) + nanoseconds(usage.ru_stime);
  }
  JsonLine("burn").number("cpu_ns", used).number("wall_ns", monotonic() - begin).print();
}

void open_many(const Operands& operands) {
  require_inside();
  const long long wanted = number_at(operands, 0, 1);
  std::vector<int> fds;
  int failure = 0;
  while (static_cast<long long>(fds.size()) < wanted) {
    const int fd = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
      failure = errno;
      break;
    }
    fds.push_back(fd);
  }
  for (const int fd : fds) ::close(fd);
  JsonLine("open_many").unsigned_number("opened", fds.size()).error(failure).print();
}

void limit_files(const Operands& operands) {
  const auto value = static_cast<rlim_t>(number_at(operands, 0, 1));
  const rlimit limit{value, value};
  const bool failed = ::setrlimit(RLIMIT_NOFILE, &limit) != 0;
  JsonLine("limit_files", operands.empty() ? "" : operands[0]).error(failed ? errno : 0).print();
}

// create_many DIRECTORY N
void create_many(const Operands& operands) {
  require_inside();
  if (operands.size() != 2) return;
  const long long wanted = number_at(operands, 1, 1);
  long long created = 0;
  int failure = 0;
  for (; created < wanted; ++created) {
    const std::string path = operands[0] + "/" + std::to_string(created);
    const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd < 0) {
      failure = errno;
      break;
    }
    ::close(fd);
  }
  JsonLine("create_many", operands[0]).number("created", created).error(failure).print();
}

// flood BYTES: that much standard output in lines of 64; without BYTES, until it is killed.
void flood(const Operands& operands) {
  require_inside();
  static char block[64 * 64];
  std::memset(block, 'x', sizeof block);
  for (std::size_t i = 63; i < sizeof block; i += 64) block[i] = '\n';
  const bool endless = operands.empty();
  long long left = number_at(operands, 0, 0);
  while (endless || left > 0) {
    const ssize_t put = ::write(STDOUT_FILENO, block, sizeof block);
    if (put <= 0) return;
    left -= put;
  }
}

// In this very process, so that it is what the kernel kills.
void allocate_here(const Operands& operands) {
  require_inside();
  const auto size = static_cast<std::size_t>(number_at(operands, 0, 1)) << 20;
  auto* bytes = static_cast<volatile char*>(std::malloc(size));
  JsonLine line("alloc_here");
  if (bytes == nullptr) return line.error(errno).print();
  for (std::size_t i = 0; i < size; i += 4096) bytes[i] = 1;
  line.print();
}

// fill_pipes N: each takes 64 KiB of the kernel's memory.
void fill_pipes(const Operands& operands) {
  require_inside();
  static char block[64 << 10];
  long long filled = 0;
  int failure = 0;
  for (long long i = number_at(operands, 0, 1); i > 0 && failure == 0; --i) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) {
      failure = errno;
      break;
    }
    ssize_t put = 0;
    while ((put = ::write(ends[1], block, sizeof block)) > 0) filled += put;
  }
  JsonLine("fill_pipes").number("filled", filled).error(failure).print();
}

}  // namespace

const std::vector<NamedCommand>& pressure_commands() {
  static const std::vector<NamedCommand> commands = {
      {"burn", burn},
      {"open_many", open_many},
      {"limit_files", limit_files},
      {"create_many", create_many},
      {"flood", flood},
      {"alloc_here", allocate_here},
      {"fill_pipes", fill_pipes},
  };
  return commands;
}

}  // namespace seatrial::probe
