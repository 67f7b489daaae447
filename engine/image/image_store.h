// Images, their layers and the containers' snapshots of them, below one directory. Safe for
// several threads and processes (flock), and after a kill -9 at any instant.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/image/blob_store.h"
#include "engine/image/catalogue.h"
#include "engine/image/overlay.h"
#include "engine/spec/image.h"
#include "engine/spec/reference.h"

namespace seatrial::image {

struct ImageRecord {
  spec::Digest id = {};  // of the config, as docker has it
  spec::Digest manifest = {};
  std::vector<std::string> names = {};    // canonical, with tag
  std::vector<std::string> digests = {};  // canonical, REPOSITORY@DIGEST
  spec::ImageConfig config = {};
  std::uint64_t size = 0;  // of the unpacked layers' files
};

struct RemoveResult {
  std::vector<std::string> untagged = {};  // familiar names
  std::vector<spec::Digest> deleted = {};  // ids
  std::uint64_t reclaimed = 0;             // bytes
};

// Bytes of unpacked layers, each counted once, however many images share it.
struct LayerUse {
  std::uint64_t size = 0;
  std::uint64_t unused = 0;  // of these, of layers that no image in use has
};

struct HistoryItem {
  std::optional<spec::Digest> id = {};  // of the newest entry only: layers are no images
  spec::HistoryEntry entry = {};
  std::uint64_t size = 0;
  std::vector<std::string> names = {};
};

enum class ChangeKind { kModified, kAdded, kDeleted };  // docker's 0, 1, 2; printed C, A, D
struct Change {
  ChangeKind kind = ChangeKind::kModified;
  std::string path = {};  // absolute

  friend bool operator==(const Change&, const Change&) = default;
};

struct CommitOptions {
  std::optional<spec::RunConfig> config = {};  // as the container had it; else the image's
  std::string author = {};
  std::string comment = {};
  std::string created_by = {};
  std::vector<std::string> without_empty = {};  // "etc/hosts": not taken along where it is empty
};

class ImageStore {
 public:
  // Called from the threads that unpack.
  using Progress = std::function<void(const spec::Descriptor& layer, std::uint64_t unpacked)>;
  // A container that uses an image, as a sentence names it.
  struct User {
    std::string name = {};
    bool runs = false;
  };
  using UsedBy = std::function<std::vector<User>(const spec::Digest& id)>;

  // `root` is the engine's root: ROOT/image and ROOT/snapshots are made where they are absent.
  // Sweeps what crashed processes left half-made.
  explicit ImageStore(const std::filesystem::path& root);

  const BlobStore& blobs() const { return blobs_; }

  // While it lives, no blob or layer is collected. Take it before the first blob of a pull.
  UniqueFd lease() const;

  // Records the image whose blobs are there, under `name`, which another image may lose by that.
  // Unpacks the layers that are not unpacked yet, in parallel. Error{kInvalidArgument} for what
  // is no image, whose sizes or diffIDs do not fit, or whose layers are hostile.
  ImageRecord add(const spec::Digest& manifest, const std::optional<spec::Reference>& name,
                  const Progress& progress = {}) const;

  // One layer ahead of add(): a pull may unpack it while it fetches the next.
  void unpack(const spec::Descriptor& layer, const spec::Digest& diff_id,
              const Progress& progress = {}) const;
  bool has_layer(const spec::Digest& diff_id) const;

  // By name, digest, id or the start of an id. Error{kNotFound}: "No such image: X".
  ImageRecord find(std::string_view text) const;
  std::vector<ImageRecord> list() const;

  LayerUse layer_use(const UsedBy& used_by = {}) const;

  void tag(std::string_view source, const spec::Reference& name) const;

  // A name with others beside it is only untagged, and so, with `force`, is the last name of an
  // image that a running container uses. Error{kConflict}: such an image meant by its id; unless
  // `force` also any that containers use, and one meant by its id that has several names.
  RemoveResult remove(std::string_view text, bool force, const UsedBy& used_by = {}) const;

  enum class Prune { kDangling, kUnused };
  RemoveResult prune(Prune what, const UsedBy& used_by = {}) const;

  // Removes blobs and layers that no image and no snapshot needs; returns their bytes. Does nothing
  // while somebody holds a lease.
  std::uint64_t collect() const;

  std::vector<HistoryItem> history(std::string_view text) const;  // the newest first

  // One archive that is an OCI layout and a docker-archive at once.
  void save(const std::vector<std::string>& images, int fd) const;
  // Reads either, compressed or not. What is refused leaves nothing; of several images, those
  // before it stay. More than 32 MiB of names of the archive's files are Error{kExhausted}.
  std::vector<ImageRecord> load(int fd, const Progress& progress = {}) const;

  // A root file system's tar (compressed or not) as an image of one layer.
  ImageRecord import(int fd, const spec::RunConfig& config, std::string_view comment,
                     const std::optional<spec::Reference>& name) const;

  // Writes the tree at `directory` as a tar archive.
  static void export_tree(const std::filesystem::path& directory, int fd);

  // A container's writable layer over an image. `id` is a name without '/'.
  void prepare(std::string_view id, const spec::Digest& image) const;
  Overlay snapshot(std::string_view id) const;
  void mount(std::string_view id, const std::filesystem::path& target,
             Durability durability = Durability::kDurable) const;
  void remove_snapshot(std::string_view id) const;  // unmounted; absent is fine
  std::vector<std::string> snapshots() const;

  // What the container changed, sorted by path.
  std::vector<Change> diff(std::string_view id) const;
  ImageRecord commit(std::string_view id, const CommitOptions& options,
                     const std::optional<spec::Reference>& name) const;

 private:
  friend class Loader;

  struct NewImage {
    spec::ImageConfig config = {};
    std::vector<spec::Descriptor> layers = {};
  };

  void collect_quietly() const;
  ImageRecord import_layer(int fd, const spec::RunConfig& config, std::string_view comment,
                           const std::optional<spec::Reference>& name) const;
  std::filesystem::path layer_path(const spec::Digest& diff_id) const;
  std::filesystem::path snapshot_path(std::string_view id) const;
  spec::Digest snapshot_image(std::string_view id) const;
  std::uint64_t layer_size(const spec::Digest& diff_id) const;
  spec::Digest unpack_blob(const spec::Descriptor& layer, const spec::Digest* expected,
                           const Progress& progress) const;
  void unpack_all(const spec::Manifest& manifest, const spec::ImageConfig& config,
                  const Progress& progress) const;
  void check_size(const spec::Descriptor& blob, std::string_view what) const;
  spec::Manifest read_manifest(const spec::Digest& digest) const;
  spec::ImageConfig read_config(const spec::Digest& digest) const;
  ImageRecord record_of(const CatalogueEntry& entry) const;
  CatalogueEntry find_entry(std::string_view text) const;
  ImageRecord put_image(const NewImage& image, const std::optional<spec::Reference>& name) const;
  std::vector<std::filesystem::path> lowers_of(const std::vector<spec::Digest>& diff_ids) const;

  std::filesystem::path image_;
  std::filesystem::path snapshots_;
  BlobStore blobs_;
  Catalogue catalogue_;
};

}  // namespace seatrial::image
