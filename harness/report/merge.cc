#include "harness/report/merge.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "engine/base/error.h"

namespace seatrial::harness {
namespace {

class Merger {
 public:
  explicit Merger(HostInfo host) { whole_.host = std::move(host); }

  void add(NamedReport part);
  Report take();

 private:
  void add_target(TargetInfo target, const std::string& part);
  void add_result(CaseResult result, const std::string& part);

  Report whole_;
  std::map<std::string, std::size_t> ranks_;      // target -> place in the report
  std::map<std::string, std::string> described_;  // target -> part
  std::map<std::tuple<std::string, std::string, std::string>, std::string> judged_;
};

void Merger::add(NamedReport part) {
  for (TargetInfo& target : part.report.targets) add_target(std::move(target), part.name);
  for (CaseResult& result : part.report.results) add_result(std::move(result), part.name);
  for (std::string& sentence : part.report.leftovers) {
    whole_.leftovers.push_back(std::move(sentence));
  }
  // RFC 3339 in UTC sorts as text.
  const std::string& started = part.report.host.started;
  if (!started.empty() && started < whole_.host.started) whole_.host.started = started;
}

void Merger::add_target(TargetInfo target, const std::string& part) {
  const auto [known, is_new] = described_.emplace(target.spec, part);
  if (is_new) {
    ranks_.emplace(target.spec, whole_.targets.size());
    whole_.targets.push_back(std::move(target));
    return;
  }
  const TargetInfo& first = target_of(whole_, target.spec);
  if (first.name != target.name || first.version != target.version) {
    throw error(Kind::kInvalidArgument, "{} is {} {} in {}, but {} {} in {}", target.spec,
                first.name, first.version, known->second, target.name, target.version, part);
  }
}

void Merger::add_result(CaseResult result, const std::string& part) {
  const auto [known, is_new] =
      judged_.emplace(std::tuple(result.target, result.suite, result.name), part);
  if (!is_new) {
    throw error(Kind::kInvalidArgument, "{} and {} both have a verdict on {} of {} on {}",
                known->second, part, result.name, result.suite, result.target);
  }
  whole_.results.push_back(std::move(result));
}

Report Merger::take() {
  std::sort(whole_.results.begin(), whole_.results.end(),
            [this](const CaseResult& a, const CaseResult& b) {
              return std::tie(ranks_.at(a.target), a.suite, a.name) <
                     std::tie(ranks_.at(b.target), b.suite, b.name);
            });
  return std::move(whole_);
}

}  // namespace

Report merge(std::vector<NamedReport> parts) {
  if (parts.empty()) throw error(Kind::kInvalidArgument, "there is no report to merge");
  if (parts.size() == 1) return std::move(parts.front().report);
  Merger merger(parts.front().report.host);
  for (NamedReport& part : parts) merger.add(std::move(part));
  return merger.take();
}

}  // namespace seatrial::harness
