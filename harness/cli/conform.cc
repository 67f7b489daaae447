#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <optional>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "harness/catalogue/catalogue.h"
#include "harness/cli/verbs.h"
#include "harness/core/waivers.h"
#include "harness/report/json.h"
#include "harness/report/visible_text.h"
#include "harness/runner/judge.h"
#include "harness/runner/run.h"

namespace seatrial::cli {
namespace {

namespace fs = std::filesystem;
using harness::CaseInfo;
using harness::Report;
using harness::SuiteProgram;
using harness::Waiver;

void note(std::string_view sentence) {
  fmt::print(stderr, "seatrial: {}\n", sentence);
}

// The waivers that ship with a suite lie beside the suite programs: waivers/SUITE/*.json.
std::vector<fs::path> shipped_waivers(const std::vector<SuiteProgram>& suites) {
  std::vector<fs::path> files;
  for (const SuiteProgram& suite : suites) {
    std::error_code absent;
    const fs::path dir = suite.program.parent_path() / "waivers" / suite.name;
    for (const fs::directory_entry& entry : fs::directory_iterator(dir, absent)) {
      if (entry.path().extension() == ".json") files.push_back(entry.path());
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

void append(std::vector<Waiver>& waivers, const fs::path& file) {
  for (Waiver& waiver : harness::load_waivers(file)) waivers.push_back(std::move(waiver));
}

// Those of the command line first, because the first match counts.
std::vector<Waiver> waivers_for(const Settings& settings, const std::vector<SuiteProgram>& suites) {
  std::vector<Waiver> waivers;
  for (const std::string& file : settings.waivers) append(waivers, file);
  if (!settings.no_waivers) {
    for (const fs::path& file : shipped_waivers(suites)) append(waivers, file);
  }
  return waivers;
}

int list_cases(const std::vector<SuiteProgram>& suites, const harness::Selection& selection) {
  bool any = false;
  for (const CaseInfo& info : harness::all_cases(suites)) {
    if (!selection.takes(info)) continue;
    any = true;
    fmt::print("{} {}\n  clauses: {}\n", info.suite, harness::visible_text(info.name),
               fmt::join(info.clauses, ", "));
    if (!info.needs.empty()) fmt::print("  needs: {}\n", fmt::join(info.needs, ", "));
  }
  return any ? kAllKept : kNothingRan;
}

harness::ProgressMode progress_mode(const Settings& settings) {
  if (settings.progress == "always") return harness::ProgressMode::kAlways;
  if (settings.progress == "never" || settings.quiet) return harness::ProgressMode::kNever;
  return harness::ProgressMode::kAuto;
}

void apply(const std::vector<Waiver>& waivers, const std::vector<SuiteProgram>& suites,
           const Settings& settings, Report& report) {
  const std::vector<CaseInfo> cases = harness::all_cases(suites);
  for (const harness::TargetInfo& target : report.targets) {
    harness::apply_waivers(waivers, target, cases, report.results);
  }
  if (!settings.suites.empty()) return;  // a waiver may be for a suite that was not loaded
  for (const std::string& sentence : harness::stale_waivers(waivers, cases)) note(sentence);
}

// What a case must be repeated with to get the same verdict.
std::vector<std::string> judging_options(const Settings& settings) {
  std::vector<std::string> words;
  if (settings.no_waivers) words.emplace_back("--no-waivers");
  for (const std::string& file : settings.waivers) words.insert(words.end(), {"--waivers", file});
  if (settings.strict) words.emplace_back("--strict");
  return words;
}

void explain_nothing(const Report& report, const harness::Selection& selection,
                     const std::vector<SuiteProgram>& suites) {
  const std::vector<CaseInfo> cases = harness::all_cases(suites);
  const bool any = std::any_of(cases.begin(), cases.end(),
                               [&](const CaseInfo& info) { return selection.takes(info); });
  if (!any && selection.shard) {
    note("nothing ran: this shard holds none of the cases chosen");
  } else if (!any) {
    note("no case matches; `seatrial conform --list` prints all");
  } else if (report.targets.empty()) {
    note("nothing ran: no target can be used");
  } else {
    note("nothing ran: every selected case was left out");
  }
}

}  // namespace

int conform(const Settings& settings) {
  // Before signals are held back: they end a lane.
  if (!settings.lane.empty() && !settings.list) return conform_in_lane(settings);
  harness::Interrupt interrupt;
  const std::vector<SuiteProgram> suites =
      harness::load_suites(interrupt, harness::suites_directory(), settings.suites);
  harness::Selection selection{.globs = settings.filters, .names = settings.cases};
  harness::check_names(selection, suites);
  if (!settings.shard.empty()) {
    harness::keep_shard(harness::parse_shard(settings.shard), suites, selection);
  }
  if (settings.list) return list_cases(suites, selection);

  // Read before anything runs, so that a mistake in them does not cost a whole run.
  const std::vector<Waiver> waivers = waivers_for(settings, suites);
  std::optional<Report> earlier;
  if (!settings.resume.empty()) {
    earlier = harness::parse_json(settings.resume, read_file(settings.resume));
  }
  harness::RunOutcome outcome = harness::run(interrupt, suites,
                                             {.targets = settings.targets,
                                              .selection = selection,
                                              .jobs = settings.jobs,
                                              .deadline_scale = settings.deadline_scale,
                                              .repeat = settings.repeat,
                                              .compare_host = !settings.no_host_check,
                                              .facts_cache = settings.facts_cache,
                                              .progress = progress_mode(settings),
                                              .earlier = earlier ? &*earlier : nullptr});
  Report& report = outcome.report;
  report.judged_by = judging_options(settings);
  if (settings.strict) {
    harness::fail_skipped_musts(report.results, harness::Catalogue::shipped());
  }
  if (!waivers.empty()) apply(waivers, suites, settings, report);
  for (const std::string& sentence : outcome.notes) note(harness::one_line(sentence));
  publish(report, settings);
  if (outcome.interrupted) {
    note("interrupted: the report holds what was known by then");
    return kHarnessFailed;
  }
  const int status = status_of(report);
  if (status == kNothingRan && !settings.quiet) explain_nothing(report, selection, suites);
  return status;
}

}  // namespace seatrial::cli
