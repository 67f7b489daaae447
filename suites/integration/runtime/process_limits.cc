// Limits and weights of the process itself: rlimits, OOM score, scheduling, execution domain.
#include <fstream>
#include <map>
#include <string>

#include "engine/base/files.h"
#include "harness/fixtures/case.h"

namespace {

constexpr std::uint64_t kTerabyte = 1ULL << 40;

// Below what hosts give, so that no privilege is needed to set them.
const std::map<std::string, Rlimit> kLimits{
    {"RLIMIT_AS", {kTerabyte, 2 * kTerabyte}},
    {"RLIMIT_CORE", {0, 4096}},
    {"RLIMIT_CPU", {3600, 7200}},
    {"RLIMIT_DATA", {kTerabyte, 2 * kTerabyte}},
    {"RLIMIT_FSIZE", {1 << 20, 1 << 21}},
    {"RLIMIT_LOCKS", {100, 200}},
    {"RLIMIT_MEMLOCK", {32768, 65536}},
    {"RLIMIT_MSGQUEUE", {1000, 2000}},
    {"RLIMIT_NICE", {0, 0}},
    {"RLIMIT_NOFILE", {200, 300}},
    {"RLIMIT_NPROC", {500, 600}},
    {"RLIMIT_RSS", {kTerabyte, 2 * kTerabyte}},
    {"RLIMIT_RTPRIO", {0, 0}},
    {"RLIMIT_RTTIME", {1000000, 2000000}},
    {"RLIMIT_SIGPENDING", {100, 200}},
    {"RLIMIT_STACK", {4 << 20, 6 << 20}},
};

}  // namespace

TRIAL(Rlimits, HaveTheSoftAndHardValuesOfTheConfiguration,
      Clauses{"runtime/rlimits/soft", "runtime/rlimits/hard", "runtime/rlimits/getrlimit"}) {
  Bundle bundle = Bundle::minimal().probe({"rlimits"});
  for (const auto& [type, limit] : kLimits) bundle.rlimit(type, limit.soft, limit.hard);
  auto box = target().run(bundle);
  const auto seen = box.report().rlimits();
  for (const auto& [type, limit] : kLimits) {
    ASSERT_TRUE(seen.contains(type)) << type;
    EXPECT_EQ(seen.at(type).soft, limit.soft) << type;
    EXPECT_EQ(seen.at(type).hard, limit.hard) << type;
  }
}

// Numbers are not all: the kernel holds the program to them. The signal that a write past the limit
// raises does nothing to the first process of a PID namespace.
TRIAL(Rlimits, TakeEffect, Clauses{"runtime/rlimits/soft"}) {
  const auto writing = [](std::uint64_t soft) {
    return Bundle::minimal()
        .rlimit("RLIMIT_FSIZE", soft, 8 << 20)
        .probe({"fill", "/data/file", "1"});
  };
  auto box = target().run(writing(512 << 10));
  EXPECT_THAT(box.report(), Failed("fill", "/data/file", "EFBIG"));
  EXPECT_EQ(std::filesystem::file_size(box.rootfs() / "data/file"), 512U << 10);
  auto control = target().run(writing(2 << 20));
  EXPECT_THAT(control.report(), Did("fill", "/data/file"));
}

TRIAL(Rlimits, CanBeRaised, Clauses{"runtime/rlimits/hard"}, Needs{Feature::kRaiseHardRlimit}) {
  auto box = target().run(
      Bundle::minimal().rlimit("RLIMIT_MSGQUEUE", 1 << 30, 1U << 31).probe({"rlimits"}));
  EXPECT_EQ(box.report().rlimits().at("RLIMIT_MSGQUEUE").hard, 1U << 31);
}

namespace {

struct OomScore {
  std::string name;
  Clauses clauses;
  int value;
  Needs needs;
};

const OomScore kOomScores[] = {
    {"Raised", {"runtime/process/oom-score-adj"}, 750, {}},
    {"Highest", {"runtime/process/oom-score-adj"}, 1000, {}},
    {"Lowered", {"runtime/process/oom-score-adj"}, -500, {Feature::kLowerOomScore}},
};

}  // namespace

TRIAL_TABLE(OomScoreAdj, kOomScores) {
  auto box = target().run(
      Bundle::minimal().set("/process/oomScoreAdj", row().value).probe({"oom_score_adj"}));
  EXPECT_THAT(box.report().answer("oom_score_adj"), HasField("value", row().value));
}

// The caller's own is one that nobody has by chance.
TRIAL(OomScoreAdj, IsInheritedByDefault, Clauses{"runtime/process/oom-score-adj-unset"}) {
  std::ofstream("/proc/self/oom_score_adj") << 347;
  ASSERT_EQ(seatrial::read_file("/proc/self/oom_score_adj"), "347\n");
  auto box = target().run(Bundle::minimal().probe({"oom_score_adj"}));
  EXPECT_THAT(box.report().answer("oom_score_adj"), HasField("value", 347));
}

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
