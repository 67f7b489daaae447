#include "engine/cli/template_functions.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "engine/base/error.h"

namespace seatrial::engine_cli::templates {
namespace {

using Json = nlohmann::json;
using Arguments = std::vector<Json>;

constexpr std::size_t kLongest = std::size_t{1}
                                 << 24;  // of a text: pad and printf can ask for more

const std::string& text_of(const Json& value) {
  if (!value.is_string()) {
    throw error(Kind::kInvalidArgument, "wrong type for value; expected string; got {}",
                type_of(value));
  }
  return value.get_ref<const std::string&>();
}

std::size_t number_of(const Json& value, std::size_t most) {
  if (!value.is_number_integer()) {
    throw error(Kind::kInvalidArgument, "wrong type for value; expected int; got {}",
                type_of(value));
  }
  const bool negative = !value.is_number_unsigned() && value.get<std::int64_t>() < 0;
  if (negative || value.get<std::uint64_t>() > most) {
    throw error(Kind::kInvalidArgument, "index out of range: {}", value.dump());
  }
  return value.get<std::size_t>();
}

Json json_text(const Arguments& given) {
  return given[0].dump(-1, ' ', false, Json::error_handler_t::replace);
}

Json len(const Arguments& given) {
  const Json& value = given[0];
  if (value.is_string()) return text_of(value).size();
  if (!value.is_structured()) throw error(Kind::kInvalidArgument, "len of type {}", type_of(value));
  return value.size();
}

// What Go's index gives for a key that a map lacks: nothing, of the kind of the others.
Json nothing_like(const Json& map) {
  if (map.empty() || map.begin()->is_string()) return "";
  return map.begin()->is_array() ? Json::array() : Json();
}

Json index(const Arguments& given) {
  Json value = given[0];
  for (const Json& key : std::span(given).subspan(1)) {
    if (value.is_object()) {
      const auto found = value.find(text_of(key));
      value = found == value.end() ? nothing_like(value) : Json(*found);
    } else if (value.is_null() && key.is_string()) {
      value = "";
    } else if (value.is_array()) {
      if (value.empty()) throw error(Kind::kInvalidArgument, "index out of range: {}", key.dump());
      value = Json(value[number_of(key, value.size() - 1)]);
    } else {
      throw error(Kind::kInvalidArgument, "can't index item of type {}", type_of(value));
    }
  }
  return value;
}

Json slice(const Arguments& given) {
  const Json& value = given[0];
  if (!value.is_string() && !value.is_array()) {
    throw error(Kind::kInvalidArgument, "can't slice item of type {}", type_of(value));
  }
  const std::size_t size = value.is_string() ? text_of(value).size() : value.size();
  const std::size_t begin = given.size() > 1 ? number_of(given[1], size) : 0;
  const std::size_t end = given.size() > 2 ? number_of(given[2], size) : size;
  if (begin > end) throw error(Kind::kInvalidArgument, "invalid slice index: {} > {}", begin, end);
  if (value.is_string()) return text_of(value).substr(begin, end - begin);
  Json part = Json::array();
  for (std::size_t at = begin; at < end; ++at) part.push_back(value[at]);
  return part;
}

Json join(const Arguments& given) {
  if (!given[0].is_array() && !given[0].is_null()) {
    throw error(Kind::kInvalidArgument, "wrong type for value; expected []string; got {}",
                type_of(given[0]));
  }
  std::string text;
  for (std::size_t at = 0; at < given[0].size(); ++at) {
    text += (at == 0 ? "" : text_of(given[1])) + shown(given[0][at]);
  }
  return text;
}

Json split(const Arguments& given) {
  std::string_view rest = text_of(given[0]);
  const std::string& separator = text_of(given[1]);
  Json parts = Json::array();
  if (separator.empty()) {
    for (const char c : rest) parts.push_back(std::string(1, c));
    return parts;
  }
  for (;;) {
    const std::size_t end = rest.find(separator);
    parts.push_back(std::string(rest.substr(0, end)));
    if (end == rest.npos) return parts;
    rest.remove_prefix(end + separator.size());
  }
}

char upper_letter(char c) {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
}

Json upper(const Arguments& given) {
  std::string text = text_of(given[0]);
  std::transform(text.begin(), text.end(), text.begin(), upper_letter);
  return text;
}

Json lower(const Arguments& given) {
  std::string text = text_of(given[0]);
  for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return text;
}

Json title(const Arguments& given) {
  std::string text = text_of(given[0]);
  bool begins = true;
  for (char& c : text) {
    if (begins) c = upper_letter(c);
    begins = c == ' ' || c == '\t' || c == '\n' || c == '\r';
  }
  return text;
}

Json pad(const Arguments& given) {
  const std::string& text = text_of(given[0]);
  if (text.empty()) return text;
  return std::string(number_of(given[1], kLongest), ' ') + text +
         std::string(number_of(given[2], kLongest), ' ');
}

Json truncate(const Arguments& given) {
  const std::string& text = text_of(given[0]);
  std::size_t left = number_of(given[1], SIZE_MAX);
  for (std::size_t at = 0; at < text.size(); ++at) {
    const bool begins = (static_cast<unsigned char>(text[at]) & 0xC0) != 0x80;
    if (begins && left-- == 0) return text.substr(0, at);
  }
  return text;
}

Json print(const Arguments& given) {
  std::string text;
  for (std::size_t at = 0; at < given.size(); ++at) {
    // Go puts a space between two neighbours that are no texts.
    if (at > 0 && !given[at].is_string() && !given[at - 1].is_string()) text += ' ';
    text += shown(given[at]);
  }
  return text;
}

Json println(const Arguments& given) {
  std::string text;
  for (const Json& each : given) text += (&each == given.data() ? "" : " ") + shown(each);
  return text + "\n";
}

Json printf(const Arguments& given) {
  return formatted(text_of(given[0]), given, 1);
}

Json is_not(const Arguments& given) {
  return !truth(given[0]);
}

bool comparable(const Json& left, const Json& right) {
  return (left.is_number_integer() && right.is_number_integer()) ||
         (!left.is_number_integer() && left.type() == right.type());
}

bool equal(const Json& left, const Json& right) {
  if (left.is_structured() || right.is_structured())
    throw error(Kind::kInvalidArgument, "non-comparable type");
  if (left.is_null() || right.is_null()) return left.is_null() && right.is_null();
  if (!comparable(left, right))
    throw error(Kind::kInvalidArgument, "incompatible types for comparison");
  return left == right;
}

bool less(const Json& left, const Json& right) {
  if (!comparable(left, right))
    throw error(Kind::kInvalidArgument, "incompatible types for comparison");
  if (!left.is_number() && !left.is_string())
    throw error(Kind::kInvalidArgument, "invalid type for comparison");
  return left < right;
}

Json eq(const Arguments& given) {
  return std::any_of(given.begin() + 1, given.end(),
                     [&](const Json& each) { return equal(given[0], each); });
}
Json ne(const Arguments& given) {
  return !equal(given[0], given[1]);
}
Json lt(const Arguments& given) {
  return less(given[0], given[1]);
}
Json le(const Arguments& given) {
  return !less(given[1], given[0]);
}
Json gt(const Arguments& given) {
  return less(given[1], given[0]);
}
Json ge(const Arguments& given) {
  return !less(given[0], given[1]);
}

constexpr std::size_t kAny = SIZE_MAX;

struct Function {
  std::string_view name;
  std::size_t least;
  std::size_t most;
  Json (*body)(const Arguments&);
};

constexpr Function kFunctions[] = {
    {"json", 1, 1, json_text},
    {"len", 1, 1, len},
    {"index", 1, kAny, index},
    {"slice", 1, 3, slice},
    {"join", 2, 2, join},
    {"split", 2, 2, split},
    {"upper", 1, 1, upper},
    {"lower", 1, 1, lower},
    {"title", 1, 1, title},
    {"pad", 3, 3, pad},
    {"truncate", 2, 2, truncate},
    {"print", 0, kAny, print},
    {"println", 0, kAny, println},
    {"printf", 1, kAny, printf},
    {"not", 1, 1, is_not},
    {"eq", 2, kAny, eq},
    {"ne", 2, 2, ne},
    {"lt", 2, 2, lt},
    {"le", 2, 2, le},
    {"gt", 2, 2, gt},
    {"ge", 2, 2, ge},
};

}  // namespace

bool is_function(std::string_view name) {
  return name == "and" || name == "or" ||
         std::any_of(std::begin(kFunctions), std::end(kFunctions),
                     [&](const Function& each) { return each.name == name; });
}

Json call(std::string_view name, const Arguments& arguments) {
  const auto* function = std::find_if(std::begin(kFunctions), std::end(kFunctions),
                                      [&](const Function& each) { return each.name == name; });
  if (arguments.size() < function->least || arguments.size() > function->most) {
    throw error(Kind::kInvalidArgument, "wrong number of args for {}: want {}{} got {}", name,
                function->most == kAny ? "at least " : "", function->least, arguments.size());
  }
  Json result = function->body(arguments);
  if (result.is_string() && text_of(result).size() > kLongest) {
    throw error(Kind::kInvalidArgument, "{} makes too long a text", name);
  }
  return result;
}

std::string shown(const Json& value) {
  if (value.is_null()) return "<nil>";
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number_float()) return fmt::format("{}", value.get<double>());
  if (value.is_array()) {
    std::string text = "[";
    for (const Json& each : value) text += (text.size() > 1 ? " " : "") + shown(each);
    return text + "]";
  }
  if (value.is_object()) {
    std::string text = "map[";
    for (const auto& [key, each] : value.items()) {
      text += (text.size() > 4 ? " " : "") + key + ":" + shown(each);
    }
    return text + "]";
  }
  return value.dump();
}

bool truth(const Json& value) {
  if (value.is_boolean()) return value.get<bool>();
  if (value.is_number()) return value != 0;
  if (value.is_string()) return !text_of(value).empty();
  return !value.empty();
}

std::string_view type_of(const Json& value) {
  if (value.is_null()) return "nil";
  if (value.is_string()) return "string";
  if (value.is_boolean()) return "bool";
  if (value.is_number_float()) return "float64";
  if (value.is_number()) return "int";
  return value.is_array() ? "list" : "map";
}

}  // namespace seatrial::engine_cli::templates
