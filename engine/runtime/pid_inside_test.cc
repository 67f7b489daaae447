#include "engine/runtime/pid_inside.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "engine/base/error.h"

namespace seatrial::runtime {
namespace {

TEST(PidInside, IsTheSameInOnesOwnNamespace) {
  EXPECT_EQ(pid_inside(::getpid()), ::getpid());
}

TEST(PidInside, IsOneForTheInitOfANewNamespace) {
  const long child = ::syscall(SYS_clone, CLONE_NEWPID | SIGCHLD, 0, 0, 0, 0);
  if (child < 0) GTEST_SKIP() << "needs root: makes a pid namespace";
  if (child == 0) {
    for (;;) ::pause();
  }
  EXPECT_EQ(pid_inside(static_cast<pid_t>(child)), 1);
  ::kill(static_cast<pid_t>(child), SIGKILL);
  ::waitpid(static_cast<pid_t>(child), nullptr, 0);
}

TEST(PidInside, RefusesAProcessThatIsGone) {
  EXPECT_THROW(pid_inside(1 << 30), Error);
}

}  // namespace
}  // namespace seatrial::runtime
