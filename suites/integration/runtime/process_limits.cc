// Limits and weights of the process itself: rlimits, OOM score.
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
