#include "engine/registry/auth_file.h"

#include <gmock/gmock.h>

#include "engine/base/error.h"

namespace seatrial::registry {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

AuthFile parse(std::string_view text) {
  return AuthFile::parse(text, "config.json");
}

TEST(AuthFile, DecodesUserAndPassword) {
  // "me:a:b": only the first colon separates.
  const auto found =
      parse(R"({"auths":{"127.0.0.1:5000":{"auth":"bWU6YTpi"}}})").find("127.0.0.1:5000");

  ASSERT_TRUE(found);
  EXPECT_EQ(found->user, "me");
  EXPECT_EQ(found->password, "a:b");
}

TEST(AuthFile, FindsTheHubUnderDockersOwnKey) {
  const AuthFile file = parse(R"({"auths":{"https://index.docker.io/v1/":{"auth":"bWU6cA=="}}})");

  EXPECT_TRUE(file.find("docker.io"));
  EXPECT_FALSE(file.find("index.docker.io"));
}

TEST(AuthFile, TakesUrlsAsKeysAndPrefersTheExactName) {
  const AuthFile file = parse(
      R"({"auths":{"example.org":{"auth":"ZXhhY3Q6cA=="},"https://example.org/v2/":{"auth":"dXJsOnA="}}})");

  EXPECT_EQ(file.find("example.org")->user, "exact");
}

TEST(AuthFile, GivesOneHostNothingOfAnother) {
  const AuthFile file = parse(R"({"auths":{"example.org/team":{"auth":"bWU6cA=="}}})");

  EXPECT_FALSE(file.find("example.org"));
  EXPECT_FALSE(file.find("example.org:443"));
}

TEST(AuthFile, ReadsTokens) {
  const auto found =
      parse(R"({"auths":{"a":{"auth":"MDA6","identitytoken":"refresh"}}})").find("a");

  ASSERT_TRUE(found);
  EXPECT_EQ(found->identity_token, "refresh");
}

TEST(AuthFile, NamesTheHelperThatHoldsTheSecret) {
  const AuthFile file =
      parse(R"({"auths":{"a":{}},"credsStore":"desktop","credHelpers":{"b":"ecr-login"}})");

  EXPECT_FALSE(file.find("a"));
  EXPECT_EQ(file.helper("a"), "desktop");
  EXPECT_EQ(file.helper("b"), "ecr-login");
}

TEST(AuthFile, KeepsSecretsOutOfMessages) {
  try {
    parse(R"({"auths":{"a":{"auth":"hunter2!"}}})");
    FAIL() << "a broken entry was taken";
  } catch (const Error& failure) {
    EXPECT_THAT(failure.what(), HasSubstr("config.json: auths"));
    EXPECT_THAT(failure.what(), Not(HasSubstr("hunter2")));
  }
}

TEST(AuthFile, IsEmptyWhereThereIsNoFile) {
  EXPECT_FALSE(AuthFile::load("/nonexistent/config.json").find("a"));
}

}  // namespace
}  // namespace seatrial::registry
