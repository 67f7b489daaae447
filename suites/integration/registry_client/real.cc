// Pull from and push to Debian's docker-registry in its three set-ups.
#include <fmt/format.h>

#include "engine/base/error.h"
#include "suites/integration/registry_client/client_case.h"

namespace {

struct SetUp {
  std::string name;
  Clauses clauses;
  RegistryOptions options;
};
const SetUp kSetUps[] = {
    {"Plain", {"distribution/conformance/pull", "docker/push/pushes"}, {}},
    {"WithAPassword", {"distribution/conformance/pull", "docker/push/pushes"}, {.password = true}},
    {"BehindTls", {"distribution/conformance/pull", "docker/push/pushes"}, {.tls = true}},
};

}  // namespace

// What was pushed comes back byte for byte, in one piece and in chunks.
TRIAL_TABLE(RoundTrip, kSetUps) {
  const DockerRegistry registry(row().options, scratch());
  if (row().options.password) {
    login(registry.host(), DockerRegistry::kUser, DockerRegistry::kPassword);
  }
  if (row().options.tls) trust(registry.host(), registry.certificate());
  const Sample whole("whole"), chunked("chunked");
  const BlobStore source = store("source");
  Client client(options());

  client.push(source, put(source, whole), reference(registry.host(), "a/b:whole"));
  client.push(source, put(source, chunked), reference(registry.host(), "a/b:chunked"),
              {.chunk = 100000});

  const BlobStore first = store("first"), second = store("second");
  Client(options()).pull(reference(registry.host(), "a/b:whole"), first);
  Client(options()).pull(reference(registry.host(), "a/b:chunked"), second);
  expect_whole(first, whole);
  expect_whole(second, chunked);
  EXPECT_THAT(client.tags(reference(registry.host())), UnorderedElementsAre("whole", "chunked"));
}

TRIAL(Login, WithoutCredentialsIsRefused, Clauses{"distribution/errors/format"}) {
  const DockerRegistry registry({.password = true}, scratch());
  const BlobStore target = store("target");

  EXPECT_THAT(failure_of([&] { Client(options()).pull(reference(registry.host()), target); }),
              HasSubstr("wants a login"));

  login(registry.host(), DockerRegistry::kUser, DockerRegistry::kPassword);
  EXPECT_EQ(failure_of([&] { Client(options()).ping(registry.host()); }), "");  // control
}

TRIAL(Login, WithAWrongPasswordIsRefusedAndNotShown, Clauses{"distribution/errors/format"}) {
  const DockerRegistry registry({.password = true}, scratch());
  login(registry.host(), DockerRegistry::kUser, "hunter2-wrong");

  const std::string sentence = failure_of([&] { Client(options()).ping(registry.host()); });

  EXPECT_THAT(sentence, AllOf(HasSubstr(registry.host()), Not(HasSubstr("hunter2"))));
  EXPECT_THAT(sentence, Not(IsEmpty()));
  login(registry.host(), DockerRegistry::kUser, DockerRegistry::kPassword);
  EXPECT_EQ(failure_of([&] { Client(options()).ping(registry.host()); }), "");  // control
}

TRIAL(Tls, OfAnUnknownAuthorityIsRefused, Clauses{"security/cve-2019-10214"}) {
  const DockerRegistry registry({.tls = true}, scratch());
  const BlobStore target = store("target");

  EXPECT_THAT(failure_of([&] { Client(options()).pull(reference(registry.host()), target); }),
              HasSubstr("certificate"));
  EXPECT_THAT(registry.log(), Not(HasSubstr("GET /v2/")));  // nothing was said

  trust(registry.host(), registry.certificate());
  EXPECT_EQ(failure_of([&] { Client(options()).ping(registry.host()); }), "");  // control
}

TRIAL(Tls, OfAnotherRegistrysAuthorityIsRefused, Clauses{"security/cve-2019-10214"}) {
  const DockerRegistry registry({.tls = true}, scratch());
  const DockerRegistry other({.tls = true}, scratch());
  trust(registry.host(), other.certificate());
  trust(other.host(), other.certificate());

  EXPECT_THAT(failure_of([&] { Client(options()).ping(registry.host()); }),
              HasSubstr("certificate"));
  EXPECT_EQ(failure_of([&] { Client(options()).ping(other.host()); }), "");  // control
}

TRIAL(Mount, SendsNoByteOfWhatAnotherRepositoryHas, Clauses{"distribution/push/mount"}) {
  const DockerRegistry registry({}, scratch());
  const Sample sample;
  const BlobStore source = store("source");
  const auto manifest = put(source, sample);
  Client client(options());
  client.push(source, manifest, reference(registry.host()));
  const std::size_t before = registry.log().size();

  client.push(source, manifest, reference(registry.host(), "c/d:1"), {.mount_from = "a/b"});

  const std::string log = registry.log().substr(before);
  EXPECT_THAT(log, HasSubstr("mount="));
  EXPECT_THAT(log, Not(HasSubstr("PATCH /v2/c/d")));
  EXPECT_THAT(log, Not(HasSubstr("PUT /v2/c/d/blobs")));
  const BlobStore target = store("target");
  client.pull(reference(registry.host(), "c/d:1"), target);
  expect_whole(target, sample);
}

TRIAL(Lists, GiveTheManifestOfThePlatform,
      Clauses{"docker/pull/platform", "image/index/first-match", "image/index/platform"}) {
  const DockerRegistry registry({}, scratch());
  const Sample amd("amd"), arm("arm64");
  const BlobStore source = store("source");
  const auto entry = [&](const Sample& sample, const char* architecture) {
    return fmt::format(
        R"({{"mediaType":"{}","digest":"{}","size":{},"platform":{{"os":"linux","architecture":"{}"}}}})",
        kManifest, put(source, sample).text(), sample.manifest.size(), architecture);
  };
  const auto index =
      source.put(fmt::format(R"({{"schemaVersion":2,"mediaType":"{}","manifests":[{},{}]}})",
                             kIndex, entry(amd, "amd64"), entry(arm, "arm64")));
  Client(options()).push(source, index, reference(registry.host()));
  const auto pull_for = [&](const char* architecture, const BlobStore& target) {
    ClientOptions wanted = options();
    wanted.platform = {.os = "linux", .architecture = architecture};
    return Client(wanted).pull(reference(registry.host()), target).manifest.text();
  };
  const BlobStore one = store("one"), two = store("two"), three = store("three");

  EXPECT_EQ(pull_for("amd64", one), sha256_digest(amd.manifest));
  EXPECT_EQ(pull_for("arm64", two), sha256_digest(arm.manifest));

  EXPECT_FALSE(one.has(seatrial::spec::Digest::parse(sha256_digest(arm.large))));
  EXPECT_THAT(failure_of([&] { pull_for("s390x", three); }), HasSubstr("s390x"));
}

TRIAL(Pull, OfAnUnknownNameSaysWhatTheRegistrySaid, Clauses{"docker/pull/not-found"}) {
  const DockerRegistry registry({}, scratch());
  const BlobStore target = store("target");

  EXPECT_THAT(
      failure_of([&] { Client(options()).pull(reference(registry.host(), "no/such:9"), target); }),
      AllOf(HasSubstr("no/such:9"), HasSubstr("404"), HasSubstr("MANIFEST_UNKNOWN")));
  EXPECT_THAT(target.list(), IsEmpty());
}
