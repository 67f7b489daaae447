#pragma once

#include <algorithm>
#include <string_view>
#include <vector>

namespace seatrial {

// The parts between separators, views of `text`; what follows the last separator only where there
// is something.
inline std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(separator), text.size());
    parts.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

}  // namespace seatrial
