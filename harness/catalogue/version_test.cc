#include "harness/catalogue/version.h"

#include <gmock/gmock.h>

#include "engine/base/error.h"

namespace seatrial::harness {
namespace {

using testing::HasSubstr;

TEST(Version, ComparesNumbersNotText) {
  EXPECT_LT(Version("1.9"), Version("1.10"));
  EXPECT_EQ(Version("1.0"), Version("1"));
  EXPECT_GT(Version("1.0.1"), Version("1.0"));
}

TEST(Version, IgnoresAPackagersSuffixAndPutsAPreReleaseFirst) {
  EXPECT_EQ(Version("1.1.5+ds1"), Version("1.1.5"));
  EXPECT_LT(Version("1.3.0-rc.1"), Version("1.3.0"));
  EXPECT_GT(Version("1.3.0~rc1"), Version("1.2.9"));
}

TEST(Version, RefusesText) {
  EXPECT_THROW(Version("latest"), Error);
  EXPECT_THROW(Version(""), Error);
}

TEST(VersionRange, HoldsWhenEveryConditionHolds) {
  const VersionRange range(">=1.0 <1.2");
  EXPECT_TRUE(range.contains(Version("1.0")));
  EXPECT_TRUE(range.contains(Version("1.1.9")));
  EXPECT_FALSE(range.contains(Version("1.2")));
  EXPECT_FALSE(range.contains(Version("0.9")));
}

TEST(VersionRange, KnowsEveryRelation) {
  const Version version("1.1.5+ds1");
  EXPECT_TRUE(VersionRange("<=1.1.5").contains(version));
  EXPECT_TRUE(VersionRange("1.1.5").contains(version));
  EXPECT_TRUE(VersionRange("=1.1.5").contains(version));
  EXPECT_FALSE(VersionRange(">1.1.5").contains(version));
  EXPECT_FALSE(VersionRange("<1.1.5").contains(version));
  EXPECT_TRUE(VersionRange("").contains(version));
}

TEST(VersionRange, QuotesTheConditionThatIsWrong) {
  try {
    const VersionRange range(">=1.0 =>2");
    FAIL() << "accepted =>2";
  } catch (const Error& failure) {
    EXPECT_THAT(failure.what(), HasSubstr("\"=>2\""));
  }
  EXPECT_THROW(VersionRange("<"), Error);
  EXPECT_THROW(VersionRange("~1.0"), Error);
}

}  // namespace
}  // namespace seatrial::harness
