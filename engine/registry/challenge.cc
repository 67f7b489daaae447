#include "engine/registry/challenge.h"

#include <algorithm>
#include <optional>

namespace seatrial::registry {
namespace {

bool is_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

// RFC 9110: tchar.
bool is_token(char c) {
  return is_alphanumeric(c) ||
         std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

bool is_token68(char c) {
  return is_alphanumeric(c) || std::string_view("-._~+/").find(c) != std::string_view::npos;
}

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return result;
}

// A cursor over the field.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  bool at_end() const { return text_.empty(); }
  bool next_is(char c) const { return !text_.empty() && text_.front() == c; }

  void skip_spaces() {
    take_while([](char c) { return c == ' ' || c == '\t'; });
  }
  void skip_separators() {
    take_while([](char c) { return c == ' ' || c == '\t' || c == ','; });
  }

  bool take(char c) {
    if (!next_is(c)) return false;
    text_.remove_prefix(1);
    return true;
  }

  std::string_view token() { return take_while(is_token); }

  // A credential in one piece ("Negotiate YWJj==") fills the place up to the next comma.
  bool take_token68() {
    Scanner ahead = *this;
    if (ahead.take_while(is_token68).empty()) return false;
    ahead.take_while([](char c) { return c == '='; });
    ahead.skip_spaces();
    if (!ahead.at_end() && !ahead.next_is(',')) return false;
    *this = ahead;
    return true;
  }

  // A token or a quoted string; nothing for neither.
  std::optional<std::string> value() {
    if (!take('"')) {
      const std::string_view plain = token();
      if (plain.empty()) return std::nullopt;
      return std::string(plain);
    }
    std::string result;
    while (!at_end()) {
      char c = text_.front();
      text_.remove_prefix(1);
      if (c == '"') return result;
      if (c == '\\') {
        if (at_end()) return std::nullopt;
        c = text_.front();
        text_.remove_prefix(1);
      }
      result += c;
    }
    return std::nullopt;  // the closing quote is missing
  }

 private:
  template <typename Predicate>
  std::string_view take_while(Predicate predicate) {
    const auto end = std::find_if_not(text_.begin(), text_.end(), predicate);
    const std::string_view taken = text_.substr(0, static_cast<std::size_t>(end - text_.begin()));
    text_.remove_prefix(taken.size());
    return taken;
  }

  std::string_view text_;
};

}  // namespace

std::string_view Challenge::get(std::string_view name) const {
  const auto found = parameters.find(std::string(name));
  return found == parameters.end() ? std::string_view() : std::string_view(found->second);
}

std::vector<Challenge> parse_challenges(std::string_view field) {
  std::vector<Challenge> challenges;
  Scanner scanner(field);
  for (scanner.skip_separators(); !scanner.at_end(); scanner.skip_separators()) {
    const std::string_view word = scanner.token();
    if (word.empty()) break;
    scanner.skip_spaces();
    if (!scanner.take('=')) {  // no parameter: a new challenge begins
      challenges.push_back({.scheme = lower(word)});
      // "Basic, Bearer ..." and "Bearer realm=..." are no token68, which the comma would tell from
      // a scheme; a lone word after a scheme is one.
      if (!scanner.next_is(',')) scanner.take_token68();
      continue;
    }
    if (challenges.empty()) break;  // a parameter of nothing
    scanner.skip_spaces();
    std::optional<std::string> value = scanner.value();
    if (!value) break;
    challenges.back().parameters.emplace(lower(word), std::move(*value));
  }
  return challenges;
}

}  // namespace seatrial::registry
