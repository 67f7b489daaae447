// Which names a container may have. They become names of directories and cgroups.
#pragma once

#include <string_view>

namespace seatrial::runtime {

inline constexpr std::size_t kLongestId = 255;  // NAME_MAX: an id names a directory

bool is_container_id(std::string_view id);

// Throws Error{kInvalidArgument} saying what an id may be.
void check_container_id(std::string_view id);

}  // namespace seatrial::runtime
