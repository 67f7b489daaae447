// Joined cgroups and the cgroup mount (v1). Needs root.
#include <fmt/format.h>
#include <sys/stat.h>

#include "engine/init/testing/container_test.h"

namespace seatrial::init {
namespace {

using testing::HasSubstr;
using testing::Not;

class InitCgroups : public ContainerTest {
 protected:
  void SetUp() override {
    ContainerTest::SetUp();
    if (IsSkipped()) return;
    for (const char* name : {"pids", "memory"}) {
      const std::string mountpoint = std::string("/sys/fs/cgroup/") + name;
      if (mkdir((mountpoint + cgroup()).c_str(), 0755) != 0) continue;
      host.cgroups.push_back(
          {.mountpoint = mountpoint, .name = name, .options = name, .cgroup = cgroup()});
    }
    if (host.cgroups.empty()) GTEST_SKIP() << "the host has no cgroup v1 hierarchies";
    config.mounts.push_back({.destination = "/sys/fs/cgroup",
                             .type = "cgroup",
                             .source = "cgroup",
                             .options = {.attributes_set = 1}});
  }
  void TearDown() override {
    for (const auto& hierarchy : host.cgroups) rmdir((hierarchy.mountpoint + cgroup()).c_str());
  }
  static std::string cgroup() { return fmt::format("/seatrial-init-{}", getpid()); }
};

TEST_F(InitCgroups, JoinsThemAndShowsOnlyItsOwn) {
  host.cgroups[0].name = "pids,more";
  host.cgroups[0].options = "pids,more";
  const Outcome outcome =
      run({"read:/sys/fs/cgroup/pids/cgroup.procs", "kind:/sys/fs/cgroup/more",
           "write:/sys/fs/cgroup/pids/cgroup.procs", "mkdir:/sys/fs/cgroup/x",
           "read:/sys/fs/cgroup/memory/cgroup.procs", "read:/proc/self/cgroup"});
  EXPECT_FALSE(outcome.failed) << outcome.sys_errno << outcome.detail;
  EXPECT_EQ(outcome.answer("read:/sys/fs/cgroup/pids/cgroup.procs"), "1");
  EXPECT_EQ(outcome.answer("read:/sys/fs/cgroup/memory/cgroup.procs"), "1");
  EXPECT_EQ(outcome.answer("kind:/sys/fs/cgroup/more"), "link pids,more");
  EXPECT_EQ(outcome.answer("write:/sys/fs/cgroup/pids/cgroup.procs"), "EROFS");
  EXPECT_EQ(outcome.answer("mkdir:/sys/fs/cgroup/x"), "EROFS");
  EXPECT_THAT(outcome.output, HasSubstr(cgroup()));
}

// Their tmpfs is read-only once all is mounted, and they are at once.
TEST_F(InitCgroups, LeavePlaceForWhatIsMountedBeside) {
  config.mounts.push_back(
      {.destination = "/sys/fs/cgroup/mine", .type = "tmpfs", .source = "tmpfs", .options = {}});
  const Outcome outcome = run({"write:/sys/fs/cgroup/mine/file",
                               "write:/sys/fs/cgroup/pids/cgroup.procs", "mkdir:/sys/fs/cgroup/x"});
  EXPECT_FALSE(outcome.failed) << outcome.sys_errno << outcome.detail;
  EXPECT_EQ(outcome.answer("write:/sys/fs/cgroup/mine/file"), "ok");
  EXPECT_EQ(outcome.answer("write:/sys/fs/cgroup/pids/cgroup.procs"), "EROFS");
  EXPECT_EQ(outcome.answer("mkdir:/sys/fs/cgroup/x"), "EROFS");
}

TEST_F(InitCgroups, MountsThemAnewInACgroupNamespace) {
  config.linux_.namespaces.push_back({.type = spec::NamespaceType::kCgroup, .path = {}});
  const Outcome outcome = run({"read:/sys/fs/cgroup/pids/cgroup.procs", "read:/proc/self/cgroup",
                               "write:/sys/fs/cgroup/pids/cgroup.procs"});
  EXPECT_FALSE(outcome.failed) << outcome.sys_errno << outcome.detail;
  EXPECT_EQ(outcome.answer("read:/sys/fs/cgroup/pids/cgroup.procs"), "1");
  EXPECT_EQ(outcome.answer("write:/sys/fs/cgroup/pids/cgroup.procs"), "EROFS");
  EXPECT_THAT(outcome.output, Not(HasSubstr(cgroup())));
}

}  // namespace
}  // namespace seatrial::init
