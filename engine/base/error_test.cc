#include "engine/base/error.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <set>

namespace seatrial {
namespace {

TEST(Error, SaysContextAndErrnoInOneSentence) {
  const Error failure = sys_error(EPERM, "mount {} on {}", "proc", "/proc");
  EXPECT_STREQ(failure.what(), "mount proc on /proc: EPERM (Operation not permitted)");
  EXPECT_EQ(failure.kind(), Kind::kDenied);
  EXPECT_EQ(failure.sys_errno(), EPERM);
}

TEST(Error, GainsContextOnTheWayUp) {
  try {
    with_context("create 7f3a", [] { throw error(Kind::kConflict, "the id is taken"); });
    FAIL() << "nothing was thrown";
  } catch (const Error& failure) {
    EXPECT_STREQ(failure.what(), "create 7f3a: the id is taken");
    EXPECT_EQ(failure.kind(), Kind::kConflict);
  }
}

TEST(Error, WithContextPassesTheResultThrough) {
  EXPECT_EQ(with_context("unused", [] { return 42; }), 42);
}

TEST(Error, EveryKindHasItsOwnNonZeroExitStatusAndName) {
  std::set<int> statuses;
  std::set<std::string_view> names;
  for (int kind = 0; kind <= static_cast<int>(Kind::kInternal); ++kind) {
    statuses.insert(exit_status(static_cast<Kind>(kind)));
    names.insert(to_string(static_cast<Kind>(kind)));
  }
  EXPECT_EQ(statuses.size(), 9U);
  EXPECT_EQ(names.size(), 9U);
  EXPECT_FALSE(statuses.contains(0));
}

TEST(Error, NamesAnErrnoThatLibcDoesNotKnow) {
  EXPECT_EQ(errno_name(524), "errno 524");
}

}  // namespace
}  // namespace seatrial
