#include "engine/cgroup/layout.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/base/error.h"

namespace seatrial::cgroup {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// A systemd host in hybrid mode: co-mounted controllers, a named hierarchy, v2 at unified.
constexpr const char* kHybridMounts =
    "25 30 0:23 / /sys rw,nosuid,nodev,noexec,relatime shared:7 - sysfs sysfs rw\n"
    "31 25 0:26 / /sys/fs/cgroup ro,nosuid shared:9 - tmpfs tmpfs ro,mode=755\n"
    "32 31 0:27 / /sys/fs/cgroup/unified rw shared:10 - cgroup2 cgroup2 rw,nsdelegate\n"
    "33 31 0:28 / /sys/fs/cgroup/systemd rw shared:11 - cgroup cgroup rw,xattr,name=systemd\n"
    "36 31 0:31 / /sys/fs/cgroup/cpu,cpuacct rw shared:15 - cgroup cgroup rw,cpu,cpuacct\n"
    "37 31 0:32 / /sys/fs/cgroup/memory rw shared:16 - cgroup cgroup rw,memory\n"
    "38 31 0:33 / /mnt/with\\040space rw - cgroup cgroup rw,pids\n"
    "39 31 0:32 / /somewhere/memory rw - cgroup cgroup rw,memory\n";
constexpr const char* kHybridCgroups =
    "5:memory:/user.slice/job\n"
    "4:pids:/\n"
    "3:cpu,cpuacct:/user.slice\n"
    "1:name=systemd:/user.slice/user-0.slice/session-1.scope\n"
    "0::/user.slice/user-0.slice/session-1.scope\n";

std::string failure_of(std::string_view mountinfo, std::string_view cgroups) {
  try {
    Layout::parse(mountinfo, cgroups);
  } catch (const Error& failure) {
    return failure.what();
  }
  return "nothing was thrown";
}

TEST(Layout, HybridHostHasEachHierarchyOnceInMountOrder) {
  const Layout layout = Layout::parse(kHybridMounts, kHybridCgroups);
  std::vector<std::string> mountpoints;
  for (const Hierarchy& each : layout.hierarchies()) mountpoints.push_back(each.mountpoint);
  EXPECT_THAT(mountpoints, ElementsAre("/sys/fs/cgroup/unified", "/sys/fs/cgroup/systemd",
                                       "/sys/fs/cgroup/cpu,cpuacct", "/sys/fs/cgroup/memory",
                                       "/mnt/with space"));
  EXPECT_TRUE(layout.is_hybrid());
  EXPECT_FALSE(layout.is_pure_v2());
}

TEST(Layout, CoMountedControllersShareOneHierarchy) {
  const Layout layout = Layout::parse(kHybridMounts, kHybridCgroups);
  const Hierarchy* const cpu = layout.find("cpu");
  ASSERT_NE(cpu, nullptr);
  EXPECT_EQ(cpu, layout.find("cpuacct"));
  EXPECT_EQ(cpu->name, "cpu,cpuacct");
  EXPECT_EQ(cpu->mount_options, "cpu,cpuacct");
  EXPECT_EQ(cpu->own_cgroup, "/user.slice");
  EXPECT_EQ(layout.find("freezer"), nullptr);
}

TEST(Layout, NamedHierarchyKeepsItsName) {
  const Layout layout = Layout::parse(kHybridMounts, kHybridCgroups);
  const Hierarchy* const systemd = layout.find("name=systemd");
  ASSERT_NE(systemd, nullptr);
  EXPECT_EQ(systemd->mount_options, "name=systemd");
  EXPECT_EQ(systemd->name, "systemd");
  EXPECT_EQ(systemd->own_cgroup, "/user.slice/user-0.slice/session-1.scope");
}

TEST(Layout, PureV2IsToldApart) {
  const Layout layout = Layout::parse(
      "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw,nsdelegate\n", "0::/init.scope\n");
  EXPECT_TRUE(layout.is_pure_v2());
  EXPECT_FALSE(layout.is_hybrid());
  EXPECT_TRUE(layout.hierarchies().front().v2);
  EXPECT_EQ(layout.hierarchies().front().own_cgroup, "/init.scope");
}

// The runtime is in its own cgroup, and below that no controller could be enabled.
TEST(Layout, RelativePathsStartAboveOwnCgroupOnPureV2) {
  const auto base = [](std::string_view cgroups) {
    return Layout::parse("30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n", cgroups)
        .hierarchies()
        .front()
        .base;
  };
  EXPECT_EQ(base("0::/\n"), "/");
  EXPECT_EQ(base("0::/init.scope\n"), "/");
  EXPECT_EQ(base("0::/system.slice/engine.service\n"), "/system.slice");
  const Layout hybrid = Layout::parse(kHybridMounts, kHybridCgroups);
  for (const Hierarchy& each : hybrid.hierarchies()) EXPECT_EQ(each.base, each.own_cgroup);
}

TEST(Layout, MountOfAPartShowsOwnCgroupRelativeToIt) {
  // As inside a container without a cgroup namespace.
  const Layout inside =
      Layout::parse("9 1 0:32 /docker/abc /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n",
                    "5:memory:/docker/abc/nested\n");
  EXPECT_EQ(inside.hierarchies().front().own_cgroup, "/nested");
  const Layout at_root =
      Layout::parse("9 1 0:32 /docker/abc /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n",
                    "5:memory:/docker/abc\n");
  EXPECT_EQ(at_root.hierarchies().front().own_cgroup, "/");
  const Layout neighbour =
      Layout::parse("9 1 0:32 /docker/abc /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n",
                    "5:memory:/docker/abcdef\n");
  EXPECT_EQ(neighbour.hierarchies().front().own_cgroup, "/");
}

TEST(Layout, HostWithoutCgroupsIsRefused) {
  EXPECT_THAT(failure_of("22 27 0:21 / /proc rw - proc proc rw\n", "0::/\n"),
              HasSubstr("no cgroup file system is mounted"));
}

TEST(Layout, BrokenLinesAreNamed) {
  EXPECT_THAT(failure_of("22 27 0:21 / /proc rw proc\n", "0::/\n"),
              HasSubstr("\"22 27 0:21 / /proc rw proc\""));
  EXPECT_THAT(failure_of(kHybridMounts, "memory\n"), HasSubstr("\"memory\""));
  EXPECT_THAT(failure_of(kHybridMounts, "4:memory:relative\n"), HasSubstr("relative"));
}

TEST(ResolvePath, AbsoluteStartsAtTheMountpoint) {
  const Hierarchy hierarchy{.base = "/user.slice"};
  EXPECT_EQ(resolve_path(hierarchy, "/a//b/", "box"), "/a/b");
  EXPECT_THROW(resolve_path(hierarchy, "/", "box"), Error);
  EXPECT_THROW(resolve_path(hierarchy, "//", "box"), Error);
}

TEST(ResolvePath, RelativeAndEmptyStartAtTheBase) {
  const Hierarchy nested{.base = "/user.slice"};
  EXPECT_EQ(resolve_path(nested, "a/b", "box"), "/user.slice/a/b");
  EXPECT_EQ(resolve_path(nested, "", "box"), "/user.slice/box");
  const Hierarchy at_root{};
  EXPECT_EQ(resolve_path(at_root, "", "box"), "/box");
}

TEST(ResolvePath, DotsAreRefusedByName) {
  const Hierarchy hierarchy{};
  EXPECT_EQ(resolve_path(hierarchy, "/a/..b/.c", "box"), "/a/..b/.c");  // control: only names
  for (const char* path : {"/../x", "a/../../x", "/a/./b", ".."}) {
    try {
      resolve_path(hierarchy, path, "box");
      FAIL() << path << " was accepted";
    } catch (const Error& failure) {
      EXPECT_EQ(failure.kind(), Kind::kInvalidArgument);
      EXPECT_THAT(failure.what(), HasSubstr("linux.cgroupsPath"));
      EXPECT_THAT(failure.what(), HasSubstr(path));
    }
  }
}

}  // namespace
}  // namespace seatrial::cgroup
