#include "harness/core/trial.h"

#include <gmock/gmock.h>
#include <gtest/gtest-spi.h>

#include <nlohmann/json.hpp>
#include <stdexcept>

#include "engine/base/error.h"
#include "harness/core/engine_failure.h"
#include "harness/core/lack.h"

namespace seatrial::harness {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// What the base knows of a case is there when its body has ended.
class Trial : public TrialBase {
 protected:
  void TearDown() override { EXPECT_EQ(lack(), expected_lack_); }

  std::optional<std::string> expected_lack_ = {};
};

TRIAL(Sample, MayFindThatItDoesNotApply, Clauses{"runtime/linux/masked-paths"}) {
  expected_lack_ = "this kernel has no sails";
  throw Lack("this kernel has no sails");
}

TRIAL(Sample, HasAllTraits, Clauses{"runtime/linux/masked-paths", "runtime/no/such-clause"},
      Needs{Feature::kExec, Feature::kSpec11}, Deadline{std::chrono::seconds(3)}) {}

struct Row {
  std::string name;
  Clauses clauses;
  Needs needs;
};
const Row kRows[] = {{"First", {"runtime/linux/masked-paths"}, {}},
                     {"Second", {"runtime/linux/readonly-paths"}, {Feature::kHooks}}};

TRIAL_TABLE(Table, kRows) {
  EXPECT_FALSE(row().name.empty());
}

CaseInfo registered(const std::string& name) {
  for (const CaseInfo& info : registered_cases()) {
    if (info.name == name) return info;
  }
  throw std::runtime_error(name + " is not registered");
}

TEST(ATrial, IsKnownWithItsTraits) {
  const CaseInfo info = registered("Sample.HasAllTraits");
  EXPECT_THAT(info.clauses, ElementsAre("runtime/linux/masked-paths", "runtime/no/such-clause"));
  EXPECT_THAT(info.needs, ElementsAre("exec", "spec-1.1"));
  EXPECT_EQ(info.deadline.count(), 3000);
  EXPECT_THAT(info.file, HasSubstr("trial_test.cc"));
  EXPECT_GT(info.line, 0);
}

TEST(ATrialTable, MakesACaseOfEachRow) {
  EXPECT_THAT(registered("Table.First").needs, IsEmpty());
  EXPECT_THAT(registered("Table.Second").needs, ElementsAre("hooks"));
  EXPECT_THAT(registered("Table.Second").clauses, ElementsAre("runtime/linux/readonly-paths"));
}

TEST(TheCheck, NamesUnknownClauses) {
  EXPECT_THAT(check_registered_cases(), ElementsAre(HasSubstr("runtime/no/such-clause")));
}

int* without_image() {
  throw std::runtime_error("no image");
}

int* without_engine() {
  throw EngineFailure("start was refused");
}

TEST(AConstructor, ThatThrowsIsAnErrorOfTheHarness) {
  EXPECT_FATAL_FAILURE(trial_registration::construct(without_image), "no image");
  EXPECT_EQ(TrialBase::harness_error(), "no image");
}

TEST(AConstructor, ThatTheEngineFailsIsTheEnginesFailure) {
  EXPECT_FATAL_FAILURE(trial_registration::construct(without_engine), "start was refused");
  EXPECT_EQ(TrialBase::harness_error(), std::nullopt);
}

void read_what_is_absent() {
  try {
    static_cast<void>(nlohmann::json::object().at("hooks"));
  } catch (const std::exception&) {
    trial_registration::body_threw();
  }
}

// Who prints no JSON, or too little, has failed the case; the harness has not.
TEST(ABody, ThatCannotReadADocumentIsTheEnginesFailure) {
  EXPECT_NONFATAL_FAILURE(read_what_is_absent(), "key 'hooks' not found");
  EXPECT_EQ(TrialBase::harness_error(), std::nullopt);
}

TEST(AFeature, HasANameThatLeadsBack) {
  for (const Feature feature : all_features()) {
    EXPECT_EQ(feature_from(to_string(feature)), feature);
  }
  EXPECT_THROW(feature_from("no-such-feature"), Error);
}

}  // namespace
}  // namespace seatrial::harness
