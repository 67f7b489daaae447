#include "engine/volume/volumes.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/volume/volume_name.h"

namespace seatrial::volume {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::MatchesRegex;

class VolumesTest : public testing::Test {
 protected:
  template <typename Action>
  std::string failure(Kind kind, const Action& action) {
    try {
      action();
    } catch (const Error& failure) {
      EXPECT_EQ(failure.kind(), kind);
      return failure.what();
    }
    return "(it did not fail)";
  }
  std::vector<std::string> names() {
    std::vector<std::string> names;
    for (const Volume& volume : volumes_.list()) names.push_back(volume.name);
    return names;
  }

  TempDir dir_{fs::temp_directory_path()};
  Volumes volumes_{dir_.path() / "volumes"};
};

TEST_F(VolumesTest, CreateIsIdempotentAndKeepsTheFirstLabels) {
  const Volume made = volumes_.create("web", {{"a", "1"}});
  EXPECT_TRUE(fs::is_directory(made.mountpoint));
  EXPECT_EQ(made.mountpoint, dir_.path() / "volumes/web/_data");
  EXPECT_EQ(volumes_.create("web", {{"b", "2"}}).labels, made.labels);
  EXPECT_EQ(volumes_.find("web").created, made.created);
  EXPECT_FALSE(made.anonymous);
}

TEST_F(VolumesTest, AnonymousNamesAre64HexDigits) {
  const Volume made = volumes_.create("");
  EXPECT_THAT(made.name, MatchesRegex("[0-9a-f]{64}"));
  EXPECT_TRUE(volumes_.find(made.name).anonymous);
  EXPECT_NE(volumes_.create("").name, made.name);
}

TEST_F(VolumesTest, NamesKeepToDockersRule) {
  for (const char* name : {"ab", "A.b-c_1", "0x"}) EXPECT_TRUE(is_volume_name(name)) << name;
  for (const char* name : {"", "a", ".hidden", "-x", "_x", "a/b", "..", "a b", "a\n"}) {
    EXPECT_FALSE(is_volume_name(name)) << name;
  }
  EXPECT_THAT(failure(Kind::kInvalidArgument, [&] { volumes_.create("../up"); }),
              HasSubstr("\"../up\" is not a volume name"));
}

TEST_F(VolumesTest, RemoveRefusesWhileInUse) {
  volumes_.create("data");
  EXPECT_EQ(failure(Kind::kConflict, [&] { volumes_.remove("data", {"c1", "c2"}); }),
            "volume data is in use by c1, c2");
  volumes_.remove("data", {});
  EXPECT_EQ(failure(Kind::kNotFound, [&] { volumes_.remove("data", {}); }), "No such volume: data");
  EXPECT_TRUE(fs::is_empty(volumes_.root()));
}

TEST_F(VolumesTest, PruneTakesWhatIsUnusedAndTellsItsSize) {
  volumes_.create("kept");
  const Volume gone = volumes_.create("gone");
  write_file_atomically(gone.mountpoint / "file", std::string(100'000, 'x'));
  const Removed removed = volumes_.prune([](const Volume& each) { return each.name == "gone"; });
  EXPECT_THAT(removed.names, ElementsAre("gone"));
  EXPECT_GE(removed.bytes, 100'000U);
  EXPECT_THAT(names(), ElementsAre("kept"));
}

TEST_F(VolumesTest, FillHappensOnceAndOnlyOnAnEmptyVolume) {
  fs::create_directories(dir_.path() / "rootfs/data");
  write_file_atomically(dir_.path() / "rootfs/data/file", "image");
  const UniqueFd rootfs = open_file(dir_.path() / "rootfs", O_RDONLY | O_DIRECTORY);
  const Volume volume = volumes_.create("data");
  EXPECT_TRUE(volumes_.fill("data", rootfs.get(), "/data"));
  write_file_atomically(volume.mountpoint / "file", "changed");
  EXPECT_FALSE(volumes_.fill("data", rootfs.get(), "/data"));
  EXPECT_EQ(read_file(volume.mountpoint / "file"), "changed");
  EXPECT_FALSE(fs::exists(volume.mountpoint.parent_path() / "filling"));
}

TEST_F(VolumesTest, AFillThatWasCutShortIsBegunAgain) {
  fs::create_directories(dir_.path() / "rootfs/data");
  write_file_atomically(dir_.path() / "rootfs/data/file", "image");
  const UniqueFd rootfs = open_file(dir_.path() / "rootfs", O_RDONLY | O_DIRECTORY);
  const Volume volume = volumes_.create("data");
  write_file_atomically(volume.mountpoint / "half", "of it");
  write_file_atomically(volume.mountpoint.parent_path() / "filling", "");
  EXPECT_TRUE(volumes_.fill("data", rootfs.get(), "/data"));
  EXPECT_FALSE(fs::exists(volume.mountpoint / "half"));
  EXPECT_EQ(read_file(volume.mountpoint / "file"), "image");
}

TEST_F(VolumesTest, CleanTakesWhatACrashLeft) {
  volumes_.create("kept");
  fs::create_directories(volumes_.root() / ".new-abc/_data");
  fs::create_directories(volumes_.root() / ".gone-1-abc/_data/deep");
  EXPECT_THAT(names(), ElementsAre("kept"));
  EXPECT_EQ(volumes_.clean().size(), 2U);
  EXPECT_THAT(volumes_.clean(), IsEmpty());
  EXPECT_THAT(names(), ElementsAre("kept"));
}

TEST_F(VolumesTest, SeveralCreateTheSameNameAndGetOneVolume) {
  std::vector<std::thread> threads;
  for (int at = 0; at < 8; ++at) {
    threads.emplace_back([&, at] {
      Volumes own(dir_.path() / "volumes");
      own.create("shared", {{"by", std::to_string(at)}});
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(names(), ElementsAre("shared"));
  EXPECT_TRUE(volumes_.clean().empty());
}

}  // namespace
}  // namespace seatrial::volume
