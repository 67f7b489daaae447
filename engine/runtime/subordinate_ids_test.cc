#include "engine/runtime/subordinate_ids.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace seatrial::runtime {

static bool operator==(const IdRange& one, const IdRange& other) {
  return one.start == other.start && one.count == other.count;
}

namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(SubordinateIds, AreAUsersByNameOrByNumber) {
  const char* const text =
      "root:1:2\n"
      "ada:100000:65536\n"
      "# ada:1:1\n"
      "1000:300000:10\n"
      "ada:200000:5\n"
      "adamine:7:7\n"
      "ada:broken\n"
      "ada:1:x\n"
      "ada:900:1";
  EXPECT_THAT(ranges_of(text, "ada", 1000), ElementsAre(IdRange{100000, 65536}, IdRange{300000, 10},
                                                        IdRange{200000, 5}, IdRange{900, 1}));
  EXPECT_THAT(ranges_of(text, "1", 1), IsEmpty());
  EXPECT_THAT(ranges_of("", "ada", 1000), IsEmpty());
}

TEST(SubordinateIds, RangesCoverWhatLiesInThemOrAcrossThem) {
  const std::vector<IdRange> ranges{{200, 100}, {100, 100}, {400, 10}};
  EXPECT_TRUE(covers(ranges, {100, 100}));
  EXPECT_TRUE(covers(ranges, {150, 150}));
  EXPECT_TRUE(covers(ranges, {409, 1}));
  EXPECT_FALSE(covers(ranges, {99, 1}));
  EXPECT_FALSE(covers(ranges, {99, 2}));
  EXPECT_FALSE(covers(ranges, {250, 51}));
  EXPECT_FALSE(covers(ranges, {250, 155}));
  EXPECT_FALSE(covers(ranges, {400, 11}));
  EXPECT_FALSE(covers({}, {1, 1}));
  EXPECT_TRUE(covers({{1, ~0UL}}, {7, 1})) << "more than there are numbers";
}

TEST(SubordinateIds, AUserHasANameOrItsNumber) {
  EXPECT_EQ(user_name(0), "root");
  EXPECT_EQ(user_name(54321), "54321");
}

}  // namespace
}  // namespace seatrial::runtime
