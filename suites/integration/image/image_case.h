// What cases of images share: drafts of images that may lie, a store to put them in, a canary that
// no layer may reach.
#pragma once

#include <sys/stat.h>

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <source_location>
#include <string>
#include <utility>
#include <vector>

#include "engine/image/image_store.h"
#include "harness/fixtures/case.h"
#include "harness/fixtures/tar_writer.h"

namespace image_suite {

using seatrial::harness::TarEntry;
using seatrial::harness::TarWriter;
using seatrial::image::ImageRecord;
using Where = std::source_location;

// An extended header for the next entry: "SCHILY.xattr.user.a" and the like.
void pax(TarWriter& tar, const std::vector<std::pair<std::string, std::string>>& records);

enum class Packing { kNone, kGzip, kZstd };

std::string bare_tar(const std::function<void(TarWriter&)>& fill);
std::string packed(const std::string& bytes, Packing packing);

struct Layer {
  std::string bytes = {};
  std::string diff_id = {};  // of the bare archive
  std::string media_type = "application/vnd.oci.image.layer.v1.tar";
};
Layer layer(const std::function<void(TarWriter&)>& fill, Packing packing = Packing::kNone);

// One place of a document changed. Writing the draft fails where `from` is not there: a lie that is
// never told would prove nothing.
struct Edit {
  std::string from;
  std::string to;
};

struct Draft {
  std::vector<Layer> layers = {};  // the lowest first
  std::string name = "registry.test/trial/image:1";
  std::string history = "[]";
  std::vector<Edit> config = {};
  std::vector<Edit> manifest = {};
  std::vector<Edit> index = {};
};

// An archive's files in order: name and content.
using Files = std::vector<std::pair<std::string, std::string>>;

// Configuration and manifest as they become blobs, edits and all.
std::string config_text(const Draft& draft);
std::string manifest_text(const Draft& draft);
Files oci_layout(const Draft& draft);
Files docker_archive(const Draft& draft);
std::string tar_of(const Files& files);
// The regular files of an archive without extensions; read by hand, not by the engine's library.
std::vector<std::pair<TarEntry, std::string>> entries_of(const std::string& tar);

// An image's filesystem, mounted for as long as it lives.
class Root {
 public:
  Root(const seatrial::image::ImageStore& store, const ImageRecord& image, std::string id,
       std::filesystem::path target);
  Root(const Root&) = delete;
  Root& operator=(const Root&) = delete;
  ~Root();

  const std::filesystem::path& path() const { return target_; }
  const std::string& id() const { return id_; }
  std::string read(const std::string& name) const;
  bool has(const std::string& name) const;
  struct stat status(const std::string& name) const;  // of the entry itself; st_nlink 0: absent
  std::vector<std::string> names(const std::string& directory) const;  // sorted

 private:
  const seatrial::image::ImageStore& store_;
  std::string id_;
  std::filesystem::path target_;
};

class ImageCase : public seatrial::harness::Trial {
 protected:
  ImageCase();

  const seatrial::image::ImageStore& store() const { return *store_; }
  // Of an engine that must take it. Throws EngineFailure when it does not.
  ImageRecord load(const Draft& draft, Where where = Where::current());
  ImageRecord load(const Files& files, Where where = Where::current());
  ImageRecord load_bytes(const std::string& bytes, Where where = Where::current());
  // The sentence that refuses it; "" when it was taken. A kind of error that puts the blame on
  // anything but the archive is a failure of the case.
  std::string refusal(const Files& files);
  std::string refusal_of_bytes(const std::string& bytes);
  std::unique_ptr<Root> root_of(const ImageRecord& image);
  // Every file, link and directory of the store, and what came since then: a refusal leaves
  // nothing.
  std::set<std::string> footprint() const;
  std::vector<std::string> left_since(const std::set<std::string>& before) const;

  // A directory of the host's with a file that no layer may read, change, replace or remove.
  const std::filesystem::path& canary() const { return canary_; }
  void expect_canary_untouched() const;

 private:
  std::filesystem::path canary_;
  std::optional<seatrial::image::ImageStore> store_;
  int roots_ = 0;
  int archives_ = 0;
};

// Kind and sentence of what `body` ends with: "conflict: ..."; "" when it ends well.
std::string failure_of(const std::function<void()>& body);

}  // namespace image_suite

// The fixture of TRIAL in files of this suite.
namespace {
using Trial = image_suite::ImageCase;  // NOLINT: found before the harness' own
}
using namespace image_suite;  // NOLINT: case files are leaves
