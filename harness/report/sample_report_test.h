// A small report in which every verdict occurs, for this room's tests.
#pragma once

#include <string>

#include "harness/report/report.h"

namespace seatrial::harness {

inline CaseResult sample_result(std::string target, std::string name, std::string clause,
                                Verdict verdict, std::string reason = "") {
  CaseResult result;
  result.target = std::move(target);
  result.suite = "runtime";
  result.name = std::move(name);
  result.clauses = {std::move(clause)};
  result.verdict = verdict;
  result.reason = std::move(reason);
  result.duration = std::chrono::milliseconds(1234);
  return result;
}

// Two targets; clauses of State (runtime.md) and Root (config.md).
inline Report sample_report() {
  using enum Verdict;
  Report report;
  report.host = {.kernel = "6.1.0-18-amd64",
                 .machine = "x86_64",
                 .os = "Debian GNU/Linux 12",
                 .cgroup = "hybrid",
                 .lsm = "apparmor",
                 .cpus = 2,
                 .started = "2025-11-02T10:00:00Z"};
  const std::string ours = "reference";
  const std::string peer = "oci:/usr/sbin/runc";
  report.targets = {{ours, "seatrial", "0.1.0", "1.3.0", {"masked-paths"}, {}},
                    {peer, "runc", "1.1.5+ds1", "1.0.2", {}, {"lsm: no AppArmor here"}}};
  const std::string id = "runtime/state/id";
  const std::string root = "runtime/root/path-relative";
  report.results = {
      sample_result(ours, "State.TellsId", id, kPass),
      sample_result(ours, "Root.ResolvesRelativePath", root, kPass),
      sample_result(peer, "State.TellsId", id, kFail, "the id was \"<x>\" & not \"y\""),
      sample_result(peer, "State.TellsStatus", "runtime/state/status", kError, "killed by SIGSEGV"),
      sample_result(peer, "State.TellsBundle", "runtime/state/bundle", kXpass, "passed, where w"),
      sample_result(peer, "State.TellsPid", "runtime/state/pid", kXfail, "known (https://e.org)"),
      sample_result(peer, "Root.ResolvesRelativePath", root, kSkip, "needs a user namespace"),
      sample_result(peer, "Root.Odd", root, kNotApplicable, "the kernel lacks it"),
  };
  report.results[2].observations = {{"suites/state.cc", 12, "Value of: id\nExpected: y\n"}};
  report.results[3].captured_stdout = std::string("\0\xff]]>\x1b[31m red </system-out>", 28);
  report.results[3].captured_stderr = "terminate called\n";
  return report;
}

}  // namespace seatrial::harness
