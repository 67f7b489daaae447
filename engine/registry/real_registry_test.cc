// Against Debian's docker-registry: plain, with a login, and behind nginx with TLS.
#include <gmock/gmock.h>

#include "engine/base/error.h"
#include "engine/registry/client.h"
#include "engine/registry/testing/image_fixture.h"
#include "engine/registry/testing/real_registry.h"

namespace seatrial::registry::testing {
namespace {

using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

#define NEEDS_REGISTRY(options)                                               \
  if (const std::string why = RealRegistry::missing(options); !why.empty()) { \
    GTEST_SKIP() << why;                                                      \
  }

spec::Reference on(const RealRegistry& registry, std::string_view name = "a/b:1") {
  return spec::parse_reference(fmt::format("{}/{}", registry.authority(), name));
}

// Pushes an image and pulls it into an empty store.
void round_trip(const RealRegistry& registry, const ClientOptions& options,
                const UploadOptions& upload = {}) {
  const TestImage image = make_image({3u << 20, 100'000, 0});
  const TestStore source;
  const TestStore target;
  store_image(source.store, image);
  Client client(options);

  client.ping(registry.authority());
  client.push(source.store, image.digest, on(registry), upload);
  EXPECT_EQ(client.resolve(on(registry)).digest, image.digest);
  EXPECT_EQ(client.pull(on(registry), target.store).manifest, image.digest);

  for (const auto& [digest, bytes] : image.blobs) {
    EXPECT_EQ(target.store.read(spec::Digest::parse(digest), 64u << 20), bytes);
  }
}

TEST(RealRegistry, TakesAndGivesAnImage) {
  NEEDS_REGISTRY({});
  const RealRegistry registry;
  round_trip(registry, quick());
}

TEST(RealRegistry, TakesAnImageInChunks) {
  NEEDS_REGISTRY({});
  const RealRegistry registry;
  round_trip(registry, quick(), {.chunk = 1'000'000});
}

TEST(RealRegistry, MountsFromAnotherRepositoryAndSkipsWhatIsThere) {
  NEEDS_REGISTRY({});
  const RealRegistry registry;
  const TestImage image = make_image({100'000});
  const TestStore source;
  store_image(source.store, image);
  Client client(quick());
  client.push(source.store, image.digest, on(registry, "from:1"));
  std::vector<Progress::State> states;
  const auto watch = [&](const Progress& progress) { states.push_back(progress.state); };

  client.push(source.store, image.digest, on(registry, "to:1"), {.mount_from = "from"}, watch);
  EXPECT_THAT(states, ElementsAre(Progress::State::kMounted, Progress::State::kMounted));

  states.clear();
  client.push(source.store, image.digest, on(registry, "to:2"), {.mount_from = "from"}, watch);
  EXPECT_THAT(states, ElementsAre(Progress::State::kExists, Progress::State::kExists));
}

TEST(RealRegistry, SendsWhatItCannotMount) {
  NEEDS_REGISTRY({});
  const RealRegistry registry;
  const TestImage image = make_image({100'000});
  const TestStore source;
  const TestStore target;
  store_image(source.store, image);
  Client client(quick());

  client.push(source.store, image.digest, on(registry), {.mount_from = "nowhere"});

  EXPECT_EQ(client.pull(on(registry), target.store).manifest, image.digest);
}

TEST(RealRegistry, ListsAllTags) {
  NEEDS_REGISTRY({});
  const RealRegistry registry;
  const TestImage image = make_image({10});
  const TestStore source;
  store_image(source.store, image);
  Client client(quick());
  for (const char* tag : {"a/b:1", "a/b:2", "a/b:edge"}) {
    client.push(source.store, image.digest, on(registry, tag));
  }

  EXPECT_THAT(client.tags(on(registry)), ::testing::UnorderedElementsAre("1", "2", "edge"));
}

TEST(RealRegistry, TakesAnIndexWithItsManifests) {
  NEEDS_REGISTRY({});
  const RealRegistry registry;
  const TestStore source;
  spec::Index index{.media_type = std::string(spec::media_type::kOciIndex)};
  for (const char* architecture : {"amd64", "arm64"}) {
    const TestImage image = make_image({5000}, architecture[1]);
    store_image(source.store, image);
    index.manifests.push_back(
        {.media_type = std::string(spec::media_type::kOciManifest),
         .digest = image.digest,
         .size = image.manifest.size(),
         .platform = spec::Platform{.os = "linux", .architecture = architecture}});
  }
  const spec::Digest digest = source.store.put(spec::print_index(index));

  Client(quick()).push(source.store, digest, on(registry));

  for (const spec::Descriptor& entry : index.manifests) {
    const TestStore target;
    ClientOptions options = quick();
    options.platform = *entry.platform;
    EXPECT_EQ(Client(options).pull(on(registry), target.store).manifest, entry.digest);
  }
}

TEST(RealRegistry, NamesWhatItDoesNotHave) {
  NEEDS_REGISTRY({});
  const RealRegistry registry;
  const TestStore target;
  try {
    Client(quick()).pull(on(registry, "none:1"), target.store);
    FAIL() << "nothing was pulled";
  } catch (const Error& failure) {
    EXPECT_EQ(failure.kind(), Kind::kNotFound);
    EXPECT_EQ(std::string(failure.what()),
              fmt::format("pull {}/none:1: manifest 1: GET: 404 MANIFEST_UNKNOWN: manifest unknown",
                          registry.authority()));
  }
}

TEST(RealRegistry, WantsALogin) {
  const RealOptions with_login{.login = true};
  NEEDS_REGISTRY(with_login);
  const RealRegistry registry(with_login);

  EXPECT_THAT(
      failure_of([&] { Client(quick()).ping(registry.authority()); }),
      AllOf(HasSubstr(registry.authority() + " wants a login"), HasSubstr("no credentials")));

  ClientOptions options = quick();
  options.auth_file = registry.auth_file();
  round_trip(registry, options);
}

TEST(RealRegistry, SpeaksTlsWithTheAuthorityGivenForIt) {
  const RealOptions with_tls{.login = true, .tls = true};
  NEEDS_REGISTRY(with_tls);
  const RealRegistry registry(with_tls);
  ClientOptions options = quick();
  options.auth_file = registry.auth_file();

  EXPECT_THAT(failure_of([&] { Client(options).ping(registry.authority()); }),
              HasSubstr("certificate"))
      << "a certificate of nobody was taken";

  options.certs_dir = registry.certs_dir();
  round_trip(registry, options);
  round_trip(registry, options, {.chunk = 500'000});
}

TEST(RealRegistry, TakesAnyCertificateOfADeclaredHost) {
  const RealOptions with_tls{.tls = true};
  NEEDS_REGISTRY(with_tls);
  const RealRegistry registry(with_tls);
  ClientOptions options = quick();
  options.insecure = {registry.authority()};

  round_trip(registry, options);
}

TEST(RealRegistry, ShowsItsOwnCertificate) {
  const RealOptions mutual{.tls = true, .client_certificate = true};
  NEEDS_REGISTRY(mutual);
  const RealRegistry registry(mutual);
  ClientOptions options = quick();
  options.certs_dir = registry.certs_dir();
  round_trip(registry, options);

  std::filesystem::remove(registry.certs_dir() / registry.authority() / "client.cert");
  EXPECT_THAT(failure_of([&] { Client(options).ping(registry.authority()); }), HasSubstr("400"));
}

}  // namespace
}  // namespace seatrial::registry::testing
