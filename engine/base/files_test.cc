#include "engine/base/files.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/base/error.h"

namespace seatrial {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

TEST(Files, AtomicWriteReplacesTheWholeContentAndLeavesNoTemporary) {
  const TempDir dir(fs::temp_directory_path());
  write_file_atomically(dir.path() / "state", "a long first content");
  write_file_atomically(dir.path() / "state", "short", 0600);
  EXPECT_EQ(read_file(dir.path() / "state"), "short");
  EXPECT_EQ(std::distance(fs::directory_iterator(dir.path()), fs::directory_iterator()), 1);
  EXPECT_EQ(fs::status(dir.path() / "state").permissions(),
            fs::perms::owner_read | fs::perms::owner_write);
}

TEST(Files, MissingFileIsNamed) {
  try {
    read_file("/nonexistent/config.json");
    FAIL() << "nothing was thrown";
  } catch (const Error& failure) {
    EXPECT_THAT(failure.what(), HasSubstr("/nonexistent/config.json"));
    EXPECT_EQ(failure.kind(), Kind::kNotFound);
  }
}

TEST(Files, TooLargeAFileIsRefused) {
  const TempDir dir(fs::temp_directory_path());
  write_file_atomically(dir.path() / "big", std::string(100, 'x'));
  EXPECT_EQ(read_file(dir.path() / "big", 100).size(), 100U);
  EXPECT_THROW(read_file(dir.path() / "big", 99), Error);
}

TEST(TempDir, MovedFromIsEmpty) {
  TempDir first(fs::temp_directory_path());
  const fs::path path = first.path();
  const TempDir second = std::move(first);
  EXPECT_TRUE(first.path().empty());  // NOLINT(bugprone-use-after-move)
  EXPECT_EQ(second.path(), path);
}

TEST(TempDir, AssignmentRemovesWhatWasHeld) {
  TempDir first(fs::temp_directory_path());
  const fs::path old = first.path();
  first = TempDir(fs::temp_directory_path());
  EXPECT_FALSE(fs::exists(old));
  EXPECT_TRUE(fs::exists(first.path()));
}

TEST(TempDir, ReleaseDisarms) {
  fs::path path;
  {
    TempDir dir(fs::temp_directory_path());
    path = dir.release();
  }
  EXPECT_TRUE(fs::exists(path));
  remove_tree(path);
}

TEST(TempDir, RemovesItsContent) {
  fs::path path;
  {
    const TempDir dir(fs::temp_directory_path());
    path = dir.path();
    fs::create_directories(path / "a/b");
  }
  EXPECT_FALSE(fs::exists(path));
}

}  // namespace
}  // namespace seatrial
