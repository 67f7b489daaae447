// What a run of suites came to: the one value that every form of report is made from.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "harness/core/result.h"

namespace seatrial::harness {

// Where the run took place.
struct HostInfo {
  std::string kernel;   // "6.1.0-18-amd64"
  std::string machine;  // "x86_64"
  std::string os;       // "Debian GNU/Linux 12 (bookworm)"
  std::string cgroup;   // "v1", "v2", "hybrid" or "none"
  std::string lsm;      // "lockdown,capability,apparmor"; empty: unknown
  int cpus = 0;
  std::string started;  // "2025-11-02T10:00:00Z"
};

struct Report {
  HostInfo host;
  std::vector<TargetInfo> targets;     // in the order of the command line
  std::vector<CaseResult> results;     // by target, then suite, then case
  std::vector<std::string> leftovers;  // what the run left on the host, one sentence each
  // Options of the run by which verdicts are judged: "--no-waivers", "--strict".
  std::vector<std::string> judged_by = {};
};

// "runc 1.1.5+ds1"; the spec where two targets of the report share a name.
std::string label(const Report& report, const TargetInfo& target);

// The target that results with this spec belong to. Throws kInternal when there is none.
const TargetInfo& target_of(const Report& report, std::string_view spec);

// The shell command that runs just this case again.
std::string repeat_command(const Report& report, const CaseResult& result);

// Whether the verdict is one that a person must look at: fail, error or xpass.
bool is_news(Verdict verdict);

}  // namespace seatrial::harness
