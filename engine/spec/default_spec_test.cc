#include "engine/spec/default_spec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/mount.h>
#include <sys/resource.h>

#include "engine/spec/names.h"
#include "engine/spec/spec_fixture.h"

namespace seatrial::spec::testing {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::IsEmpty;

std::vector<std::string_view> namespaces(const Config& config) {
  std::vector<std::string_view> names;
  names.reserve(config.linux_.namespaces.size());
  for (const Namespace& entry : config.linux_.namespaces) names.push_back(to_string(entry.type));
  return names;
}

TEST(DefaultConfig, IsValidAndNeedsNothingThatThisBuildLacks) {
  const Config config = parse(default_config());
  EXPECT_EQ(config.oci_version, "1.3.0");
  EXPECT_EQ(config.hostname, "seatrial");
  EXPECT_TRUE(config.root.readonly);
  EXPECT_THAT(namespaces(config), ElementsAre("pid", "network", "ipc", "uts", "mount"));
}

TEST(DefaultConfig, AddsACgroupNamespaceWhereAsked) {
  EXPECT_THAT(namespaces(parse(default_config({.cgroup_namespace = true}))), Contains("cgroup"));
}

TEST(DefaultConfig, ContainsTheProcess) {
  const Process process = parse(default_config()).process.value();
  constexpr CapabilitySet kCapabilities = (1ULL << 29) | (1ULL << 5) | (1ULL << 10);
  EXPECT_TRUE(process.terminal);
  EXPECT_TRUE(process.no_new_privileges);
  EXPECT_THAT(process.args, ElementsAre("sh"));
  EXPECT_EQ(process.capabilities.value().bounding, kCapabilities);
  EXPECT_EQ(process.capabilities.value().effective, kCapabilities);
  EXPECT_EQ(process.capabilities.value().permitted, kCapabilities);
  EXPECT_EQ(process.rlimits.at(0).resource, RLIMIT_NOFILE);
  EXPECT_EQ(process.rlimits.at(0).hard, 1024U);
}

TEST(DefaultConfig, ContainsTheSevenMounts) {
  const Config config = parse(default_config());
  const auto at = [](const char* path) { return Field(&Mount::destination, path); };
  EXPECT_THAT(config.mounts, ElementsAre(at("/proc"), at("/dev"), at("/dev/pts"), at("/dev/shm"),
                                         at("/dev/mqueue"), at("/sys"), at("/sys/fs/cgroup")));
  EXPECT_NE(config.mounts.back().options.attributes_set & MOUNT_ATTR_RDONLY, 0U);
  EXPECT_FALSE(config.linux_.resources.devices.at(0).allow);
  EXPECT_THAT(config.linux_.masked_paths, Contains("/proc/kcore"));
  EXPECT_THAT(config.linux_.readonly_paths, Contains("/proc/sys"));
}

// What root alone may have is not in it: limits, a group that is not mapped, a new sysfs.
TEST(DefaultConfig, OfAnOrdinaryUserMapsThatUserAlone) {
  const Config config =
      parse(default_config({.rootless = RootlessOwner{.uid = 1000, .gid = 1001}}));
  EXPECT_THAT(namespaces(config), ElementsAre("pid", "ipc", "uts", "mount", "user"));
  ASSERT_EQ(config.linux_.uid_mappings.size(), 1U);
  ASSERT_EQ(config.linux_.gid_mappings.size(), 1U);
  EXPECT_EQ(config.linux_.uid_mappings[0].host_id, 1000U);
  EXPECT_EQ(config.linux_.gid_mappings[0].host_id, 1001U);
  EXPECT_EQ(config.linux_.gid_mappings[0].size, 1U);
  EXPECT_THAT(config.linux_.resources.devices, IsEmpty());
  EXPECT_THAT(config.mounts.at(2).options.data,
              ElementsAre("newinstance", "ptmxmode=0666", "mode=0620"));
  EXPECT_EQ(config.mounts.at(5).source, "/sys");
  EXPECT_TRUE(config.mounts.at(5).options.bind_recursive);
}

}  // namespace
}  // namespace seatrial::spec::testing
