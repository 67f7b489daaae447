#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "engine/base/files.h"
#include "harness/cli/verbs.h"
#include "harness/report/html.h"
#include "harness/report/json.h"
#include "harness/report/junit.h"
#include "harness/report/merge.h"
#include "harness/report/terminal.h"

namespace seatrial::cli {

using harness::Catalogue;
using harness::Report;
using harness::Verdict;

namespace {

void write_json(const Report& report, const std::string& file) {
  const std::string text = harness::print_json(report);
  if (file == "-") {
    fmt::print("{}", text);
    return;
  }
  const std::filesystem::path dir = std::filesystem::path(file).parent_path();
  if (!dir.empty()) make_directories(dir);
  write_file_atomically(file, text);
}

}  // namespace

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

void publish(const Report& report, const Settings& settings) {
  if (!settings.json.empty()) write_json(report, settings.json);
  std::FILE* const stream = settings.json == "-" ? stderr : stdout;
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
  std::vector<harness::NamedReport> parts;
  for (const std::string& file : settings.report_files) {
    parts.push_back({.name = file, .report = harness::parse_json(file, read_file(file))});
  }
  const Report whole = harness::merge(std::move(parts));
  publish(whole, settings);
  return status_of(whole);
}

}  // namespace seatrial::cli
