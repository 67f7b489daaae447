// Expected deviations: which case or clause is known to fail on which target, and why.
//
// A waiver file is JSON:
//   {"waivers": [{"target": "runc", "versions": ">=1.0 <1.2", "case": "MaskedPaths.*",
//                 "reason": "...", "link": "https://..."}]}
// `target` is a target's name ("runc") or its whole spec ("oci:/opt/runc"); `versions` may be left
// out; either `case` (a name or a glob) or `clause` (a catalogue id) says what is waived. A case
// that races against the engine has "fails": "at times"; without it a waiver means "always".
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/catalogue/version.h"
#include "harness/core/result.h"

namespace seatrial::harness {

struct Waiver {
  std::string target;
  VersionRange versions;
  std::string case_pattern;  // exactly one of case_pattern and clause is set
  std::string clause;
  std::string reason;
  std::string link;
  bool at_times = false;  // it may pass as well
  std::string origin;     // "runc.json: waivers[3]", for messages
};

// Throws Error{kInvalidArgument} naming the file and the JSON path, also for a clause that the
// catalogue lacks.
std::vector<Waiver> parse_waivers(std::string_view name, std::string_view text);
std::vector<Waiver> load_waivers(const std::filesystem::path& file);

// Rewrites the verdicts of `target`'s results:
//  - a fail under a waiver becomes xfail, with the waiver's reason and link;
//  - a pass under a waiver by case becomes xpass, the waiver is out of date, unless it says that
//  the
//    case fails at times;
//  - a waiver by clause is out of date only when every one of `cases` (all that exist, run or not)
//    that names the clause has run here and passed; then these passes become xpass. A run of some
//    of the clause's cases cannot tell;
//  - an error is never waived: it says nothing about the engine. Skips stay as they are.
// Where several waivers match, the first one counts.
void apply_waivers(std::span<const Waiver> waivers, const TargetInfo& target,
                   std::span<const CaseInfo> cases, std::span<CaseResult> results);

// The waivers that can match none of `cases`, whatever the target: a case was renamed or a clause
// lost its cases. One sentence each.
std::vector<std::string> stale_waivers(std::span<const Waiver> waivers,
                                       std::span<const CaseInfo> cases);

}  // namespace seatrial::harness
