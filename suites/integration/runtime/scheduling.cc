// When, where and as what machine the process runs: scheduler, I/O priority, CPUs, memory policy,
// execution domain.
#include <string>

#include "harness/fixtures/case.h"

namespace {

struct Scheduling {
  std::string name;
  Clauses clauses;
  std::string scheduler;
  std::string policy;
  int nice;
  int priority;
  bool reset_on_fork;
  Needs needs{Feature::kScheduler, Feature::kSpec11};
};

const Scheduling kSchedulings[] = {
    {"NiceBatch",
     {"runtime/process/scheduler", "runtime/process/scheduler-nice"},
     R"({"policy": "SCHED_BATCH", "nice": 7})",
     "SCHED_BATCH",
     7,
     0,
     false},
    {"Idle",
     {"runtime/process/scheduler"},
     R"({"policy": "SCHED_IDLE"})",
     "SCHED_IDLE",
     0,
     0,
     false},
    {"ResetOnFork",
     {"runtime/process/scheduler", "runtime/process/scheduler-flags"},
     R"({"policy": "SCHED_BATCH", "flags": ["SCHED_FLAG_RESET_ON_FORK"]})",
     "SCHED_BATCH",
     0,
     0,
     true},
    // A cgroup of v1 has no real-time budget unless somebody gives it one, and takes no such task.
    {"RealTime",
     {"runtime/process/scheduler", "runtime/process/scheduler-priority"},
     R"({"policy": "SCHED_RR", "priority": 3})",
     "SCHED_RR",
     0,
     3,
     false,
     {Feature::kScheduler, Feature::kSpec11, Feature::kCgroupV2}},
    {"Deadline",
     {"runtime/process/scheduler", "runtime/process/scheduler-deadline"},
     R"({"policy": "SCHED_DEADLINE", "runtime": 1000000, "deadline": 5000000, "period": 7000000})",
     "SCHED_DEADLINE",
     0,
     0,
     false,
     {Feature::kScheduler, Feature::kSpec11, Feature::kDeadlineScheduling}},
};

}  // namespace

TRIAL_TABLE(Scheduler, kSchedulings) {
  auto box = target().run(
      Bundle::minimal().set_json("/process/scheduler", row().scheduler).probe({"scheduler"}));
  const Answer seen = box.report().answer("scheduler");
  EXPECT_THAT(seen, HasText("policy", row().policy));
  EXPECT_THAT(seen, HasField("nice", row().nice));
  EXPECT_THAT(seen, HasField("priority", row().priority));
  EXPECT_EQ(seen.flag("reset_on_fork"), row().reset_on_fork);
  if (row().policy != "SCHED_DEADLINE") return;  // of others, runtime is the kernel's slice
  EXPECT_THAT(seen, HasField("runtime", 1000000));
  EXPECT_THAT(seen, HasField("deadline", 5000000));
  EXPECT_THAT(seen, HasField("period", 7000000));
}

TRIAL(IoPriority, HasTheClassAndLevelOfTheConfiguration, Clauses{"runtime/process/io-priority"},
      Needs{Feature::kIoPriority, Feature::kSpec11}) {
  const auto seen = [this](const char* priority) {
    auto box = target().run(
        Bundle::minimal().set_json("/process/ioPriority", priority).probe({"scheduler"}));
    return box.report().answer("scheduler");
  };
  const Answer best_effort = seen(R"({"class": "IOPRIO_CLASS_BE", "priority": 6})");
  EXPECT_THAT(best_effort, HasField("io_class", 2));
  EXPECT_THAT(best_effort, HasField("io_level", 6));
  EXPECT_THAT(seen(R"({"class": "IOPRIO_CLASS_IDLE", "priority": 0})"), HasField("io_class", 3));
}

// 0x8 is PER_LINUX32 of personality(2).
TRIAL(Personality, IsTheExecutionDomainOfTheConfiguration, Clauses{"runtime/personality/domain"},
      Needs{Feature::kPersonality}) {
  auto narrow = target().run(Bundle::minimal()
                                 .set_json("/linux/personality", R"({"domain": "LINUX32"})")
                                 .probe({"personality"}));
  EXPECT_THAT(narrow.report().answer("personality"), HasField("value", 0x8));
  auto control = target().run(Bundle::minimal()
                                  .set_json("/linux/personality", R"({"domain": "LINUX"})")
                                  .probe({"personality"}));
  EXPECT_THAT(control.report().answer("personality"), HasField("value", 0));
}

// execCPUAffinity is for processes that are executed later.
TRIAL(ExecCpuAffinity, LeavesTheFirstProcessAlone,
      Clauses{"runtime/process/exec-cpu-affinity-not-init"},
      Needs{Feature::kExecCpuAffinity, Feature::kSpec13}) {
  const auto cpus = [this](Bundle bundle) {
    auto box = target().run(bundle.probe({"scheduler"}));
    return box.report().answer("scheduler").numbers("cpus");
  };
  const auto without = cpus(Bundle::minimal());
  EXPECT_EQ(cpus(Bundle::minimal().set_json("/process/execCPUAffinity",
                                            R"({"initial": "0", "final": "0"})")),
            without);
}

// Of the CPUs that the container may use, the last one.
TRIAL(ExecCpuAffinity, IsWhereAnExecutedProcessRuns, Clauses{"runtime/config/unsupported-values"},
      Needs{Feature::kExecCpuAffinity, Feature::kSpec13, Feature::kExec}) {
  const auto cpus_of_exec = [this](const Bundle& bundle) {
    auto box = target().run(Bundle(bundle).probe({"hold"}));
    return box.exec({"scheduler"}).report().answer("scheduler").numbers("cpus");
  };
  const auto all = cpus_of_exec(Bundle::minimal());
  if (all.size() < 2) GTEST_SKIP() << "there is one CPU alone to run on";
  const std::string last = std::to_string(all.back());
  EXPECT_THAT(cpus_of_exec(Bundle::minimal().set("/process/execCPUAffinity/final", last)),
              ElementsAre(all.back()));
}

namespace {

struct Placement {
  std::string name;
  Clauses clauses;
  std::string policy;
  int mode;
  int flags;
  std::vector<std::int64_t> nodes;
  Needs needs{Feature::kMemoryPolicy, Feature::kSpec13};
};

// Every machine has a node 0. Numbers are those of set_mempolicy(2).
const Placement kPlacements[] = {
    {"Local", {"runtime/linux/memory-policy"}, R"({"mode": "MPOL_LOCAL"})", 4, 0, {}},
    {"Bind",
     {"runtime/linux/memory-policy", "runtime/linux/memory-policy-nodes"},
     R"({"mode": "MPOL_BIND", "nodes": "0"})",
     2,
     0,
     {0}},
    {"InterleaveOverARange",
     {"runtime/linux/memory-policy", "runtime/linux/memory-policy-nodes"},
     R"({"mode": "MPOL_INTERLEAVE", "nodes": "0-0,0"})",
     3,
     0,
     {0}},
    {"PreferStaticNodes",
     {"runtime/linux/memory-policy", "runtime/linux/memory-policy-flags"},
     R"({"mode": "MPOL_PREFERRED", "nodes": "0", "flags": ["MPOL_F_STATIC_NODES"]})",
     1,
     1 << 15,
     {0}},
};

}  // namespace

TRIAL_TABLE(MemoryPolicy, kPlacements) {
  auto box = target().run(
      Bundle::minimal().set_json("/linux/memoryPolicy", row().policy).probe({"memory_policy"}));
  const Answer seen = box.report().answer("memory_policy");
  EXPECT_THAT(seen, HasField("mode", row().mode));
  EXPECT_THAT(seen, HasField("flags", row().flags));
  EXPECT_EQ(seen.numbers("nodes"), row().nodes);
}
