#include "engine/spec/digest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/base/error.h"

namespace seatrial::spec {
namespace {

using ::testing::HasSubstr;

const std::string kHex(64, 'a');

std::string refusal(std::string_view text) {
  try {
    Digest::parse(text);
    return {};
  } catch (const Error& failure) {
    EXPECT_EQ(failure.kind(), Kind::kInvalidArgument);
    return failure.what();
  }
}

TEST(Digest, SaysItsParts) {
  const Digest digest = Digest::parse("sha256:" + kHex);
  EXPECT_EQ(digest.text(), "sha256:" + kHex);
  EXPECT_EQ(digest.hex(), kHex);
  EXPECT_EQ(digest.algorithm(), Digest::Algorithm::kSha256);
  EXPECT_EQ(Digest::of_hex(Digest::Algorithm::kSha256, kHex), digest);
  EXPECT_EQ(Digest::parse("sha512:" + kHex + kHex).algorithm(), Digest::Algorithm::kSha512);
  EXPECT_TRUE(Digest().empty());
  EXPECT_EQ(Digest().hex(), "");
}

TEST(Digest, RefusesWhatCouldBecomeAPath) {
  EXPECT_EQ(refusal("sha256:" + kHex), "");
  const std::string climbing = "sha256:../../etc/passwd";
  EXPECT_THAT(refusal(climbing), HasSubstr("\"" + climbing + "\" is not a digest"));
  for (const std::string& text :
       {std::string(), std::string("sha256"), std::string("sha256:"), kHex, "md5:" + kHex,
        "sha256:" + std::string(64, 'A'), "sha256:" + kHex + "a", "sha512:" + kHex,
        "SHA256:" + kHex, "sha256:" + std::string(63, 'a') + "/"}) {
    EXPECT_THAT(refusal(text), HasSubstr("is not a digest")) << text;
  }
}

}  // namespace
}  // namespace seatrial::spec
