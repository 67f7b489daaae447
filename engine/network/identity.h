// What the host's end of a veth pair is known by.
#pragma once

#include <string_view>

namespace seatrial::network {

// Its name begins so, and its alias while the container is attached.
inline constexpr std::string_view kHostLinkPrefix = "sv";
inline constexpr std::string_view kAliasPrefix = "seatrial:";

}  // namespace seatrial::network
