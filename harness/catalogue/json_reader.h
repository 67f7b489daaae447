// Reading JSON that people write: every complaint names the document and the path in it.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace seatrial::harness {

// One value of a document together with where it stands. Cheap to copy; the JSON must outlive it.
// Every accessor throws Error{kInvalidArgument}: "waivers.json: waivers[3].reason: ...".
class JsonReader {
 public:
  JsonReader(std::string_view document, const nlohmann::json& value)
      : document_(document), value_(&value) {}

  // Parses `text`; `document` names it in messages.
  static nlohmann::json parse(std::string_view document, std::string_view text);

  bool has(std::string_view key) const;
  JsonReader at(std::string_view key) const;  // a member that must be there
  std::vector<JsonReader> items() const;      // of an array

  std::string text() const;
  std::string text(std::string_view key) const { return at(key).text(); }
  std::string text_or(std::string_view key, std::string_view fallback) const;
  std::int64_t integer() const;
  std::vector<std::string> texts() const;  // an array of strings

  // Refuses members that are not in `known`, so that a typing mistake does not pass unseen.
  void only(std::initializer_list<std::string_view> known) const;

  [[noreturn]] void fail(std::string_view complaint) const;

 private:
  std::string document_;
  std::string path_;
  const nlohmann::json* value_;
};

}  // namespace seatrial::harness
