#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/inotify.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>
#include <thread>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/base/testing/deep_tree.h"

namespace seatrial {
namespace {

namespace fs = std::filesystem;
using testing::FewDescriptors;
using ::testing::HasSubstr;

// In memory, where many directories are made and removed in no time.
fs::path memory() {
  return fs::exists("/dev/shm") ? "/dev/shm" : fs::temp_directory_path();
}

// A chain of directories, each with a file in it; too deep for any path to name its end.
void make_chain(const fs::path& top, int levels) {
  fs::create_directory(top);
  UniqueFd here = open_file(top, O_RDONLY | O_DIRECTORY);
  for (int i = 0; i < levels; ++i) {
    ASSERT_EQ(::mkdirat(here.get(), "deeper", 0700), 0);
    ASSERT_TRUE(UniqueFd(::openat(here.get(), "file", O_CREAT | O_WRONLY | O_CLOEXEC, 0600)));
    here = UniqueFd(::openat(here.get(), "deeper", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    ASSERT_TRUE(here);
  }
}

// In a child with mounts of its own: what `body` says, empty when all was well.
std::string with_own_mounts(const std::function<std::string()>& body) {
  int ends[2];
  EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const UniqueFd from(ends[0]);
  UniqueFd to(ends[1]);
  const pid_t child = ::fork();
  if (child == 0) {
    std::string said = "no mounts of its own";
    if (::unshare(::geteuid() == 0 ? CLONE_NEWNS : CLONE_NEWNS | CLONE_NEWUSER) == 0 &&
        ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0) {
      said = body();
    }
    write_all(to.get(), said, "the pipe");
    ::_exit(0);
  }
  to.reset();
  std::string said = read_all(from.get(), "the pipe");
  EXPECT_EQ(::waitpid(child, nullptr, 0), child);
  return said;
}

TEST(RemoveTree, FollowsNoSymbolicLink) {
  const TempDir dir(memory());
  fs::create_directories(dir.path() / "kept");
  write_file_atomically(dir.path() / "kept/file", "kept");
  fs::create_directories(dir.path() / "gone/deep");
  fs::create_directory_symlink(dir.path() / "kept", dir.path() / "gone/deep/link");
  remove_tree(dir.path() / "gone");
  EXPECT_FALSE(fs::exists(dir.path() / "gone"));
  EXPECT_EQ(read_file(dir.path() / "kept/file"), "kept");
}

TEST(RemoveTree, AbsentIsFine) {
  EXPECT_NO_THROW(remove_tree("/nonexistent/tree"));
}

TEST(RemoveTree, NeedsFewDescriptorsForAnyDepth) {
  const TempDir dir(memory());
  make_chain(dir.path() / "deep", 5000);
  const FewDescriptors few(64);
  EXPECT_NO_THROW(remove_tree(dir.path() / "deep"));
  EXPECT_TRUE(fs::is_empty(dir.path()));
}

// Those that were let go of on the way down still have children on the way up.
TEST(RemoveTree, RemovesWhatLiesBesideADeepDirectory) {
  const TempDir dir(memory());
  fs::path place = dir.path() / "tree";
  for (int i = 0; i < 60; ++i) {
    for (const char* name : {"a/b", "m", "z/b"}) fs::create_directories(place / name);
    write_file_atomically(place / "a/file", "x");
    place /= "m";
  }
  remove_tree(dir.path() / "tree");
  EXPECT_TRUE(fs::is_empty(dir.path()));
}

TEST(RemoveTree, NamesWhatItCannotRemoveHoweverDeep) {
  const TempDir dir(memory());
  make_chain(dir.path() / "deep", 3000);
  const auto refusal = [&] {
    const FewDescriptors none(static_cast<rlim_t>(open_file("/", O_PATH).get()) + 20);
    try {
      remove_tree(dir.path() / "deep");
    } catch (const Error& failure) {
      return std::string(failure.what());
    }
    return std::string("nothing was refused");
  };
  const std::string sentence = refusal();
  EXPECT_THAT(sentence, HasSubstr((dir.path() / "deep/deeper").native()));
  EXPECT_THAT(sentence, HasSubstr("EMFILE"));
}

// Also one of the same file system, whose device number is no other.
TEST(RemoveTree, EntersNoMount) {
  const TempDir dir(memory());
  fs::create_directories(dir.path() / "kept");
  write_file_atomically(dir.path() / "kept/file", "kept");
  fs::create_directories(dir.path() / "gone/deep/mount");
  const std::string said = with_own_mounts([&]() -> std::string {
    const fs::path mount = dir.path() / "gone/deep/mount";
    if (::mount((dir.path() / "kept").c_str(), mount.c_str(), nullptr, MS_BIND, nullptr) != 0) {
      return "no bind mount";
    }
    try {
      remove_tree(dir.path() / "gone");
    } catch (const Error& failure) {
      return failure.kind() == Kind::kConflict ? failure.what() : "another kind of error";
    }
    return "nothing was refused";
  });
  EXPECT_EQ(said,
            fmt::format("remove {}/gone/deep/mount: it is a mount point", dir.path().native()));
  EXPECT_EQ(read_file(dir.path() / "kept/file"), "kept");
}

// Takes a directory elsewhere while its tree is removed, once the end of it has gone: it leads up
// to another place then. What the removal said.
std::string remove_while_it_is_moved(const fs::path& tree, const fs::path& to) {
  make_chain(tree, 5000);
  fs::path moved = tree;
  for (int i = 0; i < 100; ++i) moved /= "deeper";
  UniqueFd end = open_file(moved, O_RDONLY | O_DIRECTORY);
  while (UniqueFd next{::openat(end.get(), "deeper", O_RDONLY | O_DIRECTORY | O_CLOEXEC)}) {
    end = std::move(next);
  }
  const UniqueFd watch(::inotify_init1(IN_CLOEXEC));
  EXPECT_GE(::inotify_add_watch(watch.get(), fmt::format("/proc/self/fd/{}", end.get()).c_str(),
                                IN_DELETE_SELF),
            0);
  end.reset();  // or it would not be gone while we hold it
  std::thread mover([&] {
    char event[512];
    EXPECT_GT(::read(watch.get(), event, sizeof event), 0);
    ::rename(moved.c_str(), to.c_str());  // too late is no harm
  });
  std::string said;
  try {
    remove_tree(tree);
  } catch (const Error& failure) {
    said = failure.what();
  }
  mover.join();
  return said;
}

TEST(RemoveTree, ClimbsToNoOtherPlace) {
  std::string said;
  for (int attempt = 0; attempt < 20 && said.empty(); ++attempt) {
    const TempDir dir(memory());
    fs::create_directory(dir.path() / "other");
    write_file_atomically(dir.path() / "other/file", "kept");
    said = remove_while_it_is_moved(dir.path() / "tree", dir.path() / "other/moved");
    EXPECT_EQ(read_file(dir.path() / "other/file"), "kept");
  }
  EXPECT_THAT(said, HasSubstr("somebody moves it meanwhile"));
}

}  // namespace
}  // namespace seatrial
