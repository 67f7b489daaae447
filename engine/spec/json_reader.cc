#include "engine/spec/json_reader.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "engine/base/error.h"

namespace seatrial::spec {
namespace {

using nlohmann::json;

bool trivial(const json& value) {
  switch (value.type()) {
    case json::value_t::null:
      return true;
    case json::value_t::boolean:
      return !value.get<bool>();
    case json::value_t::number_integer:
    case json::value_t::number_unsigned:
    case json::value_t::number_float:
      return value == 0;
    case json::value_t::object:
      return std::all_of(value.begin(), value.end(), trivial);
    case json::value_t::string:
      return value.get_ref<const std::string&>().empty();
    default:
      return value.empty();
  }
}

template <typename Read>
auto read_each(const Reader& array, Read read) {
  std::vector<std::string> values;
  for (const Reader& element : array.elements()) values.push_back(read(element));
  return values;
}

}  // namespace

void Reader::want_object() const {
  if (!node_->is_object()) refuse("is not an object");
}

std::optional<Reader> Reader::find(std::string_view key) const {
  want_object();
  const auto& object = node_->get_ref<const json::object_t&>();
  const auto member = object.find(key);
  if (member == object.end() || member->second.is_null()) return std::nullopt;
  return Reader(*document_, member->second);
}

Reader Reader::require(std::string_view key, std::string_view what) const {
  if (std::optional<Reader> member = find(key)) return *member;
  throw error(Kind::kInvalidArgument, "{}: {}: is missing; it must be {}", document_->name(),
              member_path(path(), key), what);
}

bool Reader::boolean() const {
  if (!node_->is_boolean()) refuse("is not true or false");
  return node_->get<bool>();
}

std::string Reader::string() const {
  if (!node_->is_string()) refuse("is not a string");
  const auto& text = node_->get_ref<const std::string&>();
  if (text.find('\0') != text.npos) refuse("contains a NUL character; the kernel's strings cannot");
  return text;
}

std::string Reader::filled_string() const {
  std::string text = string();
  if (text.empty()) refuse("is empty");
  return text;
}

std::string Reader::absolute_path() const {
  std::string text = string();
  if (!text.starts_with('/')) refuse("is not an absolute path");
  return text;
}

std::vector<std::string> Reader::strings() const {
  return read_each(*this, [](const Reader& element) { return element.string(); });
}

std::vector<std::string> Reader::absolute_paths() const {
  return read_each(*this, [](const Reader& element) { return element.absolute_path(); });
}

std::vector<std::string> Reader::environment() const {
  return read_each(*this, [](const Reader& element) {
    std::string entry = element.string();
    const std::size_t equals = entry.find('=');
    if (equals == entry.npos || equals == 0) {
      element.refuse("is not an environment entry (NAME=VALUE)");
    }
    return entry;
  });
}

std::int64_t Reader::whole(std::int64_t least, std::int64_t most) const {
  const bool fits = node_->is_number_unsigned()
                        ? node_->get<std::uint64_t>() <= static_cast<std::uint64_t>(INT64_MAX)
                        : node_->is_number_integer();
  const std::int64_t value = fits ? node_->get<std::int64_t>() : 0;
  if (!fits || value < least || value > most) {
    refuse(fmt::format("is not a whole number from {} to {}", least, most));
  }
  return value;
}

std::uint64_t Reader::natural(std::uint64_t least, std::uint64_t most) const {
  const bool fits = node_->is_number_unsigned();
  const std::uint64_t value = fits ? node_->get<std::uint64_t>() : 0;
  if (!fits || value < least || value > most) {
    refuse(fmt::format("is not a whole number from {} to {}", least, most));
  }
  return value;
}

std::vector<Reader> Reader::elements() const {
  if (!node_->is_array()) refuse("is not an array");
  std::vector<Reader> readers;
  readers.reserve(node_->size());
  for (const json& element : node_->get_ref<const json::array_t&>()) {
    readers.push_back(Reader(*document_, element));
  }
  return readers;
}

std::vector<Reader::Member> Reader::members() const {
  want_object();
  std::vector<Member> result;
  for (const auto& [key, value] : node_->get_ref<const json::object_t&>()) {
    const Reader member(*document_, value);
    if (key.find('\0') != key.npos) member.refuse_whole("the key contains a NUL character");
    result.push_back({key, member});
  }
  return result;
}

bool Reader::boolean_or_false(std::string_view key) const {
  const std::optional<Reader> member = find(key);
  return member && member->boolean();
}

std::string Reader::string_or_empty(std::string_view key) const {
  const std::optional<Reader> member = find(key);
  return member ? member->string() : std::string();
}

std::vector<std::string> Reader::strings_or_none(std::string_view key) const {
  const std::optional<Reader> member = find(key);
  return member ? member->strings() : std::vector<std::string>();
}

std::optional<bool> Reader::optional_boolean(std::string_view key) const {
  const std::optional<Reader> member = find(key);
  if (!member) return std::nullopt;
  return member->boolean();
}

bool Reader::is_empty() const {
  return node_->is_object() ? node_->empty() : trivial(*node_);
}

bool Reader::is_trivial() const {
  return trivial(*node_);
}

std::string Reader::path() const {
  return path_of(document_->root(), *node_);
}

void Reader::refuse(std::string_view reason) const {
  refuse_whole(fmt::format("{} {}", shown(*node_), reason));
}

void Reader::refuse_whole(std::string_view reason) const {
  const std::string where = path();
  throw error(Kind::kInvalidArgument, "{}: {}{}{}", document_->name(), where,
              where.empty() ? "" : ": ", reason);
}

}  // namespace seatrial::spec
