#include "engine/cli/template.h"

#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "engine/base/error.h"

namespace seatrial::engine_cli {
namespace {

using Json = nlohmann::json;

std::string dump(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// As Go prints a value with %v.
std::string shown(const Json& value) {
  if (value.is_null()) return "<no value>";
  if (value.is_string()) return value.get<std::string>();
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
  return dump(value);
}

bool truth(const Json& value) {
  if (value.is_boolean()) return value.get<bool>();
  if (value.is_number()) return value != 0;
  if (value.is_string()) return !value.get_ref<const std::string&>().empty();
  return !value.empty();
}

Error refused(std::string_view action, std::string_view why) {
  return error(Kind::kInvalidArgument, "template parsing error: {{{{{}}}}}: {}", action, why);
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// The words of an action; a quoted one keeps its first quote, "|" is a word.
std::vector<std::string> words_of(std::string_view action) {
  std::vector<std::string> words;
  for (std::size_t at = 0; at < action.size();) {
    const char c = action[at];
    if (c == ' ' || c == '\t') {
      ++at;
    } else if (c == '"' || c == '`') {
      std::string word = "\"";
      for (++at; at < action.size() && action[at] != c; ++at) {
        if (action[at] == '\\' && c == '"' && at + 1 < action.size()) ++at;
        word += action[at];
      }
      if (at == action.size()) throw refused(action, "unterminated quoted string");
      ++at;
      words.push_back(word);
    } else if (c == '|') {
      words.emplace_back("|");
      ++at;
    } else {
      const std::size_t end = std::min(action.find_first_of(" \t|\"", at), action.size());
      words.emplace_back(action.substr(at, end - at));
      at = end;
    }
  }
  return words;
}

class Renderer {
 public:
  explicit Renderer(std::string_view text) : text_(text) {}

  // Up to the end of the text, or to the {{end}} or {{else}} that closes the block at hand: which
  // is returned.
  std::string_view block(const Json& dot, std::string* out, int depth) {
    if (depth > 32) throw error(Kind::kInvalidArgument, "template parsing error: too deep");
    for (;;) {
      const std::size_t open = std::min(text_.find("{{", at_), text_.size());
      if (out != nullptr) *out += text_.substr(at_, open - at_);
      at_ = open;
      if (at_ == text_.size()) {
        if (depth > 0)
          throw error(Kind::kInvalidArgument, "template parsing error: no {{{{end}}}}");
        return {};
      }
      const std::size_t close = text_.find("}}", at_);
      if (close == text_.npos) {
        throw error(Kind::kInvalidArgument, "template parsing error: unclosed action");
      }
      const std::string_view action = trimmed(text_.substr(at_ + 2, close - at_ - 2));
      at_ = close + 2;
      if (action == "end" || action == "else") {
        if (depth == 0) throw refused(action, "it closes nothing");
        return action;
      }
      const std::string_view keyword = action.substr(0, action.find(' '));
      if (keyword == "if" || keyword == "range" || keyword == "with") {
        branch(keyword, action, dot, out, depth);
      } else if (out != nullptr) {
        *out += action_text(action, dot);
      } else {
        words_of(action);
      }
    }
  }

 private:
  void branch(std::string_view keyword, std::string_view action, const Json& dot, std::string* out,
              int depth) {
    const Json value = out == nullptr ? Json() : value_of(action.substr(keyword.size()), dot);
    const bool taken = out != nullptr && truth(value);
    const std::size_t begin = at_;
    std::string_view closed;
    if (keyword == "range" && taken && value.is_structured()) {
      for (const Json& each : value) {
        at_ = begin;
        closed = block(each, out, depth + 1);
      }
    } else {
      closed = block(keyword == "if" ? dot : value, taken ? out : nullptr, depth + 1);
    }
    if (closed == "else") block(dot, taken ? nullptr : out, depth + 1);
  }

  static std::string action_text(std::string_view action, const Json& dot) {
    const auto words = words_of(action);
    if (!words.empty() && words[0] == "println") {
      return (words.size() > 1 ? shown(value_of(action.substr(7), dot)) : "") + "\n";
    }
    return shown(value_of(action, dot));
  }

  static Json value_of(std::string_view action, const Json& dot) {
    std::vector<Json> arguments;  // of the command at hand
    std::string function;
    std::optional<Json> piped;
    const auto finish = [&] {
      if (piped) arguments.push_back(std::move(*piped));
      piped = call(action, function, arguments);
      arguments.clear();
      function.clear();
    };
    for (const std::string& word : words_of(action)) {
      if (word == "|") {
        finish();
      } else if (word[0] == '"') {
        arguments.emplace_back(word.substr(1));
      } else if (word[0] == '.') {
        arguments.push_back(field(action, word, dot));
      } else if (word[0] >= '0' && word[0] <= '9') {
        arguments.push_back(Json::parse(word, nullptr, false));
      } else if (function.empty() && arguments.empty()) {
        function = word;
      } else {
        throw refused(action, "\"" + word + "\" is not understood");
      }
    }
    finish();
    return std::move(*piped);
  }

  static Json field(std::string_view action, std::string_view path, const Json& dot) {
    const Json* value = &dot;
    for (std::size_t at = 1; at < path.size();) {
      const std::size_t end = std::min(path.find('.', at), path.size());
      const std::string name(path.substr(at, end - at));
      at = end + 1;
      if (value->is_null()) return {};
      if (!value->is_object()) {
        throw refused(action, "can't evaluate field " + name);
      }
      const auto found = value->find(name);
      if (found == value->end()) {
        // A map's missing key is no mistake, a document's is: the two look alike here. Docker
        // refuses at the top, where documents are.
        if (value == &dot) throw refused(action, "can't evaluate field " + name);
        return {};
      }
      value = &*found;
    }
    return *value;
  }

  static Json call(std::string_view action, const std::string& function,
                   const std::vector<Json>& arguments) {
    if (arguments.empty()) throw refused(action, "function \"" + function + "\" lacks a value");
    const Json& last = arguments.back();
    if (function.empty()) {
      if (arguments.size() == 1) return last;
      throw refused(action, "a field takes no arguments");
    }
    if (function == "json") return dump(last);
    if (function == "len") return last.is_string() ? last.get<std::string>().size() : last.size();
    if (function == "index") return index(arguments);
    if (function == "join" && arguments.size() == 2) return join(arguments[0], shown(last));
    if (function == "not") return !truth(last);
    if (function == "upper" || function == "lower") return cased(shown(last), function == "upper");
    throw refused(action, "function \"" + function + "\" not defined");
  }

  static Json index(const std::vector<Json>& arguments) {
    const Json* value = &arguments[0];
    for (std::size_t at = 1; at < arguments.size(); ++at) {
      const Json& key = arguments[at];
      if (value->is_object() && key.is_string()) {
        const auto found = value->find(key.get_ref<const std::string&>());
        if (found == value->end()) return "";
        value = &*found;
      } else if (value->is_array() && key.is_number_unsigned() &&
                 key.get<std::size_t>() < value->size()) {
        value = &(*value)[key.get<std::size_t>()];
      } else {
        throw error(Kind::kInvalidArgument, "template: error calling index: out of range: {}",
                    dump(key));
      }
    }
    return *value;
  }

  static Json join(const Json& list, const std::string& separator) {
    std::string text;
    for (const Json& each : list) text += (text.empty() ? "" : separator) + shown(each);
    return text;
  }

  static Json cased(std::string text, bool upper) {
    for (char& c : text) {
      if (upper ? c >= 'a' && c <= 'z' : c >= 'A' && c <= 'Z') c = static_cast<char>(c ^ 32);
    }
    return text;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

std::string render(std::string_view text, const Json& value) {
  std::string out;
  Renderer(text).block(value, &out, 0);
  return out;
}

std::string unescaped(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const bool escape = text[at] == '\\' && at + 1 < text.size();
    if (escape && (text[at + 1] == 't' || text[at + 1] == 'n')) {
      out += text[++at] == 't' ? '\t' : '\n';
    } else {
      out += text[at];
    }
  }
  return out;
}

}  // namespace seatrial::engine_cli
