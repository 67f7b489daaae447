// The verbs against the runner's fake suite, and the table of options.
#include <gmock/gmock.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "harness/cli/verb_table.h"
#include "harness/cli/verbs.h"

namespace seatrial::cli {
namespace {

using harness::CaseResult;
using harness::Report;
using harness::Verdict;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

Report with(std::vector<Verdict> verdicts) {
  Report made;
  for (const Verdict verdict : verdicts) {
    made.results.emplace_back();
    made.results.back().verdict = verdict;
  }
  return made;
}

TEST(StatusOf, TellsTheWorst) {
  using enum Verdict;
  EXPECT_EQ(status_of(with({kPass, kXfail, kSkip, kNotApplicable})), kAllKept);
  EXPECT_EQ(status_of(with({kPass, kFail})), kEngineFailed);
  EXPECT_EQ(status_of(with({kPass, kXpass})), kEngineFailed);
  EXPECT_EQ(status_of(with({kFail, kError})), kHarnessFailed);
  EXPECT_EQ(status_of(with({})), kNothingRan);
  EXPECT_EQ(status_of(with({kSkip, kNotApplicable})), kNothingRan);
  Report leaky = with({kPass});
  leaky.leftovers = {"mount 3 was left"};
  EXPECT_EQ(status_of(leaky), kEngineFailed);
}

class Verbs : public testing::Test {
 protected:
  Verbs() : dir_(std::filesystem::temp_directory_path()) {
    ::setenv("SEATRIAL_SUITES", SEATRIAL_FAKE_SUITES, 1);
    ::setenv("FAKE_STATE", dir_.path().c_str(), 1);
  }

  // The exit status of `seatrial conform --target good ARGS`; what it prints is in printed_.
  int conform_with(const std::string& arguments) {
    Settings settings;
    const auto app = command_line(settings);
    app->parse("conform --target good --no-host-check " + arguments);
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    int status = kHarnessFailed;
    try {
      status = conform(settings);
    } catch (const Error& failure) {
      complaint_ = failure.what();
    }
    std::fflush(stdout);
    printed_ = testing::internal::GetCapturedStdout();
    noted_ = testing::internal::GetCapturedStderr();
    return status;
  }

  std::filesystem::path file(const std::string& name, const std::string& text = "") const {
    if (!text.empty()) write_file_atomically(dir_.path() / name, text);
    return dir_.path() / name;
  }

  TempDir dir_;
  std::string printed_;
  std::string noted_;
  std::string complaint_;
};

TEST_F(Verbs, ConformReportsInEveryForm) {
  const auto out = dir_.path().native();
  EXPECT_EQ(conform_with("--case Fake.Passes --case Fake.Fails --junit " + out + "/j --html " +
                         out + "/h --json " + out + "/d/run.json"),
            kEngineFailed);
  EXPECT_THAT(printed_, AllOf(HasSubstr("1 ✓ 1 ✗"), HasSubstr("✗ not kept Fake.Fails")));
  EXPECT_THAT(read_file(file("j/TEST-fake-engine-fake.xml")), HasSubstr("failures=\"1\""));
  EXPECT_THAT(read_file(file("h/index.html")), HasSubstr("Fake.Fails"));
  const auto document = nlohmann::json::parse(read_file(file("d/run.json")));
  EXPECT_EQ(document["results"][1]["verdict"], "fail");
  EXPECT_EQ(document["targets"][0]["version"], "1.2");
}

// The list of --with must not take the words that end it.
TEST(LaneRun, LeavesTheCommandItsOwnOptions) {
  Settings settings;
  command_line(settings)->parse("lane run --with /a --env B=1 --with /c -- /bin/echo --x=1 -y",
                                false);
  EXPECT_THAT(settings.lane_with, testing::ElementsAre("/a", "/c"));
  EXPECT_THAT(settings.lane_command, testing::ElementsAre("/bin/echo", "--x=1", "-y"));
}

TEST_F(Verbs, ALaneRefusesBeforeItBoots) {
  const auto refusal = [&](const std::string& arguments) {
    EXPECT_EQ(conform_with(arguments), kHarnessFailed);
    return complaint_;
  };
  EXPECT_THAT(refusal("--lane 6.1-v2-tomoyo"), HasSubstr("is no security module"));
  EXPECT_THAT(refusal("--lane 6.1-v2 --facts-cache x"), HasSubstr("of no use in a lane"));
  EXPECT_THAT(refusal("--lane 6.1-v2 --case No.Such"), HasSubstr("there is no case \"No.Such\""));
  EXPECT_THROW(conform_with("--lane-memory 512"), CLI::RequiresError);
}

TEST_F(Verbs, QuietIsSilentAboutWhatIsKept) {
  EXPECT_EQ(conform_with("--quiet --case Fake.Passes"), kAllKept);
  EXPECT_THAT(printed_, IsEmpty());
  EXPECT_THAT(noted_, IsEmpty());
}

TEST_F(Verbs, AWaiverMakesAFailureExpectedAndAPassNews) {
  const auto waivers = file("w.json", R"({"waivers": [
      {"target": "fake-engine", "case": "Fake.Fails", "reason": "known"},
      {"target": "fake-engine", "case": "Fake.Passes", "versions": ">=1.2", "reason": "old"},
      {"target": "fake-engine", "case": "Fake.Gone", "reason": "renamed"}]})");
  const std::string option = " --waivers " + waivers.native();
  EXPECT_EQ(conform_with("--case Fake.Fails" + option), kAllKept);
  EXPECT_THAT(noted_, HasSubstr("waivers[2] matches no case: Fake.Gone"));
  EXPECT_EQ(conform_with("--case Fake.Passes" + option), kEngineFailed);
  EXPECT_THAT(printed_, HasSubstr("+ unexpected pass Fake.Passes"));
  EXPECT_EQ(conform_with("--case Fake.Breaks" + option), kHarnessFailed);
}

TEST_F(Verbs, AMistakeInAWaiverStopsTheRunBeforeItStarts) {
  const auto waivers = file("w.json", R"({"waivers": [{"target": "fake-engine"}]})");
  EXPECT_EQ(conform_with("--case Fake.Passes --waivers " + waivers.native()), kHarnessFailed);
  EXPECT_THAT(complaint_, HasSubstr("w.json: waivers[0] lacks \"reason\""));
  EXPECT_FALSE(std::filesystem::exists(file("described")));
}

TEST_F(Verbs, StrictnessFailsASkippedMust) {
  EXPECT_EQ(conform_with("--case Fake.Skips"), kNothingRan);
  EXPECT_EQ(conform_with("--strict --case Fake.Skips"), kEngineFailed);
}

TEST_F(Verbs, ListPrintsClausesAndRunsNothing) {
  EXPECT_EQ(conform_with("--list --filter Fake.P*"), kAllKept);
  EXPECT_THAT(printed_, HasSubstr("fake Fake.Passes\n  clauses: runtime/state/id\n"));
  EXPECT_THAT(printed_, Not(HasSubstr("Fake.Fails")));
  EXPECT_FALSE(std::filesystem::exists(file("described")));
}

TEST_F(Verbs, ResumeRunsOnlyWhatIsNotKnown) {
  const auto run = file("run.json");
  EXPECT_EQ(conform_with("--case Fake.ComesAndGoes --json " + run.native()), kEngineFailed);
  const std::string again =
      "--case Fake.ComesAndGoes --resume " + run.native() + " --json " + run.native();
  EXPECT_EQ(conform_with(again), kEngineFailed);  // it would pass at its second turn
  EXPECT_EQ(conform_with("--case Fake.ComesAndGoes"), kAllKept);
}

TEST_F(Verbs, ReportHasTheStatusOfItsRun) {
  const auto run = file("run.json");
  conform_with("--case Fake.Fails --json " + run.native());
  Settings settings;
  settings.report_files = {run};
  settings.quiet = true;
  testing::internal::CaptureStdout();
  EXPECT_EQ(report(settings), kEngineFailed);
  std::fflush(stdout);
  EXPECT_THAT(testing::internal::GetCapturedStdout(), HasSubstr("not kept Fake.Fails"));
}

TEST_F(Verbs, ShardsAreOneRunAgainInAReport) {
  const std::string chosen = "--case Fake.Passes --case Fake.Fails --case Fake.Skips ";
  const auto first = file("1.json");
  const auto second = file("2.json");
  EXPECT_EQ(conform_with(chosen + "--shard 1/2 --json " + first.native()), kAllKept);
  EXPECT_EQ(conform_with(chosen + "--shard 2/2 --json " + second.native()), kEngineFailed);
  Settings settings;
  settings.report_files = {second, first};
  settings.json = file("whole.json");
  settings.quiet = true;
  testing::internal::CaptureStdout();
  EXPECT_EQ(report(settings), kEngineFailed);
  std::fflush(stdout);
  EXPECT_THAT(testing::internal::GetCapturedStdout(), HasSubstr("not kept Fake.Fails"));
  const auto whole = nlohmann::json::parse(read_file(settings.json));
  EXPECT_EQ(whole["results"].size(), 3u);
  EXPECT_EQ(whole["targets"].size(), 1u);
}

TEST_F(Verbs, AShardWithoutACaseSaysSo) {
  EXPECT_EQ(conform_with("--case Fake.Passes --shard 2/2"), kNothingRan);
  EXPECT_THAT(noted_, HasSubstr("this shard holds none of the cases chosen"));
  EXPECT_EQ(conform_with("--case Fake.Passes --shard 3/2"), kHarnessFailed);
  EXPECT_THAT(complaint_, HasSubstr("the shard \"3/2\" is not of the form I/N"));
}

TEST_F(Verbs, ClausesTellTheirCases) {
  Settings settings;
  settings.as_json = true;
  settings.oci_version = "1.0.2";
  testing::internal::CaptureStdout();
  EXPECT_EQ(clauses(settings), kAllKept);
  std::fflush(stdout);
  const auto document = nlohmann::json::parse(testing::internal::GetCapturedStdout());
  EXPECT_EQ(document["binding_covered"], 1);
  bool found = false;
  for (const auto& clause : document["clauses"]) {
    EXPECT_NE(clause["since"], "1.3.0");
    EXPECT_EQ(clause["specification"], "runtime");
    if (clause["id"] != "runtime/state/id") continue;
    found = true;
    EXPECT_EQ(clause["cases"][0], "Fake.Passes");
  }
  EXPECT_TRUE(found);
}

TEST_F(Verbs, ClausesOfOneSpecification) {
  Settings settings;
  settings.specification = "image";
  settings.uncovered = true;
  testing::internal::CaptureStdout();
  EXPECT_EQ(clauses(settings), kAllKept);
  std::fflush(stdout);
  const std::string printed = testing::internal::GetCapturedStdout();
  EXPECT_THAT(printed, HasSubstr("image/config.md · Properties"));
  EXPECT_THAT(printed, Not(HasSubstr("runtime/config.md")));
  EXPECT_THAT(printed, HasSubstr("\nimage: 0 of "));
  EXPECT_EQ(printed.find("SHOULD"), std::string::npos);  // not owed
}

TEST_F(Verbs, ClausesWithNeitherCaseNorReasonFailTheCheck) {
  Settings settings;
  settings.specification = "runtime";
  settings.check = true;
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  EXPECT_EQ(clauses(settings), kHarnessFailed);
  std::fflush(stdout);
  testing::internal::GetCapturedStdout();
  EXPECT_THAT(testing::internal::GetCapturedStderr(),
              HasSubstr("runtime/linux/masked-paths has neither a case nor a reason"));
}

TEST_F(Verbs, ClausesOfNoSpecificationAreRefused) {
  Settings settings;
  settings.specification = "images";
  try {
    clauses(settings);
    FAIL() << "accepted";
  } catch (const Error& failure) {
    EXPECT_THAT(failure.what(), AllOf(HasSubstr("\"images\""), HasSubstr("image, distribution")));
  }
}

TEST_F(Verbs, ClausesCountEachSpecificationAlone) {
  Settings settings;
  settings.as_json = true;
  testing::internal::CaptureStdout();
  EXPECT_EQ(clauses(settings), kAllKept);
  std::fflush(stdout);
  const auto document = nlohmann::json::parse(testing::internal::GetCapturedStdout());
  EXPECT_EQ(document["specifications"]["runtime"]["covered"], document["covered"]);
  EXPECT_EQ(document["specifications"]["docker"]["binding"], 0);
  EXPECT_GT(document["specifications"]["docker"]["all"], 100);
}

// Every verb and option is in the scripts, and the shell itself finds no mistake.
TEST(VerbTable, FeedsCompletionAndManual) {
  Settings settings;
  const auto app = command_line(settings);
  const auto verbs = verb_table(*app);
  const std::string bash = bash_completion(verbs);
  const std::string zsh = zsh_completion(verbs);
  const std::string fish = fish_completion(verbs);
  const std::string manual = manual_page(verbs, "trials");
  ASSERT_EQ(verbs.front().name, "conform");
  EXPECT_THAT(verbs, testing::Contains(testing::Field(&VerbRow::name, "volume create")));
  for (const VerbRow& verb : verbs) {
    std::string pattern = verb.name;
    if (verb.inner()) pattern.insert(pattern.find(' '), "\\");
    EXPECT_THAT(bash, HasSubstr("    " + pattern + ") words="));
    EXPECT_THAT(zsh, HasSubstr(pattern + ") _arguments"));
    EXPECT_THAT(manual, HasSubstr(".SS " + verb.name + "\n"));
    EXPECT_THAT(verb.footer.empty() ? "Examples" : verb.footer, HasSubstr("Examples"));
    for (const OptionRow& option : verb.options) {
      if (option.positional()) continue;
      EXPECT_THAT(bash, HasSubstr(option.names.front()));
      EXPECT_THAT(zsh, HasSubstr("'*" + option.names.front() + "["));
      EXPECT_THAT(fish, HasSubstr("-l " + option.names.front().substr(2)));
    }
  }
  EXPECT_THAT(manual, HasSubstr("\\fB\\-\\-jobs\\fR, \\fB\\-j\\fR \\fIN\\fR"));
  const TempDir dir(std::filesystem::temp_directory_path());
  write_file_atomically(dir.path() / "c", bash);
  EXPECT_EQ(std::system(("bash -n " + (dir.path() / "c").native()).c_str()), 0);
}

}  // namespace
}  // namespace seatrial::cli
