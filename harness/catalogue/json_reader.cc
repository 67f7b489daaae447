#include "harness/catalogue/json_reader.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/base/error.h"

namespace seatrial::harness {

nlohmann::json JsonReader::parse(std::string_view document, std::string_view text) {
  try {
    return nlohmann::json::parse(text);
  } catch (const nlohmann::json::parse_error& failure) {
    const std::size_t end = std::min(failure.byte, text.size());
    const auto line = 1 + std::count(text.begin(), text.begin() + static_cast<long>(end), '\n');
    throw error(Kind::kInvalidArgument, "{}: line {} is not valid JSON", document, line);
  }
}

bool JsonReader::has(std::string_view key) const {
  return value_->is_object() && value_->contains(std::string(key));
}

JsonReader JsonReader::at(std::string_view key) const {
  if (!value_->is_object()) fail("must be an object");
  const auto member = value_->find(std::string(key));
  if (member == value_->end()) fail(fmt::format("lacks \"{}\"", key));
  JsonReader child(document_, *member);
  child.path_ = path_.empty() ? std::string(key) : fmt::format("{}.{}", path_, key);
  return child;
}

std::vector<JsonReader> JsonReader::items() const {
  if (!value_->is_array()) fail("must be an array");
  std::vector<JsonReader> children;
  for (const nlohmann::json& element : *value_) {
    children.emplace_back(document_, element);
    children.back().path_ = fmt::format("{}[{}]", path_, children.size() - 1);
  }
  return children;
}

std::string JsonReader::text() const {
  if (!value_->is_string()) fail("must be a string");
  return value_->get<std::string>();
}

std::string JsonReader::text_or(std::string_view key, std::string_view fallback) const {
  return has(key) ? text(key) : std::string(fallback);
}

std::int64_t JsonReader::integer() const {
  if (!value_->is_number_integer()) fail("must be an integer");
  return value_->get<std::int64_t>();
}

std::vector<std::string> JsonReader::texts() const {
  std::vector<std::string> all;
  for (const JsonReader& item : items()) all.push_back(item.text());
  return all;
}

void JsonReader::only(std::initializer_list<std::string_view> known) const {
  if (!value_->is_object()) fail("must be an object");
  for (const auto& [key, ignored] : value_->items()) {
    if (std::find(known.begin(), known.end(), key) == known.end()) {
      fail(fmt::format("has an unknown member \"{}\"; known are {}", key, fmt::join(known, ", ")));
    }
  }
}

void JsonReader::fail(std::string_view complaint) const {
  if (path_.empty()) {
    throw error(Kind::kInvalidArgument, "{}: the document {}", document_, complaint);
  }
  throw error(Kind::kInvalidArgument, "{}: {} {}", document_, path_, complaint);
}

}  // namespace seatrial::harness
