// What a volume may be called. The name becomes a directory, so the rule is also what keeps a
// volume below its root.
#pragma once

#include <algorithm>
#include <string_view>

namespace seatrial::volume {

inline constexpr std::string_view kVolumeNameRule = "[a-zA-Z0-9][a-zA-Z0-9_.-]+, at most 255";

inline bool is_volume_name(std::string_view name) {
  const auto alphanumeric = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  };
  return name.size() >= 2 && name.size() <= 255 && alphanumeric(name.front()) &&
         std::all_of(name.begin(), name.end(),
                     [&](char c) { return alphanumeric(c) || c == '_' || c == '.' || c == '-'; });
}

}  // namespace seatrial::volume
