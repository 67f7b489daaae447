#include "engine/init/launcher.h"

#include <asm/errno.h>
#include <linux/close_range.h>
#include <linux/mman.h>
#include <linux/prctl.h>
#include <linux/signal.h>

#include "engine/init/executors.h"

namespace seatrial::init {
namespace {

constexpr int kBadInvocation = 125;

// One, in the image's own memory and not on the stack, so that no copy is ever made.
Run the_run;

// What is open must be what wire.h lists, and none of it may reach another program.
void own_descriptors(Run& run, int base) {
  run.plan_fd = base + wire::kPlanOffset;
  run.sync = base + wire::kSyncOffset;
  const int first_slot = base + wire::kSlotOffset;
  run.start_listener = first_slot + (int)wire::Slot::kStartListener;
  run.target_pidfd = first_slot + (int)wire::Slot::kTargetPidfd;
  sys(__NR_close_range, first_slot + (int)wire::kSlotCount, ~0u, 0);
  sys(__NR_close_range, base, ~0u, CLOSE_RANGE_CLOEXEC);
}

// Maps the plan and turns the offsets in its pointer words into addresses.
Result map_plan(Run& run) {
  struct statx facts;
  Result result = stat_fd(run.plan_fd, facts);
  if (result < 0) return result;
  if (facts.stx_size < sizeof(wire::PlanHeader)) return -EBADMSG;
  result = sys(__NR_mmap, 0, facts.stx_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_POPULATE,
               run.plan_fd, 0);
  if (result < 0) return result;
  run.image = (const char*)result;
  run.header = (const wire::PlanHeader*)run.image;
  if (run.header->magic != wire::kPlanMagic || run.header->size != facts.stx_size) return -EBADMSG;
  auto* words = (std::uint64_t*)(run.image + run.header->pointers_offset);
  for (std::uint32_t i = 0; i < run.header->pointer_count; ++i) {
    if (words[i] != 0) words[i] += (std::uint64_t)data(run);
  }
  close_fd(run.plan_fd);
  return 0;
}

}  // namespace

int parse_base(const char* digits) {
  int number = 0;
  for (; *digits >= '0' && *digits <= '9' && number < 1'000'000; ++digits) {
    number = number * 10 + (*digits - '0');
  }
  return *digits == '\0' && number >= 3 ? number : -1;
}

void launch(const char* base_text, const Monitored& monitored) {
  Run& run = the_run;
  run.monitor = monitored.monitor;
  run.cloned = monitored.cloned;
  const int base = parse_base(base_text);
  if (base < 0) exit_process(kBadInvocation);
  own_descriptors(run, base);
  for (int& fd : run.kept) fd = -1;
  // Not open to ptrace or /proc/PID by what already lives in a namespace that is joined, and no
  // longer alive than the runtime while the container is not complete.
  sys(__NR_prctl, PR_SET_DUMPABLE, 0);
  sys(__NR_prctl, PR_SET_PDEATHSIG, SIGKILL);
  // It may be put into its cgroup by others before it does anything.
  await_proceed(run);
  Result result = map_plan(run);
  if (result < 0) report_and_exit(run, run.sync, result);
  for (; run.step < run.header->launcher_steps; ++run.step) {
    result = execute_step(run, run.step);
    if (result < 0) report_and_exit(run, run.sync, result);
  }
  exit_process(0);
}

}  // namespace seatrial::init
