#include "engine/image/layer_root.h"

#include <fcntl.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include <cerrno>
#include <vector>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/spec/json_document.h"
#include "engine/sys/openat2.h"

namespace seatrial::image {
namespace {

constexpr std::size_t kOpenDirectories = 64;
constexpr std::uint64_t kInside = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;

}  // namespace

std::string layer_path(std::string_view name) {
  std::string path;
  while (!name.empty()) {
    const std::size_t slash = name.find('/');
    const std::string_view component = name.substr(0, slash);
    name.remove_prefix(slash == name.npos ? name.size() : slash + 1);
    if (component.empty() || component == ".") continue;
    if (component == "..") throw error(Kind::kInvalidArgument, "the name climbs out with \"..\"");
    if (!path.empty()) path += '/';
    path += component;
  }
  return path;
}

SplitPath split_path(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == path.npos) return {{}, path};
  return {path.substr(0, slash), path.substr(slash + 1)};
}

bool is_whiteout(const struct stat& status) {
  return S_ISCHR(status.st_mode) && status.st_rdev == ::makedev(0, 0);
}

int LayerRoot::parent(const std::string& path, Links links) {
  const int fd = directory(path, links);
  times_.keep(fd, path);
  return fd;
}

int LayerRoot::directory(const std::string& path, Links links) {
  if (path.empty()) return fd_;
  if (links == Links::kFollowInside) {
    if (const auto known = open_.find(path); known != open_.end()) return known->second.get();
  }
  if (open_.size() >= kOpenDirectories) open_.clear();
  const std::uint64_t resolve = links == Links::kRefuse ? kInside | RESOLVE_NO_SYMLINKS : kInside;
  constexpr int kFlags = O_PATH | O_DIRECTORY;
  UniqueFd fd = sys::openat2(fd_, path.c_str(), kFlags, resolve);
  if (!fd && (errno == ENOENT || errno == ENOTDIR)) {
    make_parents(path);
    fd = sys::openat2(fd_, path.c_str(), kFlags, resolve);
  }
  if (!fd && (errno == EXDEV || errno == ELOOP)) {
    throw error(Kind::kInvalidArgument, "{} is behind a symbolic link that may not be followed",
                spec::shown_text(path));
  }
  if (!fd) throw sys_error(errno, "open the directory {}", spec::shown_text(path));
  UniqueFd& slot = open_[path];
  slot = std::move(fd);
  return slot.get();
}

// One component after the other, each from the one before: a name of thousands of components costs
// no more than that many steps.
void LayerRoot::make_parents(const std::string& path) {
  UniqueFd above;
  for (std::size_t start = 0, slash = 0; slash != path.npos; start = slash + 1) {
    slash = path.find('/', start);
    const Component here{.base = path.substr(start, slash - start), .path = path, .end = slash};
    const int parent = above ? above.get() : fd_;
    UniqueFd next = step(parent, here);
    if (!next && (errno == ENOENT || errno == ENOTDIR)) {
      times_.keep(parent, start == 0 ? "" : path.substr(0, start - 1));
      make_directory(parent, here.base, here.prefix());
      next = step(parent, here);
    }
    if (!next) {
      throw sys_error(errno == EXDEV || errno == ELOOP ? EINVAL : errno,
                      "{} leads out of the layer or is no directory",
                      spec::shown_text(here.prefix()));
    }
    above = std::move(next);
  }
}

// A link may lead to anywhere in the layer, so it is resolved from the root; openat2 follows no
// more than forty of them in a path.
UniqueFd LayerRoot::step(int parent, const Component& here) const {
  constexpr int kFlags = O_PATH | O_DIRECTORY;
  UniqueFd fd = sys::openat2(parent, here.base.c_str(), kFlags, kInside | RESOLVE_NO_SYMLINKS);
  if (!fd && errno == ELOOP) fd = sys::openat2(fd_, here.prefix().c_str(), kFlags, kInside);
  return fd;
}

void LayerRoot::make_directory(int parent, const std::string& base, const std::string& path) {
  if (::mkdirat(parent, base.c_str(), 0755) == 0) {
    if (::fchmodat(parent, base.c_str(), 0755, 0) == 0) return;  // whatever the umask was
    throw sys_error(errno, "set the mode of {}", spec::shown_text(path));
  }
  struct stat there{};
  if (errno != EEXIST || !status(parent, base, there)) {
    throw sys_error(errno, "create the directory {}", spec::shown_text(path));
  }
  if (S_ISDIR(there.st_mode) || S_ISLNK(there.st_mode)) return;  // openat2 judges a link
  if (!is_whiteout(there)) {
    throw error(Kind::kInvalidArgument, "{} is no directory but something is below it",
                spec::shown_text(path));
  }
  // Whited out and made again in one layer: the new directory must not show the old one's content.
  if (::unlinkat(parent, base.c_str(), 0) != 0 || ::mkdirat(parent, base.c_str(), 0755) != 0) {
    throw sys_error(errno, "create the directory {}", spec::shown_text(path));
  }
  const UniqueFd made(
      ::openat(parent, base.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!made) throw sys_error(errno, "open the directory {}", spec::shown_text(path));
  make_opaque(made.get());
}

bool LayerRoot::status(int parent, const std::string& base, struct stat& status) const {
  if (::fstatat(parent, base.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0) return true;
  if (errno == ENOENT) return false;
  throw sys_error(errno, "stat {}", spec::shown_text(base));
}

void LayerRoot::clear(int parent, const std::string& base) {
  if (::unlinkat(parent, base.c_str(), 0) == 0 || errno == ENOENT) return;
  if (errno != EISDIR) throw sys_error(errno, "replace {}", spec::shown_text(base));
  const UniqueFd kept(::fcntl(parent, F_DUPFD_CLOEXEC, 0));  // `parent` may be one of open_
  open_.clear();
  remove_tree(fmt::format("/proc/self/fd/{}/{}", kept.get(), base));
}

void LayerRoot::make_opaque(int directory) {
  if (::fsetxattr(directory, kOpaqueXattr, "y", 1, 0) != 0) {
    throw sys_error(errno, "mark a directory as opaque (the file system must keep trusted xattrs)");
  }
}

}  // namespace seatrial::image
