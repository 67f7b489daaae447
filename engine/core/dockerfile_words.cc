#include "engine/core/dockerfile_words.h"

#include <fmt/format.h>

#include <cctype>
#include <optional>

#include "engine/base/error.h"

namespace seatrial::core {
namespace {

bool begins_name(char c) {
  return c == '_' || std::isalpha(static_cast<unsigned char>(c)) != 0;
}
bool continues_name(char c) {
  return begins_name(c) || (c >= '0' && c <= '9');
}

class Word {
 public:
  Word(std::string_view text, const std::vector<std::string>& env) : text_(text), env_(env) {}

  std::string read() { return read_until(std::nullopt); }

 private:
  bool ended() const { return at_ == text_.size(); }
  char following() const { return at_ + 1 < text_.size() ? text_[at_ + 1] : '\0'; }

  [[noreturn]] void refuse(std::string_view why) const {
    throw error(Kind::kInvalidArgument, "{}: {}", text_, why);
  }

  // Leaves `stop` to be read; without one, to the end.
  std::string read_until(std::optional<char> stop) {
    std::string out;
    while (!ended() && text_[at_] != stop) {
      const char c = text_[at_];
      if (c == '\'') {
        out += single_quoted();
      } else if (c == '"') {
        out += double_quoted();
      } else if (c == '$') {
        out += variable();
      } else {
        if (c == '\\' && following() != '\0') ++at_;
        out += text_[at_++];
      }
    }
    if (stop && ended()) {
      refuse(fmt::format("unexpected end of statement while looking for matching {}", *stop));
    }
    return out;
  }

  std::string single_quoted() {
    const std::size_t end = text_.find('\'', at_ + 1);
    if (end == text_.npos) {
      refuse("unexpected end of statement while looking for matching single-quote");
    }
    const std::string_view inside = text_.substr(at_ + 1, end - at_ - 1);
    at_ = end + 1;
    return std::string(inside);
  }

  std::string double_quoted() {
    std::string out;
    ++at_;
    while (!ended() && text_[at_] != '"') {
      if (text_[at_] == '$') {
        out += variable();
        continue;
      }
      const char next = following();
      if (text_[at_] == '\\' && (next == '"' || next == '$' || next == '\\')) ++at_;
      out += text_[at_++];
    }
    if (ended()) refuse("unexpected end of statement while looking for matching double-quote");
    ++at_;
    return out;
  }

  std::string_view name() {
    const std::size_t begin = at_;
    if (!ended() && begins_name(text_[at_])) {
      while (!ended() && continues_name(text_[at_])) ++at_;
    } else if (!ended() && text_[at_] >= '0' && text_[at_] <= '9') {
      ++at_;
    }
    return text_.substr(begin, at_ - begin);
  }

  std::string variable() {
    ++at_;
    if (ended() || text_[at_] != '{') {
      const std::string_view key = name();
      return key.empty() ? "$" : value_of(key);
    }
    ++at_;
    const std::string_view key = name();
    if (key.empty()) refuse("syntax error: bad substitution");
    if (ended()) refuse("syntax error: missing '}' in substitution");
    if (text_[at_] == '}') {
      ++at_;
      return value_of(key);
    }
    if (text_[at_] != ':') refuse("syntax error: missing ':' in substitution");
    const char modifier = following();
    if (modifier != '-' && modifier != '+') {
      refuse(fmt::format("unsupported modifier ({}) in substitution", modifier));
    }
    at_ += 2;
    const std::string other = read_until('}');
    ++at_;
    const std::string value = value_of(key);
    if (modifier == '+') return value.empty() ? value : other;
    return value.empty() ? other : value;
  }

  std::string value_of(std::string_view key) const {
    for (const std::string& entry : env_) {
      if (entry.size() > key.size() && entry.starts_with(key) && entry[key.size()] == '=') {
        return entry.substr(key.size() + 1);
      }
    }
    return {};
  }

  std::string_view text_;
  const std::vector<std::string>& env_;
  std::size_t at_ = 0;
};

}  // namespace

std::string said(std::string_view word, const std::vector<std::string>& env) {
  return Word(word, env).read();
}

}  // namespace seatrial::core
