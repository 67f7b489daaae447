#include "harness/report/terminal.h"

#include <gmock/gmock.h>

#include <sstream>

#include "harness/report/sample_report_test.h"

namespace seatrial::harness {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StrEq;

std::vector<std::string> lines(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> all;
  for (std::string line; std::getline(in, line);) all.push_back(line);
  return all;
}

TEST(Matrix, CountsBySectionAndTarget) {
  EXPECT_THAT(print_matrix(sample_report(), Catalogue::shipped(), {}),
              StrEq("                       seatrial 0.1.0   runc 1.1.5+ds1\n"
                    "runtime/runtime.md\n"
                    "  State                1 ✓              1 ✗ 1 ! 1 + 1 ~\n"
                    "runtime/config.md\n"
                    "  Root                 1 ✓              2 –\n"
                    "all                    2 ✓              1 ✗ 1 ! 1 + 1 ~ 2 –\n"
                    "\n"
                    "✓ kept   ✗ not kept   ! harness error   + unexpected pass   "
                    "~ expected failure   – skipped\n"));
}

TEST(Matrix, ANarrowTerminalGetsOneTableAfterAnother) {
  const std::string text = print_matrix(sample_report(), Catalogue::shipped(), {false, 44});
  const auto all = lines(text);
  EXPECT_THAT(all[0], AllOf(HasSubstr("seatrial 0.1.0"), Not(HasSubstr("runc"))));
  for (const std::string& line : all) {
    if (line.find("kept") == std::string::npos) {
      EXPECT_LE(columns_of(line), 44) << line;
    }
  }
  EXPECT_THAT(text, HasSubstr("runc 1.1.5+ds1"));
}

TEST(Matrix, ColoursOnlyWhenAsked) {
  EXPECT_THAT(print_matrix(sample_report(), Catalogue::shipped(), {true, 0}),
              HasSubstr("\x1b[31m1 ✗"));
  EXPECT_THAT(print_matrix(sample_report(), Catalogue::shipped(), {}), Not(HasSubstr("\x1b")));
}

TEST(Failures, AreParagraphsThatTellEverything) {
  const std::string text = print_failures(sample_report(), Catalogue::shipped(), {});
  EXPECT_THAT(text,
              HasSubstr("✗ not kept State.TellsId on runc 1.1.5+ds1\n"
                        "  Clause    runtime/state/id (REQUIRED; runtime/runtime.md, State): "));
  EXPECT_THAT(text, HasSubstr("  Observed  Value of: id\n"
                              "            Expected: y (suites/state.cc:12)\n"
                              "  Repeat    seatrial conform --target oci:/usr/sbin/runc --suite "
                              "runtime --case State.TellsId\n"));
  EXPECT_THAT(text, HasSubstr("! harness error State.TellsStatus"));
  EXPECT_THAT(text, HasSubstr("  Stderr    terminate called\n"));
  EXPECT_THAT(text, HasSubstr("+ unexpected pass State.TellsBundle"));
  EXPECT_THAT(text, Not(HasSubstr("State.TellsPid")));        // expected
  EXPECT_THAT(text, Not(HasSubstr("ResolvesRelativePath")));  // skipped
}

TEST(Failures, WrapAtTheWidthExceptForTheCommand) {
  for (const std::string& line :
       lines(print_failures(sample_report(), Catalogue::shipped(), {false, 60}))) {
    if (line.find("Repeat") == std::string::npos) {
      EXPECT_LE(columns_of(line), 60) << line;
    }
  }
}

TEST(Failures, NoNewsIsNoText) {
  Report report = sample_report();
  report.results.resize(2);
  EXPECT_THAT(print_failures(report, Catalogue::shipped(), {}), IsEmpty());
  report.leftovers = {"mount 3 was left"};
  EXPECT_THAT(print_failures(report, Catalogue::shipped(), {}),
              StrEq("✗ left on the host: mount 3 was left\n"));
}

TEST(Failures, ALongObservationIsCut) {
  Report report = sample_report();
  std::string message;
  for (int i = 1; i <= 40; ++i) message += "line " + std::to_string(i) + "\n";
  report.results[2].observations[0].message = message;
  const std::string text = print_failures(report, Catalogue::shipped(), {});
  EXPECT_THAT(text, HasSubstr("line 12\n            (28 more lines)"));
  EXPECT_THAT(text, Not(HasSubstr("line 13")));
}

TEST(Summary, OneLinePerTarget) {
  EXPECT_THAT(print_summary(sample_report(), {}),
              StrEq("seatrial 0.1.0: 2 kept, of 2\n"
                    "runc 1.1.5+ds1: 1 not kept, 1 harness error, 1 skipped, 1 not applicable, "
                    "1 expected failure, 1 unexpected pass, of 6\n"));
}

TEST(Style, FitsAndWrapsByCharactersNotBytes) {
  EXPECT_EQ(fitted("✓✓", 4), "✓✓  ");
  EXPECT_EQ(fitted("✓✓✓✓✓", 4), "✓✓✓…");
  EXPECT_EQ(wrapped("one two three four five six seven", 20, 2),
            "one two three four\n  five six seven");
  EXPECT_EQ(wrapped("a\nb", 0, 2), "a\n  b");
  EXPECT_EQ(wrapped("a-word-that-is-longer-than-the-width b", 20, 0),
            "a-word-that-is-longer-than-the-width\nb");
}

TEST(Report, QuotesTheCommandForAShell) {
  CaseResult result;
  result.target = "oci:/opt/my run'c";
  result.suite = "runtime";
  result.name = "A.B/*";
  Report report;
  EXPECT_EQ(repeat_command(report, result),
            "seatrial conform --target 'oci:/opt/my run'\\''c' --suite runtime --case 'A.B/*'");
  report.judged_by = {"--no-waivers", "--waivers", "my file"};
  EXPECT_THAT(repeat_command(report, result),
              testing::EndsWith("'A.B/*' --no-waivers --waivers 'my file'"));
}

}  // namespace
}  // namespace seatrial::harness
