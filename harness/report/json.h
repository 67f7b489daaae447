// The report as JSON, for machines and for `seatrial report`.
#pragma once

#include <string>
#include <string_view>

#include "harness/report/report.h"

namespace seatrial::harness {

// {"host": {...}, "targets": [...], "results": [{"target", "suite", "case", "clauses", "verdict",
// "reason", "duration_ms"}]}. A result that did not pass also has "observations", "stdout" and
// "stderr" where it has any; "leftovers" is there when something was left on the host.
std::string print_json(const Report& report);

// Reads what print_json() wrote; `name` is for messages. Throws Error{kInvalidArgument} with the
// JSON path of what is wrong.
Report parse_json(std::string_view name, std::string_view text);

}  // namespace seatrial::harness
