// A small image as bytes, and a registry that serves it out of memory.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "engine/base/files.h"
#include "engine/image/blob_store.h"
#include "engine/registry/client.h"
#include "engine/registry/testing/scripted_server.h"
#include "engine/spec/image.h"

namespace seatrial::registry::testing {

// `size` bytes that do not compress, the same for the same seed.
std::string noise(std::size_t size, unsigned seed);

struct TestImage {
  std::string manifest = {};  // bytes
  spec::Digest digest = {};   // of the manifest
  std::vector<spec::Descriptor> layers = {};
  spec::Descriptor config = {};
  std::map<std::string, std::string> blobs = {};  // config and layers by digest
};

// One layer for each size. No tar archives: the client does not look inside.
TestImage make_image(const std::vector<std::size_t>& layer_sizes, unsigned seed = 1);

// Puts all of it where a push takes it from.
void store_image(const image::BlobStore& store, const TestImage& image);

// What an honest registry answers to GET and HEAD for repository "a/b", tag "1".
Reply honest(const TestImage& image, const Received& request);

// A store in a directory of its own.
struct TestStore {
  TempDir directory{std::filesystem::temp_directory_path()};
  image::BlobStore store{directory.path()};
};

// What failed, or "" when nothing did.
template <typename Body>
std::string failure_of(Body&& body) {
  try {
    body();
    return {};
  } catch (const Error& failure) {
    return failure.what();
  }
}

// Options with which a test waits for nothing longer than it must.
ClientOptions quick();

}  // namespace seatrial::registry::testing
