// From what became of a case's process to the case's result.
#pragma once

#include <string>
#include <vector>

#include "harness/catalogue/catalogue.h"
#include "harness/core/result.h"
#include "harness/runner/child_pool.h"

namespace seatrial::harness {

// The result document counts when the process wrote a whole one and then exited with 0. Anything
// else is the verdict error, with a reason that says what happened.
CaseResult judge(const CaseInfo& info, const std::string& target, const ChildOutcome& outcome,
                 std::chrono::milliseconds deadline);

// Whether the process may have left its work unfinished, so that its ledger must be cleaned.
bool ended_abruptly(const ChildOutcome& outcome);

// One result for several runs of the same case, at least one: the worst verdict (error, fail, then
// the others). Where the runs differ, the reason starts with "flaky: " and the counts.
CaseResult combine(const std::vector<CaseResult>& runs);

// Whether the runs do not all have the same verdict.
bool is_flaky(const std::vector<CaseResult>& runs);

// What --strict asks: a skipped case that holds a binding clause counts as a failure.
void fail_skipped_musts(std::vector<CaseResult>& results, const Catalogue& catalogue);

}  // namespace seatrial::harness
