#include "engine/spec/mount_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/mount.h>

#include <set>

namespace seatrial::spec {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// Attributes are given as set, clear.
struct Expected {
  std::vector<std::string> options;
  MountOptions result;
};

bool same(const MountOptions& left, const MountOptions& right) {
  return left.attributes_set == right.attributes_set &&
         left.attributes_clear == right.attributes_clear &&
         left.recursive_attributes_set == right.recursive_attributes_set &&
         left.recursive_attributes_clear == right.recursive_attributes_clear &&
         left.superblock_flags == right.superblock_flags && left.propagation == right.propagation &&
         left.propagation_recursive == right.propagation_recursive && left.bind == right.bind &&
         left.bind_recursive == right.bind_recursive && left.remount == right.remount &&
         left.silent == right.silent && left.copy_up == right.copy_up &&
         left.idmap == right.idmap && left.idmap_recursive == right.idmap_recursive &&
         left.data == right.data;
}

MountOptions attributes(std::uint64_t set, std::uint64_t clear) {
  return {.attributes_set = set, .attributes_clear = clear};
}

MountOptions recursive(std::uint64_t set, std::uint64_t clear) {
  return {.recursive_attributes_set = set, .recursive_attributes_clear = clear};
}

void expect_all(const std::vector<Expected>& table) {
  for (const Expected& expected : table) {
    std::string name;
    for (const std::string& option : expected.options) name += option + " ";
    EXPECT_TRUE(same(parse_mount_options(expected.options), expected.result)) << name;
  }
}

TEST(MountOptions, EachAttributeAlone) {
  expect_all({
      {{"ro"}, attributes(MOUNT_ATTR_RDONLY, 0)},
      {{"rw"}, attributes(0, MOUNT_ATTR_RDONLY)},
      {{"nosuid"}, attributes(MOUNT_ATTR_NOSUID, 0)},
      {{"suid"}, attributes(0, MOUNT_ATTR_NOSUID)},
      {{"nodev"}, attributes(MOUNT_ATTR_NODEV, 0)},
      {{"dev"}, attributes(0, MOUNT_ATTR_NODEV)},
      {{"noexec"}, attributes(MOUNT_ATTR_NOEXEC, 0)},
      {{"exec"}, attributes(0, MOUNT_ATTR_NOEXEC)},
      {{"nosymfollow"}, attributes(MOUNT_ATTR_NOSYMFOLLOW, 0)},
      {{"symfollow"}, attributes(0, MOUNT_ATTR_NOSYMFOLLOW)},
      {{"nodiratime"}, attributes(MOUNT_ATTR_NODIRATIME, 0)},
      {{"diratime"}, attributes(0, MOUNT_ATTR_NODIRATIME)},
      {{"noatime"}, attributes(MOUNT_ATTR_NOATIME, MOUNT_ATTR__ATIME)},
      {{"atime"}, attributes(0, MOUNT_ATTR__ATIME)},
      {{"strictatime"}, attributes(MOUNT_ATTR_STRICTATIME, MOUNT_ATTR__ATIME)},
      {{"nostrictatime"}, attributes(0, MOUNT_ATTR__ATIME)},
      {{"relatime"}, attributes(0, MOUNT_ATTR__ATIME)},
      {{"norelatime"}, {}},
      {{"defaults"}, {}},
  });
}

TEST(MountOptions, EachRecursiveAttributeAlone) {
  expect_all({
      {{"rro"}, recursive(MOUNT_ATTR_RDONLY, 0)},
      {{"rrw"}, recursive(0, MOUNT_ATTR_RDONLY)},
      {{"rnosuid"}, recursive(MOUNT_ATTR_NOSUID, 0)},
      {{"rsuid"}, recursive(0, MOUNT_ATTR_NOSUID)},
      {{"rnodev"}, recursive(MOUNT_ATTR_NODEV, 0)},
      {{"rdev"}, recursive(0, MOUNT_ATTR_NODEV)},
      {{"rnoexec"}, recursive(MOUNT_ATTR_NOEXEC, 0)},
      {{"rexec"}, recursive(0, MOUNT_ATTR_NOEXEC)},
      {{"rnosymfollow"}, recursive(MOUNT_ATTR_NOSYMFOLLOW, 0)},
      {{"rsymfollow"}, recursive(0, MOUNT_ATTR_NOSYMFOLLOW)},
      {{"rnodiratime"}, recursive(MOUNT_ATTR_NODIRATIME, 0)},
      {{"rdiratime"}, recursive(0, MOUNT_ATTR_NODIRATIME)},
      {{"rnoatime"}, recursive(MOUNT_ATTR_NOATIME, MOUNT_ATTR__ATIME)},
      {{"ratime"}, recursive(0, MOUNT_ATTR__ATIME)},
      {{"rstrictatime"}, recursive(MOUNT_ATTR_STRICTATIME, MOUNT_ATTR__ATIME)},
      {{"rnostrictatime"}, recursive(0, MOUNT_ATTR__ATIME)},
      {{"rrelatime"}, recursive(0, MOUNT_ATTR__ATIME)},
      {{"rnorelatime"}, {}},
  });
}

TEST(MountOptions, EachOtherOptionAlone) {
  expect_all({
      {{"sync"}, {.superblock_flags = MS_SYNCHRONOUS}},
      {{"dirsync"}, {.superblock_flags = MS_DIRSYNC}},
      {{"mand"}, {.superblock_flags = MS_MANDLOCK}},
      {{"lazytime"}, {.superblock_flags = MS_LAZYTIME}},
      {{"iversion"}, {.superblock_flags = MS_I_VERSION}},
      {{"async"}, {}},
      {{"nomand"}, {}},
      {{"nolazytime"}, {}},
      {{"noiversion"}, {}},
      {{"silent"}, {.silent = true}},
      {{"loud"}, {}},
      {{"remount"}, {.remount = true}},
      {{"bind"}, {.bind = true}},
      {{"rbind"}, {.bind = true, .bind_recursive = true}},
      {{"shared"}, {.propagation = MS_SHARED}},
      {{"rshared"}, {.propagation = MS_SHARED, .propagation_recursive = true}},
      {{"slave"}, {.propagation = MS_SLAVE}},
      {{"rslave"}, {.propagation = MS_SLAVE, .propagation_recursive = true}},
      {{"private"}, {.propagation = MS_PRIVATE}},
      {{"rprivate"}, {.propagation = MS_PRIVATE, .propagation_recursive = true}},
      {{"unbindable"}, {.propagation = MS_UNBINDABLE}},
      {{"runbindable"}, {.propagation = MS_UNBINDABLE, .propagation_recursive = true}},
      {{"tmpcopyup"}, {.copy_up = true}},
      {{"idmap"}, {.idmap = true}},
      {{"ridmap"}, {.idmap = true, .idmap_recursive = true}},
  });
}

TEST(MountOptions, TheLaterOfTwoWins) {
  expect_all({
      {{"ro", "rw"}, attributes(0, MOUNT_ATTR_RDONLY)},
      {{"rw", "ro"}, attributes(MOUNT_ATTR_RDONLY, 0)},
      {{"ro", "defaults"}, attributes(MOUNT_ATTR_RDONLY, 0)},
      {{"noatime", "relatime"}, attributes(0, MOUNT_ATTR__ATIME)},
      {{"noatime", "strictatime"}, attributes(MOUNT_ATTR_STRICTATIME, MOUNT_ATTR__ATIME)},
      {{"strictatime", "noatime"}, attributes(MOUNT_ATTR_NOATIME, MOUNT_ATTR__ATIME)},
      {{"noatime", "atime"}, attributes(0, MOUNT_ATTR__ATIME)},
      {{"strictatime", "atime"}, attributes(MOUNT_ATTR_STRICTATIME, MOUNT_ATTR__ATIME)},
      {{"noatime", "nostrictatime"}, attributes(MOUNT_ATTR_NOATIME, MOUNT_ATTR__ATIME)},
      {{"sync", "async", "lazytime"}, {.superblock_flags = MS_LAZYTIME}},
      {{"silent", "loud"}, {}},
      {{"rshared", "private"}, {.propagation = MS_PRIVATE}},
      {{"rbind", "bind"}, {.bind = true, .bind_recursive = true}},
      {{"ridmap", "idmap"}, {.idmap = true}},
  });
}

TEST(MountOptions, ARecursiveOptionOverrulesEarlierWordsAboutTheTop) {
  expect_all({
      {{"rw", "nosuid", "rro"},
       {.attributes_set = MOUNT_ATTR_NOSUID, .recursive_attributes_set = MOUNT_ATTR_RDONLY}},
      {{"rro", "rw"},
       {.attributes_clear = MOUNT_ATTR_RDONLY, .recursive_attributes_set = MOUNT_ATTR_RDONLY}},
      {{"noatime", "rrelatime"}, recursive(0, MOUNT_ATTR__ATIME)},
  });
}

TEST(MountOptions, WhatIsUnknownIsDataInOrder) {
  const MountOptions options =
      parse_mount_options({"mode=755", "ro", "size=1m", "READONLY", "", "nosuid,x"});
  EXPECT_THAT(options.data, ElementsAre("mode=755", "size=1m", "READONLY", "nosuid", "x"));
  EXPECT_EQ(options.attributes_set, std::uint64_t{MOUNT_ATTR_RDONLY});
}

TEST(MountOptions, DataFallsApartAtCommasAsForTheKernel) {
  EXPECT_THAT(parse_mount_options({"a=1,b,,c=2,"}).data, ElementsAre("a=1", "b", "c=2"));
  EXPECT_THAT(parse_mount_options({"context=\"x:c1,c2\",y"}).data,
              ElementsAre("context=\"x:c1,c2\"", "y"));
  EXPECT_THAT(parse_mount_options({"lowerdir=/a\\,b,x"}).data, ElementsAre("lowerdir=/a\\,b", "x"));
  EXPECT_THAT(parse_mount_options({","}).data, IsEmpty());
}

TEST(MountOptions, TheTableHoldsEachNameOnceAndKnowsThemAll) {
  std::set<std::string_view> names;
  for (const MountOption& option : mount_option_table()) {
    EXPECT_TRUE(names.insert(option.name).second) << option.name;
    EXPECT_THAT(parse_mount_options({std::string(option.name)}).data, IsEmpty()) << option.name;
  }
  EXPECT_EQ(names.size(), 62U);
}

}  // namespace
}  // namespace seatrial::spec
