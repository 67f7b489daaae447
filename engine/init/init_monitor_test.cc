// The lines of a container's log. What needs a container is in engine/runtime/monitor_test.cc.
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "engine/init/json_line.h"

namespace seatrial::init {
namespace {

std::string line(std::string_view text, const Moment& time = {}) {
  std::string room(most_json(text.size()), '\0');
  const char* end = put_json_line(room.data(), text.data(), text.size(), "stdout", time);
  room.resize(static_cast<std::size_t>(end - room.data()));
  return room;
}

// What stands between the quotes.
std::string escaped(std::string_view text) {
  const std::string whole = line(text);
  constexpr std::string_view kBefore = "{\"log\":\"";
  constexpr std::string_view kBehind =
      "\",\"stream\":\"stdout\",\"time\":\"1970-01-01T00:00:00Z\"}\n";
  EXPECT_TRUE(whole.starts_with(kBefore) && whole.ends_with(kBehind)) << whole;
  return whole.substr(kBefore.size(), whole.size() - kBefore.size() - kBehind.size());
}

TEST(JsonLine, EscapesAsDockerDoes) {
  EXPECT_EQ(escaped("plain\n"), "plain\\n");
  EXPECT_EQ(escaped("\"\\\r\t"), "\\\"\\\\\\r\\u0009");
  EXPECT_EQ(escaped("<a&b>"), "\\u003ca\\u0026b\\u003e");
  EXPECT_EQ(escaped(std::string_view("\0\x1b\x7f", 3)), "\\u0000\\u001b\x7f");
}

TEST(JsonLine, KeepsWhatIsUtf8AndReplacesEachOtherByte) {
  EXPECT_EQ(escaped("\u00e9\u20ac\U0001f6a2"), "\u00e9\u20ac\U0001f6a2");
  EXPECT_EQ(escaped("a\xff"), "a\\ufffd");
  EXPECT_EQ(escaped("\xc3("), "\\ufffd(");
  EXPECT_EQ(escaped("\xc0\xaf"), "\\ufffd\\ufffd");                        // overlong
  EXPECT_EQ(escaped("\xed\xa0\x80"), "\\ufffd\\ufffd\\ufffd");             // a surrogate
  EXPECT_EQ(escaped("\xf4\x90\x80\x80"), "\\ufffd\\ufffd\\ufffd\\ufffd");  // beyond U+10FFFF
  EXPECT_EQ(escaped("\xe2\x82"), "\\ufffd\\ufffd");                        // cut off
}

TEST(JsonLine, NeverOutgrowsItsRoom) {
  for (int byte = 0; byte < 256; ++byte) {
    const std::string text(100, static_cast<char>(byte));
    EXPECT_LE(line(text, {.seconds = 253402300799, .nanoseconds = 999999999}).size(),
              most_json(text.size()));
  }
}

std::string time_of(const Moment& moment) {
  const std::string whole = line("", moment);
  const std::size_t begin = whole.find("time\":\"") + 7;
  return whole.substr(begin, whole.size() - begin - 3);
}

TEST(JsonLine, TellsTheTimeAsRfc3339NanoWithoutZerosAtTheEnd) {
  EXPECT_EQ(time_of({}), "1970-01-01T00:00:00Z");
  EXPECT_EQ(time_of({.seconds = 951782399, .nanoseconds = 500000000}), "2000-02-28T23:59:59.5Z");
  EXPECT_EQ(time_of({.seconds = 951782400, .nanoseconds = 1}), "2000-02-29T00:00:00.000000001Z");
  EXPECT_EQ(time_of({.seconds = 4107542400, .nanoseconds = 120}), "2100-03-01T00:00:00.00000012Z");
  EXPECT_EQ(time_of({.seconds = 1762075805, .nanoseconds = 0}), "2025-11-02T09:30:05Z");
}

TEST(UnfinishedTail, IsWhatBeginsACharacterAndLacksItsRest) {
  const auto tail = [](std::string_view text) { return unfinished_tail(text.data(), text.size()); };
  EXPECT_EQ(tail(""), 0U);
  EXPECT_EQ(tail("abc"), 0U);
  EXPECT_EQ(tail("ab\xc3"), 1U);
  EXPECT_EQ(tail("ab\xe2\x82"), 2U);
  EXPECT_EQ(tail("a\xf0\x9f\x9a"), 3U);
  EXPECT_EQ(tail("\u20ac"), 0U);
  EXPECT_EQ(tail("\x80\x80\x80\x80"), 0U);
  EXPECT_EQ(tail("\xed\xa0"), 0U);  // will never be one
}

}  // namespace
}  // namespace seatrial::init
