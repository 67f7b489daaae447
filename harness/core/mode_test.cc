#include "harness/core/mode.h"

#include <gtest/gtest.h>

namespace seatrial::harness {
namespace {

TEST(SplitMode, TakesOneEndingOff) {
  EXPECT_EQ(split_mode("oci:crun+userns").bare, "oci:crun");
  EXPECT_EQ(split_mode("oci:crun+userns").mode, Mode::kUserns);
  EXPECT_EQ(split_mode("reference+rootless").mode, Mode::kRootless);
  EXPECT_EQ(split_mode("reference+userns+sandboxed").bare, "reference+userns");
}

TEST(SplitMode, LeavesWhatIsNone) {
  EXPECT_EQ(split_mode("oci:/opt/g++/runc").bare, "oci:/opt/g++/runc");
  EXPECT_EQ(split_mode("docker+seatrial").mode, Mode::kRoot);
  EXPECT_EQ(split_mode("").mode, Mode::kRoot);
}

}  // namespace
}  // namespace seatrial::harness
