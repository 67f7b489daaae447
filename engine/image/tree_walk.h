// Walking a tree that a container filled: of any width and depth, without recursion.
#pragma once

#include <sys/stat.h>

#include <string>
#include <vector>

namespace seatrial::image {

// In their order. `shown` names the directory in messages.
std::vector<std::string> names_in(int directory, const std::string& shown);

class TreeVisitor {
 public:
  TreeVisitor() = default;
  TreeVisitor(const TreeVisitor&) = delete;
  TreeVisitor& operator=(const TreeVisitor&) = delete;
  virtual ~TreeVisitor() = default;

  // What lies in a directory, before any of it is visited. `prefix` is the directory's path from
  // the walk's root with a final slash; empty for the root itself.
  virtual void directory(int fd, const std::string& prefix,
                         const std::vector<std::string>& names) = 0;

  // NAME of the directory `parent`. True for a directory that shall be walked through.
  virtual bool entry(int parent, const std::string& name, const std::string& path,
                     const struct stat& status) = 0;
};

// Depth first, each directory's names in their order; symbolic links are not followed. The tree may
// change meanwhile: what goes is passed over. Some 32 descriptors are enough for any depth. A path
// of more than 4095 bytes, which nothing could be unpacked to again, is Error{kUnsupported}.
void walk_tree(int root, TreeVisitor& visitor);

// The same of one entry of `root`, with all that is below.
void walk_entry(int root, const std::string& name, TreeVisitor& visitor);

}  // namespace seatrial::image
