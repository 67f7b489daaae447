// An image's content at a mount point becomes a new volume's first content.
//
// Both trees are walked through descriptors; no name of either is ever resolved outside its root,
// and no symbolic link of the source is followed but for those in the path itself, which are
// resolved inside the root file system (openat2(2), RESOLVE_IN_ROOT, Linux 5.6).
#pragma once

#include <cstdint>
#include <string_view>

namespace seatrial::volume {

// Copies the directory at `path` beneath the directory `rootfs` into the empty directory `target`:
// files, directories, links (hard ones stay linked), devices, FIFOs; with owners, modes, times to
// the nanosecond and extended attributes, the top's own as well. False when there is no such path.
// Throws Error naming the path; Error{kConflict} where a file stands in the way.
bool copy_up(int rootfs, std::string_view path, int target);

// Whether the directory has no entry.
bool is_empty_directory(int directory);

// Bytes allocated for the tree below the directory.
std::uint64_t tree_size(int directory);

}  // namespace seatrial::volume
