// Members of an object that are left out when they say nothing. Internal to this room.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "engine/spec/json_writer.h"

namespace seatrial::spec {

template <typename Integer>
void number(JsonWriter& json, std::string_view key, const std::optional<Integer>& value) {
  if (!value) return;
  json.key(key);
  if constexpr (std::is_unsigned_v<Integer>) {
    json.natural(*value);
  } else {
    json.number(*value);
  }
}

inline void text(JsonWriter& json, std::string_view key, const std::string& value) {
  if (!value.empty()) json.key(key).string(value);
}

inline void strings(JsonWriter& json, std::string_view key,
                    const std::vector<std::string>& values) {
  if (values.empty()) return;
  json.key(key).begin_array();
  for (const std::string& value : values) json.string(value);
  json.end_array();
}

}  // namespace seatrial::spec
