// Pulls from a registry that a test scripts: drops, lies, redirects, asks for patience.
#include <gmock/gmock.h>

#include <chrono>
#include <memory>

#include "engine/base/error.h"
#include "engine/registry/client.h"
#include "engine/registry/testing/image_fixture.h"
#include "engine/registry/testing/scripted_server.h"

namespace seatrial::registry::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr std::size_t kLarge = 3u << 20;

spec::Reference on(const ScriptedServer& server, std::string_view name = "a/b:1") {
  return spec::parse_reference(fmt::format("{}/{}", server.authority(), name));
}

// The Range field of each request for this blob, in order.
std::vector<std::string> ranges(const ScriptedServer& server, const spec::Digest& digest) {
  std::vector<std::string> result;
  for (const Received& request : server.received()) {
    if (request.target.ends_with(digest.text())) result.push_back(request.get("range"));
  }
  return result;
}

void expect_whole(const image::BlobStore& store, const TestImage& image) {
  for (const auto& [digest, bytes] : image.blobs) {
    EXPECT_EQ(store.read(spec::Digest::parse(digest), 64u << 20), bytes) << digest;
  }
  EXPECT_EQ(store.read(image.digest, 1u << 20), image.manifest);
}

class Pull : public ::testing::Test {
 protected:
  const TestImage image_ = make_image({kLarge, 1000, 0});
  const spec::Digest large_ = image_.layers[0].digest;
  TestStore target_;
};

TEST_F(Pull, BringsEverythingAndReportsIt) {
  ScriptedServer server([&](const Received& request) { return honest(image_, request); });
  std::map<std::string, Progress> last;
  Client client(quick());

  const Pulled pulled = client.pull(on(server), target_.store, [&](const Progress& progress) {
    last[progress.digest.text()] = progress;
  });
  EXPECT_EQ(pulled.manifest, image_.digest);
  EXPECT_EQ(pulled.named, image_.digest);

  expect_whole(target_.store, image_);
  ASSERT_THAT(last, SizeIs(4));
  EXPECT_EQ(last[large_.text()].state, Progress::State::kDone);
  EXPECT_EQ(last[large_.text()].done, kLarge);
  EXPECT_EQ(last[large_.text()].total, kLarge);
}

TEST_F(Pull, FetchesNothingTwice) {
  ScriptedServer server([&](const Received& request) { return honest(image_, request); });
  Client client(quick());
  client.pull(on(server), target_.store);
  const std::size_t before = server.received().size();
  std::vector<Progress::State> states;

  client.pull(on(server), target_.store,
              [&](const Progress& progress) { states.push_back(progress.state); });

  EXPECT_EQ(server.received().size(), before + 1);  // the manifest alone
  EXPECT_THAT(states, Each(Progress::State::kExists));
}

TEST_F(Pull, KeepsItsConnections) {
  const TestImage many = make_image(std::vector<std::size_t>(40, 100));
  ScriptedServer server([&](const Received& request) { return honest(many, request); });
  ClientOptions options = quick();
  options.parallel = 3;
  Client client(options);

  client.pull(on(server), target_.store);

  EXPECT_THAT(server.received(), SizeIs(42));
  EXPECT_LE(server.connections(), 3u);
}

TEST_F(Pull, ResumesADroppedBlobWithinTheSamePull) {
  int drops = 0;
  ScriptedServer server([&](const Received& request) {
    Reply reply = honest(image_, request);
    if (request.target.ends_with(large_.text()) && drops++ < 2) reply.drop_after = 1'000'000;
    return reply;
  });
  Client client(quick());

  client.pull(on(server), target_.store);

  expect_whole(target_.store, image_);
  EXPECT_THAT(ranges(server, large_), ElementsAre("", "bytes=1000000-", "bytes=2000000-"));
}

TEST_F(Pull, ResumesADroppedBlobInALaterPull) {
  bool broken = true;
  ScriptedServer server([&](const Received& request) {
    Reply reply = honest(image_, request);
    if (broken && request.target.ends_with(large_.text())) {
      reply.drop_after = request.get("range").empty() ? 500'000 : 0;
    }
    return reply;
  });
  {
    Client client(quick());
    EXPECT_THAT(failure_of([&] { client.pull(on(server), target_.store); }),
                AllOf(HasSubstr(server.authority() + "/a/b:1"), HasSubstr(large_.text())));
    EXPECT_FALSE(target_.store.has(image_.digest)) << "a manifest without its blobs";
  }
  broken = false;
  const std::size_t before = ranges(server, large_).size();

  Client(quick()).pull(on(server), target_.store);

  expect_whole(target_.store, image_);
  const auto later = ranges(server, large_);
  EXPECT_THAT(std::vector(later.begin() + static_cast<long>(before), later.end()),
              ElementsAre("bytes=500000-"));
}

TEST_F(Pull, FetchesAgainWhenWhatAnEarlierPullLeftIsBad) {
  image::BlobStore::Writer partial = target_.store.begin(&large_);
  partial.write(std::as_bytes(std::span(std::string_view("these bytes are not of the blob"))));
  partial.keep();
  ScriptedServer server([&](const Received& request) { return honest(image_, request); });

  Client(quick()).pull(on(server), target_.store);

  expect_whole(target_.store, image_);
  EXPECT_THAT(ranges(server, large_), ElementsAre("bytes=31-", ""));
}

TEST_F(Pull, PassesOverWhatItHasWhenTheServerIgnoresRange) {
  int requests = 0;
  ScriptedServer server([&](const Received& request) {
    Received without_range = request;
    without_range.fields.erase("range");
    Reply reply = honest(image_, without_range);
    if (request.target.ends_with(large_.text()) && requests++ == 0) reply.drop_after = 1'000'000;
    return reply;
  });

  Client(quick()).pull(on(server), target_.store);

  expect_whole(target_.store, image_);
  EXPECT_EQ(requests, 2);
}

TEST_F(Pull, StartsAgainAfterALyingContentRange) {
  int requests = 0;
  ScriptedServer server([&](const Received& request) {
    Reply reply = honest(image_, request);
    if (!request.target.ends_with(large_.text())) return reply;
    if (requests++ == 0) reply.drop_after = 1'000'000;
    if (requests == 2) {
      reply.fields = {{"Content-Range", fmt::format("bytes 5-{}/{}", kLarge - 1, kLarge)}};
    }
    return reply;
  });

  Client(quick()).pull(on(server), target_.store);

  expect_whole(target_.store, image_);
  EXPECT_THAT(ranges(server, large_), ElementsAre("", "bytes=1000000-", ""));
}

TEST_F(Pull, GivesUpOnABlobThatBreaksEachTime) {
  ScriptedServer server([&](const Received& request) {
    Reply reply = honest(image_, request);
    if (request.target.ends_with(large_.text())) reply.drop_after = 0;
    return reply;
  });

  EXPECT_THAT(failure_of([&] { Client(quick()).pull(on(server), target_.store); }),
              HasSubstr(large_.text()));
  EXPECT_THAT(ranges(server, large_), SizeIs(5));
}

// The three ways to send other bytes than the descriptor announces.
TEST_F(Pull, RefusesABlobOfAnotherContent) {
  ScriptedServer server([&](const Received& request) {
    Reply reply = honest(image_, request);
    if (request.target.ends_with(large_.text())) reply.body[7] ^= 1;
    return reply;
  });

  EXPECT_THAT(failure_of([&] { Client(quick()).pull(on(server), target_.store); }),
              AllOf(HasSubstr(large_.text()), HasSubstr("digest")));
  EXPECT_FALSE(target_.store.has(large_));
  EXPECT_FALSE(target_.store.has(image_.digest));
  EXPECT_THAT(ranges(server, large_), SizeIs(1));
}

TEST_F(Pull, RefusesABlobOfAnotherLengthBeforeItsBytes) {
  for (const std::size_t size : {kLarge - 1, kLarge + 1}) {
    ScriptedServer server([&](const Received& request) {
      Reply reply = honest(image_, request);
      if (request.target.ends_with(large_.text())) reply.body.resize(size);
      return reply;
    });
    EXPECT_THAT(failure_of([&] { Client(quick()).pull(on(server), target_.store); }),
                HasSubstr(fmt::format("has {} bytes where {} were announced", size, kLarge)));
  }
}

TEST_F(Pull, RefusesAManifestThatIsNotTheDigestAskedFor) {
  const TestImage other = make_image({10}, 99);
  ScriptedServer server([&](const Received& request) {
    Reply reply = honest(image_, request);
    if (request.target.ends_with(image_.digest.text())) reply.body = other.manifest;
    return reply;
  });

  EXPECT_THAT(failure_of([&] {
                Client(quick()).pull(on(server, "a/b@" + image_.digest.text()), target_.store);
              }),
              HasSubstr(fmt::format("its digest is {} where the reference says {}",
                                    other.digest.text(), image_.digest.text())));
}

TEST_F(Pull, NamesTheManifestThatIsMissing) {
  ScriptedServer server([&](const Received& request) { return honest(image_, request); });
  Client client(quick());

  try {
    client.pull(on(server, "a/b:none"), target_.store);
    FAIL() << "an absent tag was pulled";
  } catch (const Error& failure) {
    EXPECT_EQ(failure.kind(), Kind::kNotFound);
    EXPECT_EQ(std::string(failure.what()),
              fmt::format("pull {}/a/b:none: manifest none: GET: 404 NAME_UNKNOWN: not here",
                          server.authority()));
  }
}

TEST_F(Pull, ChoosesThePlatformAndHoldsTheIndexToItsWord) {
  std::uint64_t announced = image_.manifest.size();
  const auto index = [&] {
    return spec::print_index(
        {.media_type = std::string(spec::media_type::kOciIndex),
         .manifests = {{.media_type = std::string(spec::media_type::kOciManifest),
                        .digest = make_image({1}, 5).digest,
                        .size = 7,
                        .platform = spec::Platform{.os = "linux", .architecture = "s390x"}},
                       {.media_type = std::string(spec::media_type::kOciManifest),
                        .digest = image_.digest,
                        .size = announced,
                        .platform = spec::Platform{.os = "linux", .architecture = "arm64"}}}});
  };
  ScriptedServer server([&](const Received& request) -> Reply {
    if (!request.target.ends_with("/manifests/1")) return honest(image_, request);
    return {.fields = {{"Content-Type", std::string(spec::media_type::kOciIndex)}},
            .body = index()};
  });
  ClientOptions options = quick();
  options.platform = {.os = "linux", .architecture = "arm64"};

  const Pulled pulled = Client(options).pull(on(server), target_.store);
  EXPECT_EQ(pulled.manifest, image_.digest);
  EXPECT_EQ(pulled.named, image::digest_of(index()));

  announced += 1;
  EXPECT_THAT(failure_of([&] { Client(options).pull(on(server), target_.store); }),
              HasSubstr("bytes where the index announces"));
  options.platform.architecture = "riscv64";
  EXPECT_THAT(failure_of([&] { Client(options).pull(on(server), target_.store); }),
              HasSubstr("s390x"));
}

TEST_F(Pull, WaitsAsLongAsRetryAfterSays) {
  bool busy = true;
  bool overloaded = true;
  ScriptedServer server([&](const Received& request) -> Reply {
    if (request.target.ends_with(large_.text()) && std::exchange(busy, false)) {
      return {.status = 429, .fields = {{"Retry-After", "1"}}};
    }
    if (request.target.ends_with("/manifests/1") && std::exchange(overloaded, false)) {
      return {.status = 503};
    }
    return honest(image_, request);
  });
  const auto start = std::chrono::steady_clock::now();

  Client(quick()).pull(on(server), target_.store);

  EXPECT_GE(std::chrono::steady_clock::now() - start, 1s);
  expect_whole(target_.store, image_);
}

TEST_F(Pull, DoesNotWaitLongerThanItsPatience) {
  ScriptedServer server([&](const Received& request) -> Reply {
    if (request.target == "/v2/") return {};
    return {.status = 429, .fields = {{"Retry-After", "3600"}}};
  });

  EXPECT_THAT(failure_of([&] { Client(quick()).pull(on(server), target_.store); }),
              HasSubstr("429 with a wait of 3600 s"));
  EXPECT_THAT(server.received(), SizeIs(1));
}

TEST_F(Pull, GivesUpOnARegistryThatIsAlwaysBusy) {
  ScriptedServer server([&](const Received& request) -> Reply {
    return {.status = request.target == "/v2/" ? 200 : 503};
  });

  EXPECT_THAT(failure_of([&] { Client(quick()).pull(on(server), target_.store); }),
              HasSubstr("manifest 1: GET: 503"));
  EXPECT_THAT(server.received(), SizeIs(5));
}

TEST_F(Pull, EndsAtOnceWhenItIsCancelled) {
  const auto source = std::make_unique<std::stop_source>();  // GCC 12: see parallel.cc
  ScriptedServer server([&](const Received& request) {
    Reply reply = honest(image_, request);
    if (request.target.ends_with(large_.text())) {
      reply.hang = true;
      source->request_stop();  // while the client waits for the answer
    }
    return reply;
  });
  const auto start = std::chrono::steady_clock::now();

  EXPECT_THAT(
      failure_of([&] { Client(quick()).pull(on(server), target_.store, {}, source->get_token()); }),
      HasSubstr("cancelled"));
  EXPECT_LT(std::chrono::steady_clock::now() - start, 800ms);
}

TEST_F(Pull, EndsWhenTheServerSaysNothing) {
  ScriptedServer server([&](const Received& request) {
    Reply reply = honest(image_, request);
    reply.hang = request.target != "/v2/";
    return reply;
  });
  ClientOptions options = quick();
  options.timeouts.document = 200ms;
  options.patience.attempts = 2;

  EXPECT_THAT(failure_of([&] { Client(options).pull(on(server), target_.store); }),
              HasSubstr("timed out"));
}

TEST_F(Pull, NamesARegistryThatIsNotThere) {
  std::string authority;
  {
    authority = ScriptedServer([](const Received&) { return Reply(); }).authority();
  }

  EXPECT_THAT(failure_of([&] {
                Client(quick()).pull(spec::parse_reference(authority + "/a/b:1"), target_.store);
              }),
              AllOf(HasSubstr("pull " + authority + "/a/b:1: manifest 1: GET: " + authority),
                    HasSubstr("connect")));
}

TEST_F(Pull, RefusesPlainHttpToOthers) {
  ScriptedServer server([&](const Received& request) -> Reply {
    if (request.target.ends_with("/manifests/1")) {
      return {.status = 307, .fields = {{"Location", "http://registry.example/x"}}};
    }
    return {};
  });

  EXPECT_THAT(failure_of([&] { Client(quick()).pull(on(server), target_.store); }),
              HasSubstr("http to registry.example is refused"));
}

TEST_F(Pull, RefusesAMegabytesLongManifest) {
  ScriptedServer server([&](const Received& request) {
    Reply reply = honest(image_, request);
    if (request.target.ends_with("/manifests/1")) reply.body += std::string(5u << 20, ' ');
    return reply;
  });

  EXPECT_THAT(failure_of([&] { Client(quick()).pull(on(server), target_.store); }),
              HasSubstr("larger than 4194304 bytes"));
}

TEST_F(Pull, RefusesLayersOfUnknownKinds) {
  TestImage odd = image_;
  odd.layers[1].media_type = "application/vnd.example.wasm";
  odd.manifest = spec::print_manifest({.media_type = std::string(spec::media_type::kOciManifest),
                                       .config = odd.config,
                                       .layers = odd.layers});
  ScriptedServer server([&](const Received& request) {
    Reply reply = honest(odd, request);
    std::erase_if(reply.fields, [](const auto& field) { return field.first[0] == 'D'; });
    return reply;
  });

  EXPECT_THAT(failure_of([&] { Client(quick()).pull(on(server), target_.store); }),
              HasSubstr("unknown type \"application/vnd.example.wasm\""));
  EXPECT_THAT(server.received(), SizeIs(1)) << "blobs were fetched all the same";
}

}  // namespace
}  // namespace seatrial::registry::testing
