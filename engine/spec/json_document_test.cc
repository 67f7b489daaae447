#include "engine/spec/json_document.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/base/error.h"
#include "engine/spec/json_writer.h"
#include "engine/spec/spec_fixture.h"

namespace seatrial::spec::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

std::string nested(std::size_t levels) {
  return std::string(levels, '[') + std::string(levels, ']');
}

std::string problem(std::string_view text) {
  try {
    const Document document(text, "doc");
    return {};
  } catch (const Error& failure) {
    EXPECT_EQ(failure.kind(), Kind::kInvalidArgument);
    return failure.what();
  }
}

TEST(Document, SyntaxErrorsSayLineAndColumn) {
  EXPECT_THAT(problem("{\n  \"a\": 1,\n  oops\n}"), StartsWith("doc: line 3, column 3: "));
  EXPECT_THAT(problem("{\"a\": }"), StartsWith("doc: line 1, column 7: "));
  EXPECT_THAT(problem(""), StartsWith("doc: line 1, column 1: "));
  EXPECT_THAT(problem("{\n"), StartsWith("doc: line 2, column 1: "));
  EXPECT_THAT(problem("{} x"), StartsWith("doc: line 1, column 4: "));
  EXPECT_THAT(problem("[1e999]"), ::testing::EndsWith("column 6: number overflow parsing '1e999'"));
}

TEST(Document, SyntaxErrorsDoNotRepeatWhatWasRead) {
  const std::string message = problem("{\"a\": \"" + std::string(9999, 'x') + "\xff\"}");
  EXPECT_THAT(message, AllOf(HasSubstr("UTF-8"), Not(HasSubstr("xxx")), Not(HasSubstr("\xff"))));
  EXPECT_LT(message.size(), 200U);
}

TEST(Document, RefusesCommentsAndTrailingCommas) {
  EXPECT_NE(problem("{} // x"), "");
  EXPECT_NE(problem("[1,]"), "");
  EXPECT_EQ(problem("[1]"), "");
}

TEST(Document, RefusesAKeyGivenTwice) {
  EXPECT_EQ(problem(R"({"a": 1, "b": {"c": [{"d": 1}, {"d": 1, "e": 2, "d": 3}]}})"),
            "doc: b.c[1].d: is given twice; a key may occur once");
  EXPECT_EQ(problem(R"({"a b": 1, "a\u0020b": 2})"),
            R"(doc: ["a b"]: is given twice; a key may occur once)");
}

TEST(Document, RefusesDeepNesting) {
  EXPECT_EQ(problem(nested(kMaxDepth)), "");
  EXPECT_THAT(problem(nested(kMaxDepth + 1)), HasSubstr("nested more than 64 levels deep"));
  EXPECT_THAT(problem(std::string(1'000'000, '[')), HasSubstr("nested more than 64 levels deep"));
}

TEST(Document, KeepsTheOrderAndKindsOfValues) {
  const Document document(R"([null, true, -1, 18446744073709551615, 1.5, "x", {}, []])", "doc");
  EXPECT_EQ(document.root().dump(), R"([null,true,-1,18446744073709551615,1.5,"x",{},[]])");
}

TEST(JsonWriter, EscapesWhatJsonReserves) {
  JsonWriter json(Layout::kOneLine);
  json.begin_array().string("a\"b\\c\n\t\x01\x7f/").string("\u00e9\U0001f6a2").end_array();
  EXPECT_EQ(json.take(), "[\"a\\\"b\\\\c\\n\\t\\u0001\\u007f/\",\"\u00e9\U0001f6a2\"]");
}

TEST(JsonWriter, ReplacesBytesThatAreNoText) {
  for (const std::string bytes : {"\xff", "\x80", "\xc0\xaf", "\xe0\x80\x80", "\xed\xa0\x80",
                                  "\xf4\x90\x80\x80", "\xe2\x82", "\xf0\x82\x82\xac", "\xc3"}) {
    JsonWriter json(Layout::kOneLine);
    const std::string text = json.string("a" + bytes).take();
    EXPECT_THAT(text, StartsWith("\"a\uFFFD"));
    EXPECT_EQ(problem(text), "") << "not valid JSON: " << text;
  }
}

TEST(JsonWriter, IndentsForPeople) {
  JsonWriter json(Layout::kIndented);
  json.begin_object().key("a").begin_array().end_array().key("b").begin_object();
  json.key("c").number(-1).key("d").boolean(true).end_object().end_object();
  EXPECT_EQ(json.take(), "{\n  \"a\": [],\n  \"b\": {\n    \"c\": -1,\n    \"d\": true\n  }\n}\n");
}

}  // namespace
}  // namespace seatrial::spec::testing
