#include "engine/registry/fields.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace seatrial::registry {
namespace {

constexpr std::string_view kSpaces = " \t";
constexpr std::string_view kBase64 =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

std::string_view trim(std::string_view text) {
  const std::size_t first = text.find_first_not_of(kSpaces);
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(kSpaces) - first + 1);
}

// "Sun, 06 Nov 1994 08:49:37 GMT". strptime would follow the locale.
std::optional<std::chrono::sys_seconds> parse_date(std::string_view text) {
  using namespace std::chrono;
  constexpr std::array<std::string_view, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  if (text.size() != 29 || text.substr(25) != " GMT") return std::nullopt;
  const auto number = [&](std::size_t at, std::size_t length) {
    const auto value = parse_decimal(text.substr(at, length));
    return value ? static_cast<int>(*value) : -1;
  };
  const auto month_name = std::ranges::find(kMonths, text.substr(8, 3));
  if (month_name == kMonths.end() || number(12, 4) < 1970) return std::nullopt;
  const year_month_day date{year(number(12, 4)),
                            month(static_cast<unsigned>(month_name - kMonths.begin()) + 1),
                            day(number(5, 2) < 0 ? 0u : static_cast<unsigned>(number(5, 2)))};
  const int hour = number(17, 2);
  const int minute = number(20, 2);
  const int second = number(23, 2);
  if (!date.ok() || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 ||
      second > 60) {
    return std::nullopt;
  }
  return sys_days(date) + hours(hour) + minutes(minute) + seconds(second);
}

// One `; name=value` of a link; `rest` loses it.
struct LinkParameter {
  std::string name;
  std::string value;
};
std::optional<LinkParameter> take_link_parameter(std::string_view& rest) {
  rest = trim(rest);
  if (!rest.starts_with(';')) return std::nullopt;
  rest.remove_prefix(1);
  const std::size_t end = rest.find_first_of("=;,");
  LinkParameter parameter{.name = std::string(trim(rest.substr(0, end))), .value = {}};
  std::ranges::transform(parameter.name, parameter.name.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  });
  if (end == rest.npos || rest[end] != '=') {
    rest.remove_prefix(std::min(end, rest.size()));
    return parameter;
  }
  rest = trim(rest.substr(end + 1));
  if (rest.starts_with('"')) {
    const std::size_t close = rest.find('"', 1);
    if (close == rest.npos) return std::nullopt;
    parameter.value = rest.substr(1, close - 1);
    rest.remove_prefix(close + 1);
  } else {
    const std::size_t stop = std::min(rest.find_first_of(";,"), rest.size());
    parameter.value = trim(rest.substr(0, stop));
    rest.remove_prefix(stop);
  }
  return parameter;
}

}  // namespace

std::optional<std::uint64_t> parse_decimal(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || status != std::errc() || end != text.data() + text.size()) {
    return std::nullopt;
  }
  return value;
}

std::optional<std::chrono::seconds> parse_retry_after(std::string_view field,
                                                      std::chrono::system_clock::time_point now) {
  using namespace std::chrono;
  field = trim(field);
  constexpr std::uint64_t kDecade = 315'360'000;  // more is as good as never
  if (const auto value = parse_decimal(field)) return seconds(std::min(*value, kDecade));
  const auto date = parse_date(field);
  if (!date) return std::nullopt;
  // In seconds: the year 9999 is beyond what the clock's nanoseconds can hold.
  return std::clamp(*date - floor<seconds>(now), seconds(0), seconds(kDecade));
}

std::optional<ContentRange> parse_content_range(std::string_view field) {
  field = trim(field);
  if (!field.starts_with("bytes ")) return std::nullopt;
  field = trim(field.substr(6));
  const std::size_t dash = field.find('-');
  const std::size_t slash = field.find('/');
  if (dash == field.npos || slash == field.npos || slash < dash) return std::nullopt;
  const auto first = parse_decimal(field.substr(0, dash));
  const auto last = parse_decimal(field.substr(dash + 1, slash - dash - 1));
  if (!first || !last || *last < *first) return std::nullopt;
  ContentRange range{.first = *first, .last = *last, .total = {}};
  if (field.substr(slash + 1) == "*") return range;
  range.total = parse_decimal(field.substr(slash + 1));
  if (!range.total || *range.total <= *last) return std::nullopt;
  return range;
}

std::optional<std::string> next_link(std::string_view field) {
  for (field = trim(field); field.starts_with('<');) {
    const std::size_t close = field.find('>');
    if (close == field.npos) return std::nullopt;
    const std::string target(field.substr(1, close - 1));
    field.remove_prefix(close + 1);
    bool is_next = false;
    while (const auto parameter = take_link_parameter(field)) {
      if (parameter->name == "rel" && parameter->value == "next") is_next = true;
    }
    if (is_next) return target;
    field = trim(field);
    if (!field.starts_with(',')) return std::nullopt;
    field = trim(field.substr(1));
  }
  return std::nullopt;
}

std::string base64(std::string_view bytes) {
  std::string text;
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    unsigned group = 0;
    for (std::size_t i = 0; i < 3; ++i) {
      group = group << 8 | (at + i < bytes.size() ? static_cast<unsigned char>(bytes[at + i]) : 0u);
    }
    for (std::size_t i = 0; i < 4; ++i) {
      text += at + i > bytes.size() ? '=' : kBase64[group >> (18 - 6 * i) & 0x3F];
    }
  }
  return text;
}

std::optional<std::string> decode_base64(std::string_view text) {
  while (text.ends_with('=')) text.remove_suffix(1);
  if (text.size() % 4 == 1) return std::nullopt;
  std::string bytes;
  unsigned group = 0;
  unsigned bits = 0;
  for (const char c : text) {
    const std::size_t value = kBase64.find(c);
    if (value == kBase64.npos) return std::nullopt;
    group = (group << 6 | static_cast<unsigned>(value)) & 0xFFFFFF;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes += static_cast<char>(group >> bits & 0xFF);
  }
  return bytes;
}

std::string percent_encode(std::string_view text) {
  std::string result;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       std::string_view("-._~:/,").find(c) != std::string_view::npos;
    if (plain) {
      result += c;
    } else {
      result += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return result;
}

std::string printable(std::string_view text, std::size_t limit) {
  std::string result;
  for (const char c : text.substr(0, limit)) result += c >= 0x20 && c <= 0x7E ? c : '?';
  if (text.size() > limit) result += "...";
  return result;
}

}  // namespace seatrial::registry
