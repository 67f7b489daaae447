// How a report may look where it goes: colours and width.
#pragma once

#include <string>
#include <string_view>

#include "harness/core/result.h"

namespace seatrial::harness {

enum class Colour { kPlain, kBold, kDim, kGreen, kRed, kYellow, kMagenta };

struct Style {
  bool colours = false;
  int width = 0;  // columns; 0: unlimited, as in a file

  // `text` in the colour, or as it is.
  std::string paint(Colour colour, std::string_view text) const;
};

// Colours only on a terminal, and not where NO_COLOR is set or TERM is dumb.
Style style_of(int fd);

// Each character counts one column, so text must hold no wide or combining ones.
int columns_of(std::string_view utf8);
// Padded with spaces to `width` columns, or cut with "…".
std::string fitted(std::string_view utf8, int width);
// Words broken into lines of at most `width` columns (0: never), each line after the first
// indented; newlines in the text stay.
std::string wrapped(std::string_view utf8, int width, int indent);

// The sign and colour of a verdict: "✓" green, "✗" red, ...
std::string_view sign_of(Verdict verdict);
Colour colour_of(Verdict verdict);
// "kept", "not kept", "harness error", "skipped", "not applicable", "expected failure",
// "unexpected pass".
std::string_view words_of(Verdict verdict);

}  // namespace seatrial::harness
