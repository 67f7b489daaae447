#include "engine/runtime/cgroup_owner.h"

#include <gtest/gtest.h>
#include <linux/mount.h>

namespace seatrial::runtime {
namespace {

spec::Config writable() {
  spec::Config config;
  config.process = spec::Process{};
  config.process->user.uid = 7;
  config.linux_.namespaces = {{.type = spec::NamespaceType::kCgroup}};
  config.mounts.emplace_back();
  config.mounts.back().destination = "/sys/fs/cgroup";
  config.mounts.back().type = "cgroup";
  return config;
}

TEST(CgroupOwner, IsTheUserOfTheProcess) {
  EXPECT_EQ(cgroup_owner(writable()), 7U);
}

TEST(CgroupOwner, IsMappedToTheHost) {
  spec::Config config = writable();
  config.linux_.namespaces.push_back({.type = spec::NamespaceType::kUser});
  config.linux_.uid_mappings = {{.container_id = 0, .host_id = 1000, .size = 5},
                                {.container_id = 5, .host_id = 2000, .size = 5}};
  EXPECT_EQ(cgroup_owner(config), 2002U);
  config.process->user.uid = 10;
  EXPECT_EQ(cgroup_owner(config), std::nullopt);
}

TEST(CgroupOwner, StaysWhereTheCgroupCannotBeWritten) {
  spec::Config readonly = writable();
  readonly.mounts.front().options.attributes_set = MOUNT_ATTR_RDONLY;
  EXPECT_EQ(cgroup_owner(readonly), std::nullopt);
  spec::Config absent = writable();
  absent.mounts.clear();
  EXPECT_EQ(cgroup_owner(absent), std::nullopt);
  spec::Config elsewhere = writable();
  elsewhere.mounts.front().destination = "/cgroup";
  EXPECT_EQ(cgroup_owner(elsewhere), std::nullopt);
}

TEST(CgroupOwner, StaysWithoutANamespaceOfTheContainers) {
  spec::Config config = writable();
  config.linux_.namespaces.front().path = "/proc/1/ns/cgroup";
  EXPECT_EQ(cgroup_owner(config), std::nullopt);
  config.linux_.namespaces.clear();
  EXPECT_EQ(cgroup_owner(config), std::nullopt);
}

}  // namespace
}  // namespace seatrial::runtime
