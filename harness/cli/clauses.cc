#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>

#include "engine/base/error.h"
#include "harness/catalogue/catalogue.h"
#include "harness/cli/verbs.h"
#include "harness/report/style.h"
#include "harness/runner/suites.h"

namespace seatrial::cli {
namespace {

using harness::CaseInfo;
using harness::Catalogue;
using harness::Clause;
using harness::Section;
using harness::Style;

// Which cases hold engines to a clause, by its id.
using Coverage = std::map<std::string, std::vector<std::string>>;

struct Count {
  int all = 0;
  int covered = 0;
  int binding = 0;
  int binding_covered = 0;
};

Coverage coverage_of(const std::vector<CaseInfo>& cases) {
  Coverage coverage;
  for (const CaseInfo& info : cases) {
    for (const std::string& id : info.clauses) coverage[id].push_back(info.name);
  }
  return coverage;
}

// The clauses to print, section by section; all sections stay, some perhaps empty.
std::vector<Section> selected(const Settings& settings) {
  std::optional<harness::Version> version;
  if (!settings.oci_version.empty()) version.emplace(settings.oci_version);
  std::vector<Section> sections;
  for (const Section& section : Catalogue::shipped().sections()) {
    sections.push_back({section.document, section.title, {}});
    for (const Clause* clause : section.clauses) {
      if (!version || clause->applies_to(*version)) sections.back().clauses.push_back(clause);
    }
  }
  return sections;
}

Count count(const std::vector<Section>& sections, const Coverage& coverage) {
  Count counted;
  for (const Section& section : sections) {
    for (const Clause* clause : section.clauses) {
      const bool covered = coverage.count(clause->id) > 0;
      ++counted.all;
      if (covered) ++counted.covered;
      if (clause->binding()) ++counted.binding;
      if (clause->binding() && covered) ++counted.binding_covered;
    }
  }
  return counted;
}

std::string versions(const Clause& clause) {
  if (clause.until.empty()) return "since " + clause.since;
  return fmt::format("{} to {}", clause.since, clause.until);
}

void print_clause(const Clause& clause, const Coverage& coverage, const Style& style) {
  const auto found = coverage.find(clause.id);
  const bool covered = found != coverage.end();
  fmt::print("  {} {} {}\n",
             covered ? style.paint(harness::Colour::kGreen, "✓")
                     : style.paint(clause.binding() ? harness::Colour::kRed : harness::Colour::kDim,
                                   clause.binding() ? "✗" : "–"),
             style.paint(harness::Colour::kBold, clause.id),
             style.paint(harness::Colour::kDim,
                         fmt::format("{}, {}", to_string(clause.level), versions(clause))));
  constexpr int kIndent = 6;
  const int width = style.width > 0 ? style.width - kIndent : 0;
  fmt::print("      {}\n", harness::wrapped(clause.text, width, kIndent));
  if (!covered) return;
  fmt::print("      {}\n",
             style.paint(harness::Colour::kDim,
                         harness::wrapped(fmt::format("{}", fmt::join(found->second, " ")), width,
                                          kIndent)));
}

void print_text(const std::vector<Section>& sections, const Coverage& coverage, bool uncovered) {
  const Style style = harness::style_of(STDOUT_FILENO);
  for (const Section& section : sections) {
    std::vector<const Clause*> shown;
    for (const Clause* clause : section.clauses) {
      if (uncovered && (!clause->binding() || coverage.count(clause->id) > 0)) continue;
      shown.push_back(clause);
    }
    if (shown.empty()) continue;
    const Count counted = count({section}, coverage);
    fmt::print(
        "{}  {}\n",
        style.paint(harness::Colour::kBold,
                    fmt::format("{} · {}", section.document, section.title)),
        fmt::format("{} of {} binding clauses covered", counted.binding_covered, counted.binding));
    for (const Clause* clause : shown) print_clause(*clause, coverage, style);
    fmt::print("\n");
  }
  const Count all = count(sections, coverage);
  fmt::print("{} of {} binding clauses are covered, {} of {} in all.\n", all.binding_covered,
             all.binding, all.covered, all.all);
}

void print_json(const std::vector<Section>& sections, const Coverage& coverage, bool uncovered) {
  using json = nlohmann::ordered_json;
  json list = json::array();
  for (const Section& section : sections) {
    for (const Clause* clause : section.clauses) {
      const auto found = coverage.find(clause->id);
      if (uncovered && (!clause->binding() || found != coverage.end())) continue;
      json item{{"id", clause->id},
                {"level", to_string(clause->level)},
                {"document", clause->document},
                {"section", clause->section},
                {"anchor", clause->anchor},
                {"line", clause->line},
                {"since", clause->since},
                {"on", clause->on},
                {"text", clause->text}};
      if (!clause->until.empty()) item["until"] = clause->until;
      item["cases"] = found == coverage.end() ? std::vector<std::string>{} : found->second;
      list.push_back(std::move(item));
    }
  }
  const Count all = count(sections, coverage);
  const json document{{"binding", all.binding},
                      {"binding_covered", all.binding_covered},
                      {"all", all.all},
                      {"covered", all.covered},
                      {"clauses", std::move(list)}};
  fmt::print("{}\n", document.dump(1));
}

}  // namespace

int clauses(const Settings& settings) {
  harness::Interrupt interrupt;
  const std::vector<CaseInfo> cases = harness::all_cases(
      harness::load_suites(interrupt, harness::suites_directory(), settings.suites));
  const Coverage coverage = coverage_of(cases);
  const std::vector<Section> sections = selected(settings);
  if (settings.as_json) {
    print_json(sections, coverage, settings.uncovered);
  } else {
    print_text(sections, coverage, settings.uncovered);
  }
  int status = kAllKept;
  for (const auto& [id, names] : coverage) {
    if (Catalogue::shipped().find(id) != nullptr) continue;
    fmt::print(stderr, "seatrial: the catalogue lacks {}, which {} names\n", id,
               fmt::join(names, ", "));
    status = kHarnessFailed;
  }
  return status;
}

}  // namespace seatrial::cli
