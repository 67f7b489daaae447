#include "harness/report/visible_text.h"

#include <gtest/gtest.h>

namespace seatrial::harness {
namespace {

using std::string_view_literals::operator""sv;

TEST(VisibleText, KeepsWhatIsText) {
  EXPECT_EQ(visible_text("plain\ttext\nwith ✓ and 🚢 <&>\"'"), "plain\ttext\nwith ✓ and 🚢 <&>\"'");
  EXPECT_EQ(visible_text(""), "");
}

TEST(VisibleText, ShowsControlCharacters) {
  EXPECT_EQ(visible_text("a\0b\x1b[31m\x7f"sv), "a\\x00b\\x1b[31m\\x7f");
  EXPECT_EQ(visible_text("\xc2\x85"), "\\u0085");
  EXPECT_EQ(visible_text("one\r\ntwo\rthree"), "one\ntwo\\x0dthree");
}

TEST(VisibleText, ShowsBytesThatAreNotUtf8) {
  EXPECT_EQ(visible_text("\xff\xfe"), "\\xff\\xfe");
  EXPECT_EQ(visible_text("cut \xe2\x9c"), "cut \\xe2\\x9c");
  EXPECT_EQ(visible_text("\xc0\xaf"), "\\xc0\\xaf");                    // overlong
  EXPECT_EQ(visible_text("\xed\xa0\x80"), "\\xed\\xa0\\x80");           // surrogate
  EXPECT_EQ(visible_text("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80");  // past U+10FFFF
}

TEST(VisibleText, ShowsNoncharactersAndTurnedLines) {
  EXPECT_EQ(visible_text("\xef\xbf\xbe\xef\xbf\xbf"), "\\ufffe\\uffff");
  EXPECT_EQ(visible_text("\xe2\x80\xae"), "\\u202e");
  EXPECT_EQ(visible_text("\xef\xbf\xbd"), "\xef\xbf\xbd");  // U+FFFD is a character
}

TEST(VisibleText, IsIdempotent) {
  const std::string once = visible_text("a\0\xff\xc2\x85\r\n"sv);
  EXPECT_EQ(visible_text(once), once);
}

TEST(OneLine, JoinsLines) {
  EXPECT_EQ(one_line("  a\n\n b\tc \n"), "a b c");
  EXPECT_EQ(one_line("\n"), "");
}

}  // namespace
}  // namespace seatrial::harness
