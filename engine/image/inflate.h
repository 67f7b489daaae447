// The two decompressors. `first` was read from `source` already; both outlive the result.
#pragma once

#include "engine/image/stream.h"

namespace seatrial::image {

inline constexpr std::size_t kChunk = 256u << 10;

std::unique_ptr<Stream> gunzip(Stream& source, std::span<const std::byte> first);
std::unique_ptr<Stream> unzstd(Stream& source, std::span<const std::byte> first);

}  // namespace seatrial::image
