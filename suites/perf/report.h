// What a run says at its end: the table of ratios for people, the same as JSON for machines.
#pragma once

#include <string>
#include <vector>

#include "suites/perf/rounds.h"
#include "suites/perf/samples.h"

namespace seatrial::perf {

// Those of `wanted` whose two sides were measured.
std::vector<Ratio> all_ratios(const Samples& samples, const std::vector<RatioOf>& wanted);

std::string as_table(const Rounds& rounds, const std::vector<Ratio>& ratios);

// {"kernel", "rounds", "contestants": [{name, resident_kib, p10_ms, median_ms, p90_ms,
// samples_ms}],
//  "ratios": [{numerator, denominator, p10, median, p90, of_medians, bar, holds}]}
std::string as_json(const Rounds& rounds, const std::vector<Ratio>& ratios);

// One sentence for each bar that is exceeded, or that nothing was measured for.
std::vector<std::string> broken_bars(const std::vector<Ratio>& ratios,
                                     const std::vector<RatioOf>& wanted);

}  // namespace seatrial::perf
