// Reading OCI layouts and docker-archives, whichever an archive is.
#include <archive_entry.h>

#include <map>

#include "engine/base/error.h"
#include "engine/image/image_store.h"
#include "engine/image/layer_root.h"
#include "engine/image/stream.h"
#include "engine/image/tar_stream.h"
#include "engine/spec/json_document.h"
#include "engine/spec/json_reader.h"

namespace seatrial::image {

// An archive's files may come in any order and are often large, so that all of them become blobs
// first; its documents, read afterwards, say which of those are meant to be kept.
class Loader {
 public:
  Loader(const ImageStore& store, const ImageStore::Progress& progress)
      : store_(store), progress_(progress) {}

  std::vector<ImageRecord> run(int fd) {
    stage(fd);
    if (files_.contains("index.json")) {
      load_layout();
    } else if (files_.contains("manifest.json")) {
      load_docker_archive();
    } else {
      throw error(Kind::kInvalidArgument,
                  "the archive has neither an index.json nor a manifest.json: it holds no image");
    }
    return std::move(loaded_);
  }

 private:
  static constexpr std::string_view kBlobs = "blobs/";
  static constexpr int kLinks = 8;  // that follow each other
  static constexpr std::size_t kMostOfNames = 32u << 20;

  void stage(int fd) {
    TarReader tar(read_ahead(inflated(stream_of(fd, "the archive"))), [](auto) {});
    while (archive_entry* entry = tar.next()) {
      const char* name = ::archive_entry_pathname(entry);
      if (name == nullptr) throw error(Kind::kInvalidArgument, "an entry has no readable name");
      try {
        stage_entry(tar, entry, layer_path(name));
      } catch (Error& failure) {
        failure.add_context(fmt::format("archive entry {}", spec::shown_text(name)));
        throw;
      }
    }
  }

  void stage_entry(TarReader& tar, archive_entry* entry, const std::string& path) {
    if (const char* link = ::archive_entry_hardlink(entry)) {
      add_link(path, layer_path(link));
    } else if (::archive_entry_filetype(entry) == AE_IFREG) {
      count(path.size());
      stage_file(tar, path);
    } else if (::archive_entry_filetype(entry) == AE_IFLNK) {
      stage_link(path, ::archive_entry_symlink(entry));
    }
  }

  // Which of the names are needed is known at the end alone.
  void count(std::size_t bytes) {
    constexpr std::size_t kOfANode = 192;  // what a map takes for a name and a digest beside them
    names_ += bytes + kOfANode;
    if (names_ > kMostOfNames) {
      throw error(Kind::kExhausted, "the names of the archive's files take more than {} MiB",
                  kMostOfNames >> 20);
    }
  }

  void add_link(const std::string& path, std::string target) {
    count(path.size() + target.size());
    links_[path] = std::move(target);
  }

  void stage_file(TarReader& tar, const std::string& path) {
    std::optional<spec::Digest> expected;
    if (path.starts_with(kBlobs)) {
      std::string text = path.substr(kBlobs.size());
      if (const std::size_t slash = text.find('/'); slash != text.npos) text[slash] = ':';
      expected = spec::Digest::parse(text);
    }
    BlobStore::Writer blob = store_.blobs_.begin(expected ? &*expected : nullptr);
    blob.restart();
    std::span<const std::byte> bytes;
    std::uint64_t offset = 0;
    while (tar.next_data(bytes, offset)) {
      if (offset != blob.size()) {
        throw error(Kind::kInvalidArgument, "{} has holes", spec::shown_text(path));
      }
      blob.write(bytes);
    }
    files_[path] = blob.commit(expected);
  }

  // docker before 20.10 links a layer that several images have: "../HEX/layer.tar".
  void stage_link(const std::string& path, const char* target) {
    if (target == nullptr) return;
    std::filesystem::path whole = (std::filesystem::path(path).parent_path() / target);
    add_link(path, whole.lexically_normal().native());
  }

  const spec::Digest& file(std::string path) const {
    for (int count = 0; count < kLinks; ++count) {
      if (const auto found = files_.find(path); found != files_.end()) return found->second;
      const auto link = links_.find(path);
      if (link == links_.end()) break;
      path = link->second;
    }
    throw error(Kind::kInvalidArgument, "the archive has no file {}", spec::shown_text(path));
  }

  std::string text(const std::string& path) const {
    return store_.blobs_.read(file(path), spec::kManifestLimit);
  }

  struct Archived {
    std::string config;
    std::vector<std::string> names;
    std::vector<std::string> layers;
  };

  std::vector<Archived> read_archived() const {
    const spec::Document document(text("manifest.json"), "manifest.json");
    std::vector<Archived> result;
    for (const spec::Reader& image : spec::Reader(document).elements()) {
      result.push_back({.config = layer_path(image.require("Config", "a file").filled_string()),
                        .names = image.strings_or_none("RepoTags"),
                        .layers = image.require("Layers", "a list of files").strings()});
    }
    return result;
  }

  void add(const spec::Digest& manifest, const std::vector<std::string>& names) {
    ImageRecord record = store_.add(manifest, std::nullopt, progress_);
    for (const std::string& name : names) {
      record = store_.add(manifest, spec::parse_reference(name), progress_);
    }
    for (ImageRecord& known : loaded_) {
      if (known.manifest != record.manifest) continue;
      known = std::move(record);
      return;
    }
    loaded_.push_back(std::move(record));
  }

  void load_docker_archive() {
    for (const Archived& image : read_archived()) {
      const spec::Digest config = file(image.config);
      spec::Manifest manifest{.media_type = std::string(spec::media_type::kOciManifest),
                              .config = {.media_type = std::string(spec::media_type::kOciConfig),
                                         .digest = config,
                                         .size = store_.blobs_.size(config)}};
      for (const std::string& layer : image.layers) {
        manifest.layers.push_back(describe(file(layer_path(layer))));
      }
      add(store_.blobs_.put(spec::print_manifest(manifest)), image.names);
    }
  }

  spec::Descriptor describe(const spec::Digest& layer) const {
    const UniqueFd blob = store_.blobs_.open(layer);
    const Compression compression = sniff(stream_of(blob.get(), layer.text())->next());
    const std::string_view type =
        compression == Compression::kGzip   ? spec::media_type::kOciLayerGzip
        : compression == Compression::kZstd ? spec::media_type::kOciLayerZstd
                                            : spec::media_type::kOciLayer;
    return {.media_type = std::string(type), .digest = layer, .size = store_.blobs_.size(layer)};
  }

  void load_layout() {
    const auto document = spec::parse_manifest(text("index.json"), "");
    const auto* index = std::get_if<spec::Index>(&document);
    if (index == nullptr) throw error(Kind::kInvalidArgument, "index.json is no index");
    std::map<std::string, std::vector<std::string>> docker_names;  // by the config's file
    if (files_.contains("manifest.json")) {
      for (const Archived& image : read_archived()) docker_names[image.config] = image.names;
    }
    for (const spec::Descriptor& entry : index->manifests) {
      // Signatures and the like (image-layout, index.json: unknown media types are ignored).
      if (!is_image(entry.media_type)) continue;
      const spec::Digest manifest = resolve(entry, 0);
      std::vector<std::string> names = names_of(entry);
      const std::string config =
          fmt::format("blobs/sha256/{}", store_.read_manifest(manifest).config.digest.hex());
      if (const auto more = docker_names.find(config); more != docker_names.end()) {
        names.insert(names.end(), more->second.begin(), more->second.end());
      }
      add(manifest, names);
    }
  }

  static bool is_image(std::string_view type) {
    return spec::media_type::is_manifest(type) || spec::media_type::is_index(type);
  }

  // Through nested indexes to the manifest for this machine.
  spec::Digest resolve(const spec::Descriptor& entry, int depth) const {
    if (store_.blobs_.size(entry.digest) != entry.size) {
      throw error(Kind::kInvalidArgument, "{} has {} bytes where index.json says {}",
                  entry.digest.text(), store_.blobs_.size(entry.digest), entry.size);
    }
    const auto document = spec::parse_manifest(
        store_.blobs_.read(entry.digest, spec::kManifestLimit), entry.media_type);
    const auto* index = std::get_if<spec::Index>(&document);
    if (index == nullptr) return entry.digest;
    if (depth == kLinks) throw error(Kind::kInvalidArgument, "indexes are nested too deeply");
    return resolve(spec::choose(*index, spec::host_platform()), depth + 1);
  }

  static std::vector<std::string> names_of(const spec::Descriptor& entry) {
    for (const char* key : {"io.containerd.image.name", "org.opencontainers.image.ref.name"}) {
      const auto name = entry.annotations.find(key);
      // A mere tag ("latest") names no repository, as skopeo and buildah write it.
      if (name == entry.annotations.end() ||
          name->second.find_first_of(":/") == std::string::npos) {
        continue;
      }
      return {name->second};
    }
    return {};
  }

  const ImageStore& store_;
  const ImageStore::Progress& progress_;
  std::map<std::string, spec::Digest> files_;
  std::map<std::string, std::string> links_;
  std::size_t names_ = 0;  // bytes that they take
  std::vector<ImageRecord> loaded_;
};

std::vector<ImageRecord> ImageStore::load(int fd, const Progress& progress) const {
  std::vector<ImageRecord> loaded;
  try {
    const UniqueFd held = lease();
    loaded = Loader(*this, progress).run(fd);
  } catch (...) {
    collect_quietly();  // all that was staged: nobody will ask for it again
    throw;
  }
  collect();  // files of the archive that belong to no image
  return loaded;
}

// For a failure on its way out, which says more than what prevents the cleaning; the next
// collection finds the same garbage.
void ImageStore::collect_quietly() const {
  try {
    collect();
  } catch (const std::exception&) {
  }
}

}  // namespace seatrial::image
