// What a run measured, and what it says: medians, spreads and the ratios that the project's bars
// are about. Pure.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace seatrial::perf {

// Milliseconds, by contestant; the n-th of each was measured in the n-th round.
using Samples = std::map<std::string, std::vector<double>>;

struct Spread {
  double p10 = 0;
  double median = 0;
  double p90 = 0;
};

// The value below which the share `q` (0 to 1) of `values` lies, linear between neighbours.
// `values` must not be empty.
double quantile(std::vector<double> values, double q);
Spread spread(const std::vector<double>& values);

// One ratio of interest and, where the project promises one, the most it may be.
struct RatioOf {
  std::string_view numerator;
  std::string_view denominator;
  std::optional<double> bar;
};

struct Ratio {
  std::string numerator;
  std::string denominator;
  Spread of_rounds;       // of the ratios of each round
  double of_medians = 0;  // median of one by median of the other
  std::optional<double> bar;

  // Both ways to look at it must stay within the bar.
  bool holds() const { return !bar || (of_rounds.median <= *bar && of_medians <= *bar); }
};

// Empty when one of the two was not measured.
std::optional<Ratio> ratio(const Samples& samples, const RatioOf& wanted);

}  // namespace seatrial::perf
