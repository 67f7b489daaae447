// The init binary as bytes inside the runtime, for a sealed memfd.
#pragma once

#include <cstddef>
#include <span>

namespace seatrial::init {

// The whole static ELF file.
std::span<const std::byte> image();

}  // namespace seatrial::init
