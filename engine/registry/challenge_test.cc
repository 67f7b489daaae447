#include "engine/registry/challenge.h"

#include <gmock/gmock.h>

namespace seatrial::registry {
namespace {

using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

TEST(ParseChallenges, ReadsTheBearerChallengeOfATokenService) {
  const auto challenges = parse_challenges(
      R"(Bearer realm="https://auth.example/token",service="registry.example",scope="repository:a/b:pull,push")");

  ASSERT_THAT(challenges, SizeIs(1));
  EXPECT_EQ(challenges[0].scheme, "bearer");
  EXPECT_THAT(challenges[0].parameters,
              UnorderedElementsAre(Pair("realm", "https://auth.example/token"),
                                   Pair("service", "registry.example"),
                                   Pair("scope", "repository:a/b:pull,push")));
}

TEST(ParseChallenges, TellsSeveralChallengesOfOneFieldApart) {
  const auto challenges =
      parse_challenges(R"(Negotiate, NTLM TlRMTVNTUAAB==, Basic realm="x, y", BEARER Realm = z)");

  ASSERT_THAT(challenges, SizeIs(4));
  EXPECT_EQ(challenges[0].scheme, "negotiate");
  EXPECT_EQ(challenges[1].scheme, "ntlm");
  EXPECT_EQ(challenges[2].get("realm"), "x, y");
  EXPECT_EQ(challenges[3].scheme, "bearer");
  EXPECT_EQ(challenges[3].get("realm"), "z");
}

TEST(ParseChallenges, UnescapesQuotedPairs) {
  EXPECT_EQ(parse_challenges(R"(Basic realm="a \"b\" \\ c")").at(0).get("realm"), R"(a "b" \ c)");
}

TEST(ParseChallenges, KeepsTheFirstOfARepeatedParameter) {
  EXPECT_EQ(parse_challenges(R"(Bearer realm="first", realm="second")").at(0).get("realm"),
            "first");
}

TEST(ParseChallenges, KeepsWhatStandsBeforeASyntaxError) {
  const auto challenges = parse_challenges(R"(Basic realm="fine", Bearer realm="never closed)");

  ASSERT_THAT(challenges, SizeIs(2));
  EXPECT_EQ(challenges[0].get("realm"), "fine");
  EXPECT_EQ(challenges[1].get("realm"), "");
}

TEST(ParseChallenges, FindsNothingInNonsense) {
  EXPECT_THAT(parse_challenges(""), IsEmpty());
  EXPECT_THAT(parse_challenges(" , ,"), IsEmpty());
  EXPECT_THAT(parse_challenges("realm=x"), IsEmpty());
  EXPECT_THAT(parse_challenges("\x01"), IsEmpty());
}

}  // namespace
}  // namespace seatrial::registry
