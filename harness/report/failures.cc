#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "harness/report/terminal.h"
#include "harness/report/visible_text.h"

namespace seatrial::harness {
namespace {

constexpr int kIndent = 12;              // where the text beside a label starts
constexpr std::size_t kLinesShown = 12;  // of one observation or of standard error

std::string labelled(std::string_view name, std::string_view text, const Style& style) {
  const int width = style.width > 0 ? std::max(style.width - kIndent, 20) : 0;
  return fmt::format("  {} {}\n", style.paint(Colour::kDim, fitted(name, kIndent - 3)),
                     wrapped(text, width, kIndent));
}

// The first lines of a text, and how many were left out.
std::string first_lines(std::string_view text) {
  std::size_t end = 0;
  for (std::size_t lines = 0; lines < kLinesShown; ++lines) {
    end = text.find('\n', end);
    if (end == std::string_view::npos) return std::string(text);
    ++end;
  }
  const auto more = std::count(text.begin() + static_cast<long>(end), text.end(), '\n') + 1;
  return fmt::format("{}({} more lines)", text.substr(0, end), more);
}

// The last lines, where a crash tells what it was about.
std::string last_lines(std::string_view text) {
  std::size_t start = text.size();
  for (std::size_t lines = 0; lines <= kLinesShown && start > 0; ++lines) {
    start = text.rfind('\n', start - 1);
    if (start == std::string_view::npos) return std::string(text);
  }
  return std::string(text.substr(start + 1));
}

std::string trimmed(std::string_view text) {
  const std::size_t end = text.find_last_not_of(" \n\t");
  return std::string(end == std::string_view::npos ? "" : text.substr(0, end + 1));
}

std::string clause_paragraphs(const CaseResult& result, const Catalogue& catalogue,
                              const Style& style) {
  std::string out;
  for (const std::string& id : result.clauses) {
    const Clause* clause = catalogue.find(id);
    out += labelled("Clause",
                    clause == nullptr
                        ? fmt::format("{} (not in the catalogue)", visible_text(id))
                        : fmt::format("{} ({}; {}, {}): {}", id, to_string(clause->level),
                                      clause->place(), clause->section, clause->text),
                    style);
  }
  return out;
}

std::string observed(const CaseResult& result, const Style& style) {
  if (result.observations.empty()) return labelled("Observed", one_line(result.reason), style);
  std::string out;
  for (const Observation& seen : result.observations) {
    std::string text = first_lines(trimmed(visible_text(seen.message)));
    if (!seen.file.empty()) text += fmt::format(" ({}:{})", visible_text(seen.file), seen.line);
    out += labelled("Observed", text, style);
  }
  return out;
}

// "3 kept", "1 harness error", "2 harness errors".
std::string counted(int count, Verdict verdict) {
  const std::string_view words = words_of(verdict);
  const bool noun =
      verdict == Verdict::kError || verdict == Verdict::kXfail || verdict == Verdict::kXpass;
  const std::string_view plural = count == 1 || !noun ? "" : words.ends_with('s') ? "es" : "s";
  return fmt::format("{} {}{}", count, words, plural);
}

std::string paragraph(const Report& report, const CaseResult& result, const Catalogue& catalogue,
                      const Style& style) {
  const TargetInfo& target = target_of(report, result.target);
  std::string out = fmt::format(
      "{} {} {}\n",
      style.paint(colour_of(result.verdict),
                  fmt::format("{} {}", sign_of(result.verdict), words_of(result.verdict))),
      style.paint(Colour::kBold, visible_text(result.name)),
      style.paint(Colour::kDim, fmt::format("on {}", one_line(label(report, target)))));
  out += clause_paragraphs(result, catalogue, style);
  if (result.verdict == Verdict::kXpass) {
    out += labelled("Waiver", one_line(result.reason), style);
  } else {
    out += observed(result, style);
  }
  const std::string said = trimmed(visible_text(result.captured_stderr));
  if (result.verdict == Verdict::kError && !said.empty()) {
    out += labelled("Stderr", last_lines(said), style);
  }
  // Not wrapped: the command must survive being copied.
  return out +
         labelled("Repeat", repeat_command(report, result), {.colours = style.colours, .width = 0});
}

}  // namespace

std::string print_failures(const Report& report, const Catalogue& catalogue, const Style& style) {
  std::string out;
  for (const CaseResult& result : report.results) {
    if (!is_news(result.verdict)) continue;
    out += paragraph(report, result, catalogue, style) + "\n";
  }
  for (const std::string& leftover : report.leftovers) {
    out += fmt::format("{} {}\n", style.paint(Colour::kRed, "✗ left on the host:"),
                       one_line(leftover));
  }
  return out;
}

std::string print_summary(const Report& report, const Style& style) {
  std::string out;
  for (const TargetInfo& target : report.targets) {
    std::array<int, 7> counts{};
    int total = 0;
    for (const CaseResult& result : report.results) {
      if (result.target != target.spec) continue;
      ++counts.at(static_cast<std::size_t>(result.verdict));
      ++total;
    }
    std::vector<std::string> parts;
    for (std::size_t i = 0; i < counts.size(); ++i) {
      const auto verdict = static_cast<Verdict>(i);
      if (counts.at(i) == 0) continue;
      parts.push_back(style.paint(colour_of(verdict), counted(counts.at(i), verdict)));
    }
    if (parts.empty()) parts.emplace_back("nothing ran");
    out +=
        fmt::format("{}: {}, of {}\n", style.paint(Colour::kBold, one_line(label(report, target))),
                    fmt::join(parts, ", "), total);
  }
  return out;
}

}  // namespace seatrial::harness
