#include "harness/core/protocol.h"

#include <gmock/gmock.h>

#include "engine/base/error.h"

namespace seatrial::harness {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string complaint(std::string_view text, CaseResult& result) {
  try {
    parse_result_document(text, result);
  } catch (const Error& failure) {
    return failure.what();
  }
  return "nothing was thrown";
}

TEST(Protocol, ACaseListComesBackAsItWasPrinted) {
  CaseInfo info;
  info.name = "MaskedPaths.Hide";
  info.clauses = {"runtime/a", "runtime/b"};
  info.needs = {"masked-paths"};
  info.deadline = std::chrono::milliseconds(1500);
  info.file = "suites/x.cc";
  info.line = 12;
  const CaseList list = parse_case_list(
      print_case_list({.suite = "runtime", .targets = {"reference", "oci:*"}, .cases = {info}}));
  EXPECT_THAT(list.targets, ElementsAre("reference", "oci:*"));
  const std::vector<CaseInfo>& cases = list.cases;
  ASSERT_EQ(cases.size(), 1u);
  EXPECT_EQ(cases[0].suite, "runtime");
  EXPECT_EQ(cases[0].name, "MaskedPaths.Hide");
  EXPECT_THAT(cases[0].clauses, ElementsAre("runtime/a", "runtime/b"));
  EXPECT_THAT(cases[0].needs, ElementsAre("masked-paths"));
  EXPECT_EQ(cases[0].deadline, std::chrono::milliseconds(1500));
  EXPECT_EQ(cases[0].file, "suites/x.cc");
  EXPECT_EQ(cases[0].line, 12);
}

TEST(Protocol, ATargetComesBackAsItWasPrinted) {
  const TargetInfo target = parse_target_info(
      print_target_info({"oci:crun", "crun", "1.8.1", "1.0.2", {"seccomp"}, {"lsm: none"}}));
  EXPECT_EQ(target.spec, "oci:crun");
  EXPECT_EQ(target.name, "crun");
  EXPECT_EQ(target.version, "1.8.1");
  EXPECT_EQ(target.oci_version, "1.0.2");
  EXPECT_THAT(target.features, ElementsAre("seccomp"));
  EXPECT_THAT(target.missing, ElementsAre("lsm: none"));
}

TEST(Protocol, AResultTravelsWithWhateverBytesItQuotes) {
  CaseResult sent;
  sent.verdict = Verdict::kFail;
  sent.reason = "printed \xff";
  sent.observations = {{"a.cc", 3, "one"}, {"b.cc", 4, "two"}};
  sent.duration = std::chrono::milliseconds(12);
  CaseResult got;
  got.observations = {{"old.cc", 1, "old"}};
  parse_result_document(print_result_document(sent), got);
  EXPECT_EQ(got.verdict, Verdict::kFail);
  EXPECT_EQ(got.reason, "printed \xEF\xBF\xBD");
  ASSERT_EQ(got.observations.size(), 2u);
  EXPECT_EQ(got.observations[1].file, "b.cc");
  EXPECT_EQ(got.observations[1].line, 4);
  EXPECT_EQ(got.duration, std::chrono::milliseconds(12));
}

TEST(Protocol, ASuiteThatNamesNoTargetsTakesAll) {
  EXPECT_THAT(parse_case_list(R"({"suite":"s","cases":[]})").targets, ElementsAre("*"));
}

TEST(Protocol, WhatIsWrongIsNamed) {
  CaseResult result;
  EXPECT_THAT(complaint("\x01\x02", result), HasSubstr("the result document: line 1"));
  EXPECT_THAT(complaint(R"({"verdict": "maybe"})", result),
              HasSubstr("\"maybe\" is not a verdict"));
  EXPECT_THAT(complaint(R"({"verdict": "pass"})", result), HasSubstr("lacks \"reason\""));
  EXPECT_THROW(
      parse_case_list(
          R"({"suite":"s","cases":[{"name":"a","clauses":[],"needs":[],"deadline_ms":0}]})"),
      Error);
}

}  // namespace
}  // namespace seatrial::harness
