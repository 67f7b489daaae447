// exec with what it may change of the container's process, and where it joins. Needs root.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/ioctl.h>

#include <csignal>
#include <future>
#include <thread>

#include "engine/runtime/runtime_fixture.h"

namespace seatrial::runtime {
namespace {

constexpr auto kReady = std::future_status::ready;

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using spec::Status;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class ExecTest : public RuntimeTest {};

// Once the container is resumed, which the waiting must not keep others from.
TEST_F(ExecTest, MayWaitForAPausedContainer) {
  Child child = runtime_->run(request({.command = "exec sleep 1000"}));
  runtime_->pause(id_);
  auto executed = std::async(std::launch::async, [&] {
    return runtime_->exec(
        {.id = id_, .args = {"/usr/bin/sh", "-c", "exit 7"}, .ignore_paused = true});
  });
  while (runtime_->processes(id_).size() < 2 && executed.wait_for(1ms) != kReady) continue;
  EXPECT_EQ(runtime_->state(id_).status, Status::kPaused);
  EXPECT_EQ(executed.wait_for(0s), std::future_status::timeout);
  runtime_->resume(id_);
  Child process = executed.get();
  EXPECT_EQ(process.wait(10s).value().code, 7);
  runtime_->remove(id_, true);
  EXPECT_EQ(child.wait(10s).value().code, 128 + SIGKILL);
}

// It is killed in the frozen cgroup, and leaves nothing.
TEST_F(ExecTest, WaitingForAPausedContainerEndsWithIt) {
  Child child = runtime_->run(request({.command = "exec sleep 1000"}));
  runtime_->pause(id_);
  auto executed = std::async(std::launch::async, [&] {
    return failure_of(
        [&] { runtime_->exec({.id = id_, .args = {"/usr/bin/true"}, .ignore_paused = true}); });
  });
  while (runtime_->processes(id_).size() < 2 && executed.wait_for(1ms) != kReady) continue;
  runtime_->remove(id_, true);
  EXPECT_THAT(executed.get(), HasSubstr("exec in " + id_));
  EXPECT_EQ(child.wait(10s).value().code, 128 + SIGKILL);
}

TEST_F(ExecTest, MayJoinACgroupBelowTheContainers) {
  Child child = runtime_->run(request({.command = "exec sleep 1000"}));
  const cgroup::Identity own =
      cgroup::parse_identity(StateRoot(runtime_->root()).open(id_).read_record().cgroups);
  const cgroup::Membership* const pids = own.find("pids");
  const cgroup::Membership& member = pids != nullptr ? *pids : own.members.front();
  fs::create_directory(member.directory + "/inner");
  const std::vector<std::string> controllers =
      pids != nullptr ? std::vector<std::string>{"pids"} : std::vector<std::string>{};
  const auto exec = [&](const std::string& path) {
    const UniqueFd out = open_file(dir_.path() / "out", O_RDWR | O_CREAT | O_TRUNC);
    Child process = runtime_->exec({.id = id_,
                                    .args = {"/usr/bin/cat", "/proc/self/cgroup"},
                                    .stdio = {-1, out.get(), 2},
                                    .cgroups = {{.controllers = controllers, .path = path}}});
    EXPECT_EQ(process.wait(10s).value().code, 0);
    return read("out");
  };
  EXPECT_THAT(exec("inner"), HasSubstr(":" + member.cgroup + "/inner\n"));
  EXPECT_THAT(exec("/"), AllOf(HasSubstr(":" + member.cgroup + "\n"), Not(HasSubstr("/inner"))));
  EXPECT_THAT(failure_of([&] { exec("none"); }), HasSubstr("cgroup none: there is no "));
  runtime_->remove(id_, true);
  EXPECT_EQ(child.wait(10s).value().code, 128 + SIGKILL);
}

TEST_F(ExecTest, ChangesOfTheUserWhatItNamesAlone) {
  Child child = runtime_->run(request({.command = "exec sleep 1000", .user = 5}));
  const auto ids = [&](ExecRequest exec) {
    const UniqueFd out = open_file(dir_.path() / "out", O_RDWR | O_CREAT | O_TRUNC);
    exec.id = id_;
    exec.args = {"/usr/bin/sh", "-c", "echo $(id -u) $(id -G)"};
    exec.stdio = {-1, out.get(), 2};
    EXPECT_EQ(runtime_->exec(exec).wait(10s).value().code, 0);
    return read("out");
  };
  EXPECT_EQ(ids({}), "5 5\n");
  EXPECT_EQ(ids({.uid = 1}), "1 5\n");
  EXPECT_EQ(ids({.uid = 1, .gid = 2, .added_gids = {9, 10}}), "1 2 9 10\n");
  EXPECT_EQ(warnings_, "");
  EXPECT_EQ(ids({.added_capabilities = {"CAP_NOSUCH"}}), "5 5\n");
  EXPECT_THAT(warnings_, HasSubstr("CAP_NOSUCH"));
  runtime_->remove(id_, true);
  EXPECT_EQ(child.wait(10s).value().code, 128 + SIGKILL);
}

TEST_F(ExecTest, ATerminalOfAnExecHasTheSizeOfTheContainers) {
  Child child =
      runtime_->run(request({.command = "exec sleep 1000",
                             .terminal = R"(true, "consoleSize": {"height": 11, "width": 22})"}));
  Child process = runtime_->exec({.id = id_, .args = {"/usr/bin/sleep", "1000"}, .terminal = true});
  winsize size{};
  EXPECT_EQ(::ioctl(process.console_master().get(), TIOCGWINSZ, &size), 0);
  EXPECT_EQ(size.ws_row, 11);
  EXPECT_EQ(size.ws_col, 22);
  ::kill(process.pid(), SIGKILL);
  process.wait(5s);
  runtime_->remove(id_, true);
  EXPECT_EQ(child.wait(10s).value().code, 128 + SIGKILL);
}

}  // namespace
}  // namespace seatrial::runtime
