// Directories as tar archives: the reverse of unpack.h.
#pragma once

#include <string>
#include <vector>

#include "engine/image/tar_stream.h"

namespace seatrial::image {

enum class PackForm {
  kTree,  // everything below the directory, as it is
  kDiff,  // an overlay's upper directory: its whiteouts and opaque marks as .wh. entries
};

// What an archive shall not have, by the paths that it would have there.
struct LeftOut {
  std::vector<std::string> contents = {};     // of directories, which stay
  std::vector<std::string> empty_files = {};  // where they are empty
};

// Archives what is below `directory`, which is not part of it. In the order of the names, without
// access times, so that the same tree gives the same bytes. Sockets are left out, as tar(1) does.
// Of the depths and the refusals of walk_tree().
void pack(int directory, PackForm form, TarWriter& writer, const LeftOut& left_out = {});

// The one entry NAME of the directory, under that name, with all below it.
void pack_entry(int directory, const std::string& name, TarWriter& writer);

}  // namespace seatrial::image
