// Containers in cgroups that stood before and that others live in: all of the container's processes
// are found, and nobody else's.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <thread>

#include "engine/cgroup/cgroup_fixture.h"
#include "engine/runtime/record.h"
#include "engine/runtime/runtime_fixture.h"
#include "engine/sys/pid_fd.h"

namespace seatrial::runtime {
namespace {

using namespace std::chrono_literals;
using cgroup::TestChild;
using testing::AllOf;
using testing::HasSubstr;
using testing::SizeIs;

enum class PidNamespace { kOwn, kHosts };

class SharedCgroupTest : public RuntimeTest, public testing::WithParamInterface<PidNamespace> {
 protected:
  void SetUp() override {
    RuntimeTest::SetUp();
    if (!runtime_) return;
    shared_.emplace(cgroup::Cgroup::create(cgroup::Layout::detect(), path_, "unused"));
    shared_->add(neighbour_.pid());
  }

  void TearDown() override {
    if (shared_) {
      EXPECT_TRUE(lives(neighbour_.pid())) << "somebody else's process was killed";
      shared_->kill_all(std::chrono::steady_clock::now() + 5s);
      shared_->remove(std::chrono::steady_clock::now() + 5s);
    }
    RuntimeTest::TearDown();
  }

  static bool lives(pid_t pid) { return identify(pid).is_alive(); }

  Child run(const std::string& command) {
    CreateRequest made = request({.command = command});
    std::string text = config_text({.command = command});
    const std::string section = "\"linux\": {";
    text.insert(text.find(section) + section.size(),
                fmt::format("\"cgroupsPath\": \"{}\", ", path_));
    const std::string pid_namespace = R"({"type": "pid"}, )";
    if (GetParam() == PidNamespace::kHosts) {
      text.erase(text.find(pid_namespace), pid_namespace.size());
    }
    write_file_atomically(dir_.path() / "config.json", text);
    return runtime_->run(made);
  }

  Child exec() {
    return runtime_->exec({.id = id_, .args = {"/usr/bin/sleep", "1000"}, .stdio = {-1, 1, 2}});
  }

  const std::string path_ = "/" + id_ + "-shared";
  TestChild neighbour_{[] { ::pause(); }};
  std::optional<cgroup::Cgroup> shared_;
};

TEST_P(SharedCgroupTest, KillAllReachesTheContainersProcessesAndNobodyElses) {
  Child init = run("exec sleep 1000");
  Child more = exec();
  std::vector<pid_t> own{init.pid(), more.pid()};
  std::ranges::sort(own);
  EXPECT_EQ(runtime_->processes(id_), own);
  runtime_->kill(id_, SIGKILL, true);
  EXPECT_EQ(more.wait(10s).value().code, 128 + SIGKILL);
  EXPECT_EQ(init.wait(10s).value().code, 128 + SIGKILL);
  EXPECT_THAT(failure_of([&] { runtime_->kill(id_, SIGKILL, true); }),
              HasSubstr("container not running"));
  runtime_->remove(id_);
}

TEST_P(SharedCgroupTest, DeleteByForceLeavesNoneOfThem) {
  Child init = run("exec sleep 1000");
  Child more = exec();
  // The end of a pid namespace waits until all in it are reaped.
  std::optional<ExitStatus> end_of_more;
  std::jthread reaper([&] { end_of_more = more.wait(20s); });
  runtime_->remove(id_, true);
  reaper.join();
  EXPECT_EQ(end_of_more.value().code, 128 + SIGKILL);
  EXPECT_EQ(init.wait(10s).value().code, 128 + SIGKILL);
}

// With a pid namespace there are none.
TEST_P(SharedCgroupTest, WhoOutlivesInitIsStillFound) {
  const std::size_t left = GetParam() == PidNamespace::kHosts ? 2 : 0;
  Child init = run("sleep 1000 & sleep 1000 & exit 3");
  EXPECT_EQ(init.wait(10s).value().code, 3);
  EXPECT_EQ(runtime_->state(id_).status, spec::Status::kStopped);
  const std::vector<pid_t> pids = runtime_->processes(id_);
  EXPECT_THAT(pids, SizeIs(left));
  if (left != 0) {
    runtime_->kill(id_, SIGSTOP, true);
    EXPECT_THAT(runtime_->processes(id_), SizeIs(left));  // control: it is no end of theirs
  }
  runtime_->remove(id_);
  for (const pid_t pid : pids) {
    const auto process = sys::PidFd::open(pid);
    EXPECT_TRUE(!process || process->wait_exit(sys::after(10s))) << pid;
  }
  EXPECT_EQ(cgroup::processes_in(shared_->identity().members.front().directory),
            std::vector{neighbour_.pid()});
}

TEST_P(SharedCgroupTest, ARefusedPauseTellsWhoSharesTheCgroup) {
  Child init = run("exec sleep 1000");
  EXPECT_THAT(failure_of([&] { runtime_->pause(id_); }),
              AllOf(HasSubstr("pause " + id_), HasSubstr(path_ + " is not the container's own"),
                    HasSubstr(fmt::format("also stop process {}", neighbour_.pid()))));
  runtime_->remove(id_, true);
  init.wait(10s);
}

INSTANTIATE_TEST_SUITE_P(Namespaces, SharedCgroupTest,
                         testing::Values(PidNamespace::kOwn, PidNamespace::kHosts),
                         [](const auto& each) {
                           return each.param == PidNamespace::kOwn ? "OwnPid" : "HostsPid";
                         });

}  // namespace
}  // namespace seatrial::runtime
