#include "engine/spec/json_document.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "engine/base/error.h"

namespace seatrial::spec {
namespace {

using nlohmann::json;

constexpr std::size_t kShownLength = 60;

// "line 3, column 7" of the byte that the parser read last, counted from 1.
std::string place(std::string_view text, std::size_t bytes_read) {
  const std::string_view before = text.substr(0, bytes_read == 0 ? 0 : bytes_read - 1);
  const auto lines = std::count(before.begin(), before.end(), '\n');
  const std::size_t line_start = before.rfind('\n') + 1;  // npos + 1 is 0
  return fmt::format("line {}, column {}", lines + 1, before.size() - line_start + 1);
}

// The library's sentence without its own prefix and without the raw bytes that it read last, which
// may be long or not printable.
std::string reason(std::string_view what) {
  const std::size_t column = what.find(", column ");
  const std::size_t start = column == what.npos ? what.npos : what.find(": ", column);
  if (start != what.npos) {
    what.remove_prefix(start + 2);
  } else if (const std::size_t name = what.find("] "); what.starts_with('[') && name != what.npos) {
    what.remove_prefix(name + 2);
  }
  std::string text(what);
  const std::size_t quoted = text.find("; last read: '");
  if (quoted != text.npos) {
    const std::size_t rest = text.rfind("'; expected");
    const std::size_t end = rest == text.npos || rest < quoted ? text.size() : rest + 1;
    text.erase(quoted, end - quoted);
  }
  return text;
}

// Builds the tree and stops at the first thing that Document promises not to contain.
class StrictBuilder : public json::json_sax_t {
 public:
  StrictBuilder(std::string_view text, const std::string& name, json& root)
      : text_(text), name_(name), root_(root) {}

  bool null() override { return place_value(nullptr) != nullptr; }
  bool boolean(bool value) override { return place_value(value) != nullptr; }
  bool number_integer(std::int64_t value) override { return place_value(value) != nullptr; }
  bool number_unsigned(std::uint64_t value) override { return place_value(value) != nullptr; }
  bool number_float(double value, const std::string&) override {
    return place_value(value) != nullptr;
  }
  bool string(std::string& value) override { return place_value(std::move(value)) != nullptr; }
  bool binary(json::binary_t&) override { return false; }

  bool start_object(std::size_t) override { return open(json::value_t::object); }
  bool end_object() override { return close(); }
  bool start_array(std::size_t) override { return open(json::value_t::array); }
  bool end_array() override { return close(); }

  bool key(std::string& key) override {
    json& object = *open_.back();
    const auto [member, is_new] = object.get_ref<json::object_t&>().emplace(key, nullptr);
    if (!is_new) {
      throw error(Kind::kInvalidArgument, "{}: {}: is given twice; a key may occur once", name_,
                  member_path(path_of(root_, object), key));
    }
    member_ = &member->second;
    return true;
  }

  bool parse_error(std::size_t position, const std::string&,
                   const nlohmann::detail::exception& failure) override {
    throw error(Kind::kInvalidArgument, "{}: {}: {}", name_, place(text_, position),
                reason(failure.what()));
  }

 private:
  template <typename Value>
  json* place_value(Value&& value) {
    if (open_.empty()) {
      root_ = json(std::forward<Value>(value));
      return &root_;
    }
    json& parent = *open_.back();
    if (parent.is_array()) {
      return &parent.get_ref<json::array_t&>().emplace_back(std::forward<Value>(value));
    }
    *member_ = json(std::forward<Value>(value));
    return member_;
  }

  bool open(json::value_t type) {
    if (open_.size() == kMaxDepth) {
      throw error(Kind::kInvalidArgument, "{}: {}: is nested more than {} levels deep", name_,
                  path_of(root_, *open_.back()), kMaxDepth);
    }
    open_.push_back(place_value(type));
    return true;
  }

  bool close() {
    open_.pop_back();
    return true;
  }

  std::string_view text_;
  const std::string& name_;
  json& root_;
  std::vector<json*> open_;  // the containers around the current value, the root first
  json* member_ = nullptr;   // where the value of the last key goes
};

bool is_plain(std::string_view key) {
  return !key.empty() && std::all_of(key.begin(), key.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
  });
}

bool locate(const json& from, const json& node, std::string& path) {
  if (&from == &node) return true;
  const std::size_t length = path.size();
  if (from.is_array()) {
    for (std::size_t index = 0; index < from.size(); ++index) {
      path += fmt::format("[{}]", index);
      if (locate(from[index], node, path)) return true;
      path.resize(length);
    }
  } else if (from.is_object()) {
    for (const auto& [key, value] : from.get_ref<const json::object_t&>()) {
      path = member_path(path, key);
      if (locate(value, node, path)) return true;
      path.resize(length);
    }
  }
  return false;
}

}  // namespace

Document::Document(std::string_view text, std::string name)
    : name_(std::move(name)), root_(std::make_unique<json>()) {
  // The parser would take it for the end.
  if (const std::size_t nul = text.find('\0'); nul != std::string_view::npos) {
    throw error(Kind::kInvalidArgument, "{}: {}: a NUL byte, which no JSON text has", name_,
                place(text, nul + 1));
  }
  StrictBuilder builder(text, name_, *root_);
  json::sax_parse(text.begin(), text.end(), &builder);
}

Document::~Document() = default;

std::string path_of(const json& root, const json& node) {
  std::string path;
  locate(root, node, path);
  return path;
}

std::string member_path(std::string_view path, std::string_view key) {
  if (!is_plain(key)) return fmt::format("{}[{}]", path, shown_text(key));
  return path.empty() ? std::string(key) : fmt::format("{}.{}", path, key);
}

std::string shown_text(std::string_view text) {
  const bool whole = text.size() <= kShownLength;
  // A cut may fall inside a character; the serialiser then writes a replacement.
  std::string quoted = json(std::string(text.substr(0, kShownLength)))
                           .dump(-1, ' ', true, json::error_handler_t::replace);
  if (!whole) quoted += "...";
  return quoted;
}

std::string shown(const json& value) {
  if (value.is_object()) return "an object";
  if (value.is_array()) return "an array";
  if (value.is_string()) return shown_text(value.get_ref<const std::string&>());
  return value.dump();
}

}  // namespace seatrial::spec
