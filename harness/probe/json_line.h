// One line of output: a flat JSON object, built from left to right.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace seatrial::probe {

// JSON string with its quotes. Text that is no UTF-8 has each byte above 0x7f as \u00XX.
std::string quoted(std::string_view text);

class JsonLine {
 public:
  explicit JsonLine(std::string_view command);
  JsonLine(std::string_view command, std::string_view operand);

  JsonLine& text(std::string_view key, std::string_view value);
  JsonLine& number(std::string_view key, long long value);
  JsonLine& unsigned_number(std::string_view key, unsigned long long value);
  JsonLine& flag(std::string_view key, bool value);
  JsonLine& texts(std::string_view key, const std::vector<std::string>& values);
  JsonLine& raw(std::string_view key, std::string_view json);
  // "error": the errno's name. Nothing for 0.
  JsonLine& error(int sys_errno);

  std::string object() const { return text_ + "}"; }
  // Writes the line to standard output, in one call.
  void print() const;

 private:
  void key(std::string_view name);

  std::string text_;
};

// A JSON array of such pieces.
std::string json_array(const std::vector<std::string>& pieces);

}  // namespace seatrial::probe
