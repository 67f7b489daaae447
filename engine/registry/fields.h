// Small values of header fields: what Retry-After, Content-Range and Link say. Pure, fuzzed.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace seatrial::registry {

// RFC 9110, section 10.2.3: seconds, or a date (IMF-fixdate), which is measured from `now`; a date
// that has passed is zero. Nothing for anything else.
std::optional<std::chrono::seconds> parse_retry_after(std::string_view field,
                                                      std::chrono::system_clock::time_point now);

// RFC 9110, section 14.4: "bytes FIRST-LAST/TOTAL"; an unknown total ("*") is absent.
struct ContentRange {
  std::uint64_t first = 0;
  std::uint64_t last = 0;  // inclusive, at least `first`
  std::optional<std::uint64_t> total;
};
std::optional<ContentRange> parse_content_range(std::string_view field);

// RFC 8288: the target of the first link whose relation is "next".
std::optional<std::string> next_link(std::string_view field);

// A whole field of decimal digits.
std::optional<std::uint64_t> parse_decimal(std::string_view text);

// RFC 4648 with padding; decoding takes it without, too. Nothing for other characters.
std::string base64(std::string_view bytes);
std::optional<std::string> decode_base64(std::string_view text);

// What a URL's query may hold as it is stays; every other byte becomes %XX.
std::string percent_encode(std::string_view text);

// Text of a server for a message: printable, on one line, at most `limit` characters.
std::string printable(std::string_view text, std::size_t limit = 200);

}  // namespace seatrial::registry
