// What is made from the table of verbs for people's shells and for man(1).
#pragma once

#include <string>
#include <string_view>

namespace seatrial::oci {

// `shell`: bash, zsh or fish. Throws Error{kInvalidArgument} for another.
std::string completion_text(std::string_view shell);

// The manual page in mdoc's older sibling, man(7).
std::string man_text();

}  // namespace seatrial::oci
