#include "engine/base/unique_fd.h"

#include <fcntl.h>
#include <gtest/gtest.h>

namespace seatrial {
namespace {

bool is_open(int fd) {
  return ::fcntl(fd, F_GETFD) >= 0;
}

UniqueFd open_null() {
  return UniqueFd(::open("/dev/null", O_RDONLY | O_CLOEXEC));
}

TEST(UniqueFd, MovedFromIsEmpty) {
  UniqueFd first = open_null();
  const int fd = first.get();
  const UniqueFd second = std::move(first);
  EXPECT_FALSE(first);  // NOLINT(bugprone-use-after-move): the state is what is tested
  EXPECT_EQ(second.get(), fd);
  EXPECT_TRUE(is_open(fd));
}

TEST(UniqueFd, AssignmentClosesWhatWasHeld) {
  UniqueFd first = open_null();
  const int old = first.get();
  first = open_null();
  EXPECT_FALSE(is_open(old));
  EXPECT_TRUE(is_open(first.get()));
}

TEST(UniqueFd, ReleaseDisarms) {
  int fd = -1;
  {
    UniqueFd owner = open_null();
    fd = owner.release();
    EXPECT_FALSE(owner);
  }
  EXPECT_TRUE(is_open(fd));
  ::close(fd);
}

TEST(UniqueFd, DoubleResetIsSafe) {
  UniqueFd owner = open_null();
  const int fd = owner.get();
  owner.reset();
  owner.reset();
  EXPECT_FALSE(is_open(fd));
}

}  // namespace
}  // namespace seatrial
