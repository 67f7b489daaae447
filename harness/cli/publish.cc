#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "engine/base/files.h"
#include "harness/cli/verbs.h"
#include "harness/report/html.h"
#include "harness/report/json.h"
#include "harness/report/junit.h"
#include "harness/report/terminal.h"

namespace seatrial::cli {

using harness::Catalogue;
using harness::Report;
using harness::Verdict;

int status_of(const Report& report) {
  const auto any = [&](auto&& wanted) {
    return std::any_of(report.results.begin(), report.results.end(),
                       [&](const harness::CaseResult& result) { return wanted(result.verdict); });
  };
  if (any([](Verdict verdict) { return verdict == Verdict::kError; })) return kHarnessFailed;
  if (any(&harness::is_news) || !report.leftovers.empty()) return kEngineFailed;
  const bool ran =
      any([](Verdict verdict) { return verdict == Verdict::kPass || verdict == Verdict::kXfail; });
  return ran ? kAllKept : kNothingRan;
}

void publish(const Report& report, const Settings& settings, std::FILE* stream) {
  const bool all_kept = status_of(report) == kAllKept || status_of(report) == kNothingRan;
  if (settings.quiet && all_kept && settings.junit.empty() && settings.html.empty()) return;
  const Catalogue& catalogue = Catalogue::shipped();
  if (!settings.junit.empty()) {
    write_junit(
        report, catalogue,
        settings.junit_extended ? harness::JunitForm::kExtended : harness::JunitForm::kStrict,
        settings.junit);
  }
  if (!settings.html.empty()) write_html(report, catalogue, settings.html);
  const harness::Style style = harness::style_of(::fileno(stream));
  if (!settings.quiet && !report.results.empty()) {
    fmt::print(stream, "{}\n", print_matrix(report, catalogue, style));
  }
  fmt::print(stream, "{}", print_failures(report, catalogue, style));
  if (!settings.quiet) fmt::print(stream, "{}", print_summary(report, style));
}

int report(const Settings& settings) {
  const Report earlier = harness::parse_json(settings.report_file, read_file(settings.report_file));
  publish(earlier, settings, stdout);
  return status_of(earlier);
}

}  // namespace seatrial::cli
