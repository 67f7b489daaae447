#include "harness/catalogue/json_reader.h"

#include <gmock/gmock.h>

#include <functional>

#include "engine/base/error.h"

namespace seatrial::harness {
namespace {

using testing::ElementsAre;
using testing::StrEq;

std::string complaint(const std::function<void()>& act) {
  try {
    act();
  } catch (const Error& failure) {
    EXPECT_EQ(failure.kind(), Kind::kInvalidArgument);
    return failure.what();
  }
  return "nothing was thrown";
}

TEST(JsonReader, ReadsWhatIsThere) {
  const nlohmann::json document = JsonReader::parse("f", R"({"a": {"b": ["x", "y"]}, "n": 7})");
  const JsonReader reader("f", document);
  EXPECT_THAT(reader.at("a").at("b").texts(), ElementsAre("x", "y"));
  EXPECT_EQ(reader.at("n").integer(), 7);
  EXPECT_EQ(reader.text_or("absent", "fallback"), "fallback");
}

TEST(JsonReader, NamesDocumentAndPathOfWhatIsWrong) {
  const nlohmann::json document =
      JsonReader::parse("f", R"({"list": [{"name": "x"}, {"nam": 1}]})");
  const JsonReader reader("f", document);
  const JsonReader second = reader.at("list").items().at(1);
  EXPECT_THAT(complaint([&] { second.text("name"); }), StrEq("f: list[1] lacks \"name\""));
  EXPECT_THAT(complaint([&] { second.text("nam"); }), StrEq("f: list[1].nam must be a string"));
  EXPECT_THAT(complaint([&] { second.only({"name"}); }),
              StrEq("f: list[1] has an unknown member \"nam\"; known are name"));
  EXPECT_THAT(complaint([&] { reader.text(); }), StrEq("f: the document must be a string"));
}

TEST(JsonReader, NamesTheLineOfBrokenJson) {
  EXPECT_THAT(complaint([] { JsonReader::parse("f", "{\n\"a\": 1,\n}"); }),
              StrEq("f: line 3 is not valid JSON"));
  EXPECT_THAT(complaint([] { JsonReader::parse("f", ""); }), StrEq("f: line 1 is not valid JSON"));
}

}  // namespace
}  // namespace seatrial::harness
