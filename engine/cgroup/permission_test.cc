#include "engine/cgroup/permission.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "engine/base/error.h"
#include "engine/cgroup/fake_tree.h"
#include "engine/sys/ordinary_user.h"

namespace seatrial::cgroup {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StrEq;

// A tree of v2 that an ordinary user sees, and one of v1 beside it.
class PermissionTest : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can become another user";
    ::chmod(tree_.path().c_str(), 0755);
  }

  void give(const std::string& below) const {
    ASSERT_EQ(::chown(tree_.path(below).c_str(), sys::kOrdinaryUser, sys::kOrdinaryUser), 0);
  }

  Layout layout(const std::string& own = "/pod") const {
    return Layout::parse("30 1 0:26 / " + tree_.path() + " rw - cgroup2 cgroup2 rw\n",
                         "0::" + own + "\n");
  }

  // The path that is refused, as the user sees it; empty where nothing is.
  std::string refused(const std::string& cgroups_path, const std::string& own = "/pod") const {
    return sys::as_ordinary_user([&] {
      const auto found = refusals(layout(own), cgroups_path, "id");
      return found.empty() ? std::string() : found.front().path;
    });
  }

  FakeTree tree_{"memory"};
};

TEST_F(PermissionTest, ADirectoryThatMayNotBeWrittenRefuses) {
  EXPECT_EQ(refused("/pod/new"), tree_.path("/pod"));
  EXPECT_EQ(refused("/pod/new/below"), tree_.path("/pod"));
  EXPECT_EQ(refused("/new"), tree_.path());
  give("/pod");
  EXPECT_EQ(refused("/new"), tree_.path());
}

TEST_F(PermissionTest, WhatIsTheUsersOwnDoesNotRefuse) {
  tree_.file("pod/cgroup.procs");
  give("/pod");
  give("/pod/cgroup.procs");
  EXPECT_EQ(refused("/pod/new"), "");
  EXPECT_EQ(refused("/pod/new/below"), "");
}

// The way from the root's cgroup into one of the user's own leads over the root's cgroup.procs.
TEST_F(PermissionTest, AJoinIsAlsoJudgedByTheCgroupAboveBoth) {
  tree_.file("pod/cgroup.procs");
  tree_.file("cgroup.procs");
  give("/pod");
  give("/pod/cgroup.procs");
  EXPECT_EQ(refused("/pod/new", "/pod/box"), "");
  EXPECT_EQ(refused("/pod/new", "/elsewhere"), tree_.path("/cgroup.procs"));
  EXPECT_EQ(refused("/pod/new", "/"), tree_.path("/cgroup.procs"));
  EXPECT_EQ(refused("/pod/new", "/po"), tree_.path("/cgroup.procs")) << "not a part of a name";
}

TEST_F(PermissionTest, ADirectoryThatStandsIsJoinedByItsFile) {
  tree_.control("cgroup.procs");
  tree_.file("pod/cgroup.procs");
  give("/pod/box");
  give("/pod/cgroup.procs");
  EXPECT_EQ(refused("/pod/box"), tree_.path("/pod/box/cgroup.procs"));
  give("/pod/box/cgroup.procs");
  EXPECT_EQ(refused("/pod/box"), "");
}

class LimitsTest : public testing::Test {
 protected:
  // The message for these limits where that hierarchy refuses.
  static std::string failure(const spec::Resources& resources, const std::string& mountpoint) {
    const Layout layout = Layout::parse(
        "31 1 0:26 / /cg/memory rw - cgroup cgroup rw,memory\n"
        "32 1 0:27 / /cg/cpuset rw - cgroup cgroup rw,cpuset\n"
        "33 1 0:28 / /cg/unified rw - cgroup2 cgroup2 rw\n",
        "2:memory:/\n1:cpuset:/\n0::/\n");
    try {
      check_limits(layout, {{.mountpoint = mountpoint, .path = mountpoint, .sys_errno = EACCES}},
                   resources);
    } catch (const Error& refusal) {
      return refusal.what();
    }
    return "none";
  }
};

TEST_F(LimitsTest, ALimitIsRefusedByItsPathWhereItsHierarchyRefuses) {
  EXPECT_THAT(failure({.memory = spec::MemoryLimits{.limit = 1 << 20}}, "/cg/memory"),
              AllOf(HasSubstr("linux.resources.memory: needs a cgroup"), HasSubstr("/cg/memory"),
                    HasSubstr("EACCES")));
  EXPECT_THAT(failure({.memory = spec::MemoryLimits{.limit = 1 << 20}}, "/cg/unified"),
              StrEq("none"));
  EXPECT_THAT(failure({.cpu = spec::CpuLimits{.cpus = "0"}}, "/cg/cpuset"),
              HasSubstr("linux.resources.cpu.cpus"));
}

TEST_F(LimitsTest, WhatV1HasNotGoesToV2) {
  EXPECT_THAT(failure({.pids_limit = 7}, "/cg/unified"), HasSubstr("linux.resources.pids.limit"));
  EXPECT_THAT(failure({.cpu = spec::CpuLimits{.shares = 2}}, "/cg/unified"),
              HasSubstr("linux.resources.cpu:"));
  EXPECT_THAT(failure({.unified = {{"memory.high", "1"}}}, "/cg/unified"),
              HasSubstr("linux.resources.unified"));
}

TEST_F(LimitsTest, WhatLimitsNothingIsNoReasonToRefuse) {
  EXPECT_EQ(failure({.memory = spec::MemoryLimits{.limit = 0, .swap = -1}}, "/cg/memory"), "none");
  EXPECT_EQ(failure({.cpu = spec::CpuLimits{.shares = 0}, .pids_limit = -1}, "/cg/unified"),
            "none");
}

TEST(DelegatedControllers, AreTheOnlyOnesForLimits) {
  const FakeTree tree("pids cpu");
  const std::string pod = tree.path("/pod");
  const auto refusal = [&](const spec::Resources& resources) {
    try {
      check_delegated(pod, resources);
      return std::string();
    } catch (const Error& failure) {
      return std::string(failure.what());
    }
  };
  spec::Resources fits{.pids_limit = 5};
  fits.cpu = spec::CpuLimits{.shares = 5};
  fits.memory = spec::MemoryLimits{.limit = -1};
  fits.unified = {{"pids.max", "5"}, {"cgroup.max.depth", "3"}};
  EXPECT_EQ(refusal(fits), "");
  spec::Resources memory;
  memory.memory = spec::MemoryLimits{.limit = 5};
  EXPECT_THAT(refusal(memory),
              AllOf(testing::StartsWith("linux.resources.memory: needs the cgroup controller "
                                        "memory, which is not delegated to user "),
                    testing::EndsWith(pod + "/cgroup.controllers has pids cpu")));
  spec::Resources io;
  io.block_io = spec::BlockIoLimits{.weight = 10};
  EXPECT_THAT(refusal(io), HasSubstr("linux.resources.blockIO: needs the cgroup controller io,"));
  EXPECT_THAT(refusal({.unified = {{"rdma.max", "x"}}}),
              HasSubstr("linux.resources.unified.rdma.max: needs the cgroup controller rdma,"));
}

TEST(DevicesOfTheHost, AreRefusedWhereARuleKeepsThemBack) {
  const spec::Device fuse{.path = "/dev/fuse", .major = 10, .minor = 229};
  const spec::DeviceRule nothing{.allow = false};
  const spec::DeviceRule all_of_misc{.allow = true, .type = 'c', .major = 10};
  const spec::DeviceRule read_only{
      .allow = true, .type = 'c', .major = 10, .minor = 229, .write = false};
  const auto failure = [&](const std::vector<spec::DeviceRule>& rules) -> std::string {
    try {
      check_devices({fuse}, rules);
    } catch (const Error& refusal) {
      return refusal.what();
    }
    return "none";
  };
  EXPECT_EQ(failure({}), "none");
  EXPECT_EQ(failure({nothing, all_of_misc}), "none");
  EXPECT_THAT(failure({nothing}), AllOf(HasSubstr("linux.resources.devices"),
                                        HasSubstr("reading /dev/fuse, which linux.devices[0]")));
  EXPECT_THAT(failure({all_of_misc, nothing}), HasSubstr("reading /dev/fuse"));
  EXPECT_THAT(failure({nothing, read_only}), HasSubstr("writing to /dev/fuse"));
  EXPECT_THAT(failure({{.allow = true, .type = 'b', .major = 10}}), HasSubstr("reading"));
}

}  // namespace
}  // namespace seatrial::cgroup
