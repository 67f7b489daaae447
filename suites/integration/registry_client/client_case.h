// What cases of the client share: an image as bytes, stores, and registries that serve or lie.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/image/blob_store.h"
#include "engine/registry/client.h"
#include "harness/fixtures/case.h"
#include "harness/fixtures/docker_registry.h"
#include "harness/fixtures/image_layout.h"
#include "harness/fixtures/scripted_registry.h"

namespace client_suite {

using seatrial::image::BlobStore;
using seatrial::registry::Client;
using seatrial::registry::ClientOptions;

inline constexpr const char* kManifest = "application/vnd.oci.image.manifest.v1+json";
inline constexpr const char* kIndex = "application/vnd.oci.image.index.v1+json";

// Documents and layers; the client does not look inside layers.
struct Sample {
  explicit Sample(const std::string& word = "sample");
  std::string config;
  std::string large;  // some 300 KB
  std::string small;
  std::string manifest;

  std::vector<std::string> blobs() const { return {config, large, small}; }
};

class ClientCase : public seatrial::harness::Trial {
 protected:
  // A store of its own for each name.
  BlobStore store(const std::string& name);
  // Waits little between tries; authorities and logins are those of allow() and login().
  ClientOptions options() const;
  // config.json with a login for this host.
  void login(const std::string& host, const std::string& user, const std::string& password);
  // Trusts this certificate for the host, as /etc/docker/certs.d has it.
  void trust(const std::string& host, const std::filesystem::path& certificate);

  // Of the sample in a store; for pushes.
  seatrial::spec::Digest put(const BlobStore& store, const Sample& sample);
};

// Serves repository "a/b" with the sample as tag "1", honestly.
void serve(ScriptedRegistry& registry, const Sample& sample);
ScriptedAnswer manifest_answer(const Sample& sample);
std::string blob_path(const std::string& bytes);  // of repository "a/b"

seatrial::spec::Reference reference(const std::string& host, const std::string& rest = "a/b:1");

// The sentence that `body` ends with; "" when it ends well.
std::string failure_of(const std::function<void()>& body);

// What the image is made of lies in the store, and nothing else.
void expect_whole(const BlobStore& store, const Sample& sample);

}  // namespace client_suite

namespace {
using Trial = client_suite::ClientCase;  // NOLINT: found before the harness' own
}
using namespace client_suite;  // NOLINT: case files are leaves
