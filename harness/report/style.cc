#include "harness/report/style.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>

namespace seatrial::harness {
namespace {

// Indexed by Colour; the parameters of SGR.
constexpr std::array<std::string_view, 7> kSgr{"", "1", "2", "32", "31", "33", "35"};

struct VerdictLook {
  std::string_view sign;
  std::string_view words;
  Colour colour;
};

// Indexed by Verdict.
constexpr std::array<VerdictLook, 7> kLooks{{
    {"✓", "kept", Colour::kGreen},
    {"✗", "not kept", Colour::kRed},
    {"!", "harness error", Colour::kMagenta},
    {"–", "skipped", Colour::kDim},
    {"–", "not applicable", Colour::kDim},
    {"~", "expected failure", Colour::kYellow},
    {"+", "unexpected pass", Colour::kRed},
}};

const VerdictLook& look(Verdict verdict) {
  return kLooks.at(static_cast<std::size_t>(verdict));
}

bool continues(char byte) {
  return (static_cast<unsigned char>(byte) & 0xc0u) == 0x80u;
}

std::string_view variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

}  // namespace

std::string Style::paint(Colour colour, std::string_view text) const {
  if (!colours || colour == Colour::kPlain) return std::string(text);
  return fmt::format("\x1b[{}m{}\x1b[0m", kSgr.at(static_cast<std::size_t>(colour)), text);
}

Style style_of(int fd) {
  if (::isatty(fd) == 0) return {};
  Style style{.colours = variable("NO_COLOR").empty() && variable("TERM") != "dumb", .width = 80};
  winsize size{};
  if (::ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) style.width = size.ws_col;
  return style;
}

int columns_of(std::string_view utf8) {
  return static_cast<int>(
      std::count_if(utf8.begin(), utf8.end(), [](char byte) { return !continues(byte); }));
}

std::string fitted(std::string_view utf8, int width) {
  const int columns = columns_of(utf8);
  if (columns <= width) {
    return std::string(utf8) + std::string(static_cast<std::size_t>(width - columns), ' ');
  }
  std::size_t end = 0;
  for (int kept = 0; kept < width; ++kept) {  // one column is the mark of the cut
    if (kept == width - 1) break;
    do {
      ++end;
    } while (end < utf8.size() && continues(utf8[end]));
  }
  return std::string(utf8.substr(0, end)) + "…";
}

std::string wrapped(std::string_view utf8, int width, int indent) {
  const std::string margin = "\n" + std::string(static_cast<std::size_t>(indent), ' ');
  std::string out;
  int used = 0;
  while (!utf8.empty()) {
    if (utf8.front() == '\n') {
      out += margin;
      used = 0;
      utf8.remove_prefix(1);
      continue;
    }
    const std::size_t blanks = std::min(utf8.find_first_not_of(' '), utf8.size());
    const std::size_t end = std::min(utf8.find_first_of(" \n", blanks), utf8.size());
    const int columns = columns_of(utf8.substr(0, end));
    if (width > 0 && used > 0 && used + columns > std::max(width, 20)) {
      out += margin;
      used = 0;
      utf8.remove_prefix(blanks);
      continue;
    }
    out += utf8.substr(0, end);
    used += columns;
    utf8.remove_prefix(end);
  }
  return out;
}

std::string_view sign_of(Verdict verdict) {
  return look(verdict).sign;
}
Colour colour_of(Verdict verdict) {
  return look(verdict).colour;
}
std::string_view words_of(Verdict verdict) {
  return look(verdict).words;
}

}  // namespace seatrial::harness
