// Numbers in control files. Pure, internal to this room.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace seatrial::cgroup {

// The whole text as a number; nothing for "max" and other words.
std::optional<std::uint64_t> parse_number(std::string_view text);

// The value of "KEY VALUE" in a file of such lines.
std::optional<std::uint64_t> keyed_number(std::string_view text, std::string_view key);

}  // namespace seatrial::cgroup
