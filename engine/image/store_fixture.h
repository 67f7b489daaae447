// A store of its own, and images made of layers that a test writes.
#pragma once

#include <sys/mount.h>

#include "engine/image/image_store.h"
#include "engine/image/layer_fixture.h"

namespace seatrial::image::testing {

class StoreTest : public ::testing::Test {
 protected:
  // Makes an image of these layers, the lowest first, without adding it.
  spec::Digest put(const std::vector<std::string>& layers, spec::RunConfig config = {}) const {
    spec::Manifest manifest{.media_type = std::string(spec::media_type::kOciManifest)};
    spec::ImageConfig image{.architecture = "amd64", .os = "linux", .config = std::move(config)};
    for (const std::string& layer : layers) {
      const spec::Digest digest = store_.blobs().put(layer);
      manifest.layers.push_back({.media_type = std::string(spec::media_type::kOciLayer),
                                 .digest = digest,
                                 .size = layer.size()});
      image.diff_ids.push_back(digest);
      image.history.push_back({.created_by = "layer " + std::to_string(image.history.size())});
    }
    return put(manifest, image);
  }

  spec::Digest put(spec::Manifest manifest, const spec::ImageConfig& image) const {
    const std::string text = spec::print_image_config(image);
    manifest.config = {.media_type = std::string(spec::media_type::kOciConfig),
                       .digest = store_.blobs().put(text),
                       .size = text.size()};
    return store_.blobs().put(spec::print_manifest(manifest));
  }

  ImageRecord add(const std::string& name, const std::vector<std::string>& layers) const {
    return store_.add(put(layers), spec::parse_reference(name));
  }

  // Names in a directory of the engine's root, hidden ones too.
  std::vector<std::string> names_in(const std::string& directory) const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(root_.path() / directory)) {
      names.push_back(entry.path().filename());
    }
    std::sort(names.begin(), names.end());
    return names;
  }

  TempDir root_{"/dev/shm"};
  ImageStore store_{root_.path()};
};

// The kind and sentence that `body` ends with.
template <typename Body>
std::string failure_of(Kind kind, Body body) {
  try {
    body();
    return "no failure";
  } catch (const Error& failure) {
    EXPECT_EQ(failure.kind(), kind) << failure.what();
    return failure.what();
  }
}

}  // namespace seatrial::image::testing
