#include "engine/volume/mount_syntax.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/base/error.h"

namespace seatrial::volume {
namespace {

using testing::HasSubstr;

std::string refusal(const std::function<MountSpec()>& parse) {
  try {
    parse();
  } catch (const Error& failure) {
    EXPECT_EQ(failure.kind(), Kind::kInvalidArgument);
    return failure.what();
  }
  return "(it was taken)";
}
std::string volume_refusal(std::string_view text) {
  return refusal([&] { return parse_volume_option(text); });
}
std::string mount_refusal(std::string_view text) {
  return refusal([&] { return parse_mount_option(text); });
}
std::string tmpfs_refusal(std::string_view text) {
  return refusal([&] { return parse_tmpfs_option(text); });
}

TEST(VolumeOption, NamesAnonymousNamedAndBindMounts) {
  const MountSpec anonymous = parse_volume_option("/data");
  EXPECT_EQ(anonymous.type, MountType::kVolume);
  EXPECT_EQ(anonymous.source, "");
  EXPECT_EQ(anonymous.target, "/data");
  const MountSpec named = parse_volume_option("vol_1.x:/data:ro,nocopy");
  EXPECT_EQ(named.source, "vol_1.x");
  EXPECT_TRUE(named.read_only);
  EXPECT_TRUE(named.no_copy);
  const MountSpec bind = parse_volume_option("/a//b/:/c/./d/:rshared,rw,z");
  EXPECT_EQ(bind.type, MountType::kBind);
  EXPECT_EQ(bind.source, "/a/b");
  EXPECT_EQ(bind.target, "/c/d");
  EXPECT_EQ(bind.propagation, "rshared");
  EXPECT_TRUE(bind.create_source);
  EXPECT_FALSE(bind.read_only);
}

TEST(VolumeOption, RefusesInOneSentence) {
  EXPECT_EQ(volume_refusal("/a:/"),
            "volume \"/a:/\": the target may not be the root of the container");
  EXPECT_THAT(volume_refusal("/a:/b/../.."), HasSubstr("may not be the root"));
  EXPECT_EQ(volume_refusal("/a:ro"), "volume \"/a:ro\": the target \"ro\" is not an absolute path");
  EXPECT_THAT(volume_refusal(""), HasSubstr("not an absolute path"));
  EXPECT_THAT(volume_refusal(":/b"), HasSubstr("source is empty"));
  EXPECT_THAT(volume_refusal("./x:/b"), HasSubstr("\"./x\" is not a volume name"));
  EXPECT_THAT(volume_refusal("../x:/b"), HasSubstr("not a volume name"));
  EXPECT_THAT(volume_refusal("x:/b"), HasSubstr("not a volume name"));
  EXPECT_THAT(volume_refusal("/a:/b:ro,rw"), HasSubstr("says twice"));
  EXPECT_THAT(volume_refusal("/a:/b:shared,slave"), HasSubstr("two propagations"));
  EXPECT_THAT(volume_refusal("/a:/b:wr"), HasSubstr("\"wr\" is not an option"));
  EXPECT_THAT(volume_refusal("/a:/b:nocopy"), HasSubstr("only a volume"));
  EXPECT_THAT(volume_refusal("vol:/b:shared"), HasSubstr("only a bind mount has a propagation"));
  EXPECT_THAT(volume_refusal("a:/b:ro:x"), HasSubstr("three parts"));
}

TEST(MountOption, TakesEveryKeyOfItsType) {
  const MountSpec bind = parse_mount_option(
      "type=bind,src=/a,dst=/b,readonly,bind-propagation=slave,bind-nonrecursive=true");
  EXPECT_EQ(bind.type, MountType::kBind);
  EXPECT_TRUE(bind.read_only);
  EXPECT_FALSE(bind.recursive);
  EXPECT_FALSE(bind.create_source);
  EXPECT_EQ(bind.propagation, "slave");
  const MountSpec volume = parse_mount_option(
      "source=vol,target=/b,ro=false,volume-nocopy,volume-label=a=b,volume-label=c");
  EXPECT_EQ(volume.type, MountType::kVolume);
  EXPECT_FALSE(volume.read_only);
  EXPECT_TRUE(volume.no_copy);
  EXPECT_EQ(volume.labels, (std::map<std::string, std::string>{{"a", "b"}, {"c", ""}}));
  const MountSpec tmpfs = parse_mount_option("type=tmpfs,target=/t,tmpfs-size=1m,tmpfs-mode=0700");
  EXPECT_EQ(tmpfs.tmpfs_size, 1U << 20);
  EXPECT_EQ(tmpfs.tmpfs_mode, 0700U);
}

TEST(MountOption, QuotesKeepCommas) {
  EXPECT_EQ(parse_mount_option("type=bind,\"src=/a,b\",dst=/c").source, "/a,b");
  EXPECT_EQ(parse_mount_option("type=bind,\"src=/a\"\"b\",dst=/c").source, "/a\"b");
  EXPECT_THAT(mount_refusal("type=bind,\"src=/a,dst=/c"), HasSubstr("not closed"));
}

TEST(MountOption, RefusesInOneSentence) {
  EXPECT_EQ(mount_refusal("type=bind,target=/b"),
            "mount \"type=bind,target=/b\": a bind mount needs a source");
  EXPECT_THAT(mount_refusal("type=image,target=/b"), HasSubstr("\"image\" is not a type"));
  EXPECT_THAT(mount_refusal("type=volume,source=vol"), HasSubstr("names no target"));
  EXPECT_THAT(mount_refusal("type=tmpfs,source=a1,target=/b"), HasSubstr("no source"));
  EXPECT_THAT(mount_refusal("type=bind,src=a,dst=/b"), HasSubstr("not an absolute path"));
  EXPECT_THAT(mount_refusal("target=/b,bogus=1"), HasSubstr("\"bogus\" is not a key"));
  EXPECT_THAT(mount_refusal("target=/b,bogus"), HasSubstr("key=value"));
  EXPECT_THAT(mount_refusal("target=/b,readonly=maybe"), HasSubstr("true or false"));
  EXPECT_THAT(mount_refusal("target=/b,tmpfs-size=1m"), HasSubstr("only a tmpfs"));
  EXPECT_THAT(mount_refusal("type=tmpfs,target=/b,tmpfs-mode=9"), HasSubstr("octal"));
  EXPECT_THAT(mount_refusal("type=tmpfs,target=/b,tmpfs-size=x"), HasSubstr("not a size"));
  EXPECT_THAT(mount_refusal("type=bind,src=/a,dst=/b,bind-propagation=up"), HasSubstr("\"up\""));
  EXPECT_THAT(mount_refusal("target=/b,volume-driver=nfs"), HasSubstr("\"nfs\" is not there"));
}

TEST(TmpfsOption, ChecksItsWords) {
  EXPECT_EQ(parse_tmpfs_option("/run").tmpfs_options, "");
  EXPECT_EQ(parse_tmpfs_option("/run:rw,noexec,size=64k").tmpfs_options, "rw,noexec,size=64k");
  EXPECT_THAT(tmpfs_refusal("/run:usrquota"), HasSubstr("\"usrquota\" is not an option"));
  EXPECT_THAT(tmpfs_refusal("run"), HasSubstr("not an absolute path"));
  EXPECT_THAT(tmpfs_refusal("/:size=1"), HasSubstr("root of the container"));
}

}  // namespace
}  // namespace seatrial::volume
