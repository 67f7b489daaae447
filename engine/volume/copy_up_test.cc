#include "engine/volume/copy_up.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "engine/base/error.h"
#include "engine/base/files.h"

namespace seatrial::volume {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class CopyUp : public testing::Test {
 protected:
  void SetUp() override {
    fs::create_directories(source() / "sub");
    fs::create_directories(dir_.path() / "target");
  }
  fs::path rootfs() { return dir_.path() / "rootfs"; }
  fs::path source() { return rootfs() / "data"; }
  fs::path target() { return dir_.path() / "target"; }
  bool copy(std::string_view path = "/data") {
    const UniqueFd root = open_file(rootfs(), O_RDONLY | O_DIRECTORY);
    const UniqueFd to = open_file(target(), O_RDONLY | O_DIRECTORY);
    return copy_up(root.get(), path, to.get());
  }
  static struct stat status(const fs::path& path) {
    struct stat status{};
    if (::lstat(path.c_str(), &status) != 0) ADD_FAILURE() << "no " << path;
    return status;
  }

  TempDir dir_{fs::temp_directory_path()};
};

TEST_F(CopyUp, KeepsContentModesTimesAndAttributes) {
  write_file_atomically(source() / "sub/file", "hello", 04751);
  ASSERT_EQ(::chmod((source() / "sub/file").c_str(), 04751), 0);
  ASSERT_EQ(::setxattr((source() / "sub/file").c_str(), "user.word", "x", 1, 0), 0);
  const timespec times[2] = {{1, 2}, {3, 4}};
  ASSERT_EQ(::utimensat(AT_FDCWD, (source() / "sub/file").c_str(), times, 0), 0);
  ASSERT_EQ(::utimensat(AT_FDCWD, (source() / "sub").c_str(), times, 0), 0);
  ASSERT_EQ(::chmod(source().c_str(), 0700), 0);
  ASSERT_TRUE(copy());
  EXPECT_EQ(read_file(target() / "sub/file"), "hello");
  EXPECT_EQ(status(target() / "sub/file").st_mode & 07777, 04751U);
  EXPECT_EQ(status(target() / "sub/file").st_mtim.tv_nsec, 4);
  EXPECT_EQ(status(target() / "sub").st_mtim.tv_sec, 3);
  EXPECT_EQ(status(target()).st_mode & 07777, 0700U);
  char value[2]{};
  EXPECT_EQ(::getxattr((target() / "sub/file").c_str(), "user.word", value, 1), 1);
}

TEST_F(CopyUp, KeepsOwnersDevicesAndFifos) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can make devices and give files away";
  write_file_atomically(source() / "file", "");
  ASSERT_EQ(::chown((source() / "file").c_str(), 1234, 5678), 0);
  ASSERT_EQ(::mknod((source() / "null").c_str(), S_IFCHR | 0666, makedev(1, 3)), 0);
  ASSERT_EQ(::mkfifo((source() / "fifo").c_str(), 0600), 0);
  ASSERT_TRUE(copy());
  EXPECT_EQ(status(target() / "file").st_uid, 1234U);
  EXPECT_EQ(status(target() / "file").st_gid, 5678U);
  EXPECT_EQ(status(target() / "null").st_rdev, makedev(1, 3));
  EXPECT_TRUE(S_ISFIFO(status(target() / "fifo").st_mode));
}

TEST_F(CopyUp, KeepsLinksAndFollowsNone) {
  write_file_atomically(dir_.path() / "secret", "host");
  write_file_atomically(source() / "a", "one file");
  fs::create_hard_link(source() / "a", source() / "sub/b");
  fs::create_symlink(dir_.path() / "secret", source() / "out");
  fs::create_directory_symlink("..", source() / "up");
  ASSERT_TRUE(copy());
  EXPECT_EQ(status(target() / "a").st_ino, status(target() / "sub/b").st_ino);
  EXPECT_EQ(fs::read_symlink(target() / "out"), dir_.path() / "secret");
  EXPECT_EQ(fs::read_symlink(target() / "up"), "..");
}

TEST_F(CopyUp, ResolvesThePathInsideTheRoot) {
  fs::create_directories(dir_.path() / "outside");
  write_file_atomically(dir_.path() / "outside/secret", "host");
  write_file_atomically(source() / "inside", "image");
  fs::create_directory_symlink(dir_.path() / "outside", rootfs() / "absolute");
  fs::create_directory_symlink("../outside", rootfs() / "relative");
  fs::create_directory_symlink("/../../data", rootfs() / "climbs");
  EXPECT_FALSE(copy("/absolute"));
  EXPECT_FALSE(copy("/relative"));
  EXPECT_TRUE(is_empty_directory(open_file(target(), O_RDONLY | O_DIRECTORY).get()));
  EXPECT_TRUE(copy("/climbs"));
  EXPECT_TRUE(fs::exists(target() / "inside"));
}

TEST_F(CopyUp, AbsentIsFineAFileIsNot) {
  EXPECT_FALSE(copy("/nowhere"));
  write_file_atomically(rootfs() / "file", "");
  try {
    copy("/file");
    FAIL();
  } catch (const Error& failure) {
    EXPECT_EQ(failure.kind(), Kind::kConflict);
    EXPECT_THAT(failure.what(), HasSubstr("/file is not a directory"));
  }
}

}  // namespace
}  // namespace seatrial::volume
