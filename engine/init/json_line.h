// A line of Docker's json-file log: {"log":"TEXT","stream":"stdout","time":"RFC 3339"}.
//
// Pure: no system call, so that the tests compile it as it stands.
#pragma once

#include <cstddef>
#include <cstdint>

namespace seatrial::init {

// The longest text in one line of the log; what is longer goes on in the next one, as Docker has
// it.
inline constexpr std::size_t kLongestText = 16 * 1024;

// What `size` bytes may grow to: six for each (\u001b, \ufffd), and what stands around them.
constexpr std::size_t most_json(std::size_t size) {
  return 6 * size + 128;
}

// Without defaults, so that one may lie in static memory without a constructor.
struct Moment {
  std::int64_t seconds;  // since 1970
  std::int64_t nanoseconds;
};

// Writes the whole line with its newline to `to`, which has most_json(size) bytes of room, and
// returns its end. Bytes that are not UTF-8 become U+FFFD, one each.
char* put_json_line(char* to, const char* text, std::size_t size, const char* stream,
                    const Moment& time);

// The decimal number; returns its end.
char* put_number(char* to, std::uint64_t number);

// Bytes at the end of the text that begin a UTF-8 sequence whose rest is missing: 0 to 3.
std::size_t unfinished_tail(const char* text, std::size_t size);

}  // namespace seatrial::init
