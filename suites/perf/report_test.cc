#include "suites/perf/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace seatrial::perf {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Takes a time that the test chose.
class Scripted : public Contestant {
 public:
  Scripted(std::string name, std::int64_t nanoseconds, int* played)
      : Contestant(std::move(name)), nanoseconds_(nanoseconds), played_(played) {}
  std::int64_t play() override {
    ++*played_;
    return nanoseconds_;
  }

 private:
  std::int64_t nanoseconds_;
  int* played_;
};

struct Match {
  int played = 0;
  Rounds rounds = make();

  Rounds make() {
    std::vector<std::unique_ptr<Contestant>> both;
    both.push_back(std::make_unique<Scripted>("quick", 1'000'000, &played));
    both.push_back(std::make_unique<Scripted>("slow", 3'000'000, &played));
    return {std::move(both), [] {}};
  }
};

TEST(Rounds, PlayEveryContestantBeforeAnyPlaysAgain) {
  Match match;
  EXPECT_DOUBLE_EQ(match.rounds.sample("slow", 0), 3);
  EXPECT_EQ(match.played, 2);
  EXPECT_DOUBLE_EQ(match.rounds.sample("quick", 0), 1);
  EXPECT_EQ(match.played, 2) << "the round was played already";
  match.rounds.sample("quick", 2);
  EXPECT_EQ(match.played, 6);
}

TEST(BrokenBars, NameTheRatioAndItsBar) {
  Match match;
  match.rounds.sample("slow", 4);
  const std::vector<RatioOf> wanted = {{"slow", "quick", 2.0}, {"quick", "slow", 0.5}};
  const auto ratios = all_ratios(match.rounds.samples(), wanted);
  EXPECT_THAT(broken_bars(ratios, wanted),
              ElementsAre(AllOf(HasSubstr("slow / quick is 3.000"), HasSubstr("at most 2"))));
  EXPECT_THAT(as_table(match.rounds, ratios), HasSubstr("EXCEEDED"));
}

TEST(BrokenBars, AnUnmeasuredBarIsNotKept) {
  EXPECT_THAT(broken_bars({}, {{"a", "b", 1.0}}), ElementsAre("a / b was not measured"));
  EXPECT_THAT(broken_bars({}, {{"a", "b", {}}}), IsEmpty());
}

TEST(Json, HasSamplesAndRatios) {
  Match match;
  match.rounds.sample("slow", 1);
  const auto ratios = all_ratios(match.rounds.samples(), {{"slow", "quick", 4.0}});
  const auto document = nlohmann::json::parse(as_json(match.rounds, ratios));
  EXPECT_EQ(document["rounds"], 2);
  EXPECT_EQ(document["contestants"][1]["name"], "slow");
  EXPECT_THAT(document["contestants"][1]["samples_ms"], ElementsAre(3, 3));
  EXPECT_EQ(document["ratios"][0]["median"], 3);
  EXPECT_EQ(document["ratios"][0]["holds"], true);
}

}  // namespace
}  // namespace seatrial::perf
