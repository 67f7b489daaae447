#include "engine/sys/openat2.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <filesystem>

#include "engine/base/files.h"

namespace seatrial::sys {
namespace {

TEST(Openat2, StaysBeneathTheDirectory) {
  const TempDir dir("/tmp");
  std::filesystem::create_directories(dir.path() / "root/inside");
  std::filesystem::create_symlink("..", dir.path() / "root/out");
  std::filesystem::create_symlink("inside", dir.path() / "root/in");
  const UniqueFd root = open_file(dir.path() / "root", O_PATH | O_DIRECTORY);
  EXPECT_TRUE(openat2(root.get(), "in", O_PATH, RESOLVE_BENEATH));
  EXPECT_FALSE(openat2(root.get(), "out", O_PATH, RESOLVE_BENEATH));
  EXPECT_EQ(errno, EXDEV);
  EXPECT_FALSE(openat2(root.get(), "in", O_PATH, RESOLVE_NO_SYMLINKS));
  EXPECT_EQ(errno, ELOOP);
  const UniqueFd opened = openat2(root.get(), "inside", O_RDONLY, 0);
  EXPECT_EQ(::fcntl(opened.get(), F_GETFD), FD_CLOEXEC);
}

}  // namespace
}  // namespace seatrial::sys
