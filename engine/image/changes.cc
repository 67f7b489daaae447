// What containers changed, as a list, as a new image, and whole trees in and out.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <ctime>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/image/image_store.h"
#include "engine/image/layer_root.h"
#include "engine/image/pack.h"
#include "engine/image/stream.h"
#include "engine/image/tree_walk.h"
#include "engine/sys/openat2.h"

namespace seatrial::image {
namespace {

std::string now_text() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now);
  const std::time_t time = seconds.count();
  std::tm parts{};
  ::gmtime_r(&time, &parts);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &parts);
  return fmt::format("{}.{:09}Z", text.data(), std::chrono::nanoseconds(now - seconds).count());
}

// Walks the upper directory beside the merged lower ones.
class Comparison : public TreeVisitor {
 public:
  explicit Comparison(int lower) : lower_(lower) {}

  std::vector<Change> run(int upper) {
    walk_tree(upper, *this);
    std::sort(changes_.begin(), changes_.end(),
              [](const Change& left, const Change& right) { return left.path < right.path; });
    return std::move(changes_);
  }

 private:
  bool is_below(const std::string& path, struct stat& status) const {
    const UniqueFd fd = sys::openat2(lower_, path.c_str(), O_PATH | O_NOFOLLOW,
                                     RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
    // A single layer is looked at without overlayfs, so its whiteouts show.
    return fd && ::fstat(fd.get(), &status) == 0 && !is_whiteout(status);
  }

  void directory(int upper, const std::string& prefix,
                 const std::vector<std::string>& names) override {
    char opaque = 0;
    if (::fgetxattr(upper, kOpaqueXattr, &opaque, 1) == 1 && opaque == 'y') hidden(prefix, names);
  }

  // What an opaque directory no longer shows.
  void hidden(const std::string& prefix, const std::vector<std::string>& present) {
    const UniqueFd old =
        sys::openat2(lower_, prefix.empty() ? "." : prefix.c_str(), O_RDONLY | O_DIRECTORY,
                     RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
    if (!old) return;
    struct stat status{};
    for (const std::string& name : names_in(old.get(), prefix)) {
      const bool is_shown = std::binary_search(present.begin(), present.end(), name);
      if (!is_shown && is_below(prefix + name, status)) {
        changes_.push_back({ChangeKind::kDeleted, "/" + prefix + name});
      }
    }
  }

  bool entry(int, const std::string&, const std::string& path, const struct stat& now) override {
    struct stat before{};
    const bool was_there = is_below(path, before);
    if (is_whiteout(now)) {
      if (was_there) changes_.push_back({ChangeKind::kDeleted, "/" + path});
      return false;
    }
    changes_.push_back({was_there ? ChangeKind::kModified : ChangeKind::kAdded, "/" + path});
    return S_ISDIR(now.st_mode);
  }

  int lower_;
  std::vector<Change> changes_;
};

spec::Descriptor plain_layer(const spec::Digest& digest, std::uint64_t size) {
  return {.media_type = std::string(spec::media_type::kOciLayer), .digest = digest, .size = size};
}

std::string_view layer_type(Compression compression) {
  switch (compression) {
    case Compression::kGzip:
      return spec::media_type::kOciLayerGzip;
    case Compression::kZstd:
      return spec::media_type::kOciLayerZstd;
    case Compression::kNone:
      break;
  }
  return spec::media_type::kOciLayer;
}

}  // namespace

std::vector<Change> ImageStore::diff(std::string_view id) const {
  const Overlay overlay = snapshot(id);
  const UniqueFd lower = overlay.lowers.size() == 1
                             ? open_file(overlay.lowers.front(), O_PATH | O_DIRECTORY)
                             : open_overlay({.lowers = overlay.lowers});
  const UniqueFd upper = open_file(overlay.upper, O_RDONLY | O_DIRECTORY);
  return Comparison(lower.get()).run(upper.get());
}

ImageRecord ImageStore::commit(std::string_view id, const CommitOptions& options,
                               const std::optional<spec::Reference>& name) const {
  const UniqueFd held = lease();
  const spec::Manifest base = read_manifest(snapshot_image(id));
  NewImage image{.config = read_config(base.config.digest), .layers = base.layers};
  const UniqueFd upper = open_file(snapshot(id).upper, O_RDONLY | O_DIRECTORY);
  BlobStore::Writer blob = blobs_.begin();
  TarWriter tar([&](std::span<const std::byte> bytes) { blob.write(bytes); });
  pack(upper.get(), PackForm::kDiff, tar, {.empty_files = options.without_empty});
  tar.finish();
  const std::uint64_t size = blob.size();
  const spec::Digest layer = blob.commit();  // not compressed, so this is its diffID, too
  image.layers.push_back(plain_layer(layer, size));
  image.config.diff_ids.push_back(layer);
  image.config.created = now_text();
  if (!options.author.empty()) image.config.author = options.author;
  if (options.config) image.config.config = *options.config;
  image.config.history.push_back({.created = image.config.created,
                                  .created_by = options.created_by,
                                  .author = options.author,
                                  .comment = options.comment});
  return put_image(image, name);
}

ImageRecord ImageStore::import(int fd, const spec::RunConfig& config, std::string_view comment,
                               const std::optional<spec::Reference>& name) const {
  try {
    const UniqueFd held = lease();
    return import_layer(fd, config, comment, name);
  } catch (...) {
    collect_quietly();  // the archive itself, which is a blob by now
    throw;
  }
}

ImageRecord ImageStore::import_layer(int fd, const spec::RunConfig& config,
                                     std::string_view comment,
                                     const std::optional<spec::Reference>& name) const {
  const std::unique_ptr<Stream> source = stream_of(fd, "the archive to import");
  BlobStore::Writer blob = blobs_.begin();
  std::optional<Compression> compression;
  for (auto bytes = source->next(); !bytes.empty(); bytes = source->next()) {
    if (!compression) compression = sniff(bytes);
    blob.write(bytes);
  }
  const std::uint64_t size = blob.size();
  spec::Descriptor layer = plain_layer(blob.commit(), size);
  layer.media_type = layer_type(compression.value_or(Compression::kNone));
  const spec::Digest diff_id = unpack_blob(layer, nullptr, {});
  const spec::Platform platform = spec::host_platform();
  NewImage image{.config = {.created = now_text(),
                            .architecture = platform.architecture,
                            .os = platform.os,
                            .variant = platform.variant,
                            .config = config,
                            .diff_ids = {diff_id}},
                 .layers = {layer}};
  image.config.history = {{.created = image.config.created, .comment = std::string(comment)}};
  return put_image(image, name);
}

void ImageStore::export_tree(const std::filesystem::path& directory, int fd) {
  const UniqueFd root = open_file(directory, O_RDONLY | O_DIRECTORY);
  TarWriter tar([fd](std::span<const std::byte> bytes) {
    write_all(fd, {reinterpret_cast<const char*>(bytes.data()), bytes.size()}, "the archive");
  });
  pack(root.get(), PackForm::kTree, tar);
  tar.finish();
}

}  // namespace seatrial::image
