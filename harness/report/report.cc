#include "harness/report/report.h"

#include <algorithm>

#include "engine/base/error.h"

namespace seatrial::harness {
namespace {

// As a word of a POSIX shell.
std::string quoted(std::string_view word) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+=:,./-";
  if (!word.empty() && word.find_first_not_of(kPlain) == std::string_view::npos) {
    return std::string(word);
  }
  std::string out = "'";
  for (const char c : word) {
    if (c == '\'') {
      out += "'\\''";
    } else {
      out += c;
    }
  }
  return out + "'";
}

}  // namespace

std::string label(const Report& report, const TargetInfo& target) {
  const auto twins =
      std::count_if(report.targets.begin(), report.targets.end(),
                    [&](const TargetInfo& other) { return other.name == target.name; });
  const std::string& name = twins > 1 ? target.spec : target.name;
  return target.version.empty() ? name : fmt::format("{} {}", name, target.version);
}

const TargetInfo& target_of(const Report& report, std::string_view spec) {
  for (const TargetInfo& target : report.targets) {
    if (target.spec == spec) return target;
  }
  throw error(Kind::kInternal, "a result names the target {}, which the report lacks", spec);
}

std::string repeat_command(const Report& report, const CaseResult& result) {
  std::string command =
      fmt::format("seatrial conform --target {} --suite {} --case {}", quoted(result.target),
                  quoted(result.suite), quoted(result.name));
  for (const std::string& word : report.judged_by) command += " " + quoted(word);
  return command;
}

bool is_news(Verdict verdict) {
  return verdict == Verdict::kFail || verdict == Verdict::kError || verdict == Verdict::kXpass;
}

}  // namespace seatrial::harness
