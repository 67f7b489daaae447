// Bytes that a container printed, made fit for XML, HTML, JSON and a terminal.
#pragma once

#include <string>
#include <string_view>

namespace seatrial::harness {

// Valid UTF-8 of characters that XML 1.0 allows and a terminal does not act upon. What is not is
// shown: bytes that are not UTF-8, and control characters other than tab and newline, as "\x1b",
// noncharacters and C1 controls as "\u0085". CR LF becomes LF. Idempotent.
std::string visible_text(std::string_view bytes);

// The same on one line: every run of white space is one space; none at either end.
std::string one_line(std::string_view bytes);

}  // namespace seatrial::harness
