// Verdicts and results: what a suite program says of one case, and what reports are made of.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace seatrial::harness {

enum class Verdict {
  kPass,
  kFail,           // the engine is wrong
  kError,          // the harness broke, or the case's process died
  kSkip,           // this target or host lacks a need of the case
  kNotApplicable,  // the kernel lacks the thing, or the clause is of another version
  kXfail,          // failed as a waiver says
  kXpass,          // a waiver says it fails, and it passed
};

// "pass", "fail", "error", "skip", "not-applicable", "xfail", "xpass".
std::string_view to_string(Verdict verdict);
// Throws Error{kInvalidArgument} for anything else.
Verdict verdict_from(std::string_view name);

// One case, as its suite registers it, known without running anything.
struct CaseInfo {
  std::string suite;                 // the suite program's name: "runtime"
  std::string name;                  // "MaskedPaths.HideFileContentFromContainerRoot"
  std::vector<std::string> clauses;  // catalogue ids, at least one
  std::vector<std::string> needs;    // feature names
  std::chrono::milliseconds deadline{15000};
  std::string file;  // relative to the project
  int line = 0;
};

// What a failed expectation said.
struct Observation {
  std::string file;
  int line = 0;
  std::string message;
};

struct CaseResult {
  std::string target;  // "oci:/usr/sbin/runc", as given on the command line
  std::string suite;
  std::string name;
  std::vector<std::string> clauses;
  Verdict verdict = Verdict::kError;
  std::string reason;  // skip: what is missing; fail, error: the first observation in one line;
                       // xfail: the waiver's
  std::vector<Observation> observations;
  std::string captured_stdout;  // raw bytes, possibly shortened in the middle
  std::string captured_stderr;
  std::chrono::milliseconds duration{0};
  std::chrono::system_clock::time_point started{};  // the epoch: unknown
};

// What was tested.
struct TargetInfo {
  std::string spec;                   // "reference", "oci:crun", ...
  std::string name;                   // "runc"
  std::string version;                // "1.1.5+ds1"
  std::string oci_version;            // the ociVersion that its cases write: "1.0.2"
  std::vector<std::string> features;  // needs that it and this host meet, by name
  std::vector<std::string> missing;   // "name: reason" for those not met
};

}  // namespace seatrial::harness
