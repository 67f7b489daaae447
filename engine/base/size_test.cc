#include "engine/base/size.h"

#include <gtest/gtest.h>

namespace seatrial {
namespace {

TEST(Size, IsInPowersOf1024) {
  EXPECT_EQ(parse_size("4096"), 4096U);
  EXPECT_EQ(parse_size("1k"), 1024U);
  EXPECT_EQ(parse_size("1.5G"), 1610612736U);
  EXPECT_EQ(parse_size("10KiB"), 10240U);
  EXPECT_EQ(parse_size("3b"), 3U);
  for (const char* text : {"", "x", "-1", "1x", "1kk", "9e9p", "99999999p", "nan", "inf", "1 k"}) {
    EXPECT_EQ(parse_size(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace seatrial
