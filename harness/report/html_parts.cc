#include "harness/report/html_parts.h"

#include <fmt/format.h>

#include <array>
#include <map>
#include <set>

#include "harness/report/style.h"
#include "harness/report/visible_text.h"

namespace seatrial::harness::html {
namespace {

constexpr std::array<Verdict, 7> kVerdicts{Verdict::kPass,         Verdict::kFail,  Verdict::kError,
                                           Verdict::kXpass,        Verdict::kXfail, Verdict::kSkip,
                                           Verdict::kNotApplicable};

// "<span class="count fail" title="2 not kept">2 ✗</span>", for each verdict that occurs.
std::string counts(const Tally& tally) {
  std::string out;
  for (const Verdict verdict : kVerdicts) {
    const int count = tally.of(verdict);
    if (count == 0) continue;
    out += fmt::format(
        "<span class=\"count {0}\" title=\"{1} {2}\">{1}&nbsp;<span aria-hidden=\"true\">{3}</span>"
        "<span class=\"sr\">{2}</span></span>",
        to_string(verdict), count, words_of(verdict), sign_of(verdict));
  }
  return out;
}

std::string bar(const Tally& tally) {
  std::string out = "<div class=\"bar\" aria-hidden=\"true\">";
  for (const Verdict verdict : kVerdicts) {
    if (tally.of(verdict) == 0) continue;
    out += fmt::format("<i class=\"{}\" style=\"flex:{}\"></i>", to_string(verdict),
                       tally.of(verdict));
  }
  return out + "</div>\n";
}

std::string section_id(std::size_t row) {
  return fmt::format("section-{}", row);
}

std::string head_row(const Report& report, std::string_view first) {
  std::string out = fmt::format("<thead><tr><th scope=\"col\">{}</th>", first);
  for (const TargetInfo& target : report.targets) {
    out += fmt::format("<th scope=\"col\">{}</th>", text(label(report, target)));
  }
  return out + "</tr></thead>\n";
}

std::string clause_list(const CaseResult& result, const Catalogue& catalogue) {
  std::string out;
  for (const std::string& id : result.clauses) {
    const Clause* clause = catalogue.find(id);
    out += fmt::format("<dt><code>{}</code></dt>\n", text(id));
    if (clause == nullptr) {
      out += "<dd>not in the catalogue</dd>\n";
      continue;
    }
    out += fmt::format("<dd>{} <span class=\"level\">{}; {}, {}</span></dd>\n", text(clause->text),
                       to_string(clause->level), text(clause->document), text(clause->section));
  }
  return out;
}

std::string block(std::string_view title, std::string_view content) {
  if (content.empty()) return "";
  return fmt::format("<dt>{}</dt>\n<dd><pre tabindex=\"0\">{}</pre></dd>\n", title, text(content));
}

std::string detail(const Report& report, const Catalogue& catalogue, std::size_t index) {
  const CaseResult& result = report.results[index];
  const std::string target = label(report, target_of(report, result.target));
  std::string words = result.name + " " + target + " " + result.reason;
  for (const std::string& id : result.clauses) words += " " + id;
  std::string out = fmt::format(
      "<details id=\"{}\" class=\"{}\" data-verdicts=\"{}\" data-words=\"{}\">\n"
      "<summary><span class=\"{}\">{} {}</span> <strong>{}</strong> "
      "<span class=\"on\">on {}</span><span class=\"why\">{}</span></summary>\n"
      "<div class=\"body\"><dl>\n",
      detail_id(index), to_string(result.verdict), to_string(result.verdict), text(one_line(words)),
      to_string(result.verdict), sign_of(result.verdict), words_of(result.verdict),
      text(result.name), text(target), text(one_line(result.reason)));
  out += clause_list(result, catalogue);
  for (const Observation& seen : result.observations) {
    out += block("Observed", seen.file.empty()
                                 ? seen.message
                                 : fmt::format("{}:{}\n{}", seen.file, seen.line, seen.message));
  }
  out += block("Standard output", result.captured_stdout);
  out += block("Standard error", result.captured_stderr);
  out += block("Repeat just this case", repeat_command(report, result));
  return out + "</dl></div>\n</details>\n";
}

// A case over all targets: for each column the index of its result in the report.
struct CaseRow {
  std::string name;
  std::vector<std::string> clauses;
  std::map<std::string, std::size_t> by_target;
};

std::string verdict_link(const CaseResult& result, std::size_t index) {
  const std::string look = fmt::format("{} {}", sign_of(result.verdict), words_of(result.verdict));
  if (result.verdict == Verdict::kPass) {
    return fmt::format("<span class=\"verdict pass\">{}</span>", look);
  }
  return fmt::format("<a class=\"verdict {}\" href=\"#{}\">{}</a>", to_string(result.verdict),
                     detail_id(index), look);
}

std::string case_row(const Report& report, const CaseRow& row, const SectionRow& section) {
  std::string words = row.name + " " + section.document + " " + section.title;
  std::string ids;
  for (const std::string& id : row.clauses) ids += (ids.empty() ? "" : " ") + id;
  std::set<std::string_view> verdicts;
  for (const auto& [target, index] : row.by_target) {
    verdicts.insert(to_string(report.results[index].verdict));
  }
  std::string out = fmt::format(
      "<tr data-verdicts=\"{}\" data-words=\"{}\"><th scope=\"row\">{}"
      "<span class=\"ids\">{}</span></th>",
      fmt::join(verdicts, " "), text(words + " " + ids), text(row.name), text(ids));
  for (const TargetInfo& target : report.targets) {
    const auto found = row.by_target.find(target.spec);
    out += "<td>";
    if (found != row.by_target.end()) {
      out += verdict_link(report.results[found->second], found->second);
    }
    out += "</td>";
  }
  return out + "</tr>\n";
}

}  // namespace

std::string text(std::string_view bytes) {
  std::string out;
  for (const char c : visible_text(bytes)) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string detail_id(std::size_t index) {
  return fmt::format("result-{}", index);
}

std::string target_cards(const Report& report, const Overview& all) {
  std::string out = "<div class=\"targets\">\n";
  for (std::size_t i = 0; i < report.targets.size(); ++i) {
    const TargetInfo& target = report.targets[i];
    out += fmt::format(
        "<section class=\"target\">\n<h2>{}</h2>\n<p>{} · writes ociVersion {}</p>\n{}"
        "<div>{}</div>\n</section>\n",
        text(label(report, target)), text(target.spec), text(target.oci_version),
        bar(all.totals[i]), counts(all.totals[i]));
  }
  return out + "</div>\n";
}

std::string matrix(const Report& report, const Overview& all) {
  std::string out = "<h2>By section of the specifications</h2>\n<div class=\"scroll\"><table>\n" +
                    head_row(report, "Section") + "<tbody>\n";
  std::string document;
  for (std::size_t i = 0; i < all.rows.size(); ++i) {
    const SectionRow& row = all.rows[i];
    if (row.document != document) {
      document = row.document;
      out += fmt::format("<tr><th class=\"group\" colspan=\"{}\" scope=\"rowgroup\">{}</th></tr>\n",
                         report.targets.size() + 1, text(document));
    }
    out += fmt::format("<tr><th scope=\"row\"><a href=\"#{}\">{}</a></th>", section_id(i),
                       text(row.title));
    for (const Tally& tally : row.cells) out += fmt::format("<td>{}</td>", counts(tally));
    out += "</tr>\n";
  }
  out += "</tbody>\n<tfoot><tr><th scope=\"row\">All</th>";
  for (const Tally& tally : all.totals) out += fmt::format("<td>{}</td>", counts(tally));
  return out + "</tr></tfoot>\n</table></div>\n";
}

std::string filter_box(const Overview& all) {
  std::string out =
      "<form class=\"filter\" role=\"search\" onsubmit=\"return false\">\n"
      "<input id=\"words\" type=\"search\" aria-label=\"Filter cases\" "
      "placeholder=\"Filter: case, clause, section, words of a reason\">\n";
  for (const Verdict verdict : kVerdicts) {
    int count = 0;
    for (const Tally& total : all.totals) count += total.of(verdict);
    if (count == 0) continue;
    out += fmt::format(
        "<label class=\"{0}\"><input type=\"checkbox\" data-verdict=\"{0}\" checked> {1} {2} "
        "({3})</label>\n",
        to_string(verdict), sign_of(verdict), words_of(verdict), count);
  }
  return out + "<output id=\"shown\" aria-live=\"polite\"></output>\n</form>\n";
}

std::string details(const Report& report, const Catalogue& catalogue) {
  const auto all_that = [&](auto&& wanted) {
    std::string out;
    for (std::size_t i = 0; i < report.results.size(); ++i) {
      if (wanted(report.results[i].verdict)) out += detail(report, catalogue, i);
    }
    return out;
  };
  const std::string news = all_that([](Verdict verdict) { return is_news(verdict); });
  const std::string known = all_that([](Verdict verdict) { return verdict == Verdict::kXfail; });
  const std::string left_out = all_that([](Verdict verdict) {
    return verdict == Verdict::kSkip || verdict == Verdict::kNotApplicable;
  });
  std::string out = "<h2>News</h2>\n";
  out += news.empty() ? "<p>Nothing failed that was not expected to.</p>\n" : news;
  if (!known.empty()) out += "<h2>Expected failures</h2>\n" + known;
  if (!left_out.empty()) out += "<h2>Left out</h2>\n" + left_out;
  return out;
}

std::string cases(const Report& report, const Catalogue& catalogue, const Overview& all) {
  using Key = std::pair<std::string, std::string>;
  std::map<Key, std::map<Key, CaseRow>> sections;  // by section, then by suite and case
  for (std::size_t i = 0; i < report.results.size(); ++i) {
    const CaseResult& result = report.results[i];
    CaseRow& row = sections[section_of(result, catalogue)][{result.suite, result.name}];
    row.name = result.name;
    row.clauses = result.clauses;
    row.by_target[result.target] = i;
  }
  std::string out = "<h2>All cases</h2>\n<div class=\"scroll\"><table class=\"cases\">\n" +
                    head_row(report, "Case");
  for (std::size_t i = 0; i < all.rows.size(); ++i) {
    const SectionRow& section = all.rows[i];
    out += fmt::format(
        "<tbody class=\"cases-of\" id=\"{}\">\n<tr><th class=\"group\" colspan=\"{}\" "
        "scope=\"rowgroup\">{} · {}</th></tr>\n",
        section_id(i), report.targets.size() + 1, text(section.document), text(section.title));
    for (const auto& [key, row] : sections[{section.document, section.title}]) {
      out += case_row(report, row, section);
    }
    out += "</tbody>\n";
  }
  return out + "</table></div>\n";
}

}  // namespace seatrial::harness::html
