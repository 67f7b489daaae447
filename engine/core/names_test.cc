#include "engine/core/names.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace seatrial::core {
namespace {

using testing::MatchesRegex;

TEST(Names, MadeUpOnesKeepToTheRule) {
  std::set<std::string> names;
  for (int round = 0; round < 200; ++round) {
    const std::string name = made_up_name(0);
    EXPECT_THAT(name, MatchesRegex("[a-z]+_[a-z]+"));
    EXPECT_TRUE(is_container_name(name));
    names.insert(name);
  }
  EXPECT_GT(names.size(), 100U);
  EXPECT_THAT(made_up_name(1), MatchesRegex("[a-z]+_[a-z]+[0-9]"));
}

TEST(Names, RuleIsDockers) {
  for (const char* name : {"ab", "A1", "a.b_c-d"}) EXPECT_TRUE(is_container_name(name)) << name;
  for (const char* name : {"", "a", "-ab", "_ab", ".ab", "a b", "a/b", "ä1"}) {
    EXPECT_FALSE(is_container_name(name)) << name;
  }
}

TEST(Names, IdsAre64HexDigits) {
  EXPECT_THAT(new_id(), MatchesRegex("[0-9a-f]{64}"));
  EXPECT_NE(new_id(), new_id());
}

}  // namespace
}  // namespace seatrial::core
