#include "harness/report/tally.h"

#include <map>
#include <numeric>

namespace seatrial::harness {

int Tally::total() const {
  return std::accumulate(counts_.begin(), counts_.end(), 0);
}

std::pair<std::string, std::string> section_of(const CaseResult& result,
                                               const Catalogue& catalogue) {
  const Clause* clause = result.clauses.empty() ? nullptr : catalogue.find(result.clauses.front());
  if (clause == nullptr) return {"", "Not in the catalogue"};
  return {clause->place(), clause->section};
}

Overview overview(const Report& report, const Catalogue& catalogue) {
  const std::size_t columns = report.targets.size();
  std::map<std::string, std::size_t> column_of;
  for (std::size_t i = 0; i < columns; ++i) column_of[report.targets[i].spec] = i;

  std::map<std::pair<std::string, std::string>, std::vector<Tally>> cells;
  Overview all;
  all.totals.resize(columns);
  for (const CaseResult& result : report.results) {
    const std::size_t column = column_of.at(result.target);
    auto& row = cells[section_of(result, catalogue)];
    row.resize(columns);
    row[column].add(result.verdict);
    all.totals[column].add(result.verdict);
  }
  for (const Section& section : catalogue.sections()) {
    const auto found = cells.find({section.place(), section.title});
    if (found == cells.end()) continue;
    all.rows.push_back({section.place(), section.title, std::move(found->second)});
    cells.erase(found);
  }
  for (auto& [key, row] : cells) all.rows.push_back({key.first, key.second, std::move(row)});
  return all;
}

}  // namespace seatrial::harness
