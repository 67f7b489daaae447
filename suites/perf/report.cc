#include "suites/perf/report.h"

#include <fmt/format.h>
#include <sys/utsname.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace seatrial::perf {
namespace {

const Ratio* find(const std::vector<Ratio>& ratios, const RatioOf& wanted) {
  const auto found = std::find_if(ratios.begin(), ratios.end(), [&](const Ratio& ratio) {
    return ratio.numerator == wanted.numerator && ratio.denominator == wanted.denominator;
  });
  return found == ratios.end() ? nullptr : &*found;
}

std::string resident(const Contestant& contestant) {
  if (contestant.resident_kib() == 0) return "-";
  return fmt::format("{:.1f} MiB", static_cast<double>(contestant.resident_kib()) / 1024);
}

std::string verdict(const Ratio& ratio) {
  if (!ratio.bar) return "";
  return fmt::format("at most {:g}: {}", *ratio.bar, ratio.holds() ? "holds" : "EXCEEDED");
}

}  // namespace

std::vector<Ratio> all_ratios(const Samples& samples, const std::vector<RatioOf>& wanted) {
  std::vector<Ratio> ratios;
  for (const RatioOf& each : wanted) {
    if (auto found = ratio(samples, each)) ratios.push_back(*found);
  }
  return ratios;
}

std::string as_table(const Rounds& rounds, const std::vector<Ratio>& ratios) {
  std::string table = fmt::format("\n{:<24}{:>10}{:>10}{:>10}{:>14}\n", "what took how long",
                                  "p10 ms", "median", "p90", "resident");
  for (const auto& contestant : rounds.contestants()) {
    const auto samples = rounds.samples().find(contestant->name());
    if (samples == rounds.samples().end() || samples->second.empty()) continue;
    const Spread of = spread(samples->second);
    table += fmt::format("{:<24}{:>10.3f}{:>10.3f}{:>10.3f}{:>14}\n", contestant->name(), of.p10,
                         of.median, of.p90, resident(*contestant));
  }
  if (ratios.empty()) return table;
  table += fmt::format("\n{:<38}{:>8}{:>8}{:>8}{:>13}\n", "ratio, round by round", "p10", "median",
                       "p90", "of medians");
  for (const Ratio& each : ratios) {
    table += fmt::format("{:<38}{:>8.3f}{:>8.3f}{:>8.3f}{:>13.3f}  {}\n",
                         each.numerator + " / " + each.denominator, each.of_rounds.p10,
                         each.of_rounds.median, each.of_rounds.p90, each.of_medians, verdict(each));
  }
  return table;
}

std::string as_json(const Rounds& rounds, const std::vector<Ratio>& ratios) {
  utsname host{};
  ::uname(&host);
  nlohmann::ordered_json document = {{"kernel", host.release}, {"rounds", 0}};
  document["contestants"] = nlohmann::ordered_json::array();
  document["ratios"] = nlohmann::ordered_json::array();
  for (const auto& contestant : rounds.contestants()) {
    const auto samples = rounds.samples().find(contestant->name());
    if (samples == rounds.samples().end() || samples->second.empty()) continue;
    const Spread of = spread(samples->second);
    document["rounds"] = samples->second.size();
    document["contestants"].push_back({{"name", contestant->name()},
                                       {"resident_kib", contestant->resident_kib()},
                                       {"p10_ms", of.p10},
                                       {"median_ms", of.median},
                                       {"p90_ms", of.p90},
                                       {"samples_ms", samples->second}});
  }
  for (const Ratio& each : ratios) {
    nlohmann::ordered_json entry = {
        {"numerator", each.numerator}, {"denominator", each.denominator},
        {"p10", each.of_rounds.p10},   {"median", each.of_rounds.median},
        {"p90", each.of_rounds.p90},   {"of_medians", each.of_medians}};
    if (each.bar) entry.update({{"bar", *each.bar}, {"holds", each.holds()}});
    document["ratios"].push_back(std::move(entry));
  }
  return document.dump(2) + "\n";
}

std::vector<std::string> broken_bars(const std::vector<Ratio>& ratios,
                                     const std::vector<RatioOf>& wanted) {
  std::vector<std::string> sentences;
  for (const RatioOf& each : wanted) {
    if (!each.bar) continue;
    const Ratio* found = find(ratios, each);
    if (found == nullptr) {
      sentences.push_back(
          fmt::format("{} / {} was not measured", each.numerator, each.denominator));
    } else if (!found->holds()) {
      sentences.push_back(fmt::format(
          "{} / {} is {:.3f} (median of rounds; {:.3f} of medians), at most {:g} is allowed",
          each.numerator, each.denominator, found->of_rounds.median, found->of_medians, *each.bar));
    }
  }
  return sentences;
}

}  // namespace seatrial::perf
