#include "harness/runner/judge.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "engine/base/error.h"
#include "harness/core/protocol.h"
#include "harness/report/visible_text.h"

namespace seatrial::harness {
namespace {

// The more, the worse.
int gravity(Verdict verdict) {
  switch (verdict) {
    case Verdict::kError:
      return 3;
    case Verdict::kFail:
      return 2;
    case Verdict::kPass:
      return 0;
    default:
      return 1;
  }
}

std::string seconds(std::chrono::milliseconds time) {
  return fmt::format("{:.1f} s", static_cast<double>(time.count()) / 1000);
}

// Why there is no verdict of the case's own; empty: there is one.
std::string fault(const ChildOutcome& outcome, std::chrono::milliseconds deadline,
                  CaseResult& result) {
  if (outcome.timed_out) {
    return fmt::format("the case did not end within {} and was killed", seconds(deadline));
  }
  if (outcome.result.empty()) {
    return fmt::format("the case's process {} without a result", describe(outcome.end));
  }
  if (!outcome.result_complete) return "the case wrote a result document that is too long";
  try {
    parse_result_document(outcome.result, result);
  } catch (const Error& failure) {
    return fmt::format("the case's result cannot be read: {}", failure.what());
  }
  if (outcome.end.code != 0) {
    return fmt::format("the case's process {} after it had said {}", describe(outcome.end),
                       to_string(result.verdict));
  }
  return "";
}

}  // namespace

bool ended_abruptly(const ChildOutcome& outcome) {
  return outcome.timed_out || outcome.cancelled || outcome.end.code != 0 || outcome.result.empty();
}

CaseResult judge(const CaseInfo& info, const std::string& target, const ChildOutcome& outcome,
                 std::chrono::milliseconds deadline) {
  CaseResult result;
  result.target = target;
  result.suite = info.suite;
  result.name = info.name;
  result.clauses = info.clauses;
  result.captured_stdout = outcome.output;
  result.captured_stderr = outcome.error_text;
  result.started = outcome.started;
  result.duration = outcome.duration;
  const std::string broken = fault(outcome, deadline, result);
  if (!broken.empty()) {
    result.verdict = Verdict::kError;
    result.reason = broken;
    return result;
  }
  for (Observation& seen : result.observations) {
    // GoogleTest's heading of a failure that has a text of its own.
    constexpr std::string_view kHeading = "Failed\n";
    if (seen.message.starts_with(kHeading)) seen.message.erase(0, kHeading.size());
  }
  if (result.reason.empty() && !result.observations.empty()) {
    result.reason = one_line(result.observations.front().message);
  }
  return result;
}

bool is_flaky(const std::vector<CaseResult>& runs) {
  return std::any_of(runs.begin(), runs.end(),
                     [&](const CaseResult& run) { return run.verdict != runs.front().verdict; });
}

CaseResult combine(const std::vector<CaseResult>& runs) {
  CaseResult worst =
      *std::max_element(runs.begin(), runs.end(), [](const CaseResult& a, const CaseResult& b) {
        return gravity(a.verdict) < gravity(b.verdict);
      });
  if (!is_flaky(runs)) return worst;
  std::map<std::string_view, int> counts;
  for (const CaseResult& run : runs) ++counts[to_string(run.verdict)];
  std::string shares;
  for (const auto& [verdict, count] : counts) {
    shares += fmt::format("{}{} {}", shares.empty() ? "" : ", ", count, verdict);
  }
  worst.reason = fmt::format("flaky: {} of {} runs; {}", shares, runs.size(), worst.reason);
  return worst;
}

void fail_skipped_musts(std::vector<CaseResult>& results, const Catalogue& catalogue) {
  for (CaseResult& result : results) {
    if (result.verdict != Verdict::kSkip) continue;
    const bool must =
        std::any_of(result.clauses.begin(), result.clauses.end(), [&](const std::string& id) {
          const Clause* clause = catalogue.find(id);
          return clause != nullptr && clause->binding();
        });
    if (!must) continue;
    result.verdict = Verdict::kFail;
    result.reason = "skipped, which --strict does not allow: " + result.reason;
  }
}

}  // namespace seatrial::harness
