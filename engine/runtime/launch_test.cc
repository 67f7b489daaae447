#include "engine/runtime/launch.h"

#include <gmock/gmock.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cerrno>
#include <map>

#include "engine/base/error.h"
#include "engine/init/image.h"
#include "engine/plan/step.h"
#include "engine/sys/memfd.h"

namespace seatrial::runtime {
namespace {

// A launcher that cannot be executed is told once, by serve(), and leaves nothing to kill.
TEST(Launch, OfWhatIsNoProgramFails) {
  const UniqueFd program = sys::sealed_memfd("no program", "words");
  const plan::LaunchPlan plan;
  for (const bool held : {false, true}) {
    Launch launch({.program = program.get()});
    launch.give(plan, held ? Hold::kInit : Hold::kNothing);
    launch.begin();
    if (held) launch.let_init_go();
    try {
      launch.serve({});
      FAIL() << "nothing was thrown";
    } catch (const Error& failure) {
      EXPECT_THAT(failure.what(), testing::StartsWith("start the launcher: execute: E"));
    }
  }
}

TEST(Launch, OfWhatIsNoProgramMayBeAbandoned) {
  const UniqueFd program = sys::sealed_memfd("no program", "words");
  const plan::LaunchPlan plan;
  Launch launch({.program = program.get()});
  launch.give(plan, Hold::kInit);
  launch.begin();
}

// How many bytes wait in the sockets of this process, by descriptor.
std::map<int, int> waiting_bytes() {
  std::map<int, int> waiting;
  for (int fd = 3; fd < 1024; ++fd) {
    struct stat facts{};
    int bytes = 0;
    if (::fstat(fd, &facts) != 0 || !S_ISSOCK(facts.st_mode)) continue;
    if (::ioctl(fd, FIONREAD, &bytes) == 0 && bytes > 0) waiting[fd] = bytes;
  }
  return waiting;
}

// A launcher that could begin before the spawn has returned might narrow where it runs, and the
// spawn would widen it again.
TEST(Launch, LetsTheLauncherGoOnlyAfterTheSpawn) {
  const UniqueFd program = sys::sealed_memfd("no program", "words");
  const plan::LaunchPlan plan;
  const std::map<int, int> before = waiting_bytes();
  Launch launch({.program = program.get()});
  launch.give(plan, Hold::kNothing);
  EXPECT_EQ(waiting_bytes(), before);
}

// It waits for the plan that it is given once it runs, and ends with what the plan cannot do.
TEST(Launch, MayBeGivenItsPlanLater) {
  const UniqueFd program = sys::sealed_memfd("init", init::image(), sys::Executable::kYes);
  plan::LaunchPlan plan;
  plan.launcher.push_back({plan::JoinCgroup{.file = "/none/tasks"}});
  Launch launch({.program = program.get()});
  launch.begin();
  launch.give(plan, Hold::kNothing);
  try {
    launch.serve({});
    FAIL() << "nothing was thrown";
  } catch (const Error& failure) {
    EXPECT_THAT(failure.what(), testing::HasSubstr("join the cgroup /none: ENOENT"));
  }
}

TEST(Launch, ThatNeverBeganLeavesNothing) {
  const UniqueFd program = sys::sealed_memfd("no program", "words");
  const plan::LaunchPlan plan;
  {
    Launch launch({.program = program.get()});
    launch.give(plan, Hold::kInit);
  }
  EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1);
  EXPECT_EQ(errno, ECHILD);
}

TEST(Launch, WithoutAPlanEndsWithoutALeftover) {
  const UniqueFd program = sys::sealed_memfd("init", init::image(), sys::Executable::kYes);
  {
    Launch launch({.program = program.get()});
    launch.begin();
  }
  EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1);
  EXPECT_EQ(errno, ECHILD);
}

}  // namespace
}  // namespace seatrial::runtime
