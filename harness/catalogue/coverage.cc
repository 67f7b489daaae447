#include "harness/catalogue/coverage.h"

#include <fmt/format.h>

namespace seatrial::harness {

Count count(const std::vector<Section>& sections, const Coverage& coverage) {
  Count counted;
  for (const Section& section : sections) {
    for (const Clause* clause : section.clauses) {
      const int covered = coverage.count(clause->id) > 0 ? 1 : 0;
      ++counted.all;
      counted.covered += covered;
      if (clause->advises()) {
        ++counted.advised;
        counted.advised_covered += covered;
      }
      if (!clause->binding()) continue;
      ++counted.binding;
      counted.binding_covered += covered;
      if (!clause->unobservable.empty()) ++counted.binding_unobservable;
    }
  }
  return counted;
}

std::vector<std::string> gaps(const std::vector<Section>& sections, const Coverage& coverage) {
  std::vector<std::string> found;
  for (const Section& section : sections) {
    for (const Clause* clause : section.clauses) {
      const auto cases = coverage.find(clause->id);
      if (cases != coverage.end() && !clause->unobservable.empty()) {
        found.push_back(fmt::format("{} is called unobservable, and {} observes it", clause->id,
                                    cases->second.front()));
      } else if (cases == coverage.end() && clause->unobservable.empty() && clause->binding()) {
        found.push_back(
            fmt::format("{} has neither a case nor a reason why none can observe it", clause->id));
      }
    }
  }
  const Count counted = count(sections, coverage);
  if (10 * counted.binding_unobservable > counted.binding) {
    found.push_back(
        fmt::format("{} of {} binding clauses are called unobservable: at most a tenth may",
                    counted.binding_unobservable, counted.binding));
  }
  if (2 * counted.advised_covered < counted.advised) {
    found.push_back(fmt::format("{} of {} clauses that advise have a case: half of them must",
                                counted.advised_covered, counted.advised));
  }
  return found;
}

}  // namespace seatrial::harness
