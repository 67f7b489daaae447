// Verdicts counted by section of the specification and target.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "harness/catalogue/catalogue.h"
#include "harness/report/report.h"

namespace seatrial::harness {

class Tally {
 public:
  void add(Verdict verdict) { ++counts_.at(static_cast<std::size_t>(verdict)); }
  int of(Verdict verdict) const { return counts_.at(static_cast<std::size_t>(verdict)); }
  // Skipped and not applicable.
  int left_out() const { return of(Verdict::kSkip) + of(Verdict::kNotApplicable); }
  int total() const;

 private:
  std::array<int, 7> counts_{};
};

struct SectionRow {
  std::string document;  // with its specification: "runtime/config.md"
  std::string title;
  std::vector<Tally> cells;  // one per target of the report
};

struct Overview {
  std::vector<SectionRow> rows;  // in the order of the specifications; only those with results
  std::vector<Tally> totals;     // one per target
};

// A case counts once, in the section of its first clause.
Overview overview(const Report& report, const Catalogue& catalogue);

// The section that a case counts in: {"runtime/config.md", title}; for a clause that the catalogue
// lacks,
// {"", "Not in the catalogue"}.
std::pair<std::string, std::string> section_of(const CaseResult& result,
                                               const Catalogue& catalogue);

}  // namespace seatrial::harness
