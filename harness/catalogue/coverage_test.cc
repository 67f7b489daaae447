#include "harness/catalogue/coverage.h"

#include <gmock/gmock.h>

namespace seatrial::harness {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// Sections of clauses with ids 0, 1, 2, ...
class CoverageTest : public testing::Test {
 protected:
  void add(Level level, const std::string& unobservable = "") {
    Clause& clause = clauses_.emplace_back();
    clause.id = std::to_string(clauses_.size() - 1);
    clause.level = level;
    clause.unobservable = unobservable;
  }
  std::vector<Section> sections() const {
    Section section;
    for (const Clause& clause : clauses_) section.clauses.push_back(&clause);
    return {section};
  }

  std::vector<Clause> clauses_;
};

TEST_F(CoverageTest, CountsByHowClausesBind) {
  add(Level::kMust);
  add(Level::kRequired);
  add(Level::kMustNot, "invisible");
  add(Level::kShouldNot);
  add(Level::kMay);
  const Count counted = count(sections(), {{"0", {"A"}}, {"3", {"A"}}, {"4", {"B"}}});
  EXPECT_EQ(counted.all, 5);
  EXPECT_EQ(counted.covered, 3);
  EXPECT_EQ(counted.binding, 3);
  EXPECT_EQ(counted.binding_covered, 1);
  EXPECT_EQ(counted.binding_unobservable, 1);
  EXPECT_EQ(counted.advised, 1);
  EXPECT_EQ(counted.advised_covered, 1);
}

TEST_F(CoverageTest, AsksForACaseOrAReasonAndNotBoth) {
  for (int i = 0; i < 20; ++i) add(Level::kMust);
  add(Level::kMust, "invisible");
  add(Level::kMay);
  Coverage coverage;
  for (int i = 0; i < 20; ++i) coverage[std::to_string(i)] = {"A"};
  EXPECT_THAT(gaps(sections(), coverage), IsEmpty());
  coverage.erase("7");
  coverage["20"] = {"B", "C"};
  EXPECT_THAT(gaps(sections(), coverage),
              ElementsAre("7 has neither a case nor a reason why none can observe it",
                          "20 is called unobservable, and B observes it"));
}

TEST_F(CoverageTest, BoundsTheReasons) {
  for (int i = 0; i < 9; ++i) add(Level::kMust);
  add(Level::kMust, "invisible");
  Coverage coverage;
  for (int i = 0; i < 9; ++i) coverage[std::to_string(i)] = {"A"};
  EXPECT_THAT(gaps(sections(), coverage), IsEmpty());
  add(Level::kMustNot, "invisible");
  EXPECT_THAT(gaps(sections(), coverage),
              ElementsAre("2 of 11 binding clauses are called unobservable: at most a tenth may"));
}

TEST_F(CoverageTest, WantsHalfOfWhatIsAdvised) {
  add(Level::kShould);
  add(Level::kRecommended);
  EXPECT_THAT(gaps(sections(), {{"0", {"A"}}}), IsEmpty());
  EXPECT_THAT(gaps(sections(), {}),
              ElementsAre("0 of 2 clauses that advise have a case: half of them must"));
}

}  // namespace
}  // namespace seatrial::harness
