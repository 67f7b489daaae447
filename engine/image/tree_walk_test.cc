#include "engine/image/tree_walk.h"

#include <fmt/ranges.h>
#include <gmock/gmock.h>

#include "engine/base/error.h"
#include "engine/base/testing/deep_tree.h"
#include "engine/image/pack.h"
#include "engine/image/store_fixture.h"

namespace seatrial::image::testing {
namespace {

using seatrial::testing::deep_path;
using seatrial::testing::FewDescriptors;
using seatrial::testing::make_deep_tree;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr int kDeep = 1500;     // levels; the path of the last is 3 kB
constexpr int kTooDeep = 3000;  // 6 kB, which no system call takes

// Writes down what it is shown, and lets a test do something in between.
class Notes : public TreeVisitor {
 public:
  void directory(int, const std::string& prefix, const std::vector<std::string>& names) override {
    seen.push_back(fmt::format("{}: {}", prefix, fmt::join(names, " ")));
    if (prefix == act_at) act();
  }
  bool entry(int, const std::string&, const std::string& path, const struct stat& status) override {
    if (!S_ISDIR(status.st_mode)) seen.push_back(path);
    return S_ISDIR(status.st_mode);
  }

  std::vector<std::string> seen;
  std::string act_at = "none";
  std::function<void()> act;
};

class TreeWalk : public ::testing::Test {
 protected:
  void make(const std::string& name) const {
    std::filesystem::create_directories((place() / name).parent_path());
    write_file_atomically(place() / name, "x");
  }
  std::filesystem::path place() const { return dir_.path(); }
  UniqueFd root() const { return open_file(place(), O_RDONLY | O_DIRECTORY); }

 private:
  TempDir dir_{"/dev/shm"};
};

TEST_F(TreeWalk, GoesThroughDirectoriesInTheOrderOfTheirNames) {
  for (const char* name : {"b/2", "b/1", "a", "c/d/3"}) make(name);
  std::filesystem::create_directory_symlink("b", place() / "link");
  Notes notes;
  walk_tree(root().get(), notes);
  EXPECT_THAT(notes.seen, ElementsAre(": a b c link", "a", "b/: 1 2", "b/1", "b/2", "c/: d",
                                      "c/d/: 3", "c/d/3", "link"));
  Notes one;
  walk_entry(root().get(), "c", one);
  EXPECT_THAT(one.seen, ElementsAre("c/: d", "c/d/: 3", "c/d/3"));
}

TEST_F(TreeWalk, NeedsFewDescriptorsForAnyDepth) {
  make_deep_tree(place(), kDeep);
  make("d/d/z");  // for the way up
  Notes notes;
  const UniqueFd directory = root();
  const FewDescriptors few(64);
  walk_tree(directory.get(), notes);
  ASSERT_EQ(notes.seen.size(), kDeep + 3U);
  EXPECT_EQ(notes.seen[kDeep + 1], deep_path(kDeep) + "end");
  EXPECT_EQ(notes.seen.back(), "d/d/z");
}

TEST_F(TreeWalk, RefusesAPathThatNothingCouldBeUnpackedTo) {
  make_deep_tree(place(), kTooDeep);
  Notes notes;
  const UniqueFd directory = root();
  EXPECT_EQ(
      failure_of(Kind::kUnsupported, [&] { walk_tree(directory.get(), notes); }),
      "a path of more than 4095 bytes cannot be unpacked again: \"" + deep_path(30) + "\"...");
}

// A container may put a link where a directory was let go of: the way up does not take it.
TEST_F(TreeWalk, FollowsNoLinkOnTheWayUp) {
  make_deep_tree(place() / "", 100);
  make("d/d/z");
  make("outside/d/z");
  Notes notes;
  notes.act_at = deep_path(90);
  notes.act = [&] {
    std::filesystem::rename(place() / "d/d", place() / "moved");
    std::filesystem::create_directory_symlink("../outside", place() / "d/d");
  };
  walk_entry(root().get(), "d", notes);
  EXPECT_EQ(notes.seen.back(), deep_path(100) + "end");
}

TEST_F(TreeWalk, LetsADeepTreeBePacked) {
  make_deep_tree(place(), kDeep);
  const TempDir copy("/dev/shm");
  std::string bytes;
  const UniqueFd directory = root();
  {
    const FewDescriptors few(64);
    TarWriter writer([&](std::span<const std::byte> part) {
      bytes.append(reinterpret_cast<const char*>(part.data()), part.size());
    });
    pack(directory.get(), PackForm::kDiff, writer);
    writer.finish();
  }
  const UniqueFd fd = open_file(copy.path(), O_RDONLY | O_DIRECTORY);
  EXPECT_EQ(unpack_layer(std::make_unique<Bytes>(bytes), fd.get()).entries, kDeep + 1U);
  EXPECT_TRUE(std::filesystem::exists(copy.path() / (deep_path(kDeep) + "end")));
}

using DeepSnapshot = StoreTest;

TEST_F(DeepSnapshot, IsComparedOrRefusedInOneSentence) {
  store_.prepare("deep", add("image", {tar({dir("d")})}).id);
  make_deep_tree(store_.snapshot("deep").upper, kDeep);
  {
    const FewDescriptors few(64);
    EXPECT_EQ(store_.diff("deep").size(), kDeep + 1U);
  }
  store_.prepare("too-deep", add("image", {tar({dir("d")})}).id);
  make_deep_tree(store_.snapshot("too-deep").upper, kTooDeep);
  const std::string sentence = "a path of more than 4095 bytes cannot be unpacked again: ";
  EXPECT_THAT(failure_of(Kind::kUnsupported, [&] { store_.diff("too-deep"); }),
              StartsWith(sentence));
  EXPECT_THAT(failure_of(Kind::kUnsupported, [&] { store_.commit("too-deep", {}, {}); }),
              StartsWith(sentence));
  store_.remove_snapshot("too-deep");  // which knows no such limit
}

}  // namespace
}  // namespace seatrial::image::testing
