#include "engine/registry/testing/image_fixture.h"

#include <random>

#include "engine/image/hasher.h"

namespace seatrial::registry::testing {

std::string noise(std::size_t size, unsigned seed) {
  std::mt19937_64 random(seed);
  std::string bytes(size, '\0');
  for (char& c : bytes) c = static_cast<char>(random());
  return bytes;
}

TestImage make_image(const std::vector<std::size_t>& layer_sizes, unsigned seed) {
  TestImage image;
  const auto add = [&](std::string bytes, std::string_view type) {
    spec::Descriptor blob{
        .media_type = std::string(type), .digest = image::digest_of(bytes), .size = bytes.size()};
    image.blobs[blob.digest.text()] = std::move(bytes);
    return blob;
  };
  image.config = add(R"({"os":"linux","architecture":"amd64","seed":)" + std::to_string(seed) + "}",
                     spec::media_type::kOciConfig);
  for (const std::size_t size : layer_sizes) {
    image.layers.push_back(add(noise(size, ++seed), spec::media_type::kOciLayer));
  }
  image.manifest = spec::print_manifest({.media_type = std::string(spec::media_type::kOciManifest),
                                         .config = image.config,
                                         .layers = image.layers});
  image.digest = image::digest_of(image.manifest);
  return image;
}

void store_image(const image::BlobStore& store, const TestImage& image) {
  for (const auto& [digest, bytes] : image.blobs) store.put(bytes);
  store.put(image.manifest);
}

Reply honest(const TestImage& image, const Received& request) {
  if (request.target == "/v2/") return {};
  if (request.target == "/v2/a/b/manifests/1" ||
      request.target == "/v2/a/b/manifests/" + image.digest.text()) {
    return {.fields = {{"Content-Type", std::string(spec::media_type::kOciManifest)},
                       {"Docker-Content-Digest", image.digest.text()}},
            .body = image.manifest};
  }
  const std::string prefix = "/v2/a/b/blobs/";
  const auto blob = request.target.starts_with(prefix)
                        ? image.blobs.find(request.target.substr(prefix.size()))
                        : image.blobs.end();
  if (blob == image.blobs.end()) {
    return {.status = 404, .body = R"({"errors":[{"code":"NAME_UNKNOWN","message":"not here"}]})"};
  }
  const std::string range = request.get("range");
  if (range.empty()) return {.body = blob->second};
  const std::size_t first = std::stoul(range.substr(6));
  return {.status = 206,
          .fields = {{"Content-Range", fmt::format("bytes {}-{}/{}", first, blob->second.size() - 1,
                                                   blob->second.size())}},
          .body = blob->second.substr(first)};
}

ClientOptions quick() {
  return {.patience = {.first_wait = std::chrono::milliseconds(1)}};
}

}  // namespace seatrial::registry::testing
