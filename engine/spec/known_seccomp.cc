#include "engine/spec/known_seccomp.h"

#include <algorithm>

namespace seatrial::spec {
namespace {

// Walks a JSON text by its brackets and strings alone. Of a text that is not valid it may tell
// anything, but never reads beyond its end.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  std::size_t position() const { return position_; }

  // From before an object to before the value of its first member `key`, which has no escapes.
  bool enter(std::string_view key) {
    if (!take('{')) return false;
    while (next() == '"') {
      const std::string_view name = string();
      if (!take(':')) return false;
      if (name == key) return next() != '\0';
      skip_value();
      if (!take(',')) return false;
    }
    return false;
  }

  // A container to its closing bracket, a string to its quote, a word or number to what ends it.
  void skip_value() {
    std::size_t depth = 0;
    do {
      switch (next()) {
        case '"':
          string();
          break;
        case '{':
        case '[':
          ++depth;
          ++position_;
          break;
        case '}':
        case ']':
          if (depth == 0) return;
          --depth;
          ++position_;
          break;
        case ',':
        case ':':
          if (depth == 0) return;
          ++position_;
          break;
        case '\0':
          return;
        default:
          position_ = std::min(text_.find_first_of(",]} \t\r\n\"", position_ + 1), text_.size());
      }
    } while (depth > 0);
  }

 private:
  // The byte after what may stand between two tokens; NUL at the end.
  char next() {
    position_ = std::min(text_.find_first_not_of(" \t\r\n", position_), text_.size());
    return position_ < text_.size() ? text_[position_] : '\0';
  }

  bool take(char expected) {
    if (next() != expected) return false;
    ++position_;
    return true;
  }

  // From its opening quote to after its closing one.
  std::string_view string() {
    const std::size_t begin = ++position_;
    while (position_ < text_.size() && text_[position_] != '"') {
      position_ += text_[position_] == '\\' ? 2 : 1;
    }
    const std::size_t end = std::min(position_, text_.size());
    position_ = std::min(end + 1, text_.size());
    return text_.substr(begin, end - begin);
  }

  std::string_view text_;
  std::size_t position_ = 0;
};

std::optional<Scanner> at_profile(std::string_view json) {
  Scanner scanner(json);
  if (!scanner.enter("linux") || !scanner.enter("seccomp")) return std::nullopt;
  return scanner;
}

}  // namespace

std::shared_ptr<const KnownSeccomp::Profile> KnownSeccomp::last() const {
  const std::lock_guard lock(mutex_);
  return last_;
}

// An object's text ends where it closes: where it begins like the known one, it is the known one.
// The scanner has gone over nothing but what stands before it, so where the rest, with null in its
// place, is valid JSON, this was a value, and of this member.
std::optional<KnownSeccomp::Cut> KnownSeccomp::cut_from(std::string_view json) const {
  const auto known = last();
  if (!known) return std::nullopt;
  const auto place = at_profile(json);
  if (!place || !json.substr(place->position()).starts_with(known->text)) return std::nullopt;
  std::string rest(json.substr(0, place->position()));
  rest += "null";
  rest += json.substr(place->position() + known->text.size());
  return Cut{.json = std::move(rest), .profile = known->profile};
}

void KnownSeccomp::remember(std::string_view json, const Seccomp& profile) {
  auto place = at_profile(json);
  if (!place) return;  // its key has escapes
  const std::size_t begin = place->position();
  place->skip_value();
  auto known = std::make_shared<const Profile>(Profile{
      .text = std::string(json.substr(begin, place->position() - begin)), .profile = profile});
  const std::lock_guard lock(mutex_);
  last_ = std::move(known);
}

}  // namespace seatrial::spec
