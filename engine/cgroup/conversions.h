// Values of linux.resources, which speaks the language of v1, in that of v2. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace seatrial::cgroup {

// cpu.shares, 2 to 262144 with 1024 as the default, to cpu.weight, 1 to 10000 with 100 as the
// default.
//
// The curve of runc 1.3.2 and crun 1.23: a parabola over logarithms, through least, default and
// most of both. config-linux.md names none; the straight line of older runtimes makes 39 of the
// default, so that a container with the default shares gets less than half of what any other
// cgroup gets.
std::uint64_t weight_of_shares(std::uint64_t shares);

// blockIO.weight, in the range of BFQ and CFQ, to io.weight, 1 to 10000, by a straight line.
inline constexpr std::uint16_t kLeastWeight = 10;
inline constexpr std::uint16_t kMostWeight = 1000;
std::uint64_t io_weight_of(std::uint16_t weight);

// memory.swap, which is memory and swap together, to what v2 wants: swap beyond the memory limit.
// Negative: unlimited. Nothing where there is no finite limit, or one above the sum.
std::optional<std::int64_t> swap_beyond_memory(std::int64_t sum, std::optional<std::int64_t> limit);

// The content of memory.max: bytes; nothing for "max".
std::optional<std::int64_t> limit_in_force(std::string_view text);

}  // namespace seatrial::cgroup
