#include "engine/base/size.h"

#include <algorithm>
#include <charconv>
#include <string>

namespace seatrial {

std::optional<std::uint64_t> parse_size(std::string_view text) {
  double number = 0;
  const auto [end, failure] =
      std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  if (failure != std::errc() || !(number >= 0)) return std::nullopt;
  std::string unit(end, text.data() + text.size());
  std::transform(unit.begin(), unit.end(), unit.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  constexpr std::string_view kUnits = "kmgtp";
  if (!unit.empty() && unit != "b") {
    const std::size_t power = kUnits.find(unit.front());
    const std::string_view rest = std::string_view(unit).substr(1);
    if (power == std::string_view::npos || !(rest.empty() || rest == "b" || rest == "ib")) {
      return std::nullopt;
    }
    for (std::size_t step = 0; step <= power; ++step) number *= 1024;
  }
  if (number >= 9223372036854775808.0) return std::nullopt;
  return static_cast<std::uint64_t>(number);
}

}  // namespace seatrial
