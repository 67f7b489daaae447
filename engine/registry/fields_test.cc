#include "engine/registry/fields.h"

#include <gmock/gmock.h>

namespace seatrial::registry {
namespace {

using std::chrono::seconds;
using ::testing::Optional;

constexpr std::chrono::sys_seconds kNow(seconds(784111777));  // Sun, 06 Nov 1994 08:49:37 GMT

TEST(RetryAfter, TakesSecondsAndDates) {
  EXPECT_THAT(parse_retry_after("120", kNow), Optional(seconds(120)));
  EXPECT_THAT(parse_retry_after(" 0 ", kNow), Optional(seconds(0)));
  EXPECT_THAT(parse_retry_after("Sun, 06 Nov 1994 08:50:00 GMT", kNow), Optional(seconds(23)));
  EXPECT_THAT(parse_retry_after("Sun, 06 Nov 1994 08:00:00 GMT", kNow), Optional(seconds(0)));
}

TEST(RetryAfter, BoundsWhatWouldOverflow) {
  EXPECT_THAT(parse_retry_after("18446744073709551615", kNow), Optional(seconds(315'360'000)));
  EXPECT_THAT(parse_retry_after("Fri, 31 Dec 9999 23:59:59 GMT", kNow),
              Optional(seconds(315'360'000)));
}

TEST(RetryAfter, IsNothingForNonsense) {
  for (const char* field : {"", "-1", "1.5", "soon", "Sun, 99 Nov 1994 08:50:00 GMT",
                            "Sun, 06 Nov 1994 24:50:00 GMT", "Sun, 06 Nov 1994 08:50:00 CET"}) {
    EXPECT_EQ(parse_retry_after(field, kNow), std::nullopt) << field;
  }
}

TEST(ContentRange, ReadsFirstLastAndTotal) {
  const auto range = parse_content_range("bytes 5-9/10");

  ASSERT_TRUE(range);
  EXPECT_EQ(range->first, 5u);
  EXPECT_EQ(range->last, 9u);
  EXPECT_THAT(range->total, Optional(10u));
  EXPECT_EQ(parse_content_range("bytes 5-9/*")->total, std::nullopt);
}

TEST(ContentRange, RefusesWhatCannotBe) {
  for (const char* field : {"", "bytes", "bytes 9-5/10", "bytes 5-9/9", "bytes */10",
                            "items 5-9/10", "bytes -9/10", "bytes 5-/10", "bytes 5-9/x"}) {
    EXPECT_FALSE(parse_content_range(field)) << field;
  }
}

TEST(NextLink, FindsTheRelationAmongOthers) {
  EXPECT_THAT(next_link(R"(</v2/a/tags/list?last=b&n=2>; rel="next")"),
              Optional(std::string("/v2/a/tags/list?last=b&n=2")));
  EXPECT_THAT(next_link(R"(<a>; rel=prev; title="x, y", <b>;REL=next)"),
              Optional(std::string("b")));
}

TEST(NextLink, IsNothingWithoutOne) {
  for (const char* field : {"", "<a>", "<a>; rel=\"last\"", "<a; rel=next", "a; rel=next",
                            "<a>; rel=\"next", "<a>; next"}) {
    EXPECT_EQ(next_link(field), std::nullopt) << field;
  }
}

TEST(Base64, GoesBothWays) {
  for (const char* text : {"", "f", "fo", "foo", "foob", "user:p\xC3\xA4ss"}) {
    EXPECT_THAT(decode_base64(base64(text)), Optional(std::string(text)));
  }
  EXPECT_EQ(base64("foob"), "Zm9vYg==");
  EXPECT_THAT(decode_base64("Zm9vYg"), Optional(std::string("foob")));
  EXPECT_EQ(decode_base64("Zm9v!"), std::nullopt);
  EXPECT_EQ(decode_base64("Z"), std::nullopt);
}

TEST(Printable, KeepsAServersTextOnOneLine) {
  EXPECT_EQ(printable("a\r\nb\x1B[31m"), "a??b?[31m");
  EXPECT_EQ(printable("abcdef", 3), "abc...");
}

TEST(PercentEncode, KeepsScopesReadable) {
  EXPECT_EQ(percent_encode("repository:a/b:pull,push & x"), "repository:a/b:pull,push%20%26%20x");
}

}  // namespace
}  // namespace seatrial::registry
