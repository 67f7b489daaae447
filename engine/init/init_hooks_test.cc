// Hooks that run inside. Needs root.
#include <cerrno>
#include <chrono>

#include "engine/init/testing/container_test.h"

namespace seatrial::init {
namespace {

class InitHooks : public ContainerTest {
 protected:
  spec::Hook shell(const std::string& script) const {
    return {.path = "/bin/sh", .args = {"sh", "-c", script}, .env = {"NAME=value"}, .timeout = {}};
  }
  std::string note() const { return rootfs.bundle() / "note"; }
};

TEST_F(InitHooks, RunsThemInOrderWithTheStateOnStdin) {
  options.state = R"({"id":"test"})";
  config.hooks.create_runtime = {shell("never run here")};
  config.hooks.create_container = {
      shell("cat > " + note() + "; echo $NAME >> " + note()),
      shell("test -d /bin && test ! -e /bin/probe && echo $$ $PPID > /dev/null && echo two >> " +
            note())};
  rootfs.write("bin/note", "");
  config.root.readonly = false;
  config.hooks.start_container = {{.path = "/bin/probe",
                                   .args = {"probe", "write:/started"},
                                   .env = {},
                                   .timeout = std::chrono::seconds(5)}};
  const Outcome outcome = run({"kind:/started"});
  EXPECT_FALSE(outcome.failed) << outcome.detail << outcome.sys_errno;
  EXPECT_EQ(outcome.messages, "IHRS");
  EXPECT_EQ(outcome.answer("kind:/started"), "file 0600 0:0");
  EXPECT_EQ(read_file(note()), "{\"id\":\"test\"}value\ntwo\n");
}

TEST_F(InitHooks, FailingOneFailsWithItsLastWords) {
  config.hooks.create_container = {shell("echo because >&2; exit 3")};
  plan::LaunchPlan plan = make_plan({});
  Outcome outcome = run_plan(plan, options);
  EXPECT_EQ(failing_step(plan, outcome), "run the createContainer hook /bin/sh");
  EXPECT_EQ(outcome.sys_errno, 0);
  EXPECT_EQ(outcome.detail, "exit status 3: because");

  config.hooks.create_container = {shell("kill -9 $$")};
  outcome = run({});
  EXPECT_EQ(outcome.detail, "killed by signal 9");

  config.hooks.create_container = {{.path = "/nowhere", .args = {}, .env = {}, .timeout = {}}};
  outcome = run({});
  EXPECT_EQ(outcome.sys_errno, ENOENT);
}

TEST_F(InitHooks, KillsOneThatTakesTooLong) {
  config.hooks.create_container = {shell("sleep 20")};
  config.hooks.create_container[0].timeout = std::chrono::seconds(1);
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(run({}).sys_errno, ETIMEDOUT);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(15));
}

TEST_F(InitHooks, FailingStartHookIsToldToTheStarter) {
  config.hooks.start_container = {
      {.path = "/bin/probe", .args = {"probe", "exit:9"}, .env = {}, .timeout = {}}};
  const plan::LaunchPlan plan = make_plan({});
  const Outcome outcome = run_plan(plan, options);
  EXPECT_EQ(outcome.messages, "IRSF");
  EXPECT_EQ(failing_step(plan, outcome), "run the startContainer hook /bin/probe");
  EXPECT_EQ(outcome.detail, "exit status 9");
}

}  // namespace
}  // namespace seatrial::init
