#include "engine/runtime/hooks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/sys/pid_fd.h"
#include "engine/sys/spawn.h"

namespace seatrial::runtime {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;

spec::Hook shell(const std::string& command) {
  return {.path = "/bin/sh", .args = {"sh", "-c", command}, .env = {}, .timeout = {}};
}

HookRun in(const fs::path& directory) {
  return {.kind = "createRuntime", .state = "{\"id\":\"c1\"}", .directory = directory.native()};
}

std::string failure_of(const spec::Hook& hook, HookRun run = in("/")) {
  try {
    run_hook(hook, run);
  } catch (const Error& failure) {
    return failure.what();
  }
  return "(it did not fail)";
}

TEST(Hooks, GetTheStateOnStdinAndTheirEnvironmentAndNothingElse) {
  const TempDir dir(fs::temp_directory_path());
  spec::Hook hook = shell("cat > state; echo $GREETING > greeting; echo $HOME > home");
  hook.env = {"GREETING=hello", "PATH=/bin:/usr/bin"};
  run_hook(hook, in(dir.path()));
  EXPECT_EQ(read_file(dir.path() / "state"), "{\"id\":\"c1\"}");
  EXPECT_EQ(read_file(dir.path() / "greeting"), "hello\n");
  EXPECT_EQ(read_file(dir.path() / "home"), "\n");
}

TEST(Hooks, WithoutArgumentsThePathIsTheName) {
  const TempDir dir(fs::temp_directory_path());
  EXPECT_EQ(failure_of({.path = "/bin/true", .args = {}, .env = {}, .timeout = {}}),
            "(it did not fail)");
}

TEST(Hooks, FailureNamesHookExitAndOutput) {
  EXPECT_EQ(failure_of(shell("echo went wrong >&2; exit 3")),
            "createRuntime hook /bin/sh: exit status 3: went wrong");
  EXPECT_EQ(failure_of(shell("kill -TERM $$")), "createRuntime hook /bin/sh: killed by signal 15");
  EXPECT_EQ(failure_of(shell("exit 200")), "createRuntime hook /bin/sh: exit status 200");
}

TEST(Hooks, OnlyTheEndOfMuchOutputIsTold) {
  const std::string told = failure_of(shell(
      "i=0; while [ $i -lt 20000 ]; do echo 0123456789; i=$((i+1)); done; echo last; exit 1"));
  EXPECT_LT(told.size(), 700U);
  EXPECT_THAT(told, EndsWith("last"));
}

TEST(Hooks, AMissingProgramIsNamed) {
  EXPECT_EQ(failure_of({.path = "/nonexistent/hook", .args = {}, .env = {}, .timeout = {}}),
            "createRuntime hook /nonexistent/hook: execute /nonexistent/hook: ENOENT (No such file "
            "or directory)");
}

TEST(Hooks, TimeoutKillsTheHookAndWhatItStarted) {
  const TempDir dir(fs::temp_directory_path());
  spec::Hook hook = shell("sleep 1000 & echo $! > child; wait");
  hook.timeout = 2s;  // the shell must have come to its echo by then
  EXPECT_THAT(failure_of(hook, in(dir.path())), HasSubstr("killed after its timeout of 2 s"));
  const auto child = sys::PidFd::open(std::stoi(read_file(dir.path() / "child")));
  EXPECT_TRUE(!child || child->wait_exit(sys::after(5s)));
}

TEST(Hooks, AHookThatLeavesADaemonBehindIsNotWaitedFor) {
  const TempDir dir(fs::temp_directory_path());
  run_hook(shell("sleep 1000 & echo $! > child"), in(dir.path()));
  const auto child = sys::PidFd::open(std::stoi(read_file(dir.path() / "child")));
  ASSERT_TRUE(child);
  EXPECT_FALSE(child->wait_exit(sys::after(0s)));
  child->send_signal(SIGKILL);
}

TEST(Hooks, EndWithTheContainersInit) {
  const sys::PidFd init = sys::spawn(
      {.path = "/bin/true", .args = {"true"}, .env = {}, .placements = {}, .directory = {}});
  HookRun run = in("/");
  run.abort_fd = init.get();
  EXPECT_THAT(failure_of(shell("sleep 1000"), run), HasSubstr("the container's init ended"));
  init.reap();
}

TEST(Hooks, TheFirstThatFailsEndsTheRow) {
  const TempDir dir(fs::temp_directory_path());
  EXPECT_THROW(
      run_hooks({shell("echo 1 >> ran"), shell("exit 1"), shell("echo 3 >> ran")}, in(dir.path())),
      Error);
  EXPECT_EQ(read_file(dir.path() / "ran"), "1\n");
}

}  // namespace
}  // namespace seatrial::runtime
