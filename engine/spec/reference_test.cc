#include "engine/spec/reference.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/base/error.h"

namespace seatrial::spec {
namespace {

using ::testing::HasSubstr;

const std::string kDigest = "sha256:" + std::string(64, 'b');

std::string refusal(std::string_view text) {
  try {
    parse_reference(text);
    return {};
  } catch (const Error& failure) {
    EXPECT_EQ(failure.kind(), Kind::kInvalidArgument);
    return failure.what();
  }
}

struct Form {
  std::string written;
  std::string canonical;
  std::string familiar;
};

TEST(Reference, IsCompletedAsDockerDoes) {
  const Form forms[] = {
      {"busybox", "docker.io/library/busybox:latest", "busybox:latest"},
      {"me/app:1.0", "docker.io/me/app:1.0", "me/app:1.0"},
      {"docker.io/busybox", "docker.io/library/busybox:latest", "busybox:latest"},
      {"index.docker.io/library/a", "docker.io/library/a:latest", "a:latest"},
      {"docker.io/library/a/b", "docker.io/library/a/b:latest", "library/a/b:latest"},
      {"docker.io/localhost/a", "docker.io/localhost/a:latest", "docker.io/localhost/a:latest"},
      {"localhost/a", "localhost/a:latest", "localhost/a:latest"},
      {"127.0.0.1:5000/a/b__c.d---e:T_1", "127.0.0.1:5000/a/b__c.d---e:T_1",
       "127.0.0.1:5000/a/b__c.d---e:T_1"},
      {"[::1]:5000/a", "[::1]:5000/a:latest", "[::1]:5000/a:latest"},
      {"Host/a", "Host/a:latest", "Host/a:latest"},
      {"busybox@" + kDigest, "docker.io/library/busybox@" + kDigest, "busybox@" + kDigest},
      {"a:1@" + kDigest, "docker.io/library/a:1@" + kDigest, "a:1@" + kDigest},
  };
  for (const Form& form : forms) {
    const Reference reference = parse_reference(form.written);
    EXPECT_EQ(reference.canonical(), form.canonical);
    EXPECT_EQ(reference.familiar(), form.familiar);
    EXPECT_EQ(parse_reference(form.canonical), reference);
    EXPECT_EQ(parse_reference(form.familiar), reference);
  }
}

TEST(Reference, RefusesInOneSentence) {
  EXPECT_EQ(refusal("\""),
            "\"\\\"\" is not an image name: \"\\\"\" is not a repository (lower-case letters and "
            "digits, separated by '.', '_', '__' or '-', in components between '/')");
  EXPECT_THAT(refusal(""), HasSubstr("it is empty"));
  EXPECT_THAT(refusal(":tag"), HasSubstr("it is empty"));
  EXPECT_THAT(refusal("Busybox"), HasSubstr("is not a repository"));
  EXPECT_THAT(refusal("a:b:c"), HasSubstr("is not a repository"));
  EXPECT_THAT(refusal("a:.x"), HasSubstr("is not a tag"));
  EXPECT_THAT(refusal("a:" + std::string(129, 'x')), HasSubstr("is not a tag"));
  EXPECT_EQ(refusal("a:" + std::string(128, 'x')), "");
  EXPECT_THAT(refusal(std::string(64, 'a')), HasSubstr("an image's id"));
  EXPECT_THAT(refusal("a@sha256:zz"), HasSubstr("is not a digest"));
  EXPECT_THAT(refusal("h:x/a"), HasSubstr("is not a registry"));
  EXPECT_THAT(refusal("-h.de/a"), HasSubstr("is not a registry"));
  EXPECT_THAT(refusal(std::string(300, 'a')), HasSubstr("longer than 255"));
  for (const char* bad :
       {"a/../b", "a//b", "/a", "a/", "a___b", "a..b", "_a", "a_", "a b", "a\n"}) {
    EXPECT_THAT(refusal(bad), HasSubstr("is not a repository")) << bad;
  }
}

}  // namespace
}  // namespace seatrial::spec
