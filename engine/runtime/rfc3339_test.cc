#include "engine/runtime/rfc3339.h"

#include <gtest/gtest.h>

namespace seatrial::runtime {
namespace {

using namespace std::chrono;

TEST(Rfc3339, HasNanosecondsAndZone) {
  const auto time = sys_days(2025y / November / 2d) + 9h + 30min + 5s + nanoseconds(7);
  EXPECT_EQ(rfc3339(time), "2025-11-02T09:30:05.000000007Z");
}

TEST(Rfc3339, StandsTheLeapDayAndTheEpoch) {
  EXPECT_EQ(rfc3339(sys_days(2024y / February / 29d) + 23h), "2024-02-29T23:00:00.000000000Z");
  EXPECT_EQ(rfc3339({}), "1970-01-01T00:00:00.000000000Z");
}

}  // namespace
}  // namespace seatrial::runtime
