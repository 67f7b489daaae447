// The directory that a layer is unpacked into. Every name is resolved beneath it by openat2, one
// parent at a time, whatever the layer's earlier entries made of those parents.
#pragma once

#include <sys/stat.h>

#include <string>
#include <string_view>
#include <unordered_map>

#include "engine/base/unique_fd.h"
#include "engine/image/directory_times.h"

namespace seatrial::image {

// NAME without empty and "." components: "a/b"; empty for the root itself. Throws
// Error{kInvalidArgument} for a name that climbs ("..").
std::string layer_path(std::string_view name);

// "a/b/c" -> {"a/b", "c"}; "c" -> {"", "c"}.
struct SplitPath {
  std::string parent;
  std::string base;
};
SplitPath split_path(const std::string& path);

// overlayfs' whiteout: character device 0:0 (Documentation/filesystems/overlayfs.rst).
bool is_whiteout(const struct stat& status);

inline constexpr const char* kOpaqueXattr = "trusted.overlay.opaque";

class LayerRoot {
 public:
  enum class Links { kFollowInside, kRefuse };

  // `fd` stays the caller's.
  explicit LayerRoot(int fd) : fd_(fd), times_(fd) {}

  int fd() const { return fd_; }
  // Those of the directories: whatever parent() gives keeps its own.
  DirectoryTimes& times() { return times_; }

  // An O_PATH descriptor of the directory, made with mode 0755 where it is absent; valid until the
  // next call. For making or removing something there. Throws Error{kInvalidArgument} where a
  // parent is no directory or a symbolic link that leaves the layer.
  int parent(const std::string& path, Links links = Links::kFollowInside);

  // The entry itself, never what it points to. False when there is none.
  bool status(int parent, const std::string& base, struct stat& status) const;

  // Removes what stands in the way of a new entry, with all that is below.
  void clear(int parent, const std::string& base);

  // Marks a directory as hiding what lower layers have at its place.
  static void make_opaque(int directory);

 private:
  int directory(const std::string& path, Links links);
  void make_parents(const std::string& path);
  // Of a path: its last name, and where in the path that ends.
  struct Component {
    std::string base;
    const std::string& path;
    std::size_t end;
    std::string prefix() const { return path.substr(0, end); }
  };
  UniqueFd step(int parent, const Component& here) const;
  void make_directory(int parent, const std::string& base, const std::string& path);

  int fd_;
  DirectoryTimes times_;
  // Entries come directory by directory. Only clear() can make a path mean another directory.
  std::unordered_map<std::string, UniqueFd> open_;
};

}  // namespace seatrial::image
