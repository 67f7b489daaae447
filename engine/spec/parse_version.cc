// ociVersion: semantic versioning 2.0.0, and which versions this build reads.
#include <algorithm>
#include <charconv>

#include "engine/spec/parse_sections.h"
#include "engine/spec/version.h"

namespace seatrial::spec {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_identifier_character(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-';
}

bool is_number(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_digit) &&
         (text.size() == 1 || text.front() != '0');
}

bool is_identifier(std::string_view text, bool numbers_strict) {
  if (text.empty() || !std::all_of(text.begin(), text.end(), is_identifier_character)) return false;
  const bool all_digits = std::all_of(text.begin(), text.end(), is_digit);
  return !numbers_strict || !all_digits || is_number(text);
}

// Cuts the text before the first `separator` off `rest`; all of it when there is none.
std::string_view cut(std::string_view& rest, char separator) {
  const std::size_t at = rest.find(separator);
  const std::string_view part = rest.substr(0, at);
  rest = at == rest.npos ? std::string_view() : rest.substr(at + 1);
  return part;
}

bool are_identifiers(std::string_view text, bool numbers_strict) {
  const auto parts = static_cast<std::size_t>(std::count(text.begin(), text.end(), '.')) + 1;
  for (std::size_t part = 0; part < parts; ++part) {
    if (!is_identifier(cut(text, '.'), numbers_strict)) return false;
  }
  return true;
}

bool is_semantic_version(std::string_view text) {
  const std::size_t plus = text.find('+');
  if (plus != text.npos && !are_identifiers(text.substr(plus + 1), false)) return false;
  text = text.substr(0, plus);
  const std::size_t dash = text.find('-');
  if (dash != text.npos && !are_identifiers(text.substr(dash + 1), true)) return false;
  text = text.substr(0, dash);
  if (std::count(text.begin(), text.end(), '.') != 2) return false;
  const std::string_view major = cut(text, '.');
  const std::string_view minor = cut(text, '.');
  return is_number(major) && is_number(minor) && is_number(text);
}

}  // namespace

std::string parse_version(const Reader& version) {
  std::string text = version.string();
  if (!is_semantic_version(text)) {
    version.refuse("is not a version in SemVer 2.0.0 form (MAJOR.MINOR.PATCH)");
  }
  // Within a major version the specification promises compatibility in both directions.
  if (!text.starts_with("1.")) {
    version.refuse(
        "is a version of the specification that this build cannot read (it reads 1.x.y)");
  }
  return text;
}

bool is_1_3_or_later(std::string_view version) {
  unsigned numbers[2] = {};
  const char* position = version.data();
  const char* const end = position + version.size();
  for (unsigned& number : numbers) {
    const auto parsed = std::from_chars(position, end, number);
    if (parsed.ec != std::errc()) return false;
    position = parsed.ptr == end ? end : parsed.ptr + 1;
  }
  return numbers[0] > 1 || (numbers[0] == 1 && numbers[1] >= 3);
}

}  // namespace seatrial::spec
