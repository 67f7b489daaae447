// The suite programs and the cases that they hold.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "harness/core/result.h"
#include "harness/runner/child_pool.h"

namespace seatrial::harness {

struct SuiteProgram {
  std::string name;  // "runtime"
  std::filesystem::path program;
  std::vector<CaseInfo> cases;
};

// $SEATRIAL_SUITES, or the directory `suites` beside this executable.
std::filesystem::path suites_directory();

// Lists the cases of the suites in `dir`: all, or the `wanted` ones by name. Nothing is run.
// Throws Error naming a wanted suite that is not there, or a program that cannot list its cases.
std::vector<SuiteProgram> load_suites(Interrupt& interrupt, const std::filesystem::path& dir,
                                      const std::vector<std::string>& wanted);

// All cases of these suites.
std::vector<CaseInfo> all_cases(const std::vector<SuiteProgram>& suites);

// Which cases a run takes.
struct Selection {
  // Globs over the case's name or any of its clauses; one must match. Empty: all.
  std::vector<std::string> globs;
  // Exact names; a case must be one of them. Empty: all.
  std::vector<std::string> names;

  bool takes(const CaseInfo& info) const;
};

// Throws Error{kInvalidArgument} for an exact name that no suite has.
void check_names(const Selection& selection, const std::vector<SuiteProgram>& suites);

}  // namespace seatrial::harness
