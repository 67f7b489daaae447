#include "suites/perf/samples.h"

#include <algorithm>
#include <cmath>

namespace seatrial::perf {

double quantile(std::vector<double> values, double q) {
  std::sort(values.begin(), values.end());
  const double place = q * static_cast<double>(values.size() - 1);
  const auto below = static_cast<std::size_t>(std::floor(place));
  const std::size_t above = std::min(below + 1, values.size() - 1);
  return std::lerp(values[below], values[above], place - std::floor(place));
}

Spread spread(const std::vector<double>& values) {
  return {
      .p10 = quantile(values, 0.1), .median = quantile(values, 0.5), .p90 = quantile(values, 0.9)};
}

std::optional<Ratio> ratio(const Samples& samples, const RatioOf& wanted) {
  const auto above = samples.find(std::string(wanted.numerator));
  const auto below = samples.find(std::string(wanted.denominator));
  if (above == samples.end() || below == samples.end()) return std::nullopt;
  const std::size_t rounds = std::min(above->second.size(), below->second.size());
  if (rounds == 0) return std::nullopt;
  std::vector<double> ratios;
  ratios.reserve(rounds);
  for (std::size_t round = 0; round < rounds; ++round) {
    ratios.push_back(above->second[round] / below->second[round]);
  }
  return Ratio{.numerator = above->first,
               .denominator = below->first,
               .of_rounds = spread(ratios),
               .of_medians = quantile(above->second, 0.5) / quantile(below->second, 0.5),
               .bar = wanted.bar};
}

}  // namespace seatrial::perf
