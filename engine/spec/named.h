// Tables of the words that documents use for numbers. Internal to this room.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace seatrial::spec {

template <typename Value>
struct Named {
  std::string_view name;
  Value value;
};

template <typename Value, std::size_t N>
std::optional<Value> look_up(const std::array<Named<Value>, N>& table, std::string_view name) {
  const auto entry = std::find_if(table.begin(), table.end(),
                                  [&](const auto& candidate) { return candidate.name == name; });
  if (entry == table.end()) return std::nullopt;
  return entry->value;
}

// The first name that stands for the value; empty where none does.
template <typename Value, std::size_t N>
std::string_view name_of(const std::array<Named<Value>, N>& table, Value value) {
  const auto entry = std::find_if(table.begin(), table.end(),
                                  [&](const auto& candidate) { return candidate.value == value; });
  return entry == table.end() ? std::string_view() : entry->name;
}

template <typename Value, std::size_t N>
std::vector<std::string_view> all_names(const std::array<Named<Value>, N>& table) {
  std::vector<std::string_view> names;
  for (const auto& entry : table) names.push_back(entry.name);
  return names;
}

// "a, b, c", for messages.
template <typename Value, std::size_t N>
std::string names_of(const std::array<Named<Value>, N>& table) {
  std::string names;
  for (const auto& entry : table) fmt::format_to(std::back_inserter(names), "{}, ", entry.name);
  names.resize(names.size() - 2);
  return names;
}

// Those whose bit is among `bits`.
template <typename Value, std::size_t N>
std::vector<std::string_view> names_among(const std::array<Named<Value>, N>& table, Value bits) {
  std::vector<std::string_view> names;
  for (const auto& [name, value] : table) {
    if ((bits & value) != 0) names.push_back(name);
  }
  return names;
}

}  // namespace seatrial::spec
