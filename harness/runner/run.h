// A run: every selected case on every target, each in a process of its own.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "harness/report/report.h"
#include "harness/runner/progress.h"
#include "harness/runner/suites.h"

namespace seatrial::harness {

struct RunOptions {
  std::vector<std::string> targets;  // specs; empty: all known ones that can be used
  Selection selection;
  int jobs = 0;                       // cases at a time; 0: as many as there are processors
  double deadline_scale = 1;          // for slow machines
  int repeat = 1;                     // how often each case runs
  bool compare_host = true;           // look at the whole host before and after
  std::filesystem::path facts_cache;  // where descriptions of targets are kept; empty: nowhere
  ProgressMode progress = ProgressMode::kAuto;
  const Report* earlier = nullptr;  // verdicts of the engines in it are taken over
};

struct RunOutcome {
  Report report;
  bool interrupted = false;
  std::vector<std::string> notes;  // what a person should know besides, one sentence each
};

// Throws Error when a target that was named cannot be used. A crash, a hang or a leak of a case
// costs only that case: what it owned is cleaned by its ledger. An interrupt kills the cases that
// run, cleans after them and returns what is known so far.
RunOutcome run(Interrupt& interrupt, const std::vector<SuiteProgram>& suites,
               const RunOptions& options);

}  // namespace seatrial::harness
