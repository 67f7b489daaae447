#include "engine/cgroup/conversions.h"

#include <charconv>
#include <cmath>

namespace seatrial::cgroup {

std::uint64_t weight_of_shares(std::uint64_t shares) {
  constexpr std::uint64_t kLeast = 2;
  constexpr std::uint64_t kMost = 262144;
  if (shares <= kLeast) return 1;
  if (shares >= kMost) return 10000;
  // log10(weight) = (x^2 + 125 x) / 612 - 7 / 34 with x = log2(shares): 0 at 1, 2 at 10, 4 at 18.
  const double x = std::log2(static_cast<double>(shares));
  const double exponent = (x * x + 125 * x) / 612.0 - 7.0 / 34.0;
  return static_cast<std::uint64_t>(std::ceil(std::pow(10, exponent)));
}

std::uint64_t io_weight_of(std::uint16_t weight) {
  return 1 + (std::uint64_t{weight} - kLeastWeight) * 9999 / (kMostWeight - kLeastWeight);
}

std::optional<std::int64_t> swap_beyond_memory(std::int64_t sum,
                                               std::optional<std::int64_t> limit) {
  if (sum < 0) return -1;
  if (!limit || *limit < 0 || *limit > sum) return std::nullopt;
  return sum - *limit;
}

std::optional<std::int64_t> limit_in_force(std::string_view text) {
  std::int64_t bytes = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), bytes);
  if (failure != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return bytes;
}

}  // namespace seatrial::cgroup
