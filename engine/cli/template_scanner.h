// The words of one action of a template.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace seatrial::engine_cli::templates {

struct Token {
  enum class Kind { kEnd, kSign, kLiteral, kWord, kField, kVariable };
  Kind kind = Kind::kEnd;
  std::string text = {};  // of a sign: "|", "(", ")", ",", "=", ":=", "."; of a field: without "."
  nlohmann::json literal = {};
  bool spaced = false;  // white space stands before it

  bool is(std::string_view sign) const { return kind == Kind::kSign && text == sign; }
};

// Walks a whole template: text, then the tokens of an action, then text again.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  bool at_end() const { return at_ == text_.size(); }
  // Up to the next action or the end, trimmed as "{{- " and " -}}" ask for.
  std::string text_before_action();
  // kEnd consumes the closing "}}". Throws Error{kInvalidArgument} for what is no token.
  Token next();
  // The action at hand, as far as its "}}" can be told from here.
  std::string_view action() const;

 private:
  bool closes() const;
  void close();
  void skip_comment();
  std::string quoted();
  std::string escape();
  nlohmann::json number();

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t action_ = 0;                           // where the action at hand begins, after "{{"
  std::size_t action_end_ = std::string_view::npos;  // where its "}}" begins, once it was met
  bool trims_next_ = false;                          // the last action ended with " -}}"
};

}  // namespace seatrial::engine_cli::templates
