// The whole runner against a fake suite program (testdata/suites/fake).
#include "harness/runner/run.h"

#include <gmock/gmock.h>
#include <signal.h>
#include <sys/mount.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <map>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "harness/runner/targets.h"

namespace seatrial::harness {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
using testing::StartsWith;

class Runner : public testing::Test {
 protected:
  Runner() : state_(std::filesystem::temp_directory_path()) {
    ::setenv("FAKE_STATE", state_.path().c_str(), 1);
    suites_ = load_suites(interrupt_, SEATRIAL_RUNNER_TESTDATA "/suites", {});
    options_.targets = {"good"};
    options_.progress = ProgressMode::kNever;
    options_.compare_host = false;
  }

  RunOutcome run_cases(std::vector<std::string> names) {
    options_.selection.names.clear();
    for (const std::string& name : names) options_.selection.names.push_back("Fake." + name);
    return run(interrupt_, suites_, options_);
  }

  CaseResult run_case(const std::string& name) {
    RunOutcome outcome = run_cases({name});
    EXPECT_THAT(outcome.report.results, SizeIs(1));
    return outcome.report.results.at(0);
  }

  Interrupt interrupt_;
  TempDir state_;
  std::vector<SuiteProgram> suites_;
  RunOptions options_;
};

TEST_F(Runner, TakesTheVerdictsOfTheCases) {
  const CaseResult pass = run_case("Passes");
  EXPECT_EQ(pass.verdict, Verdict::kPass);
  EXPECT_EQ(pass.duration, std::chrono::milliseconds(5));
  EXPECT_THAT(pass.clauses, ElementsAre("runtime/state/id"));
  const CaseResult fail = run_case("Fails");
  EXPECT_EQ(fail.verdict, Verdict::kFail);
  EXPECT_EQ(fail.reason, "was 2");
  EXPECT_EQ(fail.observations.at(0).line, 7);
  EXPECT_EQ(run_case("Breaks").verdict, Verdict::kError);
  EXPECT_EQ(run_case("Skips").reason, "no such thing here");
}

TEST_F(Runner, CapturesWhateverACasePrints) {
  const CaseResult bytes = run_case("PrintsBytes");
  EXPECT_EQ(bytes.captured_stdout, std::string("\0\xff text", 7));
  EXPECT_EQ(bytes.captured_stderr, "complaint\n");
  const CaseResult much = run_case("PrintsMuch");
  EXPECT_EQ(much.verdict, Verdict::kPass);
  EXPECT_LT(much.captured_stdout.size(), 70000u);
  EXPECT_THAT(much.captured_stdout, HasSubstr("[... 234464 bytes left out ...]"));
}

TEST_F(Runner, ACrashCostsOnlyItsCase) {
  const RunOutcome outcome = run_cases({"Passes", "ExitsEarly", "Crashes", "PassesThenDies"});
  ASSERT_THAT(outcome.report.results, SizeIs(4));
  const auto& results = outcome.report.results;
  EXPECT_EQ(results[0].verdict, Verdict::kPass);
  EXPECT_EQ(results[1].reason, "the case's process exited with status 3 without a result");
  EXPECT_EQ(results[2].reason, "the case's process was killed by SIGSEGV without a result");
  EXPECT_EQ(results[3].reason, "the case's process was killed by SIGABRT after it had said pass");
  for (std::size_t i = 1; i < 4; ++i) EXPECT_EQ(results[i].verdict, Verdict::kError);
}

TEST_F(Runner, AResultThatCannotBeReadIsAnError) {
  EXPECT_THAT(run_case("SaysGarbage").reason, StartsWith("the case's result cannot be read"));
  EXPECT_THAT(run_case("SaysTooMuch").reason, HasSubstr("too long"));
}

TEST_F(Runner, AHangIsKilledAtItsDeadlineWithAllItStarted) {
  const auto start = std::chrono::steady_clock::now();
  const CaseResult result = run_case("HangsWithAProcess");
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10));
  EXPECT_EQ(result.verdict, Verdict::kError);
  EXPECT_EQ(result.reason, "the case did not end within 0.3 s and was killed");
  EXPECT_THAT(result.captured_stderr, HasSubstr("(sleep) was killed"));
}

TEST_F(Runner, DeadlinesCanBeScaled) {
  options_.deadline_scale = 2;
  EXPECT_EQ(run_case("Hangs").reason, "the case did not end within 0.6 s and was killed");
}

TEST_F(Runner, AProcessThatACaseLeftIsToldAndEnded) {
  const RunOutcome outcome = run_cases({"Hangs", "LeavesAProcess"});
  EXPECT_THAT(outcome.report.leftovers,
              Contains(AllOf(HasSubstr("(sleep)"), HasSubstr("Fake.LeavesAProcess on good"))));
  EXPECT_THAT(run_cases({"Passes"}).report.leftovers, IsEmpty());
}

// Only what this test made counts: others may work on the host meanwhile.
TEST_F(Runner, WhatIsLeftOnTheHostIsTold) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can mount";
  const auto mountpoint = state_.path() / "mountpoint";
  std::filesystem::create_directory(mountpoint);
  options_.compare_host = true;
  const auto told = Contains(HasSubstr(mountpoint.native()));
  EXPECT_THAT(run_cases({"Passes"}).report.leftovers, Not(told));
  EXPECT_THAT(run_cases({"LeavesAMount"}).report.leftovers, told);
  ::umount2(mountpoint.c_str(), MNT_DETACH);
}

TEST_F(Runner, RunsAsManyAtATimeAsItIsTold) {
  // Two cases that hang until their deadline: side by side they take less than one after the other.
  options_.jobs = 2;
  options_.deadline_scale = 5;
  const auto start = std::chrono::steady_clock::now();
  const RunOutcome outcome = run_cases({"Hangs", "HangsWithAProcess"});
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(2950));
  EXPECT_THAT(outcome.report.results, SizeIs(2));
}

TEST_F(Runner, ResultsComeByTargetInTheOrderOfTheSuite) {
  options_.targets = {"one", "two", "one"};
  options_.jobs = 4;
  const RunOutcome outcome = run_cases({"Skips", "Passes"});
  std::vector<std::string> order;
  for (const CaseResult& result : outcome.report.results) {
    order.push_back(result.target + " " + result.name);
  }
  EXPECT_THAT(
      order, ElementsAre("one Fake.Passes", "one Fake.Skips", "two Fake.Passes", "two Fake.Skips"));
  ASSERT_THAT(outcome.report.targets, SizeIs(2));
  EXPECT_EQ(outcome.report.targets[1].spec, "two");
  EXPECT_EQ(outcome.report.targets[1].version, "1.2");
}

TEST_F(Runner, RepetitionTellsWhatIsFlaky) {
  options_.repeat = 4;
  options_.jobs = 1;
  const RunOutcome outcome = run_cases({"ComesAndGoes", "Passes"});
  ASSERT_THAT(outcome.report.results, SizeIs(2));
  EXPECT_EQ(outcome.report.results[0].verdict, Verdict::kPass);
  EXPECT_EQ(outcome.report.results[1].verdict, Verdict::kFail);
  EXPECT_EQ(outcome.report.results[1].reason, "flaky: 2 fail, 2 pass of 4 runs; it is not my turn");
  EXPECT_THAT(outcome.notes, ElementsAre(HasSubstr("Fake.ComesAndGoes on good is flaky")));
}

TEST_F(Runner, AnEarlierReportIsTakenOverExceptForItsErrors) {
  Report earlier = run_cases({"Fails", "Crashes"}).report;
  earlier.results[0].reason = "as it was then";
  options_.earlier = &earlier;
  const RunOutcome outcome = run_cases({"Passes", "Fails", "ExitsEarly"});
  ASSERT_THAT(outcome.report.results, SizeIs(3));
  EXPECT_EQ(outcome.report.results[1].reason, "as it was then");
  EXPECT_THAT(outcome.report.results[2].reason, HasSubstr("exited with status 3"));
}

TEST_F(Runner, ATargetThatCannotBeUsedIsNamed) {
  options_.targets = {"unusable"};
  try {
    run_cases({"Passes"});
    FAIL() << "nothing was thrown";
  } catch (const Error& failure) {
    EXPECT_STREQ(failure.what(),
                 "the target unusable cannot be used: nothing answers under this name");
  }
}

TEST_F(Runner, DescriptionsAreCachedWhenAskedFor) {
  const auto described = [&] {
    const std::string text = read_file(state_.path() / "described");
    return std::count(text.begin(), text.end(), '\n');
  };
  run_cases({"Passes"});
  run_cases({"Passes"});
  EXPECT_EQ(described(), 2);
  options_.facts_cache = state_.path() / "cache";
  run_cases({"Passes"});
  EXPECT_EQ(run_case("Passes").verdict, Verdict::kPass);
  EXPECT_EQ(described(), 3);
}

// The runtime below a daemon is what is on trial; the daemon itself may be the same.
TEST_F(Runner, ADescriptionIsOfTheRuntimeThatWasThereThen) {
  const std::filesystem::path runtime = state_.path() / "runtime";
  const FactsCache cache(state_.path() / "cache");
  const auto described = [&](const std::string& spec) {
    cache.describe(interrupt_, suites_.at(0), spec, {.ledger = state_.path() / "ledger"});
    const std::string text = read_file(state_.path() / "described");
    return std::count(text.begin(), text.end(), '\n');
  };
  write_file_atomically(runtime, "one", 0755);
  for (const std::string& spec : {"oci:" + runtime.native(), "dropin:docker+" + runtime.native()}) {
    const auto before = described(spec);
    EXPECT_EQ(described(spec), before) << spec;  // control
    write_file_atomically(runtime, "two", 0755);
    EXPECT_EQ(described(spec), before + 1) << spec;
  }
}

TEST_F(Runner, AnInterruptKillsCleansAndReturnsWhatIsKnown) {
  options_.jobs = 1;
  const auto start = std::chrono::steady_clock::now();
  const RunOutcome outcome = run_cases({"Passes", "InterruptsTheRunner", "ComesAndGoes"});
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10));
  EXPECT_TRUE(outcome.interrupted);
  ASSERT_THAT(outcome.report.results, SizeIs(1));
  EXPECT_EQ(outcome.report.results[0].name, "Fake.Passes");
}

TEST_F(Runner, AnInterruptDuringADescriptionEndsTheRun) {
  ::kill(::getpid(), SIGINT);  // blocked, and so pending until somebody looks
  EXPECT_THROW(run_cases({"Passes"}), Error);
}

TEST_F(Runner, ADescriptionThatIsKilledLeavesNothing) {
  options_.targets = {"dies"};
  EXPECT_THROW(run_cases({"Passes"}), Error);
  EXPECT_FALSE(std::filesystem::exists(state_.path() / "site"));
}

TEST_F(Runner, NothingSelectedIsNothingRun) {
  options_.selection.globs = {"No.Such"};
  const RunOutcome outcome = run(interrupt_, suites_, options_);
  EXPECT_THAT(outcome.report.results, IsEmpty());
  EXPECT_FALSE(std::filesystem::exists(state_.path() / "described"));
}

// A suite never hears of a target that it does not take; with several suites, others may.
TEST_F(Runner, ATargetGoesToTheSuitesThatTakeIt) {
  suites_.push_back(suites_.at(0));
  suites_.at(0).targets = {"oci:*"};
  suites_.at(1).targets = {"reference", "good"};
  EXPECT_THAT(run_cases({"Passes"}).report.results, SizeIs(1));
  suites_.pop_back();
  EXPECT_THROW(run_cases({"Passes"}), Error);
}

TEST_F(Runner, GlobsMatchNamesAndClauses) {
  const CaseInfo& info = suites_.at(0).cases.at(0);
  EXPECT_TRUE((Selection{{"Fake.Pass*"}, {}}).takes(info));
  EXPECT_TRUE((Selection{{"nothing", "runtime/state/*"}, {}}).takes(info));
  EXPECT_FALSE((Selection{{"Pass*"}, {}}).takes(info));
  EXPECT_FALSE((Selection{{}, {"Fake.Fails"}}).takes(info));
  EXPECT_THROW(check_names({{}, {"Fake.Pass"}}, suites_), Error);
}

TEST_F(Runner, ShardsHaveEverySelectedCaseExactlyOnce) {
  const Selection chosen{{"Fake.P*", "Fake.S*"}, {}};
  std::map<std::string, int> taken;
  std::vector<std::size_t> sizes;
  for (const std::size_t index : {1u, 2u, 3u}) {
    Selection part = chosen;
    keep_shard({.index = index, .count = 3}, suites_, part);
    sizes.push_back(part.shard->size());
    for (const CaseInfo& info : all_cases(suites_)) {
      if (part.takes(info)) ++taken[info.name];
    }
  }
  for (const CaseInfo& info : all_cases(suites_)) {
    EXPECT_EQ(taken[info.name], chosen.takes(info) ? 1 : 0) << info.name;
  }
  EXPECT_THAT(sizes, ElementsAre(3u, 2u, 2u));
}

TEST(ParseShard, TakesOnlyWhatIsAShare) {
  EXPECT_EQ(parse_shard("2/3").index, 2u);
  EXPECT_EQ(parse_shard("2/3").count, 3u);
  for (const char* text :
       {"", "1", "1/", "/2", "0/2", "3/2", "1/0", "1/2/3", "-1/2", "a/b", "1/2 "}) {
    EXPECT_THROW(parse_shard(text), Error) << text;
  }
}

TEST_F(Runner, ASuiteThatIsNotThereIsNamed) {
  try {
    load_suites(interrupt_, SEATRIAL_RUNNER_TESTDATA "/suites", {"image"});
    FAIL() << "nothing was thrown";
  } catch (const Error& failure) {
    EXPECT_STREQ(failure.what(), "there is no suite \"image\"; there are: fake");
  }
}

}  // namespace
}  // namespace seatrial::harness
