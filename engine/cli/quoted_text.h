#pragma once

#include <string>
#include <string_view>

namespace seatrial::engine_cli {

// A Go string literal: "\"sh -c 'a'\"".
std::string quoted_text(std::string_view text);

}  // namespace seatrial::engine_cli
