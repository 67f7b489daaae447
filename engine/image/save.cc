// Images as one archive that reads as an OCI layout (image-layout.md) and as a docker-archive.
#include <map>
#include <set>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/image/image_store.h"
#include "engine/image/stream.h"
#include "engine/image/tar_stream.h"
#include "engine/spec/json_writer.h"

namespace seatrial::image {
namespace {

struct Saved {
  ImageRecord image;
  spec::Manifest manifest;
  std::set<std::string> names;  // canonical
};

std::string blob_name(const spec::Digest& digest) {
  return fmt::format("blobs/{}/{}", digest.algorithm_name(), digest.hex());
}

// One entry a name, as containerd and docker read it; one without a name for an image without.
spec::Index index_of(const std::vector<Saved>& all, const BlobStore& blobs) {
  spec::Index index{.media_type = std::string(spec::media_type::kOciIndex)};
  for (const Saved& saved : all) {
    spec::Descriptor entry{
        .media_type = saved.manifest.media_type,
        .digest = saved.image.manifest,
        .size = blobs.size(saved.image.manifest),
        .platform = spec::Platform{.os = saved.image.config.os,
                                   .architecture = saved.image.config.architecture,
                                   .variant = saved.image.config.variant}};
    if (saved.names.empty()) index.manifests.push_back(entry);
    for (const std::string& name : saved.names) {
      entry.annotations = {{"io.containerd.image.name", name},
                           {"org.opencontainers.image.ref.name", spec::parse_reference(name).tag}};
      index.manifests.push_back(entry);
    }
  }
  return index;
}

std::string docker_manifest(const std::vector<Saved>& all) {
  spec::JsonWriter json(spec::Layout::kOneLine);
  json.begin_array();
  for (const Saved& saved : all) {
    json.begin_object();
    json.key("Config").string(blob_name(saved.image.id));
    json.key("RepoTags").begin_array();
    for (const std::string& name : saved.names) {
      json.string(spec::parse_reference(name).familiar());
    }
    json.end_array();
    json.key("Layers").begin_array();
    for (const spec::Descriptor& layer : saved.manifest.layers)
      json.string(blob_name(layer.digest));
    json.end_array().end_object();
  }
  json.end_array();
  return json.take();
}

}  // namespace

void ImageStore::save(const std::vector<std::string>& images, int fd) const {
  const UniqueFd held = lease();
  std::vector<Saved> all;
  std::map<spec::Digest, std::size_t> known;
  for (const std::string& text : images) {
    const CatalogueEntry entry = find_entry(text);
    const auto [at, is_new] = known.try_emplace(entry.manifest, all.size());
    if (is_new) all.push_back({record_of(entry), read_manifest(entry.manifest), {}});
    // Asked for by a name it keeps that name; by its id, none.
    for (const std::string& name : entry.names) {
      const spec::Reference reference = spec::parse_reference(name);
      if (text == name || text == reference.familiar() || text == reference.familiar_name()) {
        all[at->second].names.insert(name);
      }
    }
  }
  TarWriter tar([fd](std::span<const std::byte> bytes) {
    write_all(fd, {reinterpret_cast<const char*>(bytes.data()), bytes.size()}, "the archive");
  });
  tar.add_file("oci-layout", R"({"imageLayoutVersion":"1.0.0"})");
  tar.add_file("index.json", spec::print_index(index_of(all, blobs_)));
  tar.add_file("manifest.json", docker_manifest(all));
  std::set<spec::Digest> blobs;
  for (const Saved& saved : all) {
    blobs.insert({saved.image.manifest, saved.image.id});
    for (const spec::Descriptor& layer : saved.manifest.layers) blobs.insert(layer.digest);
  }
  for (const spec::Digest& digest : blobs) {
    const UniqueFd blob = blobs_.open(digest);
    tar.add_file(blob_name(digest), blobs_.size(digest), *stream_of(blob.get(), digest.text()));
  }
  tar.finish();
}

}  // namespace seatrial::image
