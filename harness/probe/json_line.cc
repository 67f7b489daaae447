#include "harness/probe/json_line.h"

#include <unistd.h>

#include <cstdio>
#include <cstring>

namespace seatrial::probe {
namespace {

std::size_t sequence_length(unsigned char lead) {
  if (lead < 0x80) return 1;
  if (lead >= 0xc2 && lead < 0xe0) return 2;
  if (lead >= 0xe0 && lead < 0xf0) return 3;
  if (lead >= 0xf0 && lead < 0xf5) return 4;
  return 0;
}

// Strict enough for a JSON reader: no overlong forms, surrogates or values past U+10FFFF.
bool is_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const std::size_t length = sequence_length(lead);
    if (length == 0 || i + length > text.size()) return false;
    for (std::size_t k = 1; k < length; ++k) {
      if ((static_cast<unsigned char>(text[i + k]) & 0xc0) != 0x80) return false;
    }
    const auto second = length > 1 ? static_cast<unsigned char>(text[i + 1]) : 0;
    if ((lead == 0xe0 && second < 0xa0) || (lead == 0xed && second > 0x9f)) return false;
    if ((lead == 0xf0 && second < 0x90) || (lead == 0xf4 && second > 0x8f)) return false;
    i += length;
  }
  return true;
}

}  // namespace

std::string quoted(std::string_view text) {
  const bool utf8 = is_utf8(text);
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte == 0x7f || (byte > 0x7f && !utf8)) {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\u%04x", static_cast<unsigned>(byte));
      out += escape;
    } else {
      out += c;
    }
  }
  return out + "\"";
}

JsonLine::JsonLine(std::string_view command) : text_("{\"command\":" + quoted(command)) {}

JsonLine::JsonLine(std::string_view command, std::string_view operand) : JsonLine(command) {
  text("operand", operand);
}

void JsonLine::key(std::string_view name) {
  text_ += "," + quoted(name) + ":";
}

JsonLine& JsonLine::text(std::string_view name, std::string_view value) {
  key(name);
  text_ += quoted(value);
  return *this;
}

JsonLine& JsonLine::number(std::string_view name, long long value) {
  key(name);
  text_ += std::to_string(value);
  return *this;
}

JsonLine& JsonLine::unsigned_number(std::string_view name, unsigned long long value) {
  key(name);
  text_ += std::to_string(value);
  return *this;
}

JsonLine& JsonLine::flag(std::string_view name, bool value) {
  key(name);
  text_ += value ? "true" : "false";
  return *this;
}

JsonLine& JsonLine::texts(std::string_view name, const std::vector<std::string>& values) {
  std::vector<std::string> pieces;
  for (const std::string& value : values) pieces.push_back(quoted(value));
  return raw(name, json_array(pieces));
}

JsonLine& JsonLine::raw(std::string_view name, std::string_view json) {
  key(name);
  text_ += json;
  return *this;
}

JsonLine& JsonLine::error(int sys_errno) {
  if (sys_errno == 0) return *this;
  const char* name = ::strerrorname_np(sys_errno);
  return text("error", name == nullptr ? "errno " + std::to_string(sys_errno) : name);
}

void JsonLine::print() const {
  const std::string line = text_ + "}\n";
  std::string_view rest = line;
  while (!rest.empty()) {
    const ssize_t put = ::write(STDOUT_FILENO, rest.data(), rest.size());
    if (put <= 0) return;  // nobody listens: what the case sees is a report that ends here
    rest.remove_prefix(static_cast<std::size_t>(put));
  }
}

std::string json_array(const std::vector<std::string>& pieces) {
  std::string out = "[";
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    if (i > 0) out += ',';
    out += pieces[i];
  }
  return out + "]";
}

}  // namespace seatrial::probe
