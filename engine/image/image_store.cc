#include "engine/image/image_store.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <set>
#include <thread>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/image/stream.h"
#include "engine/image/unpack.h"

namespace seatrial::image {
namespace {

std::string fixed_name(const spec::Reference& reference) {
  return reference.registry + "/" + reference.repository + "@" + reference.digest->text();
}

std::string tagged_name(const spec::Reference& reference) {
  return reference.registry + "/" + reference.repository + ":" + reference.tag;
}

void add_once(std::vector<std::string>& names, const std::string& name) {
  if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
}

// A tag means one image: it moves.
void give_name(std::vector<CatalogueEntry>& entries, CatalogueEntry& to,
               const spec::Reference& name) {
  if (!name.tag.empty()) {
    for (CatalogueEntry& entry : entries) std::erase(entry.names, tagged_name(name));
    add_once(to.names, tagged_name(name));
  }
  if (name.digest) add_once(to.digests, fixed_name(name));
}

CatalogueEntry& entry_for(std::vector<CatalogueEntry>& entries, const CatalogueEntry& image) {
  const auto known = std::find_if(entries.begin(), entries.end(), [&](const CatalogueEntry& entry) {
    return entry.config == image.config && entry.manifest == image.manifest;
  });
  return known != entries.end() ? *known : entries.emplace_back(image);
}

}  // namespace

ImageStore::ImageStore(const std::filesystem::path& root)
    : image_(root / "image"), snapshots_(root / "snapshots"), blobs_(image_), catalogue_(image_) {
  make_directories(image_ / "layers");
  make_directories(image_ / "empty");
  make_directories(snapshots_);
  sweep_temporaries(image_ / "layers");
  sweep_temporaries(snapshots_);
}

UniqueFd ImageStore::lease() const {
  return lock_file(image_ / "lease", LockMode::kShared);
}

std::filesystem::path ImageStore::layer_path(const spec::Digest& diff_id) const {
  if (diff_id.algorithm() != spec::Digest::Algorithm::kSha256) {
    throw error(Kind::kUnsupported, "diffID {} is not a sha256", diff_id.text());
  }
  return image_ / "layers" / diff_id.hex();
}

bool ImageStore::has_layer(const spec::Digest& diff_id) const {
  return ::access(layer_path(diff_id).c_str(), F_OK) == 0;
}

std::uint64_t ImageStore::layer_size(const spec::Digest& diff_id) const {
  return std::stoull(read_file(layer_path(diff_id) / "size"));
}

spec::Manifest ImageStore::read_manifest(const spec::Digest& digest) const {
  auto document = spec::parse_manifest(blobs_.read(digest, spec::kManifestLimit), "");
  if (auto* manifest = std::get_if<spec::Manifest>(&document)) return std::move(*manifest);
  throw error(Kind::kInvalidArgument, "{} is an index, not an image's manifest", digest.text());
}

spec::ImageConfig ImageStore::read_config(const spec::Digest& digest) const {
  return spec::parse_image_config(blobs_.read(digest, spec::kManifestLimit));
}

void ImageStore::check_size(const spec::Descriptor& blob, std::string_view what) const {
  if (blobs_.size(blob.digest) == blob.size) return;
  throw error(Kind::kInvalidArgument, "{} {} has {} bytes where its manifest says {}", what,
              blob.digest.text(), blobs_.size(blob.digest), blob.size);
}

// Unpacks beside the layers, verifies, renames. Returns the diffID.
spec::Digest ImageStore::unpack_blob(const spec::Descriptor& layer, const spec::Digest* expected,
                                     const Progress& progress) const {
  check_size(layer, "layer");
  Temporary made = Temporary::directory(image_ / "layers");
  std::filesystem::create_directory(made.path() / "fs");
  const UniqueFd root = open_file(made.path() / "fs", O_RDONLY | O_DIRECTORY);
  ::fchmod(root.get(), 0755);
  const UniqueFd blob = blobs_.open(layer.digest);
  const UnpackResult result = with_context(fmt::format("layer {}", layer.digest.text()), [&] {
    return unpack_layer(stream_of(blob.get(), layer.digest.text()), root.get(), {},
                        progress ? std::function<void(std::uint64_t)>(
                                       [&](std::uint64_t bytes) { progress(layer, bytes); })
                                 : nullptr);
  });
  if (expected && result.diff_id != *expected) {
    throw error(Kind::kInvalidArgument, "layer {} has the diffID {} where its image says {}",
                layer.digest.text(), result.diff_id.text(), expected->text());
  }
  const std::string size = std::to_string(result.content);
  write_all(open_file(made.path() / "size", O_WRONLY | O_CREAT | O_EXCL, 0644).get(), size, "size");
  made.move_to(layer_path(result.diff_id));  // somebody may have been faster
  return result.diff_id;
}

void ImageStore::unpack(const spec::Descriptor& layer, const spec::Digest& diff_id,
                        const Progress& progress) const {
  if (!has_layer(diff_id)) unpack_blob(layer, &diff_id, progress);
}

// One thread a layer, as many as there are processors: each keeps one inflating thread busy.
void ImageStore::unpack_all(const spec::Manifest& manifest, const spec::ImageConfig& config,
                            const Progress& progress) const {
  std::vector<std::size_t> missing;
  std::set<spec::Digest> seen;
  for (std::size_t index = 0; index < config.diff_ids.size(); ++index) {
    const spec::Digest& id = config.diff_ids[index];
    if (seen.insert(id).second && !has_layer(id)) missing.push_back(index);
  }
  // The largest first, so that none of them is begun last.
  std::sort(missing.begin(), missing.end(), [&](std::size_t left, std::size_t right) {
    return manifest.layers[left].size > manifest.layers[right].size;
  });
  std::atomic<std::size_t> next{0};
  std::mutex mutex;
  std::exception_ptr failure;
  const auto work = [&] {
    for (std::size_t at = next++; at < missing.size(); at = next++) {
      try {
        unpack(manifest.layers[missing[at]], config.diff_ids[missing[at]], progress);
      } catch (...) {
        const std::lock_guard lock(mutex);
        if (!failure) failure = std::current_exception();
        next = missing.size();
      }
    }
  };
  const std::size_t processors = std::max(1U, std::thread::hardware_concurrency());
  {
    std::vector<std::jthread> threads;
    while (threads.size() + 1 < std::min(processors, missing.size())) threads.emplace_back(work);
    work();
  }
  if (failure) std::rethrow_exception(failure);
}

ImageRecord ImageStore::add(const spec::Digest& digest, const std::optional<spec::Reference>& name,
                            const Progress& progress) const {
  const UniqueFd held = lease();
  const spec::Manifest manifest = read_manifest(digest);
  if (!spec::media_type::is_config(manifest.config.media_type)) {
    throw error(Kind::kInvalidArgument, "{} is no container image: its config is a \"{}\"",
                digest.text(), manifest.config.media_type);
  }
  check_size(manifest.config, "config");
  const spec::ImageConfig config = read_config(manifest.config.digest);
  if (config.diff_ids.size() != manifest.layers.size()) {
    throw error(Kind::kInvalidArgument, "{} has {} layers but its config lists {}", digest.text(),
                manifest.layers.size(), config.diff_ids.size());
  }
  for (const spec::Descriptor& layer : manifest.layers) {
    if (!spec::media_type::is_layer(layer.media_type)) {
      throw error(Kind::kInvalidArgument, "layer {} is a \"{}\", which is no layer",
                  layer.digest.text(), layer.media_type);
    }
    check_size(layer, "layer");  // also where its content is unpacked already
  }
  unpack_all(manifest, config, progress);
  CatalogueEntry entry{.manifest = digest, .config = manifest.config.digest};
  for (const spec::Digest& id : config.diff_ids) entry.size += layer_size(id);
  catalogue_.change([&](std::vector<CatalogueEntry>& entries) {
    CatalogueEntry& kept = entry_for(entries, entry);
    if (name) give_name(entries, kept, *name);
    entry = kept;
  });
  return record_of(entry);
}

void ImageStore::tag(std::string_view source, const spec::Reference& name) const {
  if (name.digest) throw error(Kind::kInvalidArgument, "{}: a tag has no digest", name.familiar());
  const CatalogueEntry found = find_entry(source);
  catalogue_.change([&](std::vector<CatalogueEntry>& entries) {
    for (CatalogueEntry& entry : entries) {
      if (entry.manifest == found.manifest) return give_name(entries, entry, name);
    }
    throw error(Kind::kNotFound, "No such image: {}", source);
  });
}

// Writes config and manifest of layers that are there already.
ImageRecord ImageStore::put_image(const NewImage& image,
                                  const std::optional<spec::Reference>& name) const {
  const std::string config = spec::print_image_config(image.config);
  spec::Manifest manifest{.media_type = std::string(spec::media_type::kOciManifest),
                          .config = {.media_type = std::string(spec::media_type::kOciConfig),
                                     .digest = blobs_.put(config),
                                     .size = config.size()},
                          .layers = image.layers};
  return add(blobs_.put(spec::print_manifest(manifest)), name);
}

}  // namespace seatrial::image
