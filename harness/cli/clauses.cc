#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>

#include "engine/base/error.h"
#include "harness/catalogue/coverage.h"
#include "harness/cli/verbs.h"
#include "harness/report/style.h"
#include "harness/runner/suites.h"

namespace seatrial::cli {
namespace {

using harness::CaseInfo;
using harness::Catalogue;
using harness::Clause;
using harness::Count;
using harness::Coverage;
using harness::Section;
using harness::Style;
using json = nlohmann::ordered_json;

Coverage coverage_of(const std::vector<CaseInfo>& cases) {
  Coverage coverage;
  for (const CaseInfo& info : cases) {
    for (const std::string& id : info.clauses) coverage[id].push_back(info.name);
  }
  return coverage;
}

// The one specification that the settings ask for; empty: all. A version is that of one alone.
// Looked up here and not with the options: parsing the catalogue would cost every verb.
std::string specification_of(const Settings& settings) {
  const std::vector<std::string> names = Catalogue::shipped().specifications();
  if (!settings.specification.empty() &&
      std::find(names.begin(), names.end(), settings.specification) == names.end()) {
    throw error(Kind::kInvalidArgument, "there is no specification \"{}\", but {}",
                settings.specification, fmt::join(names, ", "));
  }
  if (!settings.specification.empty() || settings.oci_version.empty()) {
    return settings.specification;
  }
  return "runtime";
}

// The clauses to print, section by section; a section may have lost all of them.
std::vector<Section> selected(const Settings& settings) {
  const std::string wanted = specification_of(settings);
  std::optional<harness::Version> version;
  if (!settings.oci_version.empty()) version.emplace(settings.oci_version);
  std::vector<Section> sections;
  for (const Section& section : Catalogue::shipped().sections()) {
    if (!wanted.empty() && section.specification != wanted) continue;
    sections.push_back({section.specification, section.document, section.title, {}});
    for (const Clause* clause : section.clauses) {
      if (!version || clause->applies_to(*version)) sections.back().clauses.push_back(clause);
    }
  }
  return sections;
}

// The counts of each specification, in their order.
std::vector<std::pair<std::string, Count>> by_specification(const std::vector<Section>& sections,
                                                            const Coverage& coverage) {
  std::vector<std::pair<std::string, std::vector<Section>>> parts;
  for (const Section& section : sections) {
    if (parts.empty() || parts.back().first != section.specification) {
      parts.push_back({section.specification, {}});
    }
    parts.back().second.push_back(section);
  }
  std::vector<std::pair<std::string, Count>> counts;
  for (const auto& [name, part] : parts) counts.emplace_back(name, count(part, coverage));
  return counts;
}

// Whether a list of what is left to cover names the clause: what merely may be done is not owed,
// and what nobody can observe is not left.
bool is_owed(const Clause& clause) {
  return (clause.binding() || clause.level == harness::Level::kDocumented) &&
         clause.unobservable.empty();
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
                     : style.paint(is_owed(clause) ? harness::Colour::kRed : harness::Colour::kDim,
                                   is_owed(clause) ? "✗" : "–"),
             style.paint(harness::Colour::kBold, clause.id),
             style.paint(harness::Colour::kDim,
                         fmt::format("{}, {}", to_string(clause.level), versions(clause))));
  constexpr int kIndent = 6;
  const int width = style.width > 0 ? style.width - kIndent : 0;
  fmt::print("      {}\n", harness::wrapped(clause.text, width, kIndent));
  const std::string below =
      covered ? fmt::format("{}", fmt::join(found->second, " ")) : clause.unobservable;
  if (below.empty()) return;
  fmt::print("      {}\n",
             style.paint(harness::Colour::kDim, harness::wrapped(below, width, kIndent)));
}

// "12 of 40 binding clauses covered, 20 of 61 in all".
std::string tally_words(const Count& counted) {
  const std::string all = fmt::format("{} of {}", counted.covered, counted.all);
  if (counted.binding == 0) return all + " clauses covered";
  const std::string reasons =
      counted.binding_unobservable == 0
          ? ""
          : fmt::format(" and {} unobservable", counted.binding_unobservable);
  return fmt::format("{} of {} binding clauses covered{}, {} in all", counted.binding_covered,
                     counted.binding, reasons, all);
}

void print_tallies(const std::vector<Section>& sections, const Coverage& coverage) {
  for (const auto& [name, counted] : by_specification(sections, coverage)) {
    fmt::print("{}: {}.\n", name, tally_words(counted));
  }
}

void print_text(const std::vector<Section>& sections, const Coverage& coverage, bool uncovered) {
  const Style style = harness::style_of(STDOUT_FILENO);
  for (const Section& section : sections) {
    std::vector<const Clause*> shown;
    for (const Clause* clause : section.clauses) {
      if (uncovered && (!is_owed(*clause) || coverage.count(clause->id) > 0)) continue;
      shown.push_back(clause);
    }
    if (shown.empty()) continue;
    const Count counted = harness::count({section}, coverage);
    fmt::print(
        "{}  {}\n",
        style.paint(harness::Colour::kBold, fmt::format("{} · {}", section.place(), section.title)),
        tally_words(counted));
    for (const Clause* clause : shown) print_clause(*clause, coverage, style);
    fmt::print("\n");
  }
  print_tallies(sections, coverage);
}

json json_of(const Count& counted) {
  return {{"binding", counted.binding},
          {"binding_covered", counted.binding_covered},
          {"binding_unobservable", counted.binding_unobservable},
          {"advised", counted.advised},
          {"advised_covered", counted.advised_covered},
          {"all", counted.all},
          {"covered", counted.covered}};
}

void print_json(const std::vector<Section>& sections, const Coverage& coverage, bool uncovered) {
  json list = json::array();
  for (const Section& section : sections) {
    for (const Clause* clause : section.clauses) {
      const auto found = coverage.find(clause->id);
      if (uncovered && (!is_owed(*clause) || found != coverage.end())) continue;
      json item{{"id", clause->id},
                {"level", to_string(clause->level)},
                {"specification", clause->specification},
                {"document", clause->document},
                {"section", clause->section},
                {"anchor", clause->anchor},
                {"line", clause->line},
                {"since", clause->since},
                {"on", clause->on},
                {"text", clause->text}};
      if (!clause->until.empty()) item["until"] = clause->until;
      if (!clause->unobservable.empty()) item["unobservable"] = clause->unobservable;
      item["cases"] = found == coverage.end() ? std::vector<std::string>{} : found->second;
      list.push_back(std::move(item));
    }
  }
  json document = json_of(count(sections, coverage));
  json& parts = document["specifications"] = json::object();
  for (const auto& [name, counted] : by_specification(sections, coverage)) {
    parts[name] = json_of(counted);
  }
  document["clauses"] = std::move(list);
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
  } else if (settings.check) {
    print_tallies(sections, coverage);
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
  if (!settings.check) return status;
  for (const std::string& gap : harness::gaps(sections, coverage)) {
    fmt::print(stderr, "seatrial: {}\n", gap);
    status = kHarnessFailed;
  }
  return status;
}

}  // namespace seatrial::cli
