// Containers' snapshots, mounted for real. Everything happens in a mount namespace of the test's.
#include <gmock/gmock.h>
#include <sched.h>

#include <algorithm>

#include "engine/image/store_fixture.h"

namespace seatrial::image::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Snapshots : public StoreTest {
 protected:
  static void SetUpTestSuite() {
    ASSERT_EQ(::unshare(CLONE_NEWNS), 0);
    ASSERT_EQ(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr), 0);
  }

  void SetUp() override { std::filesystem::create_directory(target()); }
  void TearDown() override { ::umount2(target().c_str(), MNT_DETACH); }

  std::filesystem::path target() const { return root_.path() / "merged"; }
  std::string content(const std::string& name) const { return read_file(target() / name); }
  bool exists(const std::string& name) const {
    return std::filesystem::exists(std::filesystem::symlink_status(target() / name));
  }
  void write(const std::string& name, std::string_view text) const {
    write_all(open_file(target() / name, O_WRONLY | O_CREAT | O_TRUNC, 0644).get(), text, name);
  }
  std::string changes(std::string_view id) const {
    std::string text;
    for (const Change& change : store_.diff(id)) {
      text += fmt::format("{} {}\n", "CAD"[static_cast<std::size_t>(change.kind)], change.path);
    }
    return text;
  }

  ImageRecord stacked() const {
    return add("app", {tar({dir("./", 0711), dir("d"), file("d/low", "1"), file("gone", "1"),
                            file("both", "low"), dir("o"), file("o/old", "1")}),
                       tar({dir("./", 0701), file(".wh.gone", ""), file("both", "high"), dir("o"),
                            file("o/.wh..wh..opq", ""), file("o/new", "2")})});
  }
};

TEST_F(Snapshots, ShowTheStackOfLayers) {
  const ImageRecord image = stacked();
  store_.prepare("box", image.id);
  for (const OverlayApi api : {OverlayApi::kBest, OverlayApi::kLegacy}) {
    mount_overlay(store_.snapshot("box"), target(), api);
    EXPECT_EQ(content("d/low"), "1");
    EXPECT_EQ(content("both"), "high");
    EXPECT_FALSE(exists("gone"));
    EXPECT_FALSE(exists("o/old"));
    EXPECT_EQ(content("o/new"), "2");
    struct stat root{};
    ASSERT_EQ(::stat(target().c_str(), &root), 0);
    EXPECT_EQ(root.st_mode & 07777U, 0701U);
    ASSERT_EQ(::umount(target().c_str()), 0);
    EXPECT_TRUE(open_overlay({.lowers = store_.snapshot("box").lowers}, api));
  }
}

TEST_F(Snapshots, KeepWhatContainersWroteUntilRemoved) {
  store_.prepare("box", stacked().id);
  for (const Durability durability :
       {Durability::kDurable, Durability::kVolatile, Durability::kVolatile}) {
    store_.mount("box", target(), durability);
    if (durability == Durability::kDurable) write("mine", "x");
    EXPECT_EQ(content("mine"), "x");
    ASSERT_EQ(::umount(target().c_str()), 0);
  }
  EXPECT_THAT(store_.snapshots(), ElementsAre("box"));
  store_.remove_snapshot("box");
  store_.remove_snapshot("box");
  EXPECT_THAT(names_in("snapshots"), IsEmpty());
  EXPECT_THAT(failure_of(Kind::kNotFound, [&] { store_.snapshot("box"); }),
              HasSubstr("no snapshot"));
}

TEST_F(Snapshots, KeepTheLayersOfARemovedImage) {
  store_.prepare("box", stacked().id);
  store_.remove("app", true);
  EXPECT_THAT(store_.list(), IsEmpty());
  store_.mount("box", target());
  EXPECT_EQ(content("both"), "high");
  ASSERT_EQ(::umount(target().c_str()), 0);
  store_.remove_snapshot("box");
  store_.collect();
  EXPECT_THAT(names_in("image/layers"), IsEmpty());
}

TEST_F(Snapshots, RefuseNamesThatArePaths) {
  const ImageRecord image = stacked();
  for (const char* name : {"", ".", "..", "a/b", "../x"}) {
    EXPECT_THAT(failure_of(Kind::kInvalidArgument, [&] { store_.prepare(name, image.id); }),
                HasSubstr("cannot be a snapshot's name"));
  }
  store_.prepare("box", image.id);
  EXPECT_THAT(failure_of(Kind::kConflict, [&] { store_.prepare("box", image.id); }),
              HasSubstr("already"));
}

TEST_F(Snapshots, ALayerThatComesTwiceIsStackedOnce) {
  const std::string layer = tar({file("a", "1")});
  store_.prepare("box", add("twice", {layer, tar({file("a", "2")}), layer}).id);
  store_.mount("box", target());
  EXPECT_EQ(content("a"), "1");
}

TEST_F(Snapshots, OfAnEmptyImageAreEmpty) {
  store_.prepare("box", store_.add(put(std::vector<std::string>{}), std::nullopt).id);
  store_.mount("box", target());
  EXPECT_TRUE(std::filesystem::is_empty(target()));
  write("a", "1");
  EXPECT_EQ(changes("box"), "A /a\n");
}

TEST_F(Snapshots, MountManyLayers) {
  std::vector<std::string> layers;
  for (int count = 0; count < 60; ++count) {
    layers.push_back(tar({file("f" + std::to_string(count), "x")}));
  }
  store_.prepare("box", add("many", layers).id);
  for (const OverlayApi api : {OverlayApi::kBest, OverlayApi::kLegacy}) {
    mount_overlay(store_.snapshot("box"), target(), api);
    EXPECT_TRUE(exists("f0"));
    EXPECT_TRUE(exists("f59"));
    ASSERT_EQ(::umount(target().c_str()), 0);
  }
}

void change_everything(const std::filesystem::path& root) {
  std::filesystem::remove(root / "d/low");
  std::filesystem::create_directories(root / "fresh");
  std::filesystem::remove_all(root / "o");
  std::filesystem::create_directory(root / "o");  // becomes opaque
}

TEST_F(Snapshots, DiffTellsWhatChanged) {
  store_.prepare("box", stacked().id);
  store_.mount("box", target());
  EXPECT_EQ(changes("box"), "");
  change_everything(target());
  write("both", "mine");
  write("fresh/a", "1");
  EXPECT_EQ(changes("box"), "C /both\nC /d\nD /d/low\nA /fresh\nA /fresh/a\nC /o\nD /o/new\n");
}

TEST_F(Snapshots, OfOneLayerDiffTheSame) {
  store_.prepare("box", add("one", {tar({file("a", "1"), file(".wh.b", "")})}).id);
  store_.mount("box", target());
  std::filesystem::remove(target() / "a");
  write("b", "2");
  EXPECT_EQ(changes("box"), "D /a\nA /b\n");
}

TEST_F(Snapshots, CommitMakesAnImageThatShowsTheSame) {
  store_.prepare("box", stacked().id);
  store_.mount("box", target());
  change_everything(target());
  write("both", "mine");
  ASSERT_EQ(::umount(target().c_str()), 0);
  const ImageRecord image =
      store_.commit("box", {.config = spec::RunConfig{.cmd = {"x"}}, .comment = "why"},
                    spec::parse_reference("app:2"));
  EXPECT_THAT(image.config.config.cmd, ElementsAre("x"));
  EXPECT_EQ(image.config.history.back().comment, "why");
  EXPECT_EQ(image.config.diff_ids.size(), 3U);
  store_.prepare("second", image.id);
  store_.mount("second", target());
  EXPECT_EQ(content("both"), "mine");
  EXPECT_FALSE(exists("d/low"));
  EXPECT_TRUE(exists("fresh"));
  EXPECT_FALSE(exists("o/new"));
  EXPECT_FALSE(exists("o/old"));
  EXPECT_TRUE(exists("o"));
}

}  // namespace
}  // namespace seatrial::image::testing
