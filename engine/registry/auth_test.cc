// Who gets which credentials, by a scripted registry, token service and storage host.
#include <gmock/gmock.h>

#include <atomic>

#include "engine/base/error.h"
#include "engine/registry/client.h"
#include "engine/registry/fields.h"
#include "engine/registry/testing/image_fixture.h"
#include "engine/registry/testing/scripted_server.h"

namespace seatrial::registry::testing {
namespace {

using ::testing::AllOf;
using ::testing::Each;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::ResultOf;
using ::testing::SizeIs;

constexpr const char* kBasic = "Basic Y2FwdGFpbjphaG95";  // captain:ahoy

Reply unauthorized(std::string challenge) {
  return {.status = 401,
          .fields = {{"WWW-Authenticate", std::move(challenge)}},
          .body = R"({"errors":[{"code":"UNAUTHORIZED","message":"log in"}]})"};
}

auto without_authorization() {
  return ResultOf([](const Received& request) { return request.get("authorization"); }, IsEmpty());
}

class Auth : public ::testing::Test {
 protected:
  ClientOptions options_for(const ScriptedServer& server, const std::string& entry) {
    write_file_atomically(target_.directory.path() / "config.json",
                          fmt::format(R"({{"auths":{{"{}":{}}}}})", server.authority(), entry));
    ClientOptions options = quick();
    options.auth_file = target_.directory.path() / "config.json";
    return options;
  }
  spec::Digest pull(const ScriptedServer& server, ClientOptions options) {
    return Client(std::move(options))
        .pull(spec::parse_reference(server.authority() + "/a/b:1"), target_.store)
        .manifest;
  }

  const TestImage image_ = make_image({1000, 2000});
  const spec::Digest layer_ = image_.layers[0].digest;
  TestStore target_;
};

TEST_F(Auth, AnswersBasicAndRemembersIt) {
  ScriptedServer server([&](const Received& request) {
    if (request.get("authorization") != kBasic) return unauthorized("Basic realm=\"sea\"");
    return honest(image_, request);
  });

  pull(server, options_for(server, R"({"auth":"Y2FwdGFpbjphaG95"})"));

  EXPECT_THAT(server.received(), SizeIs(5));  // one 401, the manifest, three blobs
}

TEST_F(Auth, LogsInWhenOnlyTheResourceAsksForIt) {
  ScriptedServer server([&](const Received& request) {
    if (request.target == "/v2/") return Reply();
    if (request.get("authorization") != kBasic) return unauthorized("Basic realm=\"sea\"");
    return honest(image_, request);
  });

  EXPECT_EQ(pull(server, options_for(server, R"({"auth":"Y2FwdGFpbjphaG95"})")), image_.digest);
}

TEST_F(Auth, TellsNobodyWhoDidNotAsk) {
  ScriptedServer server([&](const Received& request) { return honest(image_, request); });

  pull(server, options_for(server, R"({"auth":"Y2FwdGFpbjphaG95"})"));

  EXPECT_THAT(server.received(), Each(without_authorization()));
}

TEST_F(Auth, SaysWhereCredentialsAreMissing) {
  ScriptedServer server([&](const Received&) { return unauthorized("Basic realm=\"sea\""); });
  ClientOptions options = quick();
  options.auth_file = "/nonexistent/config.json";

  EXPECT_THAT(failure_of([&] { pull(server, options); }),
              HasSubstr(fmt::format("no credentials for {} in /nonexistent/config.json",
                                    server.authority())));
}

TEST_F(Auth, SaysThatCredentialsAreRefusedWithoutShowingThem) {
  ScriptedServer server([&](const Received&) { return unauthorized("Basic realm=\"sea\""); });

  EXPECT_THAT(failure_of([&] {
                pull(server, options_for(server, R"({"username":"me","password":"hunter2"})"));
              }),
              AllOf(HasSubstr("401 UNAUTHORIZED: log in"), Not(HasSubstr("hunter2"))));
  EXPECT_THAT(server.received(), SizeIs(2)) << "the same login was tried again";
}

// A registry with a token service that hands out one token and remembers what it was asked.
class BearerRegistry {
 public:
  explicit BearerRegistry(const TestImage& image)
      : image_(image),
        tokens_([this](const Received&) { return token_reply_; }),
        registry_([this](const Received& request) {
          if (request.target == "/v2/") return Reply();
          if (request.get("authorization") != "Bearer " + accepted_) {
            return unauthorized(fmt::format(
                R"(Bearer realm="http://{}/token",service="sea",scope="repository:other:push")",
                tokens_.authority()));
          }
          return honest(image_, request);
        }) {}

  const ScriptedServer& registry() const { return registry_; }
  const ScriptedServer& tokens() const { return tokens_; }

  Reply token_reply_{.body = R"({"token":"t1","expires_in":300})"};
  std::string accepted_ = "t1";

 private:
  const TestImage& image_;
  ScriptedServer tokens_;
  ScriptedServer registry_;
};

TEST_F(Auth, FetchesOneTokenForAllBlobsWithTheScopeThatItNeeds) {
  BearerRegistry peer(image_);

  pull(peer.registry(), quick());

  const auto asked = peer.tokens().received();
  ASSERT_THAT(asked, SizeIs(1));
  EXPECT_EQ(asked[0].method, "GET");
  EXPECT_EQ(asked[0].target, "/token?service=sea&scope=repository:a/b:pull");
  EXPECT_EQ(asked[0].get("authorization"), "");
}

TEST_F(Auth, GivesThePasswordToTheTokenServiceAndTheTokenToTheRegistry) {
  BearerRegistry peer(image_);

  pull(peer.registry(), options_for(peer.registry(), R"({"auth":"Y2FwdGFpbjphaG95"})"));

  EXPECT_EQ(peer.tokens().received().at(0).get("authorization"), kBasic);
  EXPECT_THAT(peer.tokens().received().at(0).target, HasSubstr("account=captain"));
  for (const Received& request : peer.registry().received()) {
    EXPECT_THAT(request.get("authorization"), ::testing::AnyOf("", "Bearer t1"));
  }
}

TEST_F(Auth, PostsARefreshTokenInTheBody) {
  BearerRegistry peer(image_);
  peer.token_reply_.body = R"({"access_token":"t1"})";

  pull(peer.registry(), options_for(peer.registry(), R"({"identitytoken":"re/fresh+1"})"));

  const auto asked = peer.tokens().received();
  ASSERT_THAT(asked, SizeIs(1));
  EXPECT_EQ(asked[0].method, "POST");
  EXPECT_EQ(asked[0].target, "/token");
  EXPECT_THAT(asked[0].body,
              AllOf(HasSubstr("grant_type=refresh_token"), HasSubstr("refresh_token=re/fresh%2B1"),
                    HasSubstr("scope=repository:a/b:pull"), HasSubstr("service=sea")));
}

TEST_F(Auth, RenewsATokenThatTheRegistryNoLongerTakes) {
  BearerRegistry peer(image_);
  Client client(quick());
  const auto reference = spec::parse_reference(peer.registry().authority() + "/a/b:1");
  client.pull(reference, target_.store);
  peer.accepted_ = "t2";
  peer.token_reply_.body = R"({"token":"t2"})";

  client.pull(reference, target_.store);

  EXPECT_THAT(peer.tokens().received(), SizeIs(2));
}

TEST_F(Auth, NamesATokenServiceThatRefuses) {
  BearerRegistry peer(image_);
  peer.token_reply_ = {.status = 401};

  EXPECT_THAT(failure_of([&] { pull(peer.registry(), quick()); }),
              HasSubstr(fmt::format("token for {}: {} answers 401", peer.registry().authority(),
                                    peer.tokens().authority())));
}

TEST_F(Auth, RefusesATokenThatWouldEndTheHeader) {
  BearerRegistry peer(image_);
  peer.token_reply_.body = R"({"token":"t1\r\nX-Evil: 1"})";

  EXPECT_THAT(failure_of([&] { pull(peer.registry(), quick()); }), HasSubstr("no usable token"));
}

TEST_F(Auth, RefusesAPlainTokenServiceElsewhere) {
  ScriptedServer server([&](const Received&) {
    return unauthorized(R"(Bearer realm="http://tokens.example/",service="sea")");
  });

  EXPECT_THAT(
      failure_of([&] { pull(server, options_for(server, R"({"auth":"Y2FwdGFpbjphaG95"})")); }),
      HasSubstr("http to tokens.example is refused"));
}

TEST_F(Auth, DropsCredentialsOnTheWayToAnotherHost) {
  ScriptedServer storage([&](const Received& request) { return honest(image_, request); });
  ScriptedServer server([&](const Received& request) {
    if (request.get("authorization") != kBasic) return unauthorized("Basic realm=\"sea\"");
    if (request.target.find("/blobs/") == std::string::npos) return honest(image_, request);
    return Reply{
        .status = 307,
        .fields = {{"Location", fmt::format("http://{}{}", storage.authority(), request.target)}}};
  });

  EXPECT_EQ(pull(server, options_for(server, R"({"auth":"Y2FwdGFpbjphaG95"})")), image_.digest);

  EXPECT_THAT(storage.received(), SizeIs(3));
  EXPECT_THAT(storage.received(), Each(without_authorization()));
}

TEST_F(Auth, KeepsCredentialsOnTheSameHostUnlessItWasLeft) {
  std::string home;
  ScriptedServer away([&](const Received& request) {
    return Reply{.status = 302,
                 .fields = {{"Location", fmt::format("http://{}/back{}", home, request.target)}}};
  });
  const std::string path = "/v2/a/b/blobs/" + layer_.text();
  ScriptedServer server([&](const Received& request) {
    if (request.target.starts_with("/back")) {
      Received plain = request;
      plain.target = request.target.substr(5);
      return honest(image_, plain);
    }
    if (request.get("authorization") != kBasic) return unauthorized("Basic realm=\"sea\"");
    if (request.target == path) {
      return Reply{.status = 302, .fields = {{"Location", "../../../../moved" + path}}};
    }
    if (request.target == "/moved" + path) {
      return Reply{.status = 302,
                   .fields = {{"Location", fmt::format("http://{}{}", away.authority(), path)}}};
    }
    return honest(image_, request);
  });
  home = server.authority();

  EXPECT_EQ(pull(server, options_for(server, R"({"auth":"Y2FwdGFpbjphaG95"})")), image_.digest);

  int back = 0;
  for (const Received& request : server.received()) {
    if (request.target.starts_with("/moved")) {
      EXPECT_EQ(request.get("authorization"), kBasic);
    }
    if (request.target.starts_with("/back")) {
      EXPECT_EQ(request.get("authorization"), "") << "who sent us back may know a secret path";
      ++back;
    }
  }
  EXPECT_EQ(back, 1);
}

TEST_F(Auth, AnswersNoChallengeOfAnotherHost) {
  ScriptedServer storage([&](const Received&) { return unauthorized("Basic realm=\"phish\""); });
  ScriptedServer server([&](const Received& request) {
    if (request.target.find("/blobs/") == std::string::npos) return honest(image_, request);
    return Reply{.status = 307,
                 .fields = {{"Location", fmt::format("http://{}/x", storage.authority())}}};
  });

  EXPECT_THAT(
      failure_of([&] { pull(server, options_for(server, R"({"auth":"Y2FwdGFpbjphaG95"})")); }),
      HasSubstr("401 UNAUTHORIZED"));
  EXPECT_THAT(storage.received(), Each(without_authorization()));
}

TEST_F(Auth, StopsAtTheTenthRedirect) {
  ScriptedServer server([&](const Received& request) {
    if (request.target == "/v2/") return Reply();
    return Reply{.status = 302, .fields = {{"Location", request.target}}};
  });

  EXPECT_THAT(failure_of([&] { pull(server, quick()); }), HasSubstr("more than 10 times"));
  EXPECT_THAT(server.received(), SizeIs(11));
}

}  // namespace
}  // namespace seatrial::registry::testing
