// The report as a person reads it in a terminal.
#pragma once

#include <string>

#include "harness/catalogue/catalogue.h"
#include "harness/report/report.h"
#include "harness/report/style.h"

namespace seatrial::harness {

// Rows: sections of the specification under their documents; columns: targets; a cell counts
// verdicts ("12 ✓ 1 ✗ 2 –"). Where the width does not take all targets, several tables follow
// each other. Ends with totals and a legend of the signs that occur.
std::string print_matrix(const Report& report, const Catalogue& catalogue, const Style& style);

// Each fail, error and unexpected pass as one paragraph: what the specification asks, what was
// seen, and the command that repeats just that case. Then what was left on the host. Empty when
// there is no news.
std::string print_failures(const Report& report, const Catalogue& catalogue, const Style& style);

// "runc 1.1.5: 312 kept, 2 not kept, 14 skipped, of 328", one line per target.
std::string print_summary(const Report& report, const Style& style);

}  // namespace seatrial::harness
