#include "harness/core/protocol.h"

#include <nlohmann/json.hpp>

#include "engine/base/error.h"
#include "harness/catalogue/json_reader.h"

namespace seatrial::harness {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;

// Messages may quote what a container printed, in whatever encoding.
std::string dump(const json& document) {
  return document.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
}

CaseInfo parse_case(std::string_view suite, const JsonReader& reader) {
  CaseInfo info{.suite = std::string(suite),
                .name = reader.text("name"),
                .clauses = reader.at("clauses").texts(),
                .needs = reader.at("needs").texts(),
                .deadline = milliseconds(reader.at("deadline_ms").integer()),
                .file = reader.text_or("file", ""),
                .line = reader.has("line") ? static_cast<int>(reader.at("line").integer()) : 0};
  if (info.name.empty()) reader.at("name").fail("must not be empty");
  if (info.deadline.count() <= 0) reader.at("deadline_ms").fail("must be positive");
  return info;
}

}  // namespace

std::string print_case_list(const CaseList& list) {
  json cases = json::array();
  for (const CaseInfo& info : list.cases) {
    cases.push_back({{"name", info.name},
                     {"clauses", info.clauses},
                     {"needs", info.needs},
                     {"deadline_ms", info.deadline.count()},
                     {"file", info.file},
                     {"line", info.line}});
  }
  return dump({{"suite", list.suite}, {"targets", list.targets}, {"cases", std::move(cases)}});
}

CaseList parse_case_list(std::string_view text) {
  const json document = JsonReader::parse("the case list", text);
  const JsonReader reader("the case list", document);
  CaseList list{.suite = reader.text("suite")};
  if (reader.has("targets")) list.targets = reader.at("targets").texts();
  for (const JsonReader& item : reader.at("cases").items()) {
    list.cases.push_back(parse_case(list.suite, item));
  }
  return list;
}

std::string print_target_info(const TargetInfo& target) {
  return dump({{"spec", target.spec},
               {"name", target.name},
               {"version", target.version},
               {"oci_version", target.oci_version},
               {"features", target.features},
               {"missing", target.missing}});
}

TargetInfo parse_target_info(std::string_view text) {
  const json document = JsonReader::parse("the target's description", text);
  const JsonReader reader("the target's description", document);
  return {.spec = reader.text("spec"),
          .name = reader.text("name"),
          .version = reader.text("version"),
          .oci_version = reader.text("oci_version"),
          .features = reader.at("features").texts(),
          .missing = reader.at("missing").texts()};
}

std::string print_result_document(const CaseResult& result) {
  json observations = json::array();
  for (const Observation& seen : result.observations) {
    observations.push_back({{"file", seen.file}, {"line", seen.line}, {"message", seen.message}});
  }
  return dump({{"verdict", to_string(result.verdict)},
               {"reason", result.reason},
               {"observations", std::move(observations)},
               {"duration_ms", result.duration.count()}});
}

void parse_result_document(std::string_view text, CaseResult& result) {
  const json document = JsonReader::parse("the result document", text);
  const JsonReader reader("the result document", document);
  result.verdict = verdict_from(reader.text("verdict"));
  result.reason = reader.text("reason");
  result.observations.clear();
  for (const JsonReader& item : reader.at("observations").items()) {
    result.observations.push_back({.file = item.text("file"),
                                   .line = static_cast<int>(item.at("line").integer()),
                                   .message = item.text("message")});
  }
  result.duration = milliseconds(reader.at("duration_ms").integer());
}

}  // namespace seatrial::harness
