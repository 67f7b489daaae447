#include "engine/sys/proc_stat.h"

#include <gtest/gtest.h>
#include <unistd.h>

namespace seatrial::sys {
namespace {

TEST(ProcStat, CommandMayHoldAnything) {
  const auto parsed = parse_proc_stat(
      "42 (a) Z 1\n (b) S 1 42 42 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 987654 1 2 3");
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->state, 'S');
  EXPECT_EQ(parsed->parent, 1);
  EXPECT_EQ(parsed->start_time, 987654U);
}

TEST(ProcStat, MalformedTextIsNothing) {
  EXPECT_FALSE(parse_proc_stat(""));
  EXPECT_FALSE(parse_proc_stat("42 (a) S 1 2 3"));
}

TEST(ProcStat, IdentityIsNumberAndStartTime) {
  const auto self = proc_stat(::getpid());
  ASSERT_TRUE(self);
  EXPECT_TRUE(is_alive(::getpid(), self->start_time));
  EXPECT_FALSE(is_alive(::getpid(), self->start_time + 1));
  EXPECT_FALSE(is_alive(0x3fffffff, self->start_time));
}

}  // namespace
}  // namespace seatrial::sys
