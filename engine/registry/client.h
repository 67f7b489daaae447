// The distribution client: pull and push against any registry that keeps the distribution
// specification (v1.0, and what docker's registry 2 did before it).
#pragma once

#include <filesystem>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "engine/image/blob_store.h"
#include "engine/registry/http.h"
#include "engine/registry/manifests.h"
#include "engine/registry/patience.h"
#include "engine/registry/progress.h"
#include "engine/registry/upload.h"
#include "engine/spec/image.h"
#include "engine/spec/reference.h"

namespace seatrial::registry {

struct ClientOptions {
  std::filesystem::path auth_file = {};    // docker's config.json; empty or absent: no credentials
  std::filesystem::path certs_dir = {};    // as /etc/docker/certs.d; see Hosts
  std::vector<std::string> insecure = {};  // HOST or HOST:PORT; see Hosts
  std::string user_agent = "seatrial";
  spec::Platform platform = spec::host_platform();
  unsigned parallel = 4;  // blobs at a time; 1 to 6
  Timeouts timeouts = {};
  Patience patience = {};
};

struct Pulled {
  spec::Digest manifest;  // of the image
  spec::Digest named;     // of what the name stands for: that, or the index which lists it
};

// Thread-safe. Connections and tokens are kept for as long as it lives.
//
// Every failure is an Error whose sentence names the operation, the full reference, the part that
// failed and what the registry said: "pull 127.0.0.1:5000/a/b:1: manifest 1: GET: 404
// MANIFEST_UNKNOWN: manifest unknown". A stop request ends any call at once with
// Error{kConflict} "...: cancelled".
class Client {
 public:
  // Throws Error for an auth file that cannot be read.
  explicit Client(ClientOptions options);
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  ~Client();

  // Whether the registry is there, speaks version 2 of the API and takes our credentials; throws
  // otherwise.
  void ping(const std::string& registry, const std::stop_token& stop = {});

  // What the name stands for now, without fetching it. Not verified: only a fetch is.
  spec::Descriptor resolve(const spec::Reference& reference, const std::stop_token& stop = {});

  // The manifest or index itself.
  Fetched fetch_manifest(const spec::Reference& reference, const std::stop_token& stop = {});

  // Config, layers and, once all of these are there, the manifest for the options' platform. Blobs
  // that the store has are not fetched again.
  Pulled pull(const spec::Reference& reference, const image::BlobStore& store,
              const Watcher& watcher = {}, const std::stop_token& stop = {});

  // The other way. An index goes with all its manifests, which must be in the store. Layers that
  // their publisher keeps elsewhere are not sent. With a digest in `reference`, it must be
  // `manifest`, and no tag is set.
  void push(const image::BlobStore& store, const spec::Digest& manifest,
            const spec::Reference& reference, const UploadOptions& upload = {},
            const Watcher& watcher = {}, const std::stop_token& stop = {});

  // All tags of the reference's repository, in the registry's order.
  std::vector<std::string> tags(const spec::Reference& reference, const std::stop_token& stop = {});

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace seatrial::registry
