#include "harness/core/waivers.h"

#include <fnmatch.h>

#include <algorithm>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "harness/catalogue/catalogue.h"
#include "harness/catalogue/json_reader.h"

namespace seatrial::harness {
namespace {

bool names(const std::vector<std::string>& clauses, const std::string& clause) {
  return std::find(clauses.begin(), clauses.end(), clause) != clauses.end();
}

bool covers(const Waiver& waiver, const std::string& name,
            const std::vector<std::string>& clauses) {
  if (!waiver.clause.empty()) return names(clauses, waiver.clause);
  return ::fnmatch(waiver.case_pattern.c_str(), name.c_str(), 0) == 0;
}

bool meant_for(const Waiver& waiver, const TargetInfo& target) {
  if (waiver.target != target.name && waiver.target != target.spec) return false;
  if (waiver.versions.empty()) return true;
  try {
    return waiver.versions.contains(Version(target.version));
  } catch (const Error&) {
    return false;  // a target that does not tell its version is in no range
  }
}

// Whether every case of the clause ran here and passed.
bool clause_is_kept(const std::string& clause, const std::string& target,
                    std::span<const CaseInfo> cases, std::span<const CaseResult> results) {
  return std::all_of(cases.begin(), cases.end(), [&](const CaseInfo& info) {
    return !names(info.clauses, clause) ||
           std::any_of(results.begin(), results.end(), [&](const CaseResult& result) {
             return result.target == target && result.suite == info.suite &&
                    result.name == info.name && result.verdict == Verdict::kPass;
           });
  });
}

Waiver parse_waiver(const JsonReader& reader, std::string origin) {
  reader.only({"target", "versions", "case", "clause", "reason", "link", "fails"});
  Waiver waiver{.target = reader.text("target"),
                .versions = {},
                .case_pattern = reader.text_or("case", ""),
                .clause = reader.text_or("clause", ""),
                .reason = reader.text("reason"),
                .link = reader.text_or("link", ""),
                .at_times = reader.text_or("fails", "always") == "at times",
                .origin = std::move(origin)};
  if (waiver.target.empty()) reader.at("target").fail("must not be empty");
  if (waiver.reason.empty()) reader.at("reason").fail("must not be empty");
  if (!waiver.at_times && reader.text_or("fails", "always") != "always") {
    reader.at("fails").fail("must be \"always\" or \"at times\"");
  }
  if (waiver.case_pattern.empty() == waiver.clause.empty()) {
    reader.fail("must have either \"case\" or \"clause\"");
  }
  if (!waiver.clause.empty() && Catalogue::shipped().find(waiver.clause) == nullptr) {
    reader.at("clause").fail(fmt::format("\"{}\" is not in the catalogue", waiver.clause));
  }
  if (reader.has("versions")) {
    try {
      waiver.versions = VersionRange(reader.text("versions"));
    } catch (const Error& failure) {
      reader.at("versions").fail(fmt::format("is wrong: {}", failure.what()));
    }
  }
  return waiver;
}

}  // namespace

std::vector<Waiver> parse_waivers(std::string_view name, std::string_view text) {
  const nlohmann::json document = JsonReader::parse(name, text);
  const JsonReader reader(name, document);
  reader.only({"waivers"});
  std::vector<Waiver> waivers;
  for (const JsonReader& item : reader.at("waivers").items()) {
    waivers.push_back(parse_waiver(item, fmt::format("{}: waivers[{}]", name, waivers.size())));
  }
  return waivers;
}

std::vector<Waiver> load_waivers(const std::filesystem::path& file) {
  return parse_waivers(file.native(), read_file(file));
}

void apply_waivers(std::span<const Waiver> waivers, const TargetInfo& target,
                   std::span<const CaseInfo> cases, std::span<CaseResult> results) {
  // Judged before any verdict changes, so that the order of waivers does not matter here.
  std::vector<const Waiver*> active;
  std::vector<bool> outdated;
  for (const Waiver& waiver : waivers) {
    if (!meant_for(waiver, target)) continue;
    active.push_back(&waiver);
    outdated.push_back(
        !waiver.at_times &&
        (waiver.clause.empty() || clause_is_kept(waiver.clause, target.spec, cases, results)));
  }
  for (CaseResult& result : results) {
    if (result.target != target.spec) continue;
    for (std::size_t i = 0; i < active.size(); ++i) {
      const Waiver& waiver = *active[i];
      if (!covers(waiver, result.name, result.clauses)) continue;
      if (result.verdict == Verdict::kFail) {
        result.verdict = Verdict::kXfail;
        result.reason = waiver.link.empty() ? waiver.reason
                                            : fmt::format("{} ({})", waiver.reason, waiver.link);
      } else if (result.verdict == Verdict::kPass && outdated[i]) {
        result.verdict = Verdict::kXpass;
        result.reason =
            fmt::format("passed, where {} expects a failure: {}", waiver.origin, waiver.reason);
      }
      break;
    }
  }
}

std::vector<std::string> stale_waivers(std::span<const Waiver> waivers,
                                       std::span<const CaseInfo> cases) {
  std::vector<std::string> stale;
  for (const Waiver& waiver : waivers) {
    const bool matches = std::any_of(cases.begin(), cases.end(), [&](const CaseInfo& info) {
      return covers(waiver, info.name, info.clauses);
    });
    if (matches) continue;
    stale.push_back(
        waiver.clause.empty()
            ? fmt::format("{} matches no case: {}", waiver.origin, waiver.case_pattern)
            : fmt::format("{} names a clause that no case has: {}", waiver.origin, waiver.clause));
  }
  return stale;
}

}  // namespace seatrial::harness
