// cp and export: files in and out of containers as tar streams.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <span>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/core/impl.h"
#include "engine/core/rootfs.h"
#include "engine/core/times.h"
#include "engine/image/pack.h"
#include "engine/image/stream.h"
#include "engine/image/unpack.h"

namespace seatrial::core {
namespace {

namespace fs = std::filesystem;

// A path of a container, and the root that it is resolved in: a stopped container's volumes are
// mounted nowhere, so that a path below one is resolved in the volume.
struct Place {
  Engine::Impl::RootView view;
  UniqueFd volume;
  std::string path;

  int root() const { return volume ? volume.get() : view.root.get(); }
};

// What the kernel shows of itself in a running container.
const std::vector<std::string> kKernels{"proc", "sys", "dev"};

bool is_below(const std::string& path, const std::string& directory) {
  return path == directory || path.starts_with(directory + "/");
}

void refuse_the_kernels(const ContainerRecord& record, const std::string& path) {
  const auto is_mounted = [&](const MountPoint& mount) {
    return is_below(path, mount.destination);
  };
  if (std::ranges::any_of(record.mounts, is_mounted)) return;
  for (const std::string& name : kKernels) {
    if (!is_below(path, "/" + name)) continue;
    throw error(Kind::kNotFound,
                "Could not find the file {} in container {}: what is in /{} is the kernel's", path,
                record.name, name);
  }
}

// Of the changes, those that are only the places for the engine's own mounts.
bool is_the_engines(const image::Change& change) {
  const std::string path = change.path.substr(1);
  if (std::ranges::find(kEnginesFiles, path) != kEnginesFiles.end()) return true;
  return change.kind == image::ChangeKind::kAdded &&
         std::ranges::find(kKernels, path) != kKernels.end();
}

Place locate(Engine::Impl& impl, const ContainerRecord& record, const std::string& path) {
  Place place{.view = impl.open_root(record), .volume = {}, .path = "/" + path};
  place.path = fs::path(place.path).lexically_normal().native();
  if (!place.view.mount) {
    refuse_the_kernels(record, place.path);
    return place;
  }
  const MountPoint* nearest = nullptr;
  for (const MountPoint& mount : record.mounts) {
    if (mount.type == volume::MountType::kTmpfs) continue;
    if (is_below(place.path, mount.destination) &&
        (nearest == nullptr || nearest->destination.size() < mount.destination.size())) {
      nearest = &mount;
    }
  }
  if (nearest == nullptr) return place;
  place.volume = open_file(nearest->source, O_PATH | O_DIRECTORY);
  place.path = "/" + place.path.substr(nearest->destination.size());
  return place;
}

Error not_there(const ContainerRecord& record, const std::string& path, int sys_errno) {
  if (sys_errno == ENOENT) {
    return {Kind::kNotFound, ENOENT,
            fmt::format("Could not find the file {} in container {}", path, record.name)};
  }
  return sys_error(sys_errno, "open {} in container {}", path, record.name);
}

image::TarWriter writer_to(int fd) {
  return image::TarWriter([fd](std::span<const std::byte> bytes) {
    write_all(fd, {reinterpret_cast<const char*>(bytes.data()), bytes.size()}, "the archive");
  });
}

}  // namespace

PathStat Engine::stat_path(const std::string& container, const std::string& path) {
  const ContainerRecord record = impl_->find(container);
  const Place place = locate(*impl_, record, path);
  const UniqueFd fd = open_in_root(place.root(), place.path, O_PATH | O_NOFOLLOW);
  struct stat status{};
  if (!fd || ::fstat(fd.get(), &status) != 0) throw not_there(record, path, errno);
  PathStat result{.name = fs::path(path).lexically_normal().filename(),
                  .size = static_cast<std::uint64_t>(status.st_size),
                  .mode = status.st_mode,
                  .mtime = from_nanoseconds(std::int64_t{status.st_mtim.tv_sec} * 1'000'000'000 +
                                            status.st_mtim.tv_nsec)};
  if (S_ISLNK(status.st_mode)) {
    std::string target(PATH_MAX, '\0');
    const ssize_t length = ::readlinkat(fd.get(), "", target.data(), target.size());
    if (length > 0) result.link_target = target.substr(0, static_cast<std::size_t>(length));
  }
  return result;
}

void Engine::copy_to(const std::string& container, const std::string& path, int tar_fd) {
  const ContainerRecord record = impl_->find(container);
  const Place place = locate(*impl_, record, path);
  const UniqueFd directory = open_in_root(place.root(), place.path, O_RDONLY | O_DIRECTORY);
  if (!directory) throw not_there(record, path, errno);
  with_context(fmt::format("copy to {}:{}", record.name, path), [&] {
    image::unpack_archive(image::stream_of(tar_fd, "the archive"), directory.get());
  });
  impl_->event(record, "extract-to-dir");
}

void Engine::copy_from(const std::string& container, const std::string& path, int tar_fd) {
  const ContainerRecord record = impl_->find(container);
  const Place place = locate(*impl_, record, path);
  image::TarWriter writer = writer_to(tar_fd);
  const fs::path normal = place.path;
  if (!normal.has_filename()) {
    const UniqueFd root = open_in_root(place.root(), place.path, O_RDONLY | O_DIRECTORY);
    if (!root) throw not_there(record, path, errno);
    const bool runs = !place.view.mount;
    image::pack(root.get(), image::PackForm::kTree, writer,
                {.contents = runs ? kKernels : std::vector<std::string>()});
  } else {
    const UniqueFd parent =
        open_in_root(place.root(), normal.parent_path().native(), O_RDONLY | O_DIRECTORY);
    struct stat status{};
    if (!parent ||
        ::fstatat(parent.get(), normal.filename().c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
      throw not_there(record, path, errno);
    }
    image::pack_entry(parent.get(), normal.filename(), writer);
  }
  writer.finish();
  impl_->event(record, "archive-path");
}

void Engine::export_tree(const std::string& container, int tar_fd) {
  const ContainerRecord record = impl_->find(container);
  // The writable layer over the image alone: volumes are not part of it.
  const UniqueFd mount = image::open_overlay(impl_->images.snapshot(record.id));
  const UniqueFd root(::openat(mount.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!root) throw sys_error(errno, "open the root of container {}", record.name);
  image::TarWriter writer = writer_to(tar_fd);
  image::pack(root.get(), image::PackForm::kTree, writer);
  writer.finish();
  impl_->event(record, "export");
}

std::vector<Change> Engine::diff(const std::string& container) {
  std::vector<Change> changes;
  for (const image::Change& change : impl_->images.diff(impl_->find(container).id)) {
    if (is_the_engines(change)) continue;
    changes.push_back({.kind = static_cast<ChangeKind>(change.kind), .path = change.path});
  }
  // Which the engine's files alone have touched.
  const auto is_below_etc = [](const Change& change) { return change.path.starts_with("/etc/"); };
  if (std::ranges::none_of(changes, is_below_etc)) {
    std::erase_if(changes, [](const Change& change) {
      return change.path == "/etc" && change.kind != ChangeKind::kDeleted;
    });
  }
  return changes;
}

}  // namespace seatrial::core
