#include "engine/core/times.h"

#include <gtest/gtest.h>

namespace seatrial::core {
namespace {

using namespace std::chrono_literals;

TEST(Times, PrintAndParseAreInverse) {
  for (const char* text : {"2026-01-02T03:04:05Z", "2026-11-25T13:38:07.000000001Z",
                           "1969-12-31T23:59:59.5Z", "2000-02-29T00:00:00.12Z"}) {
    ASSERT_TRUE(parse_time(text)) << text;
    EXPECT_EQ(print_time(*parse_time(text)), text);
  }
  EXPECT_EQ(print_time(std::optional<Time>()), "0001-01-01T00:00:00Z");
}

TEST(Times, OffsetsAreTakenOff) {
  EXPECT_EQ(print_time(parse_time("2026-01-01T01:30:00+01:30").value()), "2026-01-01T00:00:00Z");
  EXPECT_EQ(print_time(parse_time("2025-12-31T19:00:00-05:00").value()), "2026-01-01T00:00:00Z");
}

TEST(Times, OtherTextsAreNoTimes) {
  for (const char* text : {"", "2026-01-01", "2026-01-01T00:00:00", "2026-01-01T00:00:00.Z",
                           "0001-01-01T00:00:00Z", "2026-01-01T00:00:00Zx", "x"}) {
    EXPECT_FALSE(parse_time(text)) << text;
  }
}

TEST(Times, WhatTheCalendarLacksIsNoTime) {
  for (const char* text : {"2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z", "2026-01-00T00:00:00Z",
                           "2026-04-31T00:00:00Z", "2026-02-29T00:00:00Z", "2026-01-01T24:00:00Z",
                           "2026-01-01T00:60:00Z", "2026-12-31T23:59:60Z",
                           "2026-01-01T00:00:00+24:00", "2026-01-01T00:00:00-00:60"}) {
    EXPECT_FALSE(parse_time(text)) << text;
  }
  EXPECT_TRUE(parse_time("2024-02-29T23:59:59.999999999+23:59"));
}

TEST(Times, AgesAreToldAsDockerTellsThem) {
  EXPECT_EQ(human_duration(0s), "Less than a second");
  EXPECT_EQ(human_duration(1s), "1 second");
  EXPECT_EQ(human_duration(59s), "59 seconds");
  EXPECT_EQ(human_duration(61s), "About a minute");
  EXPECT_EQ(human_duration(10min), "10 minutes");
  EXPECT_EQ(human_duration(65min), "About an hour");
  EXPECT_EQ(human_duration(47h), "47 hours");
  EXPECT_EQ(human_duration(72h), "3 days");
  EXPECT_EQ(human_duration(24h * 21), "3 weeks");
}

}  // namespace
}  // namespace seatrial::core
