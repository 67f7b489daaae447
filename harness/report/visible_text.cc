#include "harness/report/visible_text.h"

#include <fmt/format.h>

#include <cstdint>
#include <iterator>

namespace seatrial::harness {
namespace {

struct Character {
  std::uint32_t code = 0;
  std::size_t length = 0;  // 0: the bytes are not UTF-8
};

// The character that `bytes` start with. Refuses overlong forms, surrogates and codes past
// U+10FFFF, as RFC 3629 asks.
Character decode(std::string_view bytes) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
  const unsigned lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || bytes.size() < length) return {};
  std::uint32_t code = lead & (0xffu >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0u) != 0x80u) return {};
    code = code << 6 | (byte(i) & 0x3fu);
  }
  constexpr std::uint32_t kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};
  if (code < kSmallest[length] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) return {};
  return {code, length};
}

bool shown_as_it_is(std::uint32_t code) {
  if (code < 0x20) return code == '\t' || code == '\n';
  if (code >= 0x7f && code < 0xa0) return false;  // DEL and the C1 controls
  // Noncharacters (XML forbids the first two), and marks that turn the direction of a line around.
  if ((code & 0xfffe) == 0xfffe || (code >= 0xfdd0 && code <= 0xfdef)) return false;
  return !(code >= 0x202a && code <= 0x202e) && !(code >= 0x2066 && code <= 0x2069);
}

}  // namespace

std::string visible_text(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size());
  while (!bytes.empty()) {
    if (bytes.starts_with("\r\n")) bytes.remove_prefix(1);
    const Character character = decode(bytes);
    if (character.length == 0) {
      fmt::format_to(std::back_inserter(out), "\\x{:02x}", static_cast<unsigned char>(bytes[0]));
      bytes.remove_prefix(1);
      continue;
    }
    if (shown_as_it_is(character.code)) {
      out += bytes.substr(0, character.length);
    } else if (character.code < 0x80) {
      fmt::format_to(std::back_inserter(out), "\\x{:02x}", character.code);
    } else {
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", character.code);
    }
    bytes.remove_prefix(character.length);
  }
  return out;
}

std::string one_line(std::string_view bytes) {
  std::string out;
  bool gap = false;
  for (const char c : visible_text(bytes)) {
    if (c == ' ' || c == '\t' || c == '\n') {
      gap = !out.empty();
      continue;
    }
    if (gap) out += ' ';
    gap = false;
    out += c;
  }
  return out;
}

}  // namespace seatrial::harness
