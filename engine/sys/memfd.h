// Memory files that nobody can change any more.
#pragma once

#include <span>
#include <string_view>

#include "engine/base/unique_fd.h"

namespace seatrial::sys {

enum class Executable { kNo, kYes };

// A close-on-exec memory file with these bytes, sealed against writing, growing and shrinking, its
// offset at 0. `name` is what /proc/PID/fd and /proc/PID/exe show. Throws Error.
UniqueFd sealed_memfd(const char* name, std::span<const std::byte> bytes,
                      Executable executable = Executable::kNo);
UniqueFd sealed_memfd(const char* name, std::string_view text);

// The same in two steps, for what a child is given before its content is known.
UniqueFd empty_memfd(const char* name);
void fill_and_seal(int memfd, const char* name, std::string_view text);

}  // namespace seatrial::sys
