#include "engine/cli/template_scanner.h"

#include <algorithm>
#include <charconv>

#include "engine/cli/template_tree.h"

namespace seatrial::engine_cli::templates {
namespace {

constexpr std::string_view kSpace = " \t\r\n";

bool is_space(char c) {
  return kSpace.find(c) != kSpace.npos;
}

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         (static_cast<unsigned char>(c) & 0x80) != 0;
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

void append_utf8(std::string& out, unsigned code) {
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xC0 | code >> 6);
    out += static_cast<char>(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    out += static_cast<char>(0xE0 | code >> 12);
    out += static_cast<char>(0x80 | (code >> 6 & 0x3F));
    out += static_cast<char>(0x80 | (code & 0x3F));
  } else {
    out += static_cast<char>(0xF0 | code >> 18);
    out += static_cast<char>(0x80 | (code >> 12 & 0x3F));
    out += static_cast<char>(0x80 | (code >> 6 & 0x3F));
    out += static_cast<char>(0x80 | (code & 0x3F));
  }
}

}  // namespace

std::string Scanner::text_before_action() {
  std::string out;
  for (;;) {
    const std::size_t open = std::min(text_.find("{{", at_), text_.size());
    std::string_view plain = text_.substr(at_, open - at_);
    if (trims_next_) plain.remove_prefix(std::min(plain.find_first_not_of(kSpace), plain.size()));
    trims_next_ = false;
    at_ = std::min(open + 2, text_.size());
    const bool trims =
        text_.substr(at_).starts_with("-") && at_ + 1 < text_.size() && is_space(text_[at_ + 1]);
    if (trims) {
      plain = plain.substr(0, plain.find_last_not_of(kSpace) + 1);
      ++at_;
    }
    out += plain;
    action_ = at_;
    action_end_ = text_.npos;
    if (at_end()) {
      // "{{" as the last two characters begins an action that nothing closes.
      if (open + 2 == text_.size()) throw refused("", "unclosed action");
      return out;
    }
    std::size_t comment = at_;
    while (trims && comment < text_.size() && is_space(text_[comment])) ++comment;
    if (!text_.substr(comment).starts_with("/*")) return out;
    at_ = comment;
    skip_comment();
  }
}

void Scanner::skip_comment() {
  const std::size_t end = text_.find("*/", at_ + 2);
  if (end == text_.npos) throw refused(action(), "unclosed comment");
  at_ = end + 2;
  while (at_ < text_.size() && is_space(text_[at_])) ++at_;
  if (!closes()) throw refused(action(), "comment ends before closing delimiter");
  close();
}

std::string_view Scanner::action() const {
  const std::size_t end = std::min(action_end_, text_.find("}}", at_));
  std::string_view shown = text_.substr(action_, end == text_.npos ? end : end - action_);
  shown.remove_prefix(std::min(shown.find_first_not_of(kSpace), shown.size()));
  return shown.substr(0, shown.find_last_not_of(kSpace) + 1);
}

bool Scanner::closes() const {
  const std::string_view rest = text_.substr(at_);
  return rest.starts_with("}}") || (rest.starts_with("-}}") && at_ > 0 && is_space(text_[at_ - 1]));
}

void Scanner::close() {
  action_end_ = at_;
  trims_next_ = text_[at_] == '-';
  at_ += trims_next_ ? 3 : 2;
}

Token Scanner::next() {
  Token token;
  while (at_ < text_.size() && is_space(text_[at_])) {
    ++at_;
    token.spaced = true;
  }
  if (at_end()) throw refused(text_.substr(action_), "unclosed action");
  if (closes()) {
    close();
    return token;
  }
  const char c = text_[at_];
  const char following = at_ + 1 < text_.size() ? text_[at_ + 1] : '\0';
  const auto word_from = [&](std::size_t begin) {
    at_ = begin;
    while (at_ < text_.size() && is_word(text_[at_])) ++at_;
    return std::string(text_.substr(begin, at_ - begin));
  };
  if (c == '"' || c == '`' || c == '\'') {
    token.kind = Token::Kind::kLiteral;
    token.literal = quoted();
    if (c == '\'') throw refused(action(), "a character in single quotes is not supported");
  } else if (is_digit(c) || ((c == '-' || c == '+' || c == '.') && is_digit(following))) {
    token.kind = Token::Kind::kLiteral;
    token.literal = number();
  } else if (c == '.' && is_word(following)) {
    token.kind = Token::Kind::kField;
    token.text = word_from(at_ + 1);
  } else if (c == '$') {
    token.kind = Token::Kind::kVariable;
    token.text = "$" + word_from(at_ + 1);
  } else if (is_word(c)) {
    token.kind = Token::Kind::kWord;
    token.text = word_from(at_);
  } else if (c == ':' && following == '=') {
    token.kind = Token::Kind::kSign;
    token.text = ":=";
    at_ += 2;
  } else if (std::string_view("|(),=.").find(c) != std::string_view::npos) {
    token.kind = Token::Kind::kSign;
    token.text = c;
    ++at_;
  } else {
    throw refused(action(), std::string("unexpected \"") + c + "\"");
  }
  return token;
}

// As Go writes strings: escapes in "...", none in `...`.
std::string Scanner::quoted() {
  const char quote = text_[at_++];
  std::string out;
  while (at_ < text_.size() && text_[at_] != quote) {
    if (text_[at_] == '\n' && quote != '`') break;
    if (text_[at_] == '\\' && quote != '`') {
      out += escape();
    } else {
      out += text_[at_++];
    }
  }
  if (at_end() || text_[at_] != quote) {
    throw refused(text_.substr(action_), "unterminated quoted string");
  }
  ++at_;
  return out;
}

std::string Scanner::escape() {
  static constexpr std::string_view kLetters = "abfnrtv\\\"'";
  static constexpr std::string_view kMeant = "\a\b\f\n\r\t\v\\\"'";
  ++at_;
  const char letter = at_end() ? '\0' : text_[at_];
  if (const std::size_t known = kLetters.find(letter); known != kLetters.npos) {
    ++at_;
    return std::string(1, kMeant[known]);
  }
  const std::size_t digits = letter == 'x' ? 2 : letter == 'u' ? 4 : letter == 'U' ? 8 : 0;
  unsigned code = 0;
  const std::string_view written = at_end() ? "" : text_.substr(at_ + 1, digits);
  const auto read = std::from_chars(written.data(), written.data() + written.size(), code, 16);
  const bool surrogate = letter != 'x' && code >= 0xD800 && code < 0xE000;
  if (digits == 0 || written.size() != digits || read.ptr != written.data() + digits ||
      code > 0x10FFFF || surrogate) {
    throw refused(action(), "invalid escape in a quoted string");
  }
  at_ += 1 + digits;
  std::string out;
  if (letter == 'x') return std::string(1, static_cast<char>(code));
  append_utf8(out, code);
  return out;
}

nlohmann::json Scanner::number() {
  const std::size_t begin = at_++;
  while (at_ < text_.size() && (is_word(text_[at_]) || text_[at_] == '.' ||
                                ((text_[at_] == '-' || text_[at_] == '+') &&
                                 (text_[at_ - 1] == 'e' || text_[at_ - 1] == 'E')))) {
    ++at_;
  }
  std::string_view written = text_.substr(begin, at_ - begin);
  if (written.starts_with('+')) written.remove_prefix(1);
  const char* const end = written.data() + written.size();
  std::int64_t whole = 0;
  auto read = std::from_chars(written.data(), end, whole);
  if (read.ec == std::errc() && read.ptr == end) return whole;
  if (written.starts_with("0x")) {
    read = std::from_chars(written.data() + 2, end, whole, 16);
    if (read.ec == std::errc() && read.ptr == end) return whole;
  }
  double fraction = 0;
  read = std::from_chars(written.data(), end, fraction);
  if (read.ec == std::errc() && read.ptr == end) return fraction;
  throw refused(action(), "bad number syntax: \"" + std::string(written) + "\"");
}

}  // namespace seatrial::engine_cli::templates
