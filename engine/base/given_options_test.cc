#include "engine/base/given_options.h"

#include <gtest/gtest.h>

#include "engine/base/error.h"

namespace seatrial {
namespace {

TEST(GivenOptions, TheLastOneGivenCounts) {
  GivenOptions options;
  options.add("name", "first");
  options.add("tty", "true");
  options.add("name", "second");
  EXPECT_EQ(options.get("name"), "second");
  EXPECT_EQ(options.text("name"), "second");
  EXPECT_EQ(options.all("name"), (std::vector<std::string>{"first", "second"}));
}

TEST(GivenOptions, WhatWasNotGivenIsNothing) {
  const GivenOptions options;
  EXPECT_FALSE(options.has("name"));
  EXPECT_EQ(options.get("name"), std::nullopt);
  EXPECT_EQ(options.text("name"), "");
  EXPECT_TRUE(options.all("name").empty());
  EXPECT_EQ(options.number("name"), std::nullopt);
  EXPECT_FALSE(options.on("name"));
  EXPECT_TRUE(options.on("name", true));
}

TEST(GivenOptions, ASwitchMayBeTurnedOff) {
  GivenOptions options;
  options.add("tty", "true");
  EXPECT_TRUE(options.on("tty"));
  options.add("tty", "false");
  EXPECT_TRUE(options.has("tty"));
  EXPECT_FALSE(options.on("tty", true));
}

TEST(GivenOptions, ANumberIsDecimalAndWhole) {
  GivenOptions options;
  options.add("time", "-10");
  EXPECT_EQ(options.number("time"), -10);
  for (const char* wrong : {"", "ten", "1x", "0x1", " 1", "99999999999999999999"}) {
    options.add("time", wrong);
    EXPECT_THROW((void)options.number("time"), Error) << wrong;
  }
}

}  // namespace
}  // namespace seatrial
