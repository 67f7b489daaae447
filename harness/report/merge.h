// Several reports as one: the shards of a run that was dealt out to several machines.
#pragma once

#include <string>
#include <vector>

#include "harness/report/report.h"

namespace seatrial::harness {

struct NamedReport {
  std::string name;  // for messages: the file that it came from
  Report report;
};

// One part stays as it is. Of several: the host of the first, started when the earliest did; the
// targets in the order of their first mention; the results by target, suite and name; all
// leftovers. Throws Error{kInvalidArgument} for no part at all, and naming both parts where two
// have a verdict on the same case, or mean different versions of an engine by the same target:
// those are no shards of one run.
Report merge(std::vector<NamedReport> parts);

}  // namespace seatrial::harness
