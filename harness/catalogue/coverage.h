// How much of the catalogue the cases cover.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "harness/catalogue/catalogue.h"

namespace seatrial::harness {

// The names of the cases that hold engines to a clause, by its id.
using Coverage = std::map<std::string, std::vector<std::string>>;

struct Count {
  int all = 0;
  int covered = 0;
  int binding = 0;
  int binding_covered = 0;
  int binding_unobservable = 0;
  int advised = 0;  // SHOULD and its like
  int advised_covered = 0;
};

Count count(const std::vector<Section>& sections, const Coverage& coverage);

// What keeps the coverage from being whole, a sentence each: a binding clause with neither a case
// nor a reason why none can observe it, a clause with both, reasons for more than a tenth of the
// binding clauses, cases for less than half of those that advise.
std::vector<std::string> gaps(const std::vector<Section>& sections, const Coverage& coverage);

}  // namespace seatrial::harness
