#include "harness/core/waivers.h"

#include <gmock/gmock.h>

#include "engine/base/error.h"

namespace seatrial::harness {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StrEq;

constexpr const char* kClause = "runtime/state/id";

const TargetInfo kRunc{.spec = "oci:/usr/sbin/runc",
                       .name = "runc",
                       .version = "1.1.5+ds1",
                       .oci_version = "1.0.2",
                       .features = {},
                       .missing = {}};

CaseInfo case_info(std::string name) {
  CaseInfo info;
  info.suite = "runtime";
  info.name = std::move(name);
  info.clauses = {kClause};
  return info;
}

CaseResult result(std::string name, Verdict verdict) {
  CaseResult made;
  made.target = kRunc.spec;
  made.suite = "runtime";
  made.name = std::move(name);
  made.clauses = {kClause};
  made.verdict = verdict;
  return made;
}

std::vector<Waiver> waivers(std::string_view members) {
  return parse_waivers("w.json", R"({"waivers": [{"target": "runc", "reason": "known", )" +
                                     std::string(members) + "}]}");
}

// What the verdicts of A.One and A.Two become.
std::vector<Verdict> after(const std::vector<Waiver>& waived, Verdict one, Verdict two) {
  const std::vector<CaseInfo> cases{case_info("A.One"), case_info("A.Two")};
  std::vector<CaseResult> results{result("A.One", one), result("A.Two", two)};
  apply_waivers(waived, kRunc, cases, results);
  return {results[0].verdict, results[1].verdict};
}

TEST(Waivers, AFailUnderAWaiverIsExpectedAndAPassIsNews) {
  const auto waived = waivers(R"("case": "A.One")");
  EXPECT_THAT(after(waived, Verdict::kFail, Verdict::kFail),
              ElementsAre(Verdict::kXfail, Verdict::kFail));
  EXPECT_THAT(after(waived, Verdict::kPass, Verdict::kPass),
              ElementsAre(Verdict::kXpass, Verdict::kPass));
}

TEST(Waivers, ACaseThatFailsAtTimesMayPass) {
  const auto waived = waivers(R"("case": "A.One", "fails": "at times")");
  EXPECT_THAT(after(waived, Verdict::kFail, Verdict::kFail),
              ElementsAre(Verdict::kXfail, Verdict::kFail));
  EXPECT_THAT(after(waived, Verdict::kPass, Verdict::kPass),
              ElementsAre(Verdict::kPass, Verdict::kPass));
  const auto always = waivers(R"("case": "A.One", "fails": "always")");
  EXPECT_THAT(after(always, Verdict::kPass, Verdict::kPass),
              ElementsAre(Verdict::kXpass, Verdict::kPass));
}

TEST(Waivers, AnErrorOrASkipIsNeverWaived) {
  const auto waived = waivers(R"("case": "A.*")");
  EXPECT_THAT(after(waived, Verdict::kError, Verdict::kSkip),
              ElementsAre(Verdict::kError, Verdict::kSkip));
}

TEST(Waivers, AClauseIsOutOfDateOnlyWhenAllItsCasesPass) {
  const auto waived = waivers(R"("clause": "runtime/state/id")");
  EXPECT_THAT(after(waived, Verdict::kPass, Verdict::kFail),
              ElementsAre(Verdict::kPass, Verdict::kXfail));
  EXPECT_THAT(after(waived, Verdict::kPass, Verdict::kSkip),
              ElementsAre(Verdict::kPass, Verdict::kSkip));
  EXPECT_THAT(after(waived, Verdict::kPass, Verdict::kPass),
              ElementsAre(Verdict::kXpass, Verdict::kXpass));
}

TEST(Waivers, ARunOfOneCaseDoesNotOutdateItsClause) {
  const std::vector<CaseInfo> cases{case_info("A.One"), case_info("A.Two")};
  std::vector<CaseResult> results{result("A.One", Verdict::kPass)};
  apply_waivers(waivers(R"("clause": "runtime/state/id")"), kRunc, cases, results);
  EXPECT_EQ(results[0].verdict, Verdict::kPass);
}

TEST(Waivers, CountOnlyForTheTargetAndItsVersions) {
  const auto fail_under = [](std::string_view members) {
    return after(waivers(members), Verdict::kFail, Verdict::kPass).front();
  };
  EXPECT_EQ(fail_under(R"("case": "A.One", "versions": "<=1.1.5")"), Verdict::kXfail);
  EXPECT_EQ(fail_under(R"("case": "A.One", "versions": ">1.1.5")"), Verdict::kFail);
  const auto other = parse_waivers(
      "w.json", R"({"waivers": [{"target": "crun", "reason": "r", "case": "A.One"}]})");
  EXPECT_EQ(after(other, Verdict::kFail, Verdict::kPass).front(), Verdict::kFail);
}

TEST(Waivers, TheReasonTellsWaiverAndLink) {
  const std::vector<CaseInfo> cases{case_info("A.One")};
  std::vector<CaseResult> results{result("A.One", Verdict::kFail)};
  apply_waivers(waivers(R"("case": "A.One", "link": "https://example.org/1")"), kRunc, cases,
                results);
  EXPECT_THAT(results[0].reason, StrEq("known (https://example.org/1)"));
}

std::string complaint(std::string_view text) {
  try {
    parse_waivers("w.json", text);
  } catch (const Error& failure) {
    return failure.what();
  }
  return "nothing was thrown";
}

TEST(Waivers, EveryMistakeNamesFileAndPath) {
  const auto one = [](std::string_view members) {
    return R"({"waivers": [{"target": "runc", )" + std::string(members) + "}]}";
  };
  EXPECT_THAT(complaint("{"), StrEq("w.json: line 1 is not valid JSON"));
  EXPECT_THAT(complaint("{}"), StrEq("w.json: the document lacks \"waivers\""));
  EXPECT_THAT(complaint(one(R"("case": "A")")), StrEq("w.json: waivers[0] lacks \"reason\""));
  EXPECT_THAT(complaint(one(R"("reason": "r", "case": "A", "fails": "often")")),
              StrEq("w.json: waivers[0].fails must be \"always\" or \"at times\""));
  EXPECT_THAT(complaint(one(R"("reason": "r")")),
              StrEq("w.json: waivers[0] must have either \"case\" or \"clause\""));
  EXPECT_THAT(complaint(one(R"("reason": "r", "case": "A", "clause": "runtime/state/id")")),
              StrEq("w.json: waivers[0] must have either \"case\" or \"clause\""));
  EXPECT_THAT(complaint(one(R"("reason": "r", "clause": "runtime/nowhere")")),
              StrEq("w.json: waivers[0].clause \"runtime/nowhere\" is not in the catalogue"));
  EXPECT_THAT(complaint(one(R"("reason": "r", "case": "A", "versions": "old")")),
              HasSubstr("w.json: waivers[0].versions is wrong"));
  EXPECT_THAT(complaint(one(R"("reason": "r", "cases": "A")")),
              HasSubstr("waivers[0] has an unknown member \"cases\""));
}

TEST(Waivers, StaleOnesAreNamed) {
  const std::vector<CaseInfo> cases{case_info("A.One")};
  EXPECT_THAT(stale_waivers(waivers(R"("case": "A.*")"), cases), IsEmpty());
  EXPECT_THAT(stale_waivers(waivers(R"("case": "Gone.*")"), cases),
              ElementsAre("w.json: waivers[0] matches no case: Gone.*"));
  EXPECT_THAT(stale_waivers(waivers(R"("clause": "runtime/state/status")"), cases),
              ElementsAre(HasSubstr("names a clause that no case has: runtime/state/status")));
}

}  // namespace
}  // namespace seatrial::harness
