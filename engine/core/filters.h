// Docker's filters, as far as containers, images, networks and volumes share them.
#pragma once

#include <algorithm>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/error.h"
#include "engine/core/container_types.h"
#include "engine/core/times.h"

namespace seatrial::core {

// Throws Error{kInvalidArgument} for a key that is none of `known`.
inline void check_filters(const Filters& filters, std::initializer_list<std::string_view> known) {
  for (const auto& [key, values] : filters) {
    if (std::find(known.begin(), known.end(), key) == known.end()) {
      throw error(Kind::kInvalidArgument, "invalid filter '{}'", key);
    }
  }
}

// Throws Error{kInvalidArgument} for a value of `key` that is none of `known`.
inline void check_values(const Filters& filters, const std::string& key,
                         std::initializer_list<std::string_view> known) {
  const auto given = filters.find(key);
  if (given == filters.end()) return;
  for (const std::string& value : given->second) {
    if (std::find(known.begin(), known.end(), value) == known.end()) {
      throw error(Kind::kInvalidArgument, "invalid filter '{}={}'", key, value);
    }
  }
}

// "key" (there at all) or "key=value"; all of them must hold.
inline bool labels_match(const Labels& labels, const std::vector<std::string>& values) {
  return std::all_of(values.begin(), values.end(), [&](const std::string& value) {
    const std::size_t equals = value.find('=');
    const auto label = labels.find(value.substr(0, equals));
    if (label == labels.end()) return false;
    return equals == std::string::npos || label->second == value.substr(equals + 1);
  });
}

// Whether prune may take it: made before each "until" (RFC 3339), with all of "label", without any
// of "label!". Throws Error{kInvalidArgument} for another time.
inline bool may_go(const Filters& filters, Time created, const Labels& labels) {
  return std::all_of(filters.begin(), filters.end(), [&](const auto& filter) {
    const auto& [key, values] = filter;
    if (key == "label") return labels_match(labels, values);
    return std::all_of(values.begin(), values.end(), [&](const std::string& value) {
      if (key == "label!") return !labels_match(labels, {value});
      const auto until = parse_time(value);
      if (!until) throw error(Kind::kInvalidArgument, "invalid filter 'until={}'", value);
      return created < *until;
    });
  });
}

// Part of the name; '^' and '$' bind it to an end, as in docker's patterns.
inline bool name_matches(std::string_view name, std::string_view value) {
  const bool from_start = value.starts_with('^');
  if (from_start) value.remove_prefix(1);
  if (from_start && value.starts_with('/')) value.remove_prefix(1);
  const bool to_end = value.ends_with('$');
  if (to_end) value.remove_suffix(1);
  if (from_start && to_end) return name == value;
  if (from_start) return name.starts_with(value);
  if (to_end) return name.ends_with(value);
  return name.find(value) != std::string_view::npos;
}

}  // namespace seatrial::core
