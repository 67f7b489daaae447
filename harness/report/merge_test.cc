#include "harness/report/merge.h"

#include <gmock/gmock.h>

#include "engine/base/error.h"
#include "harness/report/json.h"
#include "harness/report/sample_report_test.h"

namespace seatrial::harness {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// Every second result of the sample, beginning with the `first`.
Report half(std::size_t first) {
  Report report = sample_report();
  std::vector<CaseResult> kept;
  for (std::size_t i = first; i < report.results.size(); i += 2) {
    kept.push_back(report.results[i]);
  }
  report.results = kept;
  return report;
}

std::string complaint(std::vector<NamedReport> parts) {
  try {
    merge(std::move(parts));
  } catch (const Error& failure) {
    EXPECT_EQ(failure.kind(), Kind::kInvalidArgument);
    return failure.what();
  }
  return "none";
}

TEST(Merge, OnePartStaysAsItIs) {
  EXPECT_EQ(print_json(merge({{"a", sample_report()}})), print_json(sample_report()));
}

TEST(Merge, TheOrderOfThePartsDoesNotMatter) {
  const Report whole = merge({{"a", half(0)}, {"b", half(1)}});
  EXPECT_EQ(whole.results.size(), sample_report().results.size());
  EXPECT_EQ(print_json(whole), print_json(merge({{"b", half(1)}, {"a", half(0)}})));
  EXPECT_EQ(whole.results.front().target, "reference");
  EXPECT_EQ(whole.results.front().name, "Root.ResolvesRelativePath");
  EXPECT_EQ(whole.results.back().name, "State.TellsStatus");
}

TEST(Merge, KeepsLeftoversAndTheEarliestStart) {
  Report early = half(0);
  early.host.started = "2025-11-02T09:59:00Z";
  early.leftovers = {"mount 7 was left"};
  Report late = half(1);
  late.leftovers = {"process 9 was left"};
  const Report whole = merge({{"late", late}, {"early", early}});
  EXPECT_EQ(whole.host.started, "2025-11-02T09:59:00Z");
  EXPECT_THAT(whole.leftovers, ElementsAre("process 9 was left", "mount 7 was left"));
}

TEST(Merge, TakesAShardThatHeldNothing) {
  Report empty;
  empty.host = sample_report().host;
  const Report whole = merge({{"empty", empty}, {"all", sample_report()}});
  EXPECT_EQ(whole.targets.size(), 2u);
  EXPECT_EQ(whole.results.size(), sample_report().results.size());
}

TEST(Merge, RefusesTwoVerdictsOnOneCase) {
  EXPECT_THAT(complaint({{"a.json", half(0)}, {"b.json", half(0)}}),
              HasSubstr("a.json and b.json both have a verdict on State.TellsId of runtime on "
                        "reference"));
}

TEST(Merge, RefusesTwoVersionsOfOneTarget) {
  Report other = half(1);
  other.targets[1].version = "1.2.0";
  EXPECT_THAT(complaint({{"a.json", half(0)}, {"b.json", other}}),
              HasSubstr("oci:/usr/sbin/runc is runc 1.1.5+ds1 in a.json, but runc 1.2.0 in "
                        "b.json"));
}

TEST(Merge, RefusesNothing) {
  EXPECT_THAT(complaint({}), HasSubstr("no report"));
}

}  // namespace
}  // namespace seatrial::harness
