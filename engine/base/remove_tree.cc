// Removing a tree that somebody else filled: of any depth, with few descriptors and no recursion.
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <climits>
#include <memory>
#include <vector>

#include "engine/base/error.h"
#include "engine/base/files.h"

namespace seatrial {
namespace {

constexpr int kOpenDirectory = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
// Directories that are kept open, the deepest ones: enough for any tree that is not made to hurt.
constexpr std::size_t kOpenLevels = 32;

struct CloseListing {
  void operator()(DIR* stream) const { ::closedir(stream); }
};
using Listing = std::unique_ptr<DIR, CloseListing>;

struct Level {
  std::string name;
  struct statx identity;
  Listing listing;  // null: let go of, to be opened again on the way up
};

bool same(const struct statx& left, const struct statx& right) {
  return left.stx_ino == right.stx_ino && left.stx_dev_major == right.stx_dev_major &&
         left.stx_dev_minor == right.stx_dev_minor;
}

class Removal {
 public:
  // `shown` is the whole path of what lies in `parent`, for messages.
  Removal(int parent, std::string shown) : parent_(parent), shown_(std::move(shown)) {
    if (const int failure = identify(parent, device_)) throw sys_error(failure, "stat {}", shown_);
  }

  void run(const std::string& name) {
    remove(parent_, name.c_str());
    while (!levels_.empty()) {
      if (const char* child = next_child()) {
        remove(::dirfd(levels_.back().listing.get()), child);
      } else {
        leave();
      }
    }
  }

 private:
  static int identify(int fd, struct statx& identity) {
    return ::statx(fd, "", AT_EMPTY_PATH, STATX_TYPE | STATX_INO, &identity) == 0 ? 0 : errno;
  }

  // Also a bind mount of the same file system, whose device number tells nothing.
  bool is_mount_point(const struct statx& identity) const {
    return identity.stx_dev_major != device_.stx_dev_major ||
           identity.stx_dev_minor != device_.stx_dev_minor ||
           (identity.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
  }

  // What cannot be unlinked is a directory, to be emptied first.
  void remove(int parent, const char* name) {
    if (::unlinkat(parent, name, 0) == 0 || errno == ENOENT) return;
    const int why = errno;
    if (why != EISDIR && why != EPERM && why != EBUSY)
      throw sys_error(why, "remove {}", path(name));
    UniqueFd fd(::openat(parent, name, kOpenDirectory));
    if (!fd) throw sys_error(errno == ENOTDIR ? why : errno, "remove {}", path(name));
    struct statx identity{};
    if (const int failure = identify(fd.get(), identity)) {
      throw sys_error(failure, "stat {}", path(name));
    }
    if (is_mount_point(identity)) {
      throw error(Kind::kConflict, "remove {}: it is a mount point", path(name));
    }
    levels_.push_back({name, identity, nullptr});
    list(std::move(fd));
    if (levels_.size() > kOpenLevels) levels_[levels_.size() - 1 - kOpenLevels].listing.reset();
  }

  void list(UniqueFd fd) {
    levels_.back().listing.reset(::fdopendir(fd.get()));
    if (!levels_.back().listing) throw sys_error(errno, "list {}", path());
    (void)fd.release();  // the stream closes it
  }

  // Null at the end of the deepest directory.
  const char* next_child() {
    for (;;) {
      errno = 0;
      const dirent* entry = ::readdir(levels_.back().listing.get());
      if (entry == nullptr && errno != 0) throw sys_error(errno, "list {}", path());
      if (entry == nullptr) return nullptr;
      const std::string_view name = entry->d_name;
      if (name != "." && name != "..") return entry->d_name;
    }
  }

  // Removes the deepest directory, which is empty now.
  void leave() {
    const Level done = std::move(levels_.back());
    levels_.pop_back();
    if (!levels_.empty() && !levels_.back().listing) climb(::dirfd(done.listing.get()));
    const int parent = levels_.empty() ? parent_ : ::dirfd(levels_.back().listing.get());
    if (::unlinkat(parent, done.name.c_str(), AT_REMOVEDIR) != 0 && errno != ENOENT) {
      throw sys_error(errno, "remove {}", path(done.name.c_str()));
    }
  }

  // Up to the directory that was entered from: a tree may be moved meanwhile, and ".." is no
  // promise. It is listed from its start again, where nothing is left but what is still to be
  // removed.
  void climb(int child) {
    UniqueFd fd(::openat(child, "..", kOpenDirectory));
    if (!fd) throw sys_error(errno, "open {}", path());
    struct statx identity{};
    if (const int failure = identify(fd.get(), identity))
      throw sys_error(failure, "stat {}", path());
    if (!same(identity, levels_.back().identity)) {
      throw error(Kind::kConflict, "remove {}: somebody moves it meanwhile", path());
    }
    list(std::move(fd));
  }

  // Of a child of the deepest directory, or of that itself. Without its middle where it is long.
  std::string path(const char* child = nullptr) const {
    std::string text = shown_;
    for (std::size_t i = 1; i < levels_.size() && text.size() < PATH_MAX; ++i) {
      text += "/" + levels_[i].name;
    }
    if (text.size() >= PATH_MAX) text = fmt::format("{}/.../{}", shown_, levels_.back().name);
    if (child != nullptr && !levels_.empty()) text += fmt::format("/{}", child);
    return text;
  }

  int parent_;
  std::string shown_;
  struct statx device_{};
  std::vector<Level> levels_;  // from the tree's root to where the work is
};

}  // namespace

void remove_tree(const std::filesystem::path& path) {
  const std::filesystem::path parent = path.has_parent_path() ? path.parent_path() : ".";
  const UniqueFd dir(::open(parent.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!dir) {
    if (errno == ENOENT) return;
    throw sys_error(errno, "open {}", parent.native());
  }
  Removal(dir.get(), path.native()).run(path.filename());
}

}  // namespace seatrial
