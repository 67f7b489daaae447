// Registries that lie, break off, redirect and refuse.
#include <fmt/format.h>

#include <functional>

#include "engine/base/error.h"
#include "harness/fixtures/network_witness.h"
#include "suites/integration/registry_client/client_case.h"

namespace {

const Sample& sample() {
  static const Sample made;
  return made;
}

std::string altered(std::string bytes) {
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
  return bytes;
}

// Serves the sample with one lie in it.
struct Lie {
  std::string name;
  Clauses clauses;
  std::function<void(ScriptedRegistry&)> tell;
  std::string sentence;  // what the refusal says
};

const Lie kLies[] = {
    {"ALayerOfOtherBytes",
     {"distribution/pull/verify-blob", "image/descriptor/verify-sha256", "security/cve-2014-8178"},
     [](ScriptedRegistry& registry) {
       registry.serve(blob_path(sample().large), {{.body = altered(sample().large)}});
     },
     "sha256:"},
    {"AConfigOfOtherBytes",
     {"distribution/pull/verify-blob"},
     [](ScriptedRegistry& registry) {
       registry.serve(blob_path(sample().config), {{.body = altered(sample().config)}});
     },
     "sha256:"},
    {"ALayerThatIsTooLong",
     {"image/descriptor/size-mismatch", "image/descriptor/size-first"},
     [](ScriptedRegistry& registry) {
       registry.serve(blob_path(sample().large), {{.body = sample().large + "more"}});
     },
     "bytes"},
    {"ALayerThatIsTooShort",
     {"image/descriptor/size-mismatch"},
     [](ScriptedRegistry& registry) {
       registry.serve(blob_path(sample().large), {{.body = sample().large.substr(0, 1000)}});
     },
     ""},
    {"ALayerThatAlwaysBreaksOff",
     {"image/descriptor/verify"},
     [](ScriptedRegistry& registry) {
       registry.serve(blob_path(sample().large), {{.body = sample().large, .cut = 0}});
     },
     ""},
    {"ALayerThatIsMissing",
     {"distribution/pull/blob-not-found"},
     [](ScriptedRegistry& registry) {
       registry.serve(blob_path(sample().large), {{.status = "404 Not Found"}});
     },
     "404"},
    {"AManifestWithAnotherDigest",
     {"distribution/pull/verify-digest-header"},
     [](ScriptedRegistry& registry) {
       ScriptedAnswer answer = manifest_answer(sample());
       answer.headers[1].second = sha256_digest("another");
       registry.serve("/v2/a/b/manifests/1", {answer});
     },
     "sha256:"},
    {"AManifestOfAnotherType",
     {"distribution/pull/media-type-mismatch", "security/cve-2021-41190"},
     [](ScriptedRegistry& registry) {
       ScriptedAnswer answer = manifest_answer(sample());
       answer.headers[0].second = kIndex;
       registry.serve("/v2/a/b/manifests/1", {answer});
     },
     ""},
    {"AManifestThatIsNone",
     {"distribution/pull/manifest"},
     [](ScriptedRegistry& registry) {
       registry.serve("/v2/a/b/manifests/1",
                      {{.headers = {{"Content-Type", kManifest}}, .body = "<html>hello</html>"}});
     },
     ""},
    {"AManifestWithoutEnd",
     {"security/cve-2023-25153"},
     [](ScriptedRegistry& registry) {
       registry.serve("/v2/a/b/manifests/1",
                      {{.headers = {{"Content-Type", kManifest}},
                        .body = sample().manifest + std::string(6u << 20, ' ')}});
     },
     ""},
    {"ADigestThatIsAPath",
     {"security/cve-2024-3727"},
     [](ScriptedRegistry& registry) {
       std::string manifest = sample().manifest;
       const std::string digest = sha256_digest(sample().small);
       manifest.replace(manifest.find(digest), digest.size(), "sha256:../../../../etc/passwd");
       registry.serve("/v2/a/b/manifests/1",
                      {{.headers = {{"Content-Type", kManifest}}, .body = manifest}});
     },
     "digest"},
    {"AlwaysTooManyRequests",
     {"distribution/errors/format"},
     [](ScriptedRegistry& registry) {
       registry.serve("/v2/a/b/manifests/1", {{.status = "429 Too Many Requests"}});
     },
     "429"},
    {"AlwaysUnavailable",
     {"distribution/errors/format"},
     [](ScriptedRegistry& registry) {
       registry.serve("/v2/a/b/manifests/1", {{.status = "503 Service Unavailable"}});
     },
     "503"},
    {"ACircleOfRedirects",
     {"distribution/pull/blob"},
     [](ScriptedRegistry& registry) {
       registry.serve(blob_path(sample().large),
                      {{.status = "307 Temporary Redirect",
                        .headers = {{"Location", blob_path(sample().large)}}}});
     },
     "more than 10 times"},
    {"ARedirectToAFile",
     {"security/cve-2020-15157"},
     [](ScriptedRegistry& registry) {
       registry.serve(
           blob_path(sample().large),
           {{.status = "307 Temporary Redirect", .headers = {{"Location", "file:///etc/passwd"}}}});
     },
     ""},
    {"ARedirectToPlainHttpElsewhere",
     {"security/cve-2020-15157"},
     [](ScriptedRegistry& registry) {
       registry.serve(blob_path(sample().large),
                      {{.status = "307 Temporary Redirect",
                        .headers = {{"Location", "http://storage.test/x"}}}});
     },
     "refused"},
};

}  // namespace

// Each is refused in a sentence, and neither the image nor what was wrong is in the store. Without
// the lie the same image is pulled.
TRIAL_TABLE(HostileRegistry, kLies) {
  ScriptedRegistry registry;
  serve(registry, sample());
  row().tell(registry);
  const BlobStore target = store("target");

  const std::string sentence =
      failure_of([&] { Client(options()).pull(reference(registry.host()), target); });

  ASSERT_THAT(sentence, Not(IsEmpty())) << "the lie was believed";
  EXPECT_THAT(sentence, AllOf(HasSubstr(registry.host() + "/a/b:1"), HasSubstr(row().sentence)));
  EXPECT_THAT(sentence, Not(HasSubstr("\n")));
  EXPECT_FALSE(target.has(seatrial::spec::Digest::parse(sha256_digest(sample().manifest))));
  for (const auto& digest : target.list()) {  // whatever came through is what its name says
    EXPECT_EQ(sha256_digest(target.read(digest, 1u << 20)), digest.text());
  }
  ScriptedRegistry honest;
  serve(honest, sample());
  const BlobStore control = store("control");
  EXPECT_EQ(failure_of([&] { Client(options()).pull(reference(honest.host()), control); }), "");
  expect_whole(control, sample());
}

TRIAL(Pull, ByDigestTakesNothingElse,
      Clauses{"distribution/pull/verify-requested-digest", "docker/pull/digest"}) {
  ScriptedRegistry registry;
  serve(registry, sample());
  const Sample other("other");
  const std::string wanted = sha256_digest(other.manifest);
  registry.serve("/v2/a/b/manifests/" + wanted, {manifest_answer(sample())});
  const BlobStore target = store("target");

  EXPECT_THAT(failure_of([&] {
                Client(options()).pull(reference(registry.host(), "a/b@" + wanted), target);
              }),
              HasSubstr(wanted));
  EXPECT_THAT(target.list(), IsEmpty());

  const std::string right = sha256_digest(sample().manifest);
  EXPECT_EQ(failure_of([&] {
              Client(options()).pull(reference(registry.host(), "a/b@" + right), target);
            }),
            "");  // control
}

TRIAL(Pull, SaysWhichManifestsItKnows, Clauses{"distribution/pull/accept"}) {
  ScriptedRegistry registry;
  serve(registry, sample());
  const BlobStore target = store("target");

  Client(options()).pull(reference(registry.host()), target);

  std::string accepted;
  for (const ScriptedRequest& request : registry.requests()) {
    if (request.target == "/v2/a/b/manifests/1") accepted = request.head;
  }
  EXPECT_THAT(accepted, AllOf(HasSubstr(kManifest), HasSubstr(kIndex)));
}

// A connection that breaks is taken up where it broke, not from the first byte.
TRIAL(Pull, ResumesABodyThatBroke, Clauses{"distribution/pull/range"}) {
  ScriptedRegistry registry;
  serve(registry, sample());
  const std::string& large = sample().large;
  const std::size_t broke = 100000;
  registry.serve(blob_path(large),
                 {{.body = large, .cut = broke},
                  {.status = "206 Partial Content",
                   .headers = {{"Content-Range", fmt::format("bytes {}-{}/{}", broke,
                                                             large.size() - 1, large.size())}},
                   .body = large.substr(broke)}});
  const BlobStore target = store("target");

  Client(options()).pull(reference(registry.host()), target);

  expect_whole(target, sample());
  std::vector<std::string> ranges;
  for (const ScriptedRequest& request : registry.requests()) {
    if (request.target != blob_path(large)) continue;
    ranges.push_back(request.header("Range").value_or("none"));
  }
  EXPECT_THAT(ranges, ElementsAre("none", fmt::format("bytes={}-", broke)));
}

TRIAL(Pull, GoesOnWhereRangeIsIgnored, Clauses{"distribution/pull/range"}) {
  ScriptedRegistry registry;
  serve(registry, sample());
  registry.serve(blob_path(sample().large),
                 {{.body = sample().large, .cut = 5000}, {.body = sample().large}});
  const BlobStore target = store("target");

  Client(options()).pull(reference(registry.host()), target);

  expect_whole(target, sample());
}

TRIAL(Pull, TriesAgainWhenAskedTo, Clauses{"distribution/errors/format"}) {
  ScriptedRegistry registry;
  serve(registry, sample());
  registry.serve("/v2/a/b/manifests/1",
                 {{.status = "429 Too Many Requests", .headers = {{"Retry-After", "0"}}},
                  {.status = "503 Service Unavailable"},
                  manifest_answer(sample())});
  const BlobStore target = store("target");

  Client(options()).pull(reference(registry.host()), target);

  expect_whole(target, sample());
}

TRIAL(Pull, FetchesNothingTwice, Clauses{"docker/pull/up-to-date"}) {
  ScriptedRegistry registry;
  serve(registry, sample());
  const BlobStore target = store("target");
  Client client(options());
  client.pull(reference(registry.host()), target);
  const std::size_t before = registry.requests().size();

  client.pull(reference(registry.host()), target);

  const auto requests = registry.requests();
  for (std::size_t i = before; i < requests.size(); ++i) {
    EXPECT_THAT(requests[i].target, Not(HasSubstr("/blobs/")));
  }
}

TRIAL(Credentials, StayWithTheirRegistryOnARedirect,
      Clauses{"security/cve-2020-15157", "distribution/proxy/credentials"}) {
  ScriptedRegistry storage;
  serve(storage, sample());
  ScriptedRegistry registry;
  serve(registry, sample());
  registry.serve("/v2/", {{.status = "401 Unauthorized",
                           .headers = {{"WWW-Authenticate", "Basic realm=\"trial\""}}},
                          {.body = "{}"}});
  ScriptedAnswer challenge{.status = "401 Unauthorized",
                           .headers = {{"WWW-Authenticate", "Basic realm=\"trial\""}}};
  registry.serve("/v2/a/b/manifests/1", {challenge, manifest_answer(sample())});
  registry.serve(
      blob_path(sample().large),
      {{.status = "307 Temporary Redirect",
        .headers = {{"Location", "http://" + storage.host() + blob_path(sample().large)}}}});
  login(registry.host(), "captain", "ahoy");
  const BlobStore target = store("target");

  Client(options()).pull(reference(registry.host()), target);

  expect_whole(target, sample());
  bool told = false;  // control: the registry itself was told
  for (const ScriptedRequest& request : registry.requests()) {
    told = told || request.header("Authorization").has_value();
  }
  EXPECT_TRUE(told);
  ASSERT_THAT(storage.requests(), Not(IsEmpty()));
  for (const ScriptedRequest& request : storage.requests()) {
    EXPECT_EQ(request.header("Authorization"), std::nullopt) << request.head;
  }
}

TRIAL(Credentials, AreForNoOtherRegistry, Clauses{"security/cve-2020-15157"}) {
  ScriptedRegistry registry;
  serve(registry, sample());
  ScriptedAnswer challenge{.status = "401 Unauthorized",
                           .headers = {{"WWW-Authenticate", "Basic realm=\"trial\""}}};
  registry.serve("/v2/", {challenge});
  registry.serve("/v2/a/b/manifests/1", {challenge});
  login("127.0.0.1:1", "captain", "ahoy");
  const BlobStore target = store("target");

  EXPECT_THAT(failure_of([&] { Client(options()).pull(reference(registry.host()), target); }),
              HasSubstr("wants a login"));

  for (const ScriptedRequest& request : registry.requests()) {
    EXPECT_EQ(request.header("Authorization"), std::nullopt);
  }
}

// Whoever stands between could break every handshake, and read and write what is asked for then.
TRIAL(TlsHandshake, ThatFailsLeadsToNoPlainRequest, Clauses{"security/cve-2014-5277"}) {
  // Elsewhere than in 127.0.0.0/8, where registries may do without.
  const std::string elsewhere = "192.0.2.1";
  add_loopback_address(elsewhere);
  ScriptedRegistry registry(elsewhere);
  serve(registry, sample());
  const BlobStore target = store("target"), source = store("source");
  const auto manifest = put(source, sample());

  const std::string pull =
      failure_of([&] { Client(options()).pull(reference(registry.host()), target); });
  EXPECT_NE(pull, "");
  const std::string push =
      failure_of([&] { Client(options()).push(source, manifest, reference(registry.host())); });
  EXPECT_NE(push, "");
  EXPECT_GE(registry.handshakes(), 2) << pull << "\n" << push;  // control: it was asked, ...
  EXPECT_THAT(registry.requests(), IsEmpty());
  EXPECT_THAT(target.list(), IsEmpty());

  ClientOptions trusting = options();
  trusting.insecure = {registry.host()};
  EXPECT_EQ(failure_of([&] { Client(trusting).pull(reference(registry.host()), target); }), "");
  expect_whole(target, sample());  // ... and would have answered
}

TRIAL(Push, NoticesARegistryThatStoredSomethingElse,
      Clauses{"distribution/push/manifest-digest-verified"}) {
  ScriptedRegistry registry;
  serve(registry, sample());  // HEAD finds every blob there
  const auto answer = [](const std::string& digest) {
    return ScriptedAnswer{
        .status = "201 Created",
        .headers = {{"Location", "/v2/a/b/manifests/1"}, {"Docker-Content-Digest", digest}}};
  };
  const BlobStore source = store("source");
  const auto manifest = put(source, sample());
  registry.serve("/v2/a/b/manifests/1", {answer(sha256_digest("another"))});

  EXPECT_THAT(
      failure_of([&] { Client(options()).push(source, manifest, reference(registry.host())); }),
      HasSubstr(sha256_digest("another")));

  registry.serve("/v2/a/b/manifests/1", {answer(manifest.text())});
  EXPECT_EQ(
      failure_of([&] { Client(options()).push(source, manifest, reference(registry.host())); }),
      "");  // control
}

TRIAL(Push, OfWhatTheStoreLacksNamesTheBlob, Clauses{"docker/push/untagged"}) {
  ScriptedRegistry registry;
  registry.serve("/v2/", {{.body = "{}"}});
  const BlobStore source = store("source");
  const auto manifest = put(source, sample());
  const auto small = seatrial::spec::Digest::parse(sha256_digest(sample().small));
  source.remove(small);

  EXPECT_THAT(
      failure_of([&] { Client(options()).push(source, manifest, reference(registry.host())); }),
      HasSubstr("sha256:"));
}
