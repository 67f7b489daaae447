// The runner's parts that need no suite program.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/base/files.h"
#include "harness/core/ledger.h"
#include "harness/runner/bounded_text.h"
#include "harness/runner/judge.h"
#include "harness/runner/scratch.h"
#include "harness/runner/strays.h"
#include "harness/runner/targets.h"

namespace seatrial::harness {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(BoundedText, KeepsShortTextWhole) {
  BoundedText text(4);
  text.append("abcd");
  text.append("efgh");
  EXPECT_EQ(text.text(), "abcdefgh");
  EXPECT_TRUE(text.complete());
}

TEST(BoundedText, CutsTheMiddleAndCountsIt) {
  BoundedText text(4);
  for (int i = 0; i < 100; ++i) text.append("0123456789");
  EXPECT_EQ(text.text(), "0123\n[... 992 bytes left out ...]\n6789");
  EXPECT_FALSE(text.complete());
}

TEST(Judge, TheWorstOfSeveralRunsCounts) {
  CaseResult pass;
  pass.verdict = Verdict::kPass;
  CaseResult fail;
  fail.verdict = Verdict::kFail;
  fail.reason = "why";
  EXPECT_EQ(combine({pass, pass}).verdict, Verdict::kPass);
  EXPECT_FALSE(is_flaky({fail, fail}));
  EXPECT_EQ(combine({fail, fail}).reason, "why");
  EXPECT_EQ(combine({pass, fail, pass}).verdict, Verdict::kFail);
  EXPECT_EQ(combine({pass, fail, pass}).reason, "flaky: 1 fail, 2 pass of 3 runs; why");
}

TEST(Judge, StrictnessFailsSkippedMustsAlone) {
  std::vector<CaseResult> results(4);
  for (CaseResult& result : results) result.verdict = Verdict::kSkip;
  results[0].clauses = {"runtime/state/id"};                      // REQUIRED
  results[1].clauses = {"runtime/annotations/absent"};            // not in the catalogue
  results[2].clauses = {"runtime/process/standard-descriptors"};  // SHOULD
  results[3].clauses = {"runtime/state/id"};
  results[3].verdict = Verdict::kNotApplicable;
  fail_skipped_musts(results, Catalogue::shipped());
  EXPECT_EQ(results[0].verdict, Verdict::kFail);
  EXPECT_THAT(results[0].reason, HasSubstr("--strict"));
  EXPECT_EQ(results[1].verdict, Verdict::kSkip);
  EXPECT_EQ(results[2].verdict, Verdict::kSkip);
  EXPECT_EQ(results[3].verdict, Verdict::kNotApplicable);
}

TEST(Strays, AreEndedWithWhatTheyLeave) {
  const Subreaper subreaper;
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t middle = ::fork();
  if (middle == 0) {
    if (::fork() == 0) {
      ::prctl(PR_SET_NAME, "stray) S 1");  // a name that tries to be a parent's number
      if (::fork() == 0) {
        if (::write(ready[1], "x", 1) != 1) ::_exit(1);
        ::pause();
      }
      ::pause();
    }
    ::_exit(0);
  }
  ::waitpid(middle, nullptr, 0);
  char byte = 0;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  ::close(ready[0]);
  ::close(ready[1]);
  const auto told = end_strays({});
  EXPECT_EQ(told.size(), 2u);
  EXPECT_THAT(told, Contains(HasSubstr("(stray) S 1)")));
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);  // none is left
}

TEST(Strays, OneThatEndsByItselfWasOnlyLate) {
  const pid_t late = ::fork();
  if (late == 0) {
    ::usleep(20000);
    ::_exit(0);
  }
  EXPECT_THAT(end_strays({.grace = std::chrono::seconds(20)}), IsEmpty());
  EXPECT_EQ(::waitpid(late, nullptr, WNOHANG), -1);
}

TEST(Strays, OlderProcessesAreOutOfScope) {
  const pid_t older = ::fork();
  if (older == 0) {
    ::pause();
    ::_exit(0);
  }
  EXPECT_THAT(end_strays({.newer_than = older}), IsEmpty());
  EXPECT_EQ(end_strays({.newer_than = older - 1}).size(), 1u);
}

TEST(Strays, LiveChildrenAreLeftAlone) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(7);
  siginfo_t info{};
  ::waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT);
  EXPECT_THAT(end_strays({.live = {child}}), IsEmpty());
  reap_ended_strays({child});
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(WEXITSTATUS(status), 7);
}

TEST(Scratch, IsPrivateAndGoesWithItsOwner) {
  std::filesystem::path path;
  {
    const Scratch scratch;
    path = scratch.path();
    EXPECT_TRUE(std::filesystem::is_directory(path));
    EXPECT_THAT(clean_killed_runs(), IsEmpty());  // it is locked
    EXPECT_TRUE(std::filesystem::is_directory(path));
  }
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(Scratch, RunsComeAndGoTogether) {
  std::vector<pid_t> runs;
  for (int run = 0; run < 4; ++run) {
    runs.push_back(::fork());
    if (runs.back() != 0) continue;
    try {
      for (int round = 0; round < 500; ++round) {
        clean_killed_runs();
        const Scratch scratch;
      }
      ::_exit(0);
    } catch (const std::exception& failure) {
      fmt::print(stderr, "{}\n", failure.what());
      ::_exit(1);
    }
  }
  for (const pid_t run : runs) {
    int status = 0;
    ASSERT_EQ(::waitpid(run, &status, 0), run);
    EXPECT_EQ(status, 0);
  }
}

TEST(Scratch, WhatAKilledRunOwnedIsCleaned) {
  const TempDir owned(std::filesystem::temp_directory_path());
  std::filesystem::create_directories(owned.path() / "state" / "box");
  const Scratch mine;
  const auto dead = mine.path().parent_path() / "run-dead00";
  std::filesystem::create_directory(dead);
  write_ledger(dead / "ledger-0", {.cgroup_parents = {}, .state_root = owned.path() / "state"});
  EXPECT_THAT(clean_killed_runs(), Contains(HasSubstr("state was removed")));
  EXPECT_FALSE(std::filesystem::exists(owned.path() / "state"));
  EXPECT_FALSE(std::filesystem::exists(dead));
}

TEST(Scratch, ALedgerCannotNameWhatNoCaseOwns) {
  const TempDir dir(std::filesystem::temp_directory_path());
  const auto kept = dir.path() / "kept";
  std::filesystem::create_directory(kept);
  const auto ledger = dir.path() / "ledger-0";
  write_ledger(ledger, {.cgroup_parents = {"/", "/../.."}, .state_root = kept / ".." / "kept"});
  EXPECT_THAT(clean_by_ledger(ledger), IsEmpty());
  EXPECT_TRUE(std::filesystem::exists(kept));
  write_file_atomically(ledger, "{");
  EXPECT_THAT(clean_by_ledger(ledger), Contains(HasSubstr("a ledger cannot be read")));
}

TEST(Targets, AnOciTargetIsFoundOnPath) {
  EXPECT_EQ(command_of("oci:/opt/engine"), "/opt/engine");
  EXPECT_EQ(command_of("oci:no-such-engine-here"), "");
  EXPECT_EQ(command_of("reference"), "");
  EXPECT_TRUE(command_of("oci:sh").is_absolute());
  EXPECT_EQ(known_targets().front(), "reference");
}

}  // namespace
}  // namespace seatrial::harness
