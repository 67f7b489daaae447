// When, where and as what machine the process runs.
#include <linux/sched.h>
#include <linux/sched/types.h>

#include "engine/init/executors.h"

namespace seatrial::init {

Result execute(Run& run, const steps::SetAffinity<Form>& step) {
  return sys(__NR_sched_setaffinity, 0, step.cpus.count * sizeof(std::uint64_t),
             list(run, step.cpus));
}

Result execute(Run&, const steps::SetPersonality<Form>& step) {
  return sys(__NR_personality, step.domain);
}

Result execute(Run& run, const steps::SetMemoryPolicy<Form>& step) {
  // The kernel takes one bit less than it is told of (get_nodes in mm/mempolicy.c).
  const unsigned long bits = step.nodes.count == 0 ? 0 : step.nodes.count * 64ul + 1;
  return sys(__NR_set_mempolicy, step.mode, bits == 0 ? nullptr : list(run, step.nodes), bits);
}

Result execute(Run&, const steps::SetScheduler<Form>& step) {
  const sched_attr attributes = {.size = sizeof attributes,
                                 .sched_policy = step.policy,
                                 .sched_flags = step.flags,
                                 .sched_nice = step.nice,
                                 .sched_priority = step.priority,
                                 .sched_runtime = step.runtime,
                                 .sched_deadline = step.deadline,
                                 .sched_period = step.period,
                                 .sched_util_min = 0,
                                 .sched_util_max = 0};
  // The kernel keeps the caller's nice value under a policy that has no use for it.
  if (step.policy != SCHED_NORMAL && step.policy != SCHED_BATCH) {
    constexpr int kProcess = 0;  // PRIO_PROCESS
    const Result result = sys(__NR_setpriority, kProcess, 0, step.nice);
    if (result < 0) return result;
  }
  return sys(__NR_sched_setattr, 0, &attributes, 0);
}

// config.md: of the whole process group, which init alone is in.
Result execute(Run&, const steps::SetIoPriority<Form>& step) {
  constexpr int kProcess = 1;  // IOPRIO_WHO_PROCESS
  constexpr unsigned kClassShift = 13;
  return sys(__NR_ioprio_set, kProcess, 0, step.io_class << kClassShift | step.level);
}

}  // namespace seatrial::init
