// One writable layer per container: snapshots/ID/{upper,work,image}.
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <set>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/image/image_store.h"

namespace seatrial::image {
namespace {

void make_directory(const std::filesystem::path& path) {
  if (::mkdir(path.c_str(), 0755) != 0) throw sys_error(errno, "create {}", path.native());
}

// The merged root shows the upper directory's owner and mode, so those of the image go there.
void copy_root(const std::filesystem::path& from, const std::filesystem::path& to) {
  struct stat status{};
  if (::stat(from.c_str(), &status) != 0) throw sys_error(errno, "stat {}", from.native());
  if (::chown(to.c_str(), status.st_uid, status.st_gid) != 0 ||
      ::chmod(to.c_str(), status.st_mode & 07777U) != 0) {
    throw sys_error(errno, "set owner and mode of {}", to.native());
  }
}

}  // namespace

std::filesystem::path ImageStore::snapshot_path(std::string_view id) const {
  if (id.empty() || id.starts_with('.') || id.find('/') != id.npos) {
    throw error(Kind::kInvalidArgument, "\"{}\" cannot be a snapshot's name", id);
  }
  return snapshots_ / id;
}

// A directory may be in a stack once. Where a layer comes twice the upper one hides all of the
// lower.
std::vector<std::filesystem::path> ImageStore::lowers_of(
    const std::vector<spec::Digest>& diff_ids) const {
  std::vector<std::filesystem::path> lowers;
  std::set<spec::Digest> seen;
  for (auto id = diff_ids.rbegin(); id != diff_ids.rend(); ++id) {
    if (seen.insert(*id).second) lowers.push_back(layer_path(*id) / "fs");
  }
  if (lowers.empty()) lowers.push_back(image_ / "empty");
  return lowers;
}

void ImageStore::prepare(std::string_view id, const spec::Digest& image) const {
  const UniqueFd held = lease();  // until the snapshot itself keeps the image's layers
  const CatalogueEntry entry = find_entry(image.text());
  const std::filesystem::path place = snapshot_path(id);
  Temporary made = Temporary::directory(snapshots_);
  make_directory(made.path() / "upper");
  make_directory(made.path() / "work");
  copy_root(lowers_of(read_config(entry.config).diff_ids).front(), made.path() / "upper");
  const UniqueFd file = open_file(made.path() / "image", O_WRONLY | O_CREAT | O_EXCL, 0644);
  write_all(file.get(), entry.manifest.text(), "the snapshot's image");
  if (!made.move_to(place)) throw error(Kind::kConflict, "there is a snapshot {} already", id);
}

// The digest of the manifest.
spec::Digest ImageStore::snapshot_image(std::string_view id) const {
  try {
    return spec::Digest::parse(read_file(snapshot_path(id) / "image"));
  } catch (const Error& failure) {
    if (failure.sys_errno() == ENOENT) throw error(Kind::kNotFound, "no snapshot {}", id);
    throw;
  }
}

Overlay ImageStore::snapshot(std::string_view id) const {
  const spec::Manifest manifest = read_manifest(snapshot_image(id));
  const std::filesystem::path place = snapshot_path(id);
  return {.lowers = lowers_of(read_config(manifest.config.digest).diff_ids),
          .upper = place / "upper",
          .work = place / "work"};
}

void ImageStore::mount(std::string_view id, const std::filesystem::path& target,
                       Durability durability) const {
  Overlay overlay = snapshot(id);
  overlay.durability = durability;
  // A volatile mount leaves this mark for as long as nobody vouches for the upper directory
  // (overlayfs.rst, "Volatile mount"); a container's own restart is no crash of the host.
  if (durability == Durability::kVolatile) remove_tree(overlay.work / "work/incompat");
  mount_overlay(overlay, target);
}

void ImageStore::remove_snapshot(std::string_view id) const {
  const std::filesystem::path place = snapshot_path(id);
  const std::filesystem::path dead = snapshots_ / fmt::format(".new-dead-{}", id);
  // Locked before it has the name of a temporary: whoever opens the store sweeps those away, and
  // two at the same tree get into each other's way.
  const UniqueFd mine(::open(place.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!mine && errno == ENOENT) return;  // what a killed removal left, a sweep takes
  if (!mine || ::flock(mine.get(), LOCK_EX) != 0)
    throw sys_error(errno, "lock the snapshot {}", id);
  if (::rename(place.c_str(), dead.c_str()) != 0) {
    if (errno == ENOENT) return;
    throw sys_error(errno, "remove the snapshot {}", id);
  }
  remove_tree(dead);
}

std::vector<std::string> ImageStore::snapshots() const {
  std::vector<std::string> ids;
  for (const auto& entry : std::filesystem::directory_iterator(snapshots_)) {
    const std::string name = entry.path().filename();
    if (!name.starts_with('.')) ids.push_back(name);
  }
  std::sort(ids.begin(), ids.end());
  return ids;
}

}  // namespace seatrial::image
