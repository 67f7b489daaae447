#include "suites/integration/registry_client/client_case.h"

#include <fmt/format.h>

#include <random>

#include "engine/base/error.h"
#include "engine/base/files.h"

namespace client_suite {
namespace {

namespace fs = std::filesystem;
using seatrial::spec::Digest;

std::string descriptor(const char* type, const std::string& bytes) {
  return fmt::format(R"({{"mediaType":"{}","digest":"{}","size":{}}})", type, sha256_digest(bytes),
                     bytes.size());
}

std::string base64(const std::string& text) {
  static constexpr char kDigits[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  unsigned value = 0;
  int bits = 0;
  for (const unsigned char c : text) {
    value = value << 8 | c;
    for (bits += 8; bits >= 6;) out += kDigits[value >> (bits -= 6) & 63];
  }
  if (bits > 0) out += kDigits[value << (6 - bits) & 63];
  while (out.size() % 4 != 0) out += '=';
  return out;
}

}  // namespace

Sample::Sample(const std::string& word) {
  config = fmt::format(R"({{"architecture":"amd64","os":"linux","word":"{}"}})", word);
  std::mt19937_64 random(word.size());
  for (int i = 0; i < 40000; ++i) large += fmt::format("{:07x}\n", random() & 0xfffffff);
  small = "small layer of " + word;
  manifest = fmt::format(R"({{"schemaVersion":2,"mediaType":"{}","config":{},"layers":[{},{}]}})",
                         kManifest, descriptor("application/vnd.oci.image.config.v1+json", config),
                         descriptor("application/vnd.oci.image.layer.v1.tar", large),
                         descriptor("application/vnd.oci.image.layer.v1.tar", small));
}

BlobStore ClientCase::store(const std::string& name) {
  return BlobStore(scratch_dir("store-" + name));
}

ClientOptions ClientCase::options() const {
  ClientOptions options;
  options.auth_file = scratch() / "config.json";
  options.certs_dir = scratch() / "certs.d";
  options.patience.first_wait = std::chrono::milliseconds(1);
  return options;
}

void ClientCase::login(const std::string& host, const std::string& user,
                       const std::string& password) {
  scratch_file("config.json", fmt::format(R"({{"auths":{{"{}":{{"auth":"{}"}}}}}})", host,
                                          base64(user + ":" + password)));
}

void ClientCase::trust(const std::string& host, const fs::path& certificate) {
  scratch_file("certs.d/" + host + "/ca.crt", seatrial::read_file(certificate));
}

Digest ClientCase::put(const BlobStore& store, const Sample& sample) {
  for (const std::string& blob : sample.blobs()) store.put(blob);
  return store.put(sample.manifest);
}

std::string blob_path(const std::string& bytes) {
  return "/v2/a/b/blobs/" + sha256_digest(bytes);
}

ScriptedAnswer manifest_answer(const Sample& sample) {
  return {.headers = {{"Content-Type", kManifest},
                      {"Docker-Content-Digest", sha256_digest(sample.manifest)}},
          .body = sample.manifest};
}

void serve(ScriptedRegistry& registry, const Sample& sample) {
  registry.serve("/v2/", {{.body = "{}"}});
  registry.serve("/v2/a/b/manifests/1", {manifest_answer(sample)});
  registry.serve("/v2/a/b/manifests/" + sha256_digest(sample.manifest), {manifest_answer(sample)});
  for (const std::string& blob : sample.blobs()) registry.serve(blob_path(blob), {{.body = blob}});
}

seatrial::spec::Reference reference(const std::string& host, const std::string& rest) {
  return seatrial::spec::parse_reference(host + "/" + rest);
}

std::string failure_of(const std::function<void()>& body) {
  try {
    body();
    return {};
  } catch (const seatrial::Error& failure) {
    return failure.what();
  }
}

void expect_whole(const BlobStore& store, const Sample& sample) {
  for (const std::string& blob : sample.blobs()) {
    EXPECT_EQ(store.read(Digest::parse(sha256_digest(blob)), 1u << 20), blob);
  }
  EXPECT_EQ(store.read(Digest::parse(sha256_digest(sample.manifest)), 1u << 20), sample.manifest);
  EXPECT_THAT(store.list(), SizeIs(4));
}

}  // namespace client_suite
