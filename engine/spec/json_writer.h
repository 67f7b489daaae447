// JSON text, written member by member in the order that a person wants to read.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace seatrial::spec {

enum class Layout { kOneLine, kIndented };

// The caller opens, names and closes in JSON's own order; nothing checks that it does.
class JsonWriter {
 public:
  explicit JsonWriter(Layout layout) : layout_(layout) {}

  JsonWriter& begin_object() { return begin('{'); }
  JsonWriter& end_object() { return end('}'); }
  JsonWriter& begin_array() { return begin('['); }
  JsonWriter& end_array() { return end(']'); }
  JsonWriter& key(std::string_view name);

  // Bytes that are no UTF-8 become U+FFFD, because JSON has no way to carry them.
  JsonWriter& string(std::string_view value);
  JsonWriter& number(std::int64_t value);
  JsonWriter& natural(std::uint64_t value);  // up to the largest
  JsonWriter& boolean(bool value);
  JsonWriter& strings(std::initializer_list<std::string_view> values);

  // The text so far; indented text ends with a newline.
  std::string take();

 private:
  JsonWriter& begin(char bracket);
  JsonWriter& end(char bracket);
  void before_value();
  void new_line();

  Layout layout_;
  std::string text_;
  std::vector<bool> has_members_;  // of each open container, the outermost first
  bool after_key_ = false;
};

}  // namespace seatrial::spec
