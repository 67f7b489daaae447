// A layer's tar stream as a directory that overlayfs can stack.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "engine/image/stream.h"
#include "engine/spec/digest.h"

namespace seatrial::image {

struct UnpackLimits {
  std::uint64_t entries = 4'000'000;
  std::uint64_t bytes = 1ull << 42;  // of the uncompressed archive
};

struct UnpackResult {
  spec::Digest diff_id = {};  // sha256 of the uncompressed archive
  std::uint64_t bytes = 0;    // of the uncompressed archive
  std::uint64_t content = 0;  // of its files
  std::uint64_t entries = 0;
};

// Unpacks `source` (compressed or not) into the empty directory `directory`, as root. Owners,
// modes with setuid, times, hard links, devices and extended attributes are kept; `.wh.NAME` and
// `.wh..wh..opq` take overlayfs' own form, whose attributes and device a layer may not carry
// itself (trusted.overlay.* and user.overlay.* are dropped, character device 0:0 is refused).
//
// Names are resolved beneath `directory`. A name with "..", a parent that leaves it, a hard link to
// what the layer does not have, an entry for the root that is no directory: each is
// Error{kInvalidArgument} naming the entry. Later entries of a name replace earlier ones. What was
// unpacked until an error is for the caller to remove.
UnpackResult unpack_layer(std::unique_ptr<Stream> source, int directory,
                          const UnpackLimits& limits = {},
                          const std::function<void(std::uint64_t bytes)>& progress = {});

// The same of an archive that is no layer, into a directory that may hold things: `.wh.NAME` is a
// name like any other.
void unpack_archive(std::unique_ptr<Stream> source, int directory);

}  // namespace seatrial::image
