#include "engine/sys/mount_table.h"

#include <gmock/gmock.h>

#include "engine/base/error.h"

namespace seatrial::sys {
namespace {

using testing::SizeIs;

TEST(MountTable, LineIsReadWithTagsAndEscapes) {
  const auto mounts = parse_mount_table(
      "36 35 98:0 /mnt1 /mnt\\0402 rw,noatime shared:1 master:2 - ext3 /dev/root rw,errors=x\n"
      "37 35 0:21 / /proc rw - proc proc rw\n");
  ASSERT_THAT(mounts, SizeIs(2));
  EXPECT_EQ(mounts[0].id, 36U);
  EXPECT_EQ(mounts[0].root, "/mnt1");
  EXPECT_EQ(mounts[0].mountpoint, "/mnt 2");
  EXPECT_EQ(mounts[0].type, "ext3");
  EXPECT_EQ(mounts[0].source, "/dev/root");
  EXPECT_EQ(mounts[1].mountpoint, "/proc");
}

TEST(MountTable, EmptySourceIsNoBrokenLine) {
  const auto mounts = parse_mount_table("37 35 0:21 / /x rw - tmpfs  rw,size=1k\n");
  ASSERT_THAT(mounts, SizeIs(1));
  EXPECT_EQ(mounts[0].source, "");
  EXPECT_EQ(mounts[0].super_options, "rw,size=1k");
}

TEST(MountTable, BrokenLineIsNamed) {
  EXPECT_THROW(parse_mount_table("37 35 0:21 / /x rw tmpfs\n"), Error);
}

}  // namespace
}  // namespace seatrial::sys
