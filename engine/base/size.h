// Sizes as people write them.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace seatrial {

// "64m", "1.5g", "4096", "10kib" -> bytes: powers of 1024 as docker has them. Nothing for a text
// that is no size or more than 2^63 - 1 bytes.
std::optional<std::uint64_t> parse_size(std::string_view text);

}  // namespace seatrial
