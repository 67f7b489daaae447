// Files compiled into the program; cmake/Embed.cmake writes the definitions.
#pragma once

#include <span>
#include <string_view>

namespace seatrial::harness {

struct EmbeddedFile {
  std::string_view name;  // relative to the room
  std::string_view text;
};

}  // namespace seatrial::harness
