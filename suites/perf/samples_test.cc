#include "suites/perf/samples.h"

#include <gtest/gtest.h>

namespace seatrial::perf {
namespace {

TEST(Quantile, LiesBetweenNeighbours) {
  EXPECT_DOUBLE_EQ(quantile({4, 1, 3, 2}, 0.5), 2.5);
  EXPECT_DOUBLE_EQ(quantile({4, 1, 3, 2}, 0), 1);
  EXPECT_DOUBLE_EQ(quantile({4, 1, 3, 2}, 1), 4);
}

TEST(Quantile, OfOneValueIsThatValue) {
  EXPECT_DOUBLE_EQ(quantile({7}, 0.9), 7);
}

TEST(Ratio, PairsTheSamplesOfARound) {
  const Ratio found = ratio({{"a", {2, 9, 4}}, {"b", {1, 3, 4}}}, {"a", "b", {}}).value_or(Ratio{});
  EXPECT_DOUBLE_EQ(found.of_rounds.median, 2);  // of 2, 3, 1
  EXPECT_DOUBLE_EQ(found.of_medians, 4.0 / 3.0);
}

TEST(Ratio, IsAbsentWhenOneSideWasNotMeasured) {
  EXPECT_FALSE(ratio({{"a", {1}}}, {"a", "b", {}}));
  EXPECT_FALSE(ratio({{"a", {1}}, {"b", {}}}, {"a", "b", {}}));
}

TEST(Ratio, HoldsOnlyWhenBothMediansAreWithinTheBar) {
  Ratio ratio;
  ratio.of_rounds.median = 1.3;
  ratio.of_medians = 1.3;
  EXPECT_TRUE(ratio.holds()) << "no bar";
  ratio.bar = 1.4;
  EXPECT_TRUE(ratio.holds());
  ratio.of_medians = 1.5;
  EXPECT_FALSE(ratio.holds());
  ratio.of_medians = 1.3;
  ratio.of_rounds.median = 1.5;
  EXPECT_FALSE(ratio.holds());
}

}  // namespace
}  // namespace seatrial::perf
