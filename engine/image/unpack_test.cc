#include "engine/image/unpack.h"

#include <gmock/gmock.h>
#include <malloc.h>

#include "engine/image/hasher.h"
#include "engine/image/layer_fixture.h"
#include "engine/image/layer_root.h"
#include "engine/image/pack.h"

namespace seatrial::image::testing {
namespace {

using ::testing::HasSubstr;

class Unpack : public LayerTest {
 protected:
  std::string packed(PackForm form) const {
    std::string bytes;
    TarWriter writer([&](std::span<const std::byte> part) {
      bytes.append(reinterpret_cast<const char*>(part.data()), part.size());
    });
    const UniqueFd fd = open_file(layer(), O_RDONLY | O_DIRECTORY);
    pack(fd.get(), form, writer);
    writer.finish();
    return bytes;
  }
};

// One of everything.
std::vector<Item> everything() {
  return {dir("./", 0711),
          dir("d", 01777),
          {.name = "d/setuid",
           .mode = S_IFREG | 04755,
           .content = "x",
           .uid = 1000,
           .gid = 2000,
           .seconds = 1234567890,
           .nanoseconds = 987654321},
          {.name = "d/capable",
           .content = "c",
           .xattrs = {{"security.capability",
                       std::string("\1\0\0\2\0\4\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20)},
                      {"user.note", "hello"}}},
          symlink("d/link", "/anywhere"),
          hard_link("d/second", "d/setuid"),
          {.name = "null", .mode = S_IFCHR | 0666, .major = 1, .minor = 3},
          {.name = "pipe", .mode = S_IFIFO | 0600},
          file("sch\xc3\xb6n", "utf-8"),
          file("raw\xff", "not utf-8"),
          file("implied/deep/file", "y"),
          file(std::string(200, 'n') + "/" + std::string(200, 'm'), "long")};
}

TEST_F(Unpack, KeepsWhatAnArchiveHolds) {
  const std::string bytes = tar(everything());
  const UnpackResult result = unpack(bytes);
  EXPECT_EQ(result.diff_id, digest_of(bytes));
  EXPECT_EQ(result.bytes, bytes.size());
  EXPECT_EQ(status(".").st_mode, S_IFDIR | 0711U);
  EXPECT_EQ(status("d").st_mode, S_IFDIR | 01777U);
  EXPECT_EQ(status("d").st_mtim.tv_sec, 1);  // although entries were made in it
  const struct stat setuid = status("d/setuid");
  EXPECT_EQ(setuid.st_mode, S_IFREG | 04755U);
  EXPECT_EQ(setuid.st_uid, 1000U);
  EXPECT_EQ(setuid.st_gid, 2000U);
  EXPECT_EQ(setuid.st_mtim.tv_sec, 1234567890);
  EXPECT_EQ(setuid.st_mtim.tv_nsec, 987654321);
  EXPECT_EQ(status("d/second").st_ino, setuid.st_ino);
  EXPECT_EQ(xattr("d/capable", "security.capability").size(), 20U);
  EXPECT_EQ(xattr("d/capable", "user.note"), "hello");
  EXPECT_EQ(std::filesystem::read_symlink(layer() / "d/link"), "/anywhere");
  EXPECT_EQ(status("null").st_rdev, ::makedev(1, 3));
  EXPECT_EQ(status("null").st_mode, S_IFCHR | 0666U);
  EXPECT_TRUE(S_ISFIFO(status("pipe").st_mode));
  EXPECT_EQ(content("sch\xc3\xb6n"), "utf-8");
  EXPECT_EQ(content("raw\xff"), "not utf-8");
  EXPECT_EQ(status("implied").st_mode, S_IFDIR | 0755U);
  EXPECT_EQ(content(std::string(200, 'n') + "/" + std::string(200, 'm')), "long");
}

TEST_F(Unpack, OfAnArchiveThatIsNoLayerKnowsNoWhiteouts) {
  unpack({dir("d"), file("d/x", "kept")});
  const UniqueFd fd = open_file(layer(), O_RDONLY | O_DIRECTORY);
  unpack_archive(
      std::make_unique<Bytes>(tar({file("d/.wh.x", "a file"), file(".wh.e/in", "below")})),
      fd.get());
  EXPECT_EQ(read_file(layer() / "d/x"), "kept");
  EXPECT_EQ(read_file(layer() / "d/.wh.x"), "a file");
  EXPECT_EQ(read_file(layer() / ".wh.e/in"), "below");
}

TEST_F(Unpack, PackingItAgainGivesTheSameBytesEachTime) {
  unpack(everything());
  const std::string first = packed(PackForm::kTree);
  EXPECT_EQ(first, packed(PackForm::kTree));
  remove_tree(layer());
  std::filesystem::create_directories(layer());
  unpack(first);
  EXPECT_EQ(packed(PackForm::kTree), first);
  EXPECT_EQ(status("d/second").st_ino, status("d/setuid").st_ino);
  EXPECT_EQ(content("raw\xff"), "not utf-8");
}

TEST_F(Unpack, WhiteoutsTakeOverlayfsForm) {
  unpack({dir("a"), file("a/.wh.gone", ""), dir("b"), file("b/.wh..wh..opq", ""),
          file("b/kept", "k"), file("c/d/.wh.e", ""), file(".wh..wh.plnk", "")});
  EXPECT_TRUE(is_whiteout(status("a/gone")));
  EXPECT_TRUE(is_whiteout(status("c/d/e")));
  EXPECT_EQ(xattr("b", kOpaqueXattr), "y");
  EXPECT_EQ(content("b/kept"), "k");
  EXPECT_FALSE(exists(".wh..wh.plnk"));
  EXPECT_FALSE(exists("a/.wh.gone"));
}

TEST_F(Unpack, WhiteoutsComeBackWhenPackedAsDiff) {
  const std::vector<Item> items{dir("a"), file("a/.wh.gone", ""), dir("b"),
                                file("b/.wh..wh..opq", ""), file("b/kept", "k")};
  unpack(items);
  const std::string diff = packed(PackForm::kDiff);
  remove_tree(layer());
  std::filesystem::create_directories(layer());
  unpack(diff);
  EXPECT_TRUE(is_whiteout(status("a/gone")));
  EXPECT_EQ(xattr("b", kOpaqueXattr), "y");
  EXPECT_EQ(content("b/kept"), "k");
}

TEST_F(Unpack, OpaqueAndWhiteoutSpareTheLayersOwnEntries) {
  unpack({dir("a"), file("a/own", "1"), file("a/.wh..wh..opq", ""), file("f", "2"),
          file(".wh.f", ""), dir("g"), file("g/x", "3"), file(".wh.g", "")});
  EXPECT_EQ(content("a/own"), "1");
  EXPECT_EQ(content("f"), "2");
  EXPECT_EQ(content("g/x"), "3");
  EXPECT_EQ(xattr("g", kOpaqueXattr), "y");
}

TEST_F(Unpack, WhatIsWhitedOutAndMadeAgainHidesTheOld) {
  unpack({file(".wh.a", ""), dir("a"), file(".wh.b", ""), file("b/x", ""), file(".wh.c", ""),
          file("c", "new")});
  EXPECT_EQ(xattr("a", kOpaqueXattr), "y");
  EXPECT_EQ(xattr("b", kOpaqueXattr), "y");
  EXPECT_EQ(content("c"), "new");
}

TEST_F(Unpack, LaterEntriesReplaceEarlierOnes) {
  unpack({file("a", "1"), file("a", "2"), dir("b"), file("b/x", ""), file("b", "file"),
          file("c", ""), dir("c"), symlink("d", "a"), file("d", "3"), dir("e", 0700),
          file("e/kept", "4"), dir("e", 0750)});
  EXPECT_EQ(content("a"), "2");
  EXPECT_EQ(content("b"), "file");
  EXPECT_TRUE(S_ISDIR(status("c").st_mode));
  EXPECT_TRUE(S_ISREG(status("d").st_mode));
  EXPECT_EQ(content("e/kept"), "4");
  EXPECT_EQ(status("e").st_mode, S_IFDIR | 0750U);
}

// More directories than are remembered, and then more entries for the first of them.
TEST_F(Unpack, GivesManyDirectoriesTheirTimes) {
  std::vector<Item> items{dir("./"), dir("a"), dir("a/b"), symlink("alias", "a")};
  for (int i = 0; i < 3000; ++i) items.push_back(dir("many" + std::to_string(i)));
  for (Item& item : items) item.seconds = 1000;
  items.push_back(file("a/b/late", "x"));
  items.push_back(file("alias/late", "x"));
  items.push_back(file("many0/implied/late", "x"));
  unpack(items);
  for (const char* name : {".", "a", "a/b", "alias", "many0", "many1", "many2999"}) {
    EXPECT_EQ(status(name).st_mtim.tv_sec, 1000) << name;
  }
  EXPECT_TRUE(exists("many0/implied/late"));
}

// A directory that was there before is changed, as by any program; those of the archive are as old
// as it says.
TEST_F(Unpack, OfAnArchiveChangesTheTimesOfWhatWasThere) {
  std::filesystem::create_directory(layer() / "there");
  const timespec old[2]{{1000, 0}, {1000, 0}};
  ASSERT_EQ(::utimensat(AT_FDCWD, (layer() / "there").c_str(), old, 0), 0);
  const timespec before = status("there").st_ctim;
  timespec now{};
  while (std::pair(now.tv_sec, now.tv_nsec) <= std::pair(before.tv_sec, before.tv_nsec)) {
    ::clock_gettime(CLOCK_REALTIME_COARSE, &now);
  }
  const UniqueFd fd = open_file(layer(), O_RDONLY | O_DIRECTORY);
  unpack_archive(
      std::make_unique<Bytes>(tar({file("there/x", "1"), dir("new"), file("new/x", "2")})),
      fd.get());
  EXPECT_GE(status("there").st_mtim.tv_sec, before.tv_sec);
  EXPECT_EQ(status("new").st_mtim.tv_sec, 1);
}

// What is remembered of the directories does not grow with their number.
TEST_F(Unpack, RemembersFewDirectories) {
  std::string place;
  for (int i = 0; i < 15; ++i) place += std::string(200, 'd') + "/";
  std::vector<Item> items;
  for (int i = 0; i < 8000; ++i) items.push_back(dir(place + std::to_string(i)));
  const std::string bytes = tar(items);
  items.clear();
  const UniqueFd fd = open_file(layer(), O_RDONLY | O_DIRECTORY);
  auto source = std::make_unique<Bytes>(bytes, 1u << 16);
  const auto taken = [] { return ::mallinfo2().uordblks; };
  const std::size_t before = taken();
  std::size_t most = 0;
  unpack_layer(std::move(source), fd.get(), {},
               [&](std::uint64_t) { most = std::max(most, taken()); });
  EXPECT_LT(most - std::min(before, most), 12u << 20);
}

TEST_F(Unpack, TakesADeepNameStepByStep) {
  std::string deep;
  for (int i = 0; i < 2000; ++i) deep += "d/";
  std::string through_a_link = "link/";
  for (int i = 0; i < 2000; ++i) through_a_link += "e/";
  unpack({file(deep + "x", "1"), symlink("link", "d"), file(through_a_link + "y", "2")});
  EXPECT_TRUE(exists(deep + "x"));
  EXPECT_TRUE(exists("d/e"));
  EXPECT_TRUE(exists(through_a_link + "y"));
}

TEST_F(Unpack, AnEmptyLayerIsALayer) {
  EXPECT_EQ(unpack(std::string(1024, '\0')).entries, 0U);
  EXPECT_EQ(unpack(std::string()).diff_id.hex(),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST_F(Unpack, HashesWhatFollowsTheEndOfTheArchive) {
  const std::string bytes = tar({file("a", "1")}) + std::string(100'000, '\0') + "tail";
  EXPECT_EQ(unpack(bytes).diff_id, digest_of(bytes));
}

TEST_F(Unpack, LimitsEntriesAndBytes) {
  const std::string bytes = tar({file("a", ""), file("b", "")});
  EXPECT_EQ(unpack(bytes, {.entries = 2}).entries, 2U);
  for (const UnpackLimits limits : {UnpackLimits{.entries = 1}, UnpackLimits{.bytes = 1000}}) {
    try {
      unpack(bytes, limits);
      ADD_FAILURE() << "took it";
    } catch (const Error& failure) {
      EXPECT_EQ(failure.kind(), Kind::kExhausted);
    }
  }
}

}  // namespace
}  // namespace seatrial::image::testing
