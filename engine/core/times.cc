#include "engine/core/times.h"

#include <fmt/format.h>

#include <charconv>
#include <ctime>

namespace seatrial::core {
namespace {

// Reads exactly `digits` digits at the start of `text`, and takes them away.
bool take(std::string_view& text, std::size_t digits, int& value) {
  if (text.size() < digits) return false;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + digits, value);
  if (failure != std::errc() || end != text.data() + digits || text.front() == '-') return false;
  text.remove_prefix(digits);
  return true;
}

bool take(std::string_view& text, char expected) {
  if (text.empty() || text.front() != expected) return false;
  text.remove_prefix(1);
  return true;
}

bool take_fraction(std::string_view& text, std::int64_t& nanoseconds) {
  if (!take(text, '.')) return true;
  std::int64_t unit = 100'000'000;
  std::size_t digits = 0;
  for (; digits < text.size() && text[digits] >= '0' && text[digits] <= '9'; ++digits) {
    nanoseconds += unit * (text[digits] - '0');
    unit /= 10;
  }
  text.remove_prefix(digits);
  return digits > 0 && digits <= 9;
}

bool take_offset(std::string_view& text, std::int64_t& seconds) {
  if (take(text, 'Z')) return text.empty();
  const bool east = take(text, '+');
  if (!east && !take(text, '-')) return false;
  int hours = 0;
  int minutes = 0;
  if (!take(text, 2, hours) || !take(text, ':') || !take(text, 2, minutes)) return false;
  if (hours > 23 || minutes > 59) return false;
  seconds = (east ? 1 : -1) * (hours * 3600 + minutes * 60);
  return text.empty();
}

// timegm(3) would carry what is too much: month 13 into the next year. A leap second is refused, as
// docker refuses it.
bool is_on_the_calendar(const std::tm& parts) {
  const std::chrono::year_month_day day{std::chrono::year(parts.tm_year),
                                        std::chrono::month(static_cast<unsigned>(parts.tm_mon)),
                                        std::chrono::day(static_cast<unsigned>(parts.tm_mday))};
  return day.ok() && parts.tm_hour < 24 && parts.tm_min < 60 && parts.tm_sec < 60;
}

}  // namespace

std::int64_t to_nanoseconds(Time time) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count();
}

Time from_nanoseconds(std::int64_t nanoseconds) {
  return Time(std::chrono::duration_cast<Time::duration>(std::chrono::nanoseconds(nanoseconds)));
}

std::string print_time(Time time) {
  const std::int64_t all = to_nanoseconds(time);
  const std::time_t seconds = all / 1'000'000'000 - (all % 1'000'000'000 < 0 ? 1 : 0);
  const std::int64_t rest = all - seconds * 1'000'000'000;
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  std::string text =
      fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", parts.tm_year + 1900, parts.tm_mon + 1,
                  parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec);
  if (rest != 0) {
    text += fmt::format(".{:09}", rest);
    text.resize(text.find_last_not_of('0') + 1);
  }
  return text + "Z";
}

std::string print_time(const std::optional<Time>& time) {
  return time ? print_time(*time) : "0001-01-01T00:00:00Z";
}

std::optional<Time> parse_time(std::string_view text) {
  std::tm parts{};
  std::int64_t nanoseconds = 0;
  std::int64_t offset = 0;
  if (!take(text, 4, parts.tm_year) || !take(text, '-') || !take(text, 2, parts.tm_mon) ||
      !take(text, '-') || !take(text, 2, parts.tm_mday) || !take(text, 'T') ||
      !take(text, 2, parts.tm_hour) || !take(text, ':') || !take(text, 2, parts.tm_min) ||
      !take(text, ':') || !take(text, 2, parts.tm_sec) || !take_fraction(text, nanoseconds) ||
      !take_offset(text, offset) || !is_on_the_calendar(parts)) {
    return std::nullopt;
  }
  parts.tm_year -= 1900;
  parts.tm_mon -= 1;
  const std::int64_t seconds = ::timegm(&parts) - offset;
  // What does not fit 64 bits of nanoseconds (years before 1678 and after 2261) has no time here.
  if (seconds < -9'000'000'000 || seconds > 9'000'000'000) return std::nullopt;
  return from_nanoseconds(seconds * 1'000'000'000 + nanoseconds);
}

std::string human_duration(std::chrono::seconds duration) {
  const auto seconds = duration.count();
  if (seconds < 1) return "Less than a second";
  if (seconds == 1) return "1 second";
  if (seconds < 60) return fmt::format("{} seconds", seconds);
  const auto minutes = seconds / 60;
  if (minutes == 1) return "About a minute";
  if (minutes < 60) return fmt::format("{} minutes", minutes);
  const auto hours = (seconds + 1800) / 3600;
  if (hours == 1) return "About an hour";
  if (hours < 48) return fmt::format("{} hours", hours);
  const auto days = hours / 24;
  if (hours < 24 * 7 * 2) return fmt::format("{} days", days);
  if (hours < 24 * 30 * 2) return fmt::format("{} weeks", days / 7);
  if (hours < 24 * 365 * 2) return fmt::format("{} months", days / 30);
  return fmt::format("{} years", days / 365);
}

}  // namespace seatrial::core
