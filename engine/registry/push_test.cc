// Pushes to, and lists of, a registry that a test scripts.
#include <gmock/gmock.h>

#include "engine/base/error.h"
#include "engine/registry/client.h"
#include "engine/registry/testing/image_fixture.h"
#include "engine/registry/testing/scripted_server.h"

namespace seatrial::registry::testing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

spec::Reference on(const ScriptedServer& server) {
  return spec::parse_reference(server.authority() + "/a/b:1");
}

class Push : public ::testing::Test {
 protected:
  Push() { store_image(source_.store, image_); }

  // What a registry without any blob answers; uploads are at `location`.
  static Reply empty_registry(const Received& request, const std::string& location) {
    if (request.target == "/v2/") return {};
    if (request.method == "HEAD") return {.status = 404};
    if (request.method == "POST") return {.status = 202, .fields = {{"Location", location}}};
    return {.status = 201};
  }

  // The requests of one method, in order.
  static std::vector<Received> of(const ScriptedServer& server, std::string_view method) {
    std::vector<Received> result = server.received();
    std::erase_if(result, [&](const Received& request) { return request.method != method; });
    return result;
  }

  const TestImage image_ = make_image({200'000});
  const spec::Descriptor layer_ = image_.layers[0];
  TestStore source_;
};

TEST_F(Push, UploadsToWhereverTheLocationLeads) {
  ScriptedServer server([&](const Received& request) {
    return empty_registry(request, "../../../../up/7?_state=x%2Fy");
  });

  Client(quick()).push(source_.store, image_.digest, on(server));

  const auto puts = of(server, "PUT");
  ASSERT_THAT(puts, SizeIs(3));
  for (const Received& put : {puts[0], puts[1]}) {
    ASSERT_THAT(put.target, HasSubstr("/v2/up/7?_state=x%2Fy&digest=sha256:"));
    EXPECT_EQ(put.body, image_.blobs.at(put.target.substr(put.target.find("sha256:"))));
  }
  EXPECT_EQ(puts[2].target, "/v2/a/b/manifests/1") << "the manifest comes after its blobs";
  EXPECT_EQ(puts[2].body, image_.manifest);
  EXPECT_EQ(puts[2].get("content-type"), spec::media_type::kOciManifest);
}

TEST_F(Push, SendsChunksOneAfterTheOtherToEachNewLocation) {
  int part = 0;
  ScriptedServer server([&](const Received& request) {
    if (request.method != "PATCH") return empty_registry(request, "/up?part=0");
    return Reply{.status = 202, .fields = {{"Location", fmt::format("/up?part={}", ++part)}}};
  });

  Client(quick()).push(source_.store, image_.digest, on(server), {.chunk = 90'000});

  std::vector<std::string> sent;
  std::string whole;
  for (const Received& patch : of(server, "PATCH")) {
    sent.push_back(patch.target + " " + patch.get("content-range"));
    whole += patch.body;
  }
  EXPECT_THAT(sent, ElementsAre("/up?part=0 0-89999", "/up?part=1 90000-179999",
                                "/up?part=2 180000-199999"));
  EXPECT_EQ(whole, image_.blobs.at(layer_.digest.text()));
}

TEST_F(Push, BeginsAnUploadAgainThatBroke) {
  int breaks = 2;
  ScriptedServer server([&](const Received& request) {
    Reply reply = empty_registry(request, "/up?x=1");
    if (request.target.ends_with(layer_.digest.text()) && request.method == "PUT" && breaks > 0) {
      --breaks;
      reply.body = "never sent";
      reply.drop_after = 0;
    }
    return reply;
  });

  Client(quick()).push(source_.store, image_.digest, on(server));

  EXPECT_EQ(breaks, 0);
  EXPECT_THAT(of(server, "POST"), SizeIs(4));  // one for the config, three for the layer
}

TEST_F(Push, AsksToMountAndUsesTheUploadThatItGetsInstead) {
  ScriptedServer server(
      [&](const Received& request) { return empty_registry(request, "/up?x=1"); });

  Client(quick()).push(source_.store, image_.digest, on(server), {.mount_from = "c/d"});

  const auto posts = of(server, "POST");
  ASSERT_THAT(posts, SizeIs(2));
  for (const Received& post : posts) {
    EXPECT_THAT(post.target, AllOf(HasSubstr("?mount=sha256:"), HasSubstr("&from=c/d")));
  }
  EXPECT_THAT(of(server, "PUT"), SizeIs(3));
}

TEST_F(Push, GivesNoCredentialsToAnUploadElsewhere) {
  ScriptedServer storage([](const Received&) { return Reply{.status = 201}; });
  ScriptedServer server([&](const Received& request) {
    if (request.target != "/v2/" && request.get("authorization").empty()) {
      return Reply{.status = 401, .fields = {{"WWW-Authenticate", "Basic realm=sea"}}};
    }
    return empty_registry(request, fmt::format("http://{}/up", storage.authority()));
  });
  write_file_atomically(
      source_.directory.path() / "config.json",
      fmt::format(R"({{"auths":{{"{}":{{"auth":"Y2FwdGFpbjphaG95"}}}}}})", server.authority()));
  ClientOptions options = quick();
  options.auth_file = source_.directory.path() / "config.json";

  Client(options).push(source_.store, image_.digest, on(server));

  EXPECT_THAT(storage.received(), SizeIs(2));
  for (const Received& request : storage.received()) {
    EXPECT_EQ(request.get("authorization"), "");
  }
}

TEST_F(Push, NamesWhatTheRegistryRefuses) {
  ScriptedServer server([&](const Received& request) -> Reply {
    if (request.method == "POST") {
      return {.status = 403, .body = R"({"errors":[{"code":"DENIED","message":"quota\nfull"}]})"};
    }
    return empty_registry(request, "/up");
  });

  EXPECT_THAT(failure_of([&] { Client(quick()).push(source_.store, image_.digest, on(server)); }),
              AllOf(HasSubstr(fmt::format("push {}/a/b:1: blob sha256:", server.authority())),
                    HasSubstr("begin the upload: 403 DENIED: quota?full")));
}

TEST_F(Push, NoticesARegistryThatStoredSomethingElse) {
  ScriptedServer server([&](const Received& request) {
    Reply reply = empty_registry(request, "/up");
    if (request.target.find("/manifests/") != std::string::npos) {
      reply.fields.emplace_back("Docker-Content-Digest", layer_.digest.text());
    }
    return reply;
  });

  EXPECT_THAT(failure_of([&] { Client(quick()).push(source_.store, image_.digest, on(server)); }),
              HasSubstr("where the registry says " + layer_.digest.text()));
}

TEST_F(Push, NamesABlobThatTheStoreLacks) {
  source_.store.remove(layer_.digest);
  ScriptedServer server([&](const Received& request) { return empty_registry(request, "/up"); });

  EXPECT_THAT(failure_of([&] { Client(quick()).push(source_.store, image_.digest, on(server)); }),
              HasSubstr("no blob " + layer_.digest.text()));
  EXPECT_THAT(of(server, "PUT"), ::testing::Not(::testing::Contains(
                                     ::testing::Field(&Received::target, HasSubstr("manifests")))));
}

TEST(Tags, GoesThroughAllPagesOnTheSameHost) {
  ScriptedServer server([&](const Received& request) -> Reply {
    if (request.target.find("last=b") != std::string::npos) return {.body = R"({"tags":["c"]})"};
    return {.fields = {{"Link", R"(</v2/a/b/tags/list?last=b>; rel="next")"}},
            .body = R"({"name":"a/b","tags":["a","b"]})"};
  });

  EXPECT_THAT(Client(quick()).tags(on(server)), ElementsAre("a", "b", "c"));
}

TEST(Tags, GoesToNoOtherHostAndTakesNull) {
  std::string link = "<http://127.0.0.1:9/x>; rel=next";
  ScriptedServer server([&](const Received&) -> Reply {
    return {.fields = {{"Link", link}}, .body = R"({"tags":null})"};
  });
  Client client(quick());

  EXPECT_THAT(failure_of([&] { client.tags(on(server)); }),
              HasSubstr("the next page is said to be on 127.0.0.1:9"));
  link = "<last>; rel=last";
  EXPECT_THAT(client.tags(on(server)), IsEmpty());
}

TEST(Resolve, AsksWithHeadAndFallsBackToGet) {
  const TestImage image = make_image({10});
  bool knows_head = true;
  ScriptedServer server([&](const Received& request) {
    if (request.method == "HEAD" && !knows_head) return Reply{.status = 405};
    return honest(image, request);
  });
  Client client(quick());

  EXPECT_EQ(client.resolve(on(server)).size, image.manifest.size());
  EXPECT_THAT(server.received(), SizeIs(1));
  knows_head = false;
  EXPECT_EQ(client.resolve(on(server)).digest, image.digest);
}

}  // namespace
}  // namespace seatrial::registry::testing
