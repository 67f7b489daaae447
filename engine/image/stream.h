// Streams of bytes on their way into a layer: from a descriptor, inflated, read ahead by a thread.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

namespace seatrial::image {

class Stream {
 public:
  Stream() = default;
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  virtual ~Stream() = default;

  // The next bytes, valid until the next call; empty at the end. Throws Error.
  virtual std::span<const std::byte> next() = 0;
};

// From the descriptor's current offset to its end; the descriptor stays the caller's.
std::unique_ptr<Stream> stream_of(int fd, std::string_view name);

enum class Compression { kNone, kGzip, kZstd };

// By the first bytes: media types lie, and docker-archives have none.
Compression sniff(std::span<const std::byte> start);

// Inflates what is compressed (gzip, also of several members; zstd, also of several frames) and
// passes on what is not. Broken or truncated input: Error{kInvalidArgument}.
std::unique_ptr<Stream> inflated(std::unique_ptr<Stream> source);

// Runs `source` on a thread of its own, some buffers ahead.
std::unique_ptr<Stream> read_ahead(std::unique_ptr<Stream> source);

}  // namespace seatrial::image
