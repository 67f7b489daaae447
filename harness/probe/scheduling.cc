// When and where a process runs, and where its memory lies.
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

#include "harness/probe/commands.h"
#include "harness/probe/json_line.h"

namespace seatrial::probe {
namespace {

// As sched(7) tells it: the kernel's header and the C library's both define sched_param.
struct SchedulerAttributes {
  std::uint32_t size;
  std::uint32_t policy;
  std::uint64_t flags;
  std::int32_t nice;
  std::uint32_t priority;
  std::uint64_t runtime;
  std::uint64_t deadline;
  std::uint64_t period;
};

const char* policy_name(unsigned policy) {
  static constexpr const char* kNames[] = {"SCHED_OTHER",   "SCHED_FIFO", "SCHED_RR",
                                           "SCHED_BATCH",   "SCHED_ISO",  "SCHED_IDLE",
                                           "SCHED_DEADLINE"};
  return policy < 7 ? kNames[policy] : "unknown";
}

void scheduler(const Operands&) {
  SchedulerAttributes attributes{};
  ::syscall(SYS_sched_getattr, 0, &attributes, sizeof attributes, 0);
  const long io = ::syscall(SYS_ioprio_get, 1, 0);
  cpu_set_t set;
  CPU_ZERO(&set);
  ::sched_getaffinity(0, sizeof set, &set);
  std::vector<std::string> cpus;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (CPU_ISSET(cpu, &set)) cpus.push_back(std::to_string(cpu));
  }
  JsonLine("scheduler")
      .text("policy", policy_name(attributes.policy))
      .flag("reset_on_fork", (attributes.flags & 1) != 0)
      .number("nice", ::getpriority(PRIO_PROCESS, 0))
      .number("priority", attributes.priority)
      .unsigned_number("runtime", attributes.runtime)
      .unsigned_number("deadline", attributes.deadline)
      .unsigned_number("period", attributes.period)
      .number("io_class", io >> 13)
      .number("io_level", io & 0x1fff)
      .raw("cpus", json_array(cpus))
      .print();
}

void memory_policy(const Operands&) {
  constexpr unsigned long kMostNodes = 1024;
  unsigned long nodes[kMostNodes / (8 * sizeof(unsigned long))] = {};
  int mode = 0;
  JsonLine line("memory_policy");
  if (::syscall(SYS_get_mempolicy, &mode, nodes, kMostNodes, nullptr, 0) != 0) {
    line.error(errno).print();
    return;
  }
  std::vector<std::string> numbers;
  for (unsigned long node = 0; node < kMostNodes; ++node) {
    if ((nodes[node / 64] >> node % 64 & 1) != 0) numbers.push_back(std::to_string(node));
  }
  constexpr int kFlags = 7 << 13;  // MPOL_MODE_FLAGS
  line.number("mode", mode & ~kFlags)
      .number("flags", mode & kFlags)
      .raw("nodes", json_array(numbers))
      .print();
}

}  // namespace

const std::vector<NamedCommand>& scheduling_commands() {
  static const std::vector<NamedCommand> commands = {
      {"scheduler", scheduler},
      {"memory_policy", memory_policy},
  };
  return commands;
}

}  // namespace seatrial::probe
