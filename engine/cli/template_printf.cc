// Go's printf: %[flags][width][.precision]verb.
#include <fmt/format.h>

#include "engine/cli/quoted_text.h"
#include "engine/cli/template_functions.h"

namespace seatrial::engine_cli::templates {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kWidest = 1'000'000;  // Go's limit, too

struct Directive {
  bool left = false;
  bool plus = false;
  bool zero = false;
  bool space = false;
  bool sharp = false;
  std::size_t width = 0;
  std::optional<std::size_t> precision = {};
  std::string verb = {};  // one character, in UTF-8
};

std::size_t take_number(std::string_view format, std::size_t& at) {
  std::size_t number = 0;
  for (; at < format.size() && format[at] >= '0' && format[at] <= '9'; ++at) {
    number = std::min(number * 10 + static_cast<std::size_t>(format[at] - '0'), kWidest);
  }
  return number;
}

// `at` stands behind the '%'.
Directive take_directive(std::string_view format, std::size_t& at) {
  Directive made;
  for (; at < format.size(); ++at) {
    if (format[at] == '-') {
      made.left = true;
    } else if (format[at] == '+') {
      made.plus = true;
    } else if (format[at] == '0') {
      made.zero = true;
    } else if (format[at] == ' ') {
      made.space = true;
    } else if (format[at] == '#') {
      made.sharp = true;
    } else {
      break;
    }
  }
  made.width = take_number(format, at);
  if (at < format.size() && format[at] == '.') made.precision = take_number(format, ++at);
  if (at < format.size()) made.verb = format[at++];
  while (at < format.size() && (static_cast<unsigned char>(format[at]) & 0xC0) == 0x80) {
    made.verb += format[at++];
  }
  return made;
}

std::string cut(std::string_view text, std::optional<std::size_t> precision) {
  std::size_t left = precision.value_or(text.size());
  std::size_t end = 0;
  for (; end < text.size(); ++end) {
    if ((static_cast<unsigned char>(text[end]) & 0xC0) != 0x80 && left-- == 0) break;
  }
  return std::string(text.substr(0, end));
}

std::string signed_text(std::string digits, const Directive& how) {
  if (digits.starts_with('-')) return digits;
  if (how.plus) return "+" + digits;
  return how.space ? " " + digits : digits;
}

std::string hexadecimal(std::string_view text, bool upper) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    out += upper ? fmt::format("{:02X}", byte) : fmt::format("{:02x}", byte);
  }
  return out;
}

std::string whole_number(const Json& value, const Directive& how) {
  const std::string spec = "{:" + std::string(how.sharp ? "#" : "") + how.verb + "}";
  const auto print = [&](auto number) { return fmt::format(fmt::runtime(spec), number); };
  return signed_text(value.is_number_unsigned() ? print(value.get<std::uint64_t>())
                                                : print(value.get<std::int64_t>()),
                     how);
}

// Nothing: the verb does not suit the value.
std::optional<std::string> converted(const Json& value, const Directive& how) {
  if (how.verb.size() != 1) return std::nullopt;
  const char verb = how.verb[0];
  if (verb == 'v' && value.is_number()) return signed_text(shown(value), how);
  if (verb == 'v') return value.is_string() ? cut(shown(value), how.precision) : shown(value);
  if (value.is_string()) {
    const auto& text = value.get_ref<const std::string&>();
    if (verb == 's') return cut(text, how.precision);
    if (verb == 'q') return quoted_text(cut(text, how.precision));
    if (verb == 'x' || verb == 'X') return hexadecimal(text, verb == 'X');
  } else if (value.is_boolean()) {
    if (verb == 't') return shown(value);
  } else if (value.is_number_float()) {
    if (std::string_view("eEfgG").find(verb) == std::string_view::npos) return std::nullopt;
    if (verb != 'f' && verb != 'e' && verb != 'E' && !how.precision) {
      return signed_text(shown(value), how);
    }
    const std::string spec = fmt::format("{{:.{}{}}}", how.precision.value_or(6), verb);
    return signed_text(fmt::format(fmt::runtime(spec), value.get<double>()), how);
  } else if (value.is_number()) {
    if (std::string_view("dxXob").find(verb) != std::string_view::npos) {
      return whole_number(value, how);
    }
  } else if (value.is_array() && (verb == 's' || verb == 'q' || verb == 'd')) {
    std::string text = "[";
    for (const Json& each : value) {
      const auto part = converted(each, how);
      if (!part) return std::nullopt;
      text += (text.size() > 1 ? " " : "") + *part;
    }
    return text + "]";
  }
  return std::nullopt;
}

std::string padded(std::string text, const Directive& how, bool number) {
  std::size_t width = 0;
  for (const char c : text) width += (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  if (width >= how.width) return text;
  const std::size_t missing = how.width - width;
  if (how.left) return text + std::string(missing, ' ');
  if (!how.zero || !number) return std::string(missing, ' ') + text;
  const std::size_t sign = text.find_first_of("+- ") == 0 ? 1 : 0;
  return text.insert(sign, missing, '0');
}

std::string mismatch(const Json& value, const Directive& how) {
  if (value.is_null()) return "%!" + how.verb + "(<nil>)";
  return fmt::format("%!{}({}={})", how.verb, type_of(value), shown(value));
}

}  // namespace

std::string formatted(std::string_view format, const std::vector<Json>& arguments,
                      std::size_t first) {
  std::string out;
  std::size_t next = first;
  for (std::size_t at = 0; at < format.size();) {
    if (format[at] != '%') {
      out += format[at++];
      continue;
    }
    const Directive how = take_directive(format, ++at);
    if (how.verb.empty()) {
      out += "%!(NOVERB)";
    } else if (how.verb == "%") {
      out += '%';
    } else if (next == arguments.size()) {
      out += "%!" + how.verb + "(MISSING)";
    } else {
      const Json& value = arguments[next++];
      const auto text = converted(value, how);
      out += text ? padded(*text, how, value.is_number()) : mismatch(value, how);
    }
  }
  if (next == arguments.size()) return out;
  out += "%!(EXTRA ";
  for (std::size_t at = next; at < arguments.size(); ++at) {
    out += fmt::format("{}{}={}", at == next ? "" : ", ", type_of(arguments[at]),
                       shown(arguments[at]));
  }
  return out + ")";
}

}  // namespace seatrial::engine_cli::templates
