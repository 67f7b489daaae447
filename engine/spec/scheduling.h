// When, where and as what machine a process runs: the sections of a configuration about scheduling,
// as passive data. Part of config.h.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace seatrial::spec {

// process.scheduler, as sched_setattr(2) takes it. Times are nanoseconds.
struct Scheduler {
  std::uint32_t policy = 0;  // SCHED_*
  std::int32_t nice = 0;     // -20 to 19
  std::uint32_t priority = 0;
  std::uint64_t flags = 0;  // SCHED_FLAG_*
  std::uint64_t runtime = 0;
  std::uint64_t deadline = 0;
  std::uint64_t period = 0;

  bool operator==(const Scheduler&) const = default;
};

// process.ioPriority, as ioprio_set(2) takes it.
struct IoPriority {
  std::uint32_t io_class = 0;  // IOPRIO_CLASS_*
  std::uint32_t level = 0;     // 0 to 7

  bool operator==(const IoPriority&) const = default;
};

// A list such as "0-3,7" as a mask, as the kernel takes it: number N is bit N % 64 of word N / 64,
// and the last word is not 0.
using NumberMask = std::vector<std::uint64_t>;

// process.execCPUAffinity: where an executed process may run before it joins the container's
// cgroup, and once it has. Empty: nothing is changed.
struct ExecCpuAffinity {
  NumberMask initial = {};
  NumberMask final = {};

  bool operator==(const ExecCpuAffinity&) const = default;
};

// linux.memoryPolicy, as set_mempolicy(2) takes it.
struct MemoryPolicy {
  std::uint32_t mode = 0;   // MPOL_*
  std::uint32_t flags = 0;  // MPOL_F_*
  NumberMask nodes = {};

  bool operator==(const MemoryPolicy&) const = default;
};

}  // namespace seatrial::spec
