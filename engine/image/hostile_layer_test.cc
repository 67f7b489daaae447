// Layers that attack: contained or refused in one sentence, and the victim beside the layer stays
// as it was. The classes are those of published advisories.
#include <gmock/gmock.h>

#include "engine/image/layer_fixture.h"

namespace seatrial::image::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class HostileLayer : public LayerTest {
 protected:
  void TearDown() override { expect_victim_untouched(); }
};

TEST_F(HostileLayer, NamesThatClimbAreRefused) {
  EXPECT_EQ(refusal({file("../victim", "x")}),
            "layer entry \"../victim\": the name climbs out with \"..\"");
  EXPECT_THAT(refusal({file("a/../../victim", "x")}), HasSubstr("climbs out"));
  EXPECT_THAT(refusal({file("a/..", "x")}), HasSubstr("climbs out"));
}

TEST_F(HostileLayer, AbsoluteNamesStayInside) {
  EXPECT_EQ(refusal({file(victim().native(), "x")}), "");
  EXPECT_EQ(content(victim().relative_path()), "x");
}

TEST_F(HostileLayer, LinksThatLeaveAreNoParents) {
  for (const char* target : {"..", "/", "/proc/self/root", "../layer/.."}) {
    EXPECT_THAT(refusal({symlink("out", target), file("out/victim", "x")}),
                AllOf(StartsWith("layer entry \"out/victim\": "), HasSubstr("symbolic link")))
        << target;
    EXPECT_NE(refusal({symlink("out", target), file("out/new/file", "x")}), "") << target;
    EXPECT_NE(refusal({symlink("out", target), dir("out/new")}), "") << target;
  }
  EXPECT_FALSE(std::filesystem::exists(victim().parent_path() / "new"));
}

TEST_F(HostileLayer, LinksThatStayInsideAreFollowed) {
  EXPECT_EQ(refusal({dir("usr/lib"), symlink("lib", "usr/lib"), file("lib/x", "1")}), "");
  EXPECT_EQ(content("usr/lib/x"), "1");
}

TEST_F(HostileLayer, AParentSwappedForALinkIsResolvedAgain) {
  EXPECT_NE(refusal({dir("a"), file("a/x", "1"), symlink("a", ".."), file("a/victim", "2")}), "");
}

TEST_F(HostileLayer, AFileReplacesALinkAndDoesNotWriteThroughIt) {
  EXPECT_EQ(refusal({symlink("f", "../victim"), file("f", "x")}), "");
  EXPECT_EQ(content("f"), "x");
}

TEST_F(HostileLayer, HardLinksReachOnlyTheLayersFiles) {
  EXPECT_THAT(refusal({hard_link("h", "../victim")}), HasSubstr("climbs out"));
  EXPECT_THAT(refusal({hard_link("h", victim().native())}),
              HasSubstr("which is no file of the layer"));
  EXPECT_THAT(refusal({symlink("out", ".."), hard_link("h", "out/victim")}),
              HasSubstr("which is no file of the layer"));
  EXPECT_THAT(refusal({dir("d"), hard_link("h", "d")}), HasSubstr("no file of the layer"));
  EXPECT_THAT(refusal({hard_link("h", "absent")}), HasSubstr("no file of the layer"));
}

TEST_F(HostileLayer, AHardLinkToALinkLeavesItsTargetAlone) {
  Item link = hard_link("h", "s");
  link.mode = S_IFREG | 0777;
  link.uid = 4242;
  EXPECT_EQ(refusal({symlink("s", "../victim"), link}), "");
  EXPECT_TRUE(S_ISLNK(status("h").st_mode));
}

TEST_F(HostileLayer, TheRootStaysADirectory) {
  for (const char* name : {".", "/", "./", "a/../.."}) {
    Item link = symlink(name, "..");
    EXPECT_NE(refusal({link}), "") << name;
  }
  EXPECT_THAT(refusal({file(".", "x")}), HasSubstr("the root of a layer is a directory"));
  EXPECT_TRUE(S_ISDIR(status(".").st_mode));
}

TEST_F(HostileLayer, WhiteoutsOfNothingAreRefusedBeforeTheyHide) {
  for (const char* name : {".wh.", ".wh..", ".wh...", "d/.wh..."}) {
    EXPECT_THAT(refusal({dir("d"), file("d/x", "1"), file(name, "")}),
                HasSubstr("the whiteout names no entry"))
        << name;
    EXPECT_EQ(content("d/x"), "1");
  }
  EXPECT_THAT(refusal({file(".wh.a/b", "")}), HasSubstr("lies below a whiteout"));
}

TEST_F(HostileLayer, WhiteoutsDoNotFollowLinks) {
  EXPECT_NE(refusal({dir("d"), symlink("l", "d"), file("l/.wh.x", "")}), "");
  EXPECT_NE(refusal({dir("d"), symlink("l", "d"), file("l/.wh..wh..opq", "")}), "");
  EXPECT_EQ(xattr("d", "trusted.overlay.opaque"), "absent");
  EXPECT_FALSE(exists("d/x"));
}

TEST_F(HostileLayer, OverlayfsOwnAttributesAndDeviceAreNotTaken) {
  Item evil = dir("d");
  evil.xattrs = {
      {"trusted.overlay.redirect", "/other"}, {"trusted.overlay.opaque", "y"}, {"user.kept", "1"}};
  EXPECT_EQ(refusal({evil}), "");
  EXPECT_EQ(xattr("d", "trusted.overlay.redirect"), "absent");
  EXPECT_EQ(xattr("d", "trusted.overlay.opaque"), "absent");
  EXPECT_EQ(xattr("d", "user.kept"), "1");
  EXPECT_THAT(refusal({{.name = "w", .mode = S_IFCHR | 0600}}), HasSubstr("device 0:0"));
}

TEST_F(HostileLayer, NumbersOutOfRangeAreRefused) {
  EXPECT_THAT(refusal({{.name = "a", .uid = 1LL << 32}}), HasSubstr("owner 4294967296 is not"));
  EXPECT_THAT(refusal({{.name = "a", .gid = 0xFFFFFFFF}}), HasSubstr("group 4294967295 is not"));
  EXPECT_EQ(refusal({{.name = "old", .seconds = -5}}), "");
  EXPECT_EQ(status("old").st_mtim.tv_sec, -5);
}

TEST_F(HostileLayer, NamesTooLongAreRefused) {
  EXPECT_THAT(refusal({file(std::string(256, 'x'), "")}), HasSubstr("ENAMETOOLONG"));
  std::string deep;
  for (int level = 0; level < 50; ++level) deep += std::string(100, 'd') + "/";
  EXPECT_THAT(refusal({file(deep + "f", "")}), HasSubstr("ENAMETOOLONG"));
}

TEST_F(HostileLayer, BrokenArchivesAreRefused) {
  const std::string good = tar({file("a", std::string(5000, 'x')), file("b", "")});
  const auto refused = [&](const std::string& bytes) { EXPECT_THROW(unpack(bytes), Error); };
  refused(good.substr(0, 3000));
  refused("this is no archive at all, however long one reads on" + std::string(2000, 'x'));
  std::string broken = good;
  broken[0] = '\x7f';  // the checksum no longer fits
  refused(broken);
}

// A pax header that claims gigabytes must cost neither memory nor time (CVE-2022-2879).
TEST_F(HostileLayer, AHugeHeaderIsRefused) {
  std::string bytes = tar({{.name = "a", .seconds = 1, .nanoseconds = 5}});
  ASSERT_EQ(bytes[156], 'x');
  const std::string size = "77777777777";
  bytes.replace(124, 11, size);
  bytes.replace(148, 8, "        ");
  unsigned sum = 0;
  for (int at = 0; at < 512; ++at)
    sum += static_cast<unsigned char>(bytes[static_cast<std::size_t>(at)]);
  char checksum[8];
  std::snprintf(checksum, sizeof checksum, "%06o", sum);
  bytes.replace(148, 7, std::string(checksum, 7));
  EXPECT_THROW(unpack(bytes), Error);
}

}  // namespace
}  // namespace seatrial::image::testing
