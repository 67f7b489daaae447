#include "engine/init/json_line.h"

namespace seatrial::init {
namespace {

char* put(char* to, const char* text) {
  while (*text != '\0') *to++ = *text++;
  return to;
}

char* put_digits(char* to, unsigned number, int digits) {
  for (int at = digits; at-- > 0; number /= 10) to[at] = (char)('0' + number % 10);
  return to + digits;
}

// As Go's time.RFC3339Nano, which drops the zeros at the end of the fraction.
char* put_fraction(char* to, unsigned nanoseconds) {
  if (nanoseconds == 0) return to;
  *to++ = '.';
  to = put_digits(to, nanoseconds, 9);
  while (to[-1] == '0') --to;
  return to;
}

// Proleptic Gregorian calendar, counted in eras of 400 years that begin on 1 March.
char* put_time(char* to, const Moment& time) {
  const std::uint64_t days = (std::uint64_t)time.seconds / 86400 + 719468;
  const unsigned second = (unsigned)((std::uint64_t)time.seconds % 86400);
  const std::uint64_t era = days / 146097;
  const unsigned day_of_era = (unsigned)(days % 146097);
  const unsigned year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const unsigned day = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const unsigned shifted_month = (5 * day + 2) / 153;
  const unsigned month = shifted_month < 10 ? shifted_month + 3 : shifted_month - 9;
  const unsigned year = year_of_era + (unsigned)era * 400 + (month <= 2 ? 1 : 0);
  to = put_digits(to, year, 4);
  *to++ = '-';
  to = put_digits(to, month, 2);
  *to++ = '-';
  to = put_digits(to, day - (153 * shifted_month + 2) / 5 + 1, 2);
  *to++ = 'T';
  to = put_digits(to, second / 3600, 2);
  *to++ = ':';
  to = put_digits(to, second / 60 % 60, 2);
  *to++ = ':';
  to = put_digits(to, second % 60, 2);
  to = put_fraction(to, (unsigned)time.nanoseconds);
  *to++ = 'Z';
  return to;
}

// What a lead byte announces (Unicode, table 3-7): how many bytes, and between what the second
// one must lie. A length of 0: no lead byte.
struct Lead {
  unsigned length;
  unsigned char lowest;
  unsigned char highest;
};

Lead lead_of(unsigned char byte) {
  if (byte < 0x80) return {1, 0, 0};
  if (byte < 0xc2) return {0, 0, 0};
  if (byte < 0xe0) return {2, 0x80, 0xbf};
  if (byte == 0xe0) return {3, 0xa0, 0xbf};
  if (byte == 0xed) return {3, 0x80, 0x9f};
  if (byte < 0xf0) return {3, 0x80, 0xbf};
  if (byte == 0xf0) return {4, 0x90, 0xbf};
  if (byte < 0xf4) return {4, 0x80, 0xbf};
  if (byte == 0xf4) return {4, 0x80, 0x8f};
  return {0, 0, 0};
}

// How many bytes of the sequence that begins here are right, at most its length.
unsigned right_bytes(const Lead& lead, const unsigned char* text, std::size_t size) {
  unsigned right = 1;
  while (right < lead.length && right < size) {
    const unsigned char low = right == 1 ? lead.lowest : 0x80;
    const unsigned char high = right == 1 ? lead.highest : 0xbf;
    if (text[right] < low || text[right] > high) break;
    ++right;
  }
  return right;
}

// As Docker's: what a script in a web page could trip over is escaped, too.
char* put_ascii(char* to, unsigned char byte) {
  constexpr char kHex[] = "0123456789abcdef";
  switch (byte) {
    case '\n':
      return put(to, "\\n");
    case '\r':
      return put(to, "\\r");
    case '"':
    case '\\':
      *to++ = '\\';
      break;
    default:
      if (byte < 0x20 || byte == '<' || byte == '>' || byte == '&') {
        to = put(to, "\\u00");
        *to++ = kHex[byte >> 4];
        *to++ = kHex[byte & 15];
        return to;
      }
  }
  *to++ = (char)byte;
  return to;
}

char* put_text(char* to, const unsigned char* text, std::size_t size) {
  for (std::size_t at = 0; at < size;) {
    const Lead lead = lead_of(text[at]);
    if (lead.length == 1) {
      to = put_ascii(to, text[at++]);
    } else if (lead.length == 0 || right_bytes(lead, text + at, size - at) < lead.length) {
      to = put(to, "\\ufffd");
      ++at;
    } else {
      for (unsigned i = 0; i < lead.length; ++i) *to++ = (char)text[at++];
    }
  }
  return to;
}

}  // namespace

char* put_number(char* to, std::uint64_t number) {
  char digits[20];
  int count = 0;
  do {
    digits[count++] = (char)('0' + number % 10);
  } while ((number /= 10) != 0);
  while (count > 0) *to++ = digits[--count];
  return to;
}

char* put_json_line(char* to, const char* text, std::size_t size, const char* stream,
                    const Moment& time) {
  to = put(to, "{\"log\":\"");
  to = put_text(to, (const unsigned char*)text, size);
  to = put(to, "\",\"stream\":\"");
  to = put(to, stream);
  to = put(to, "\",\"time\":\"");
  to = put_time(to, time);
  return put(to, "\"}\n");
}

std::size_t unfinished_tail(const char* text, std::size_t size) {
  const auto* bytes = (const unsigned char*)text;
  for (std::size_t back = 1; back <= 3 && back <= size; ++back) {
    const Lead lead = lead_of(bytes[size - back]);
    if (lead.length == 0) continue;  // a byte in the middle of a sequence, or a wrong one
    const bool unfinished =
        lead.length > back && right_bytes(lead, bytes + size - back, back) == back;
    return unfinished ? back : 0;
  }
  return 0;
}

}  // namespace seatrial::init
