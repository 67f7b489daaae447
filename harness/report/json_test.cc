#include "harness/report/json.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "engine/base/error.h"
#include "harness/report/sample_report_test.h"

namespace seatrial::harness {
namespace {

using testing::HasSubstr;

TEST(Json, HasTheShapeThatConsumersRead) {
  const auto document = nlohmann::json::parse(print_json(sample_report()));
  EXPECT_EQ(document.size(), 3u);
  EXPECT_EQ(document["host"]["kernel"], "6.1.0-18-amd64");
  EXPECT_EQ(document["targets"][1]["name"], "runc");
  EXPECT_EQ(document["targets"][1]["version"], "1.1.5+ds1");
  EXPECT_EQ(document["results"][0],
            nlohmann::json::parse(R"({"target": "reference", "suite": "runtime",
                "case": "State.TellsId", "clauses": ["runtime/state/id"], "verdict": "pass",
                "reason": "", "duration_ms": 1234})"));
}

TEST(Json, ComesBackAsItWasPrinted) {
  Report report = sample_report();
  report.leftovers = {"mount 3 was left"};
  const std::string once = print_json(report);
  const Report again = parse_json("r.json", once);
  EXPECT_EQ(print_json(again), once);
  EXPECT_EQ(again.results[2].observations.at(0).line, 12);
  EXPECT_EQ(again.results[3].captured_stdout, "\\x00\\xff]]>\\x1b[31m red </system-out>");
}

TEST(Json, AMistakeIsNamed) {
  const auto complaint = [](std::string from, std::string_view to) {
    std::string text = print_json(sample_report());
    text.replace(text.find(from), from.size(), to);
    try {
      parse_json("r.json", text);
    } catch (const Error& failure) {
      return std::string(failure.what());
    }
    return std::string("nothing was thrown");
  };
  EXPECT_THAT(complaint("\"pass\"", "\"fine\""), HasSubstr("r.json: results[0].verdict is wrong"));
  EXPECT_THAT(complaint("\"target\": \"reference\"", "\"target\": \"other\""),
              HasSubstr("r.json: results[0].target is none of the targets"));
  EXPECT_THAT(complaint("\"results\"", "\"result\""), HasSubstr("the document lacks \"results\""));
}

}  // namespace
}  // namespace seatrial::harness
