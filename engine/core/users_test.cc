#include "engine/core/users.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "engine/base/error.h"
#include "engine/base/files.h"

namespace seatrial::core {
namespace {

using testing::ElementsAre;

const UserFiles kFiles{
    .passwd =
        "root:x:0:0:root:/root:/bin/sh\n#x:x:9:9::/:\nbroken\n"
        "web:x:33:44:Web:/srv:/bin/sh\n1000:x:7:8::/seven:/bin/sh\n",
    .group = "root:x:0:\nweb:x:44:\ndisk:x:6:root,web\naudio:x:29:web\n29:x:30:\n"};

std::string refusal(std::string_view text) {
  try {
    resolve_user(text, kFiles);
  } catch (const Error& failure) {
    EXPECT_EQ(failure.kind(), Kind::kInvalidArgument);
    return failure.what();
  }
  return "(it was taken)";
}

TEST(Users, EmptyMeansRootWithItsGroups) {
  const ResolvedUser user = resolve_user("", kFiles);
  EXPECT_EQ(user.user.uid, 0U);
  EXPECT_EQ(user.home, "/root");
  EXPECT_THAT(user.user.additional_gids, ElementsAre(0, 6));
  EXPECT_EQ(resolve_user("", {}).home, "/");
}

TEST(Users, NamesAndNumbersAreLookedUp) {
  const ResolvedUser named = resolve_user("web", kFiles);
  EXPECT_EQ(named.user.uid, 33U);
  EXPECT_EQ(named.user.gid, 44U);
  EXPECT_THAT(named.user.additional_gids, ElementsAre(6, 29, 44));
  EXPECT_EQ(resolve_user("33", kFiles).home, "/srv");
  // A number is that number, although a user and a group are called so.
  EXPECT_EQ(resolve_user("1000", kFiles).user.uid, 1000U);
  EXPECT_EQ(resolve_user("1000", kFiles).home, "/");
  EXPECT_EQ(resolve_user("7", kFiles).home, "/seven");
  EXPECT_EQ(resolve_user("web:29", kFiles).user.gid, 29U);
}

TEST(Users, NumbersNeedNotBeThere) {
  const ResolvedUser user = resolve_user("4242", kFiles);
  EXPECT_EQ(user.user.uid, 4242U);
  EXPECT_EQ(user.user.gid, 0U);
  EXPECT_EQ(user.home, "/");
  EXPECT_EQ(resolve_user("4242:5", kFiles).user.gid, 5U);
  EXPECT_THAT(resolve_user("4242:5", kFiles).user.additional_gids, ElementsAre(5));
}

TEST(Users, AGroupTakesTheListedOnesAway) {
  const ResolvedUser user = resolve_user("web:disk", kFiles);
  EXPECT_EQ(user.user.gid, 6U);
  EXPECT_THAT(user.user.additional_gids, ElementsAre(6));  // the primary one
  EXPECT_THAT(resolve_user("web:disk", kFiles, {"audio", "77"}).user.additional_gids,
              ElementsAre(6, 29, 77));
}

TEST(Users, UnknownNamesAreRefusedInDockersWords) {
  EXPECT_EQ(refusal("nobody"), "unable to find user nobody: no matching entries in passwd file");
  EXPECT_EQ(refusal("root:none"), "unable to find group none: no matching entries in group file");
  EXPECT_EQ(refusal("4294967295"), "user 4294967295 is out of range: ids go from 0 to 2147483647");
  EXPECT_EQ(refusal("-1"), "unable to find user -1: no matching entries in passwd file");
}

TEST(Users, FilesAreReadBeneathTheRoot) {
  const TempDir dir(std::filesystem::temp_directory_path());
  std::filesystem::create_directories(dir.path() / "rootfs/etc");
  write_file_atomically(dir.path() / "passwd", "host:x:1:1::/:\n");
  std::filesystem::create_symlink("../../passwd", dir.path() / "rootfs/etc/passwd");
  const UniqueFd root = open_file(dir.path() / "rootfs", O_RDONLY | O_DIRECTORY);
  EXPECT_EQ(read_user_files(root.get()).passwd, "");  // the link ends at the root's own /passwd
  write_file_atomically(dir.path() / "rootfs/passwd", "inside:x:1:1::/:\n");
  EXPECT_EQ(read_user_files(root.get()).passwd, "inside:x:1:1::/:\n");
  std::filesystem::create_symlink("/dev", dir.path() / "rootfs/etc/group");
  EXPECT_EQ(read_user_files(root.get()).group, "");
}

}  // namespace
}  // namespace seatrial::core
