#include "engine/registry/url.h"

#include <gmock/gmock.h>

#include "engine/base/error.h"

namespace seatrial::registry {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(ParseUrl, TakesAUrlApart) {
  const Url url = parse_url("https://Example.org:5000/v2/a?b=c&d=%2F");

  EXPECT_EQ(url.scheme, "https");
  EXPECT_EQ(url.host, "example.org");
  EXPECT_EQ(url.port, 5000);
  EXPECT_EQ(url.target, "/v2/a?b=c&d=%2F");
  EXPECT_EQ(url.text(), "https://example.org:5000/v2/a?b=c&d=%2F");
}

TEST(ParseUrl, KnowsDefaultPortsAndIpv6) {
  EXPECT_EQ(parse_url("https://a/").port, 443);
  EXPECT_EQ(parse_url("https://a:443/").authority(), "a");
  EXPECT_EQ(parse_url("http://[::1]:5000/").authority(), "[::1]:5000");
}

TEST(ParseUrl, RefusesOtherSchemesAndUsers) {
  for (const char* text : {"", "ftp://a/", "file:///etc/passwd", "a/b", "//a/b", "http://",
                           "http://me:hunter2@a/", "http://me@a/"}) {
    try {
      parse_url(text);
      ADD_FAILURE() << text;
    } catch (const Error& failure) {
      EXPECT_EQ(failure.kind(), Kind::kInvalidArgument);
      EXPECT_THAT(failure.what(), Not(HasSubstr("hunter2")));
    }
  }
}

TEST(Resolve, FollowsEveryFormOfALocation) {
  const Url base = parse_url("http://a:1/v2/x/blobs/uploads/");

  EXPECT_EQ(resolve_url(base, "/v2/x/blobs/uploads/7?_state=s").text(),
            "http://a:1/v2/x/blobs/uploads/7?_state=s");
  EXPECT_EQ(resolve_url(base, "7?_state=s").text(), "http://a:1/v2/x/blobs/uploads/7?_state=s");
  EXPECT_EQ(resolve_url(base, "https://b/c").text(), "https://b/c");
  EXPECT_EQ(resolve_url(base, "//b/c").text(), "http://b/c");
  EXPECT_THROW(resolve_url(base, "file:///etc/passwd"), Error);
  EXPECT_THROW(resolve_url(base, "http://me:secret@b/"), Error);
}

TEST(SameOrigin, IsSchemeHostAndPort) {
  const Url url = parse_url("https://a/x");

  EXPECT_TRUE(url.same_origin(parse_url("https://A:443/y")));
  EXPECT_FALSE(url.same_origin(parse_url("http://a/x")));
  EXPECT_FALSE(url.same_origin(parse_url("https://a:444/x")));
  EXPECT_FALSE(url.same_origin(parse_url("https://b/x")));
}

TEST(WithQuery, AddsToWhatIsThere) {
  EXPECT_EQ(with_query(parse_url("http://a/u?_state=s"), "digest", "sha256:ab").target,
            "/u?_state=s&digest=sha256:ab");
  EXPECT_EQ(with_query(parse_url("http://a/u"), "from", "a b").target, "/u?from=a%20b");
}

TEST(IsLoopback, KnowsTheWholeBlock) {
  EXPECT_TRUE(is_loopback("127.9.9.9"));
  EXPECT_TRUE(is_loopback("localhost"));
  EXPECT_TRUE(is_loopback("[::1]"));
  EXPECT_FALSE(is_loopback("127.0.0.1.example.org"));
  EXPECT_FALSE(is_loopback("128.0.0.1"));
}

}  // namespace
}  // namespace seatrial::registry
