#include "engine/cgroup/conversions.h"

#include <gtest/gtest.h>

namespace seatrial::cgroup {
namespace {

// What runc 1.3.2 gives for them.
TEST(WeightOfShares, GoesThroughLeastDefaultAndMost) {
  EXPECT_EQ(weight_of_shares(2), 1U);
  EXPECT_EQ(weight_of_shares(1024), 100U);
  EXPECT_EQ(weight_of_shares(262144), 10000U);
  EXPECT_EQ(weight_of_shares(1), 1U);
  EXPECT_EQ(weight_of_shares(300000), 10000U);
}

TEST(WeightOfShares, NeverFallsAndStaysInRange) {
  std::uint64_t before = 1;
  for (std::uint64_t shares = 2; shares <= 262144; ++shares) {
    const std::uint64_t weight = weight_of_shares(shares);
    ASSERT_GE(weight, before) << shares;
    ASSERT_LE(weight, 10000U) << shares;
    before = weight;
  }
}

TEST(WeightOfShares, TwiceTheSharesIsMoreAndHalfIsLess) {
  EXPECT_GT(weight_of_shares(2048), 150U);
  EXPECT_LT(weight_of_shares(2048), 220U);
  EXPECT_GT(weight_of_shares(512), 40U);
  EXPECT_LT(weight_of_shares(512), 66U);
}

TEST(IoWeight, CoversTheWholeRange) {
  EXPECT_EQ(io_weight_of(10), 1U);
  EXPECT_EQ(io_weight_of(1000), 10000U);
  EXPECT_EQ(io_weight_of(500), 4950U);
}

TEST(Swap, IsWhatTheSumLeavesBeyondTheMemory) {
  EXPECT_EQ(swap_beyond_memory(100, 60), 40);
  EXPECT_EQ(swap_beyond_memory(100, 100), 0);
  EXPECT_EQ(swap_beyond_memory(-1, 60), -1);
  EXPECT_EQ(swap_beyond_memory(-1, std::nullopt), -1);
}

TEST(Swap, NeedsAMemoryLimitNotAboveTheSum) {
  EXPECT_EQ(swap_beyond_memory(100, std::nullopt), std::nullopt);
  EXPECT_EQ(swap_beyond_memory(100, -1), std::nullopt);
  EXPECT_EQ(swap_beyond_memory(100, 101), std::nullopt);
}

TEST(LimitInForce, IsNothingForAWord) {
  EXPECT_EQ(limit_in_force("4096"), 4096);
  EXPECT_EQ(limit_in_force("max"), std::nullopt);
  EXPECT_EQ(limit_in_force("4096 x"), std::nullopt);
  EXPECT_EQ(limit_in_force(""), std::nullopt);
}

}  // namespace
}  // namespace seatrial::cgroup
