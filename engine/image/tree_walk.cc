#include "engine/image/tree_walk.h"

#include <dirent.h>
#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <memory>

#include "engine/base/error.h"
#include "engine/base/unique_fd.h"
#include "engine/spec/json_document.h"
#include "engine/sys/openat2.h"

namespace seatrial::image {
namespace {

constexpr int kOpenDirectory = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK;
// Directories that are kept open, the deepest ones.
constexpr std::size_t kOpenLevels = 32;

struct CloseListing {
  void operator()(DIR* stream) const { ::closedir(stream); }
};

// A directory that is walked through, from its first name to its last.
struct Level {
  UniqueFd fd = {};  // empty: let go of, to be opened again on the way up
  std::string prefix = {};
  std::vector<std::string> names = {};
  std::size_t next = 0;
};

class Walk {
 public:
  Walk(int root, TreeVisitor& visitor) : root_(root), visitor_(visitor) {}

  void through(std::string name) {
    levels_.push_back({.names = {std::move(name)}});
    run();
  }

  void through_all() {
    enter(open(root_, "."), "");
    run();
  }

 private:
  static UniqueFd open(int parent, const std::string& name) {
    return UniqueFd(::openat(parent, name.c_str(), kOpenDirectory | O_CLOEXEC));
  }

  void run() {
    while (!levels_.empty()) {
      Level& level = levels_.back();
      if (level.next == level.names.size()) {
        levels_.pop_back();
      } else {
        visit(level, level.names[level.next++]);
      }
    }
  }

  // Its own copy of the name: entering another directory moves the levels.
  void visit(Level& level, const std::string name) {
    const std::string path = level.prefix + name;
    if (path.size() >= PATH_MAX) {
      throw error(Kind::kUnsupported,
                  "a path of more than {} bytes cannot be unpacked again: {}...", PATH_MAX - 1,
                  spec::shown_text(path.substr(0, kShown)));
    }
    const int parent = descriptor_of(level);
    struct stat status{};
    if (parent < 0 || ::fstatat(parent, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
      if (errno == ENOENT) return;  // a running container removed it meanwhile
      throw sys_error(errno, "stat {}", path);
    }
    if (!visitor_.entry(parent, name, path, status)) return;
    UniqueFd fd = open(parent, name);
    if (!fd && errno == ENOENT) return;
    if (!fd) throw sys_error(errno, "open {}", path);
    enter(std::move(fd), path + "/");
  }

  void enter(UniqueFd fd, std::string prefix) {
    std::vector<std::string> names = names_in(fd.get(), prefix);
    visitor_.directory(fd.get(), prefix, names);
    levels_.push_back(
        {.fd = std::move(fd), .prefix = std::move(prefix), .names = std::move(names)});
    if (levels_.size() > kOpenLevels) levels_[levels_.size() - 1 - kOpenLevels].fd.reset();
  }

  // Below the root again, whatever a container made of the path meanwhile. -1, with errno ENOENT,
  // where the path is no such directory any more.
  int descriptor_of(Level& level) {
    if (level.prefix.empty()) return root_;
    if (!level.fd) {
      level.fd = sys::openat2(root_, level.prefix.c_str(), kOpenDirectory,
                              RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
      if (!level.fd && (errno == ELOOP || errno == ENOTDIR)) errno = ENOENT;
    }
    return level.fd.get();
  }

  static constexpr std::size_t kShown = 60;

  int root_;
  TreeVisitor& visitor_;
  std::vector<Level> levels_;
};

}  // namespace

std::vector<std::string> names_in(int directory, const std::string& shown) {
  UniqueFd fd(::openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  const std::unique_ptr<DIR, CloseListing> stream(fd ? ::fdopendir(fd.get()) : nullptr);
  if (!stream) throw sys_error(errno, "list {}", shown.empty() ? "the directory" : shown);
  (void)fd.release();  // the stream closes it
  std::vector<std::string> names;
  while (const dirent* entry = ::readdir(stream.get())) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

void walk_tree(int root, TreeVisitor& visitor) {
  Walk(root, visitor).through_all();
}

void walk_entry(int root, const std::string& name, TreeVisitor& visitor) {
  Walk(root, visitor).through(name);
}

}  // namespace seatrial::image
