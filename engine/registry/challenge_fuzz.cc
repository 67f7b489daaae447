// Any field parses without harm, and what comes out has the shape that the header promises.
#include "engine/registry/challenge.h"

#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const auto& challenge : seatrial::registry::parse_challenges(text)) {
    if (challenge.scheme.empty()) std::abort();
    for (const auto& [name, value] : challenge.parameters) {
      if (name.empty() || value.size() > size) std::abort();
    }
  }
  return 0;
}
