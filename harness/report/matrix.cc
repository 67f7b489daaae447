#include <fmt/format.h>

#include <algorithm>

#include "harness/report/tally.h"
#include "harness/report/terminal.h"
#include "harness/report/visible_text.h"

namespace seatrial::harness {
namespace {

constexpr int kGap = 3;              // between columns
constexpr int kNarrowestTitle = 20;  // what the sections keep at least

struct Part {
  Verdict verdict;
  int count;
};

// What a cell shows, passes first; skips and not applicable share a sign and so a count.
std::vector<Part> parts_of(const Tally& tally) {
  const std::vector<Part> all{
      {Verdict::kPass, tally.of(Verdict::kPass)},   {Verdict::kFail, tally.of(Verdict::kFail)},
      {Verdict::kError, tally.of(Verdict::kError)}, {Verdict::kXpass, tally.of(Verdict::kXpass)},
      {Verdict::kXfail, tally.of(Verdict::kXfail)}, {Verdict::kSkip, tally.left_out()}};
  std::vector<Part> shown;
  std::copy_if(all.begin(), all.end(), std::back_inserter(shown),
               [](const Part& part) { return part.count > 0; });
  return shown;
}

// A cell, with the columns it takes. Counts of the first part are right-aligned to `digits`.
struct Cell {
  std::string text;
  int columns = 0;
};

Cell cell(const Tally& tally, int digits, const Style& style) {
  Cell made;
  for (const Part& part : parts_of(tally)) {
    const bool first = made.columns == 0;
    const std::string plain =
        fmt::format("{:>{}} {}", part.count, first ? digits : 1, sign_of(part.verdict));
    if (!first) {
      made.text += ' ';
      ++made.columns;
    }
    made.text += style.paint(colour_of(part.verdict), plain);
    made.columns += columns_of(plain);
  }
  return made;
}

std::string spaces(int count) {
  return std::string(static_cast<std::size_t>(std::max(count, 0)), ' ');
}

struct Column {
  std::size_t target;
  std::string head;
  int digits = 1;
  int width = 0;
};

Column column_for(const Report& report, const Overview& all, std::size_t target) {
  Column column{.target = target, .head = one_line(label(report, report.targets[target]))};
  column.digits = static_cast<int>(std::to_string(all.totals[target].total()).size());
  column.width = columns_of(column.head);
  const auto widen = [&](const Tally& tally) {
    column.width = std::max(column.width, cell(tally, column.digits, {}).columns);
  };
  for (const SectionRow& row : all.rows) widen(row.cells[target]);
  widen(all.totals[target]);
  return column;
}

int title_width(const Overview& all) {
  int widest = kNarrowestTitle;
  for (const SectionRow& row : all.rows) widest = std::max(widest, columns_of(row.title) + 2);
  return widest;
}

std::string line(const std::string& title, int width, const std::vector<Column>& columns,
                 const std::vector<Tally>& cells, const Style& style) {
  std::string out = fitted(title, width);
  int owed = 0;  // blanks that only a further cell makes necessary
  for (const Column& column : columns) {
    const Cell made = cell(cells[column.target], column.digits, style);
    out += spaces(owed + kGap) + made.text;
    owed = column.width - made.columns;
  }
  return out.substr(0, out.find_last_not_of(' ') + 1) + "\n";
}

// The targets in groups that fit side by side.
std::vector<std::vector<Column>> tables(const Report& report, const Overview& all,
                                        const Style& style, int title) {
  std::vector<std::vector<Column>> groups;
  int used = 0;
  for (std::size_t i = 0; i < report.targets.size(); ++i) {
    Column column = column_for(report, all, i);
    const int needed = kGap + column.width;
    if (groups.empty() || (style.width > 0 && used + needed > style.width)) {
      groups.emplace_back();
      used = title;
    }
    used += needed;
    groups.back().push_back(std::move(column));
  }
  return groups;
}

std::string table(const Overview& all, const std::vector<Column>& columns, int width,
                  const Style& style) {
  std::string out = spaces(width);
  for (const Column& column : columns) {
    out += spaces(kGap) + style.paint(Colour::kBold, fitted(column.head, column.width));
  }
  out = out.substr(0, out.find_last_not_of(' ') + 1) + "\n";
  std::string document;
  for (const SectionRow& row : all.rows) {
    if (row.document != document) {
      out += style.paint(Colour::kDim, row.document) + "\n";
      document = row.document;
    }
    out += line("  " + row.title, width, columns, row.cells, style);
  }
  return out + line("all", width, columns, all.totals, style);
}

std::string legend(const Overview& all, const Style& style) {
  std::vector<std::string> signs;
  Tally sum;
  for (const Tally& total : all.totals) {
    for (const Part& part : parts_of(total)) {
      if (sum.of(part.verdict) > 0) continue;
      sum.add(part.verdict);
    }
  }
  for (const Part& part : parts_of(sum)) {
    signs.push_back(fmt::format("{} {}",
                                style.paint(colour_of(part.verdict), sign_of(part.verdict)),
                                words_of(part.verdict)));
  }
  return fmt::format("{}\n", fmt::join(signs, "   "));
}

}  // namespace

std::string print_matrix(const Report& report, const Catalogue& catalogue, const Style& style) {
  const Overview all = overview(report, catalogue);
  int width = title_width(all);
  if (style.width > 0) {
    // A long title gives way before a target does.
    int widest = 0;
    for (std::size_t i = 0; i < report.targets.size(); ++i) {
      widest += kGap + column_for(report, all, i).width;
    }
    width = std::clamp(style.width - widest, kNarrowestTitle, width);
  }
  std::string out;
  for (const std::vector<Column>& columns : tables(report, all, style, width)) {
    out += table(all, columns, width, style) + "\n";
  }
  return out + legend(all, style);
}

}  // namespace seatrial::harness
