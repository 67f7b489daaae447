#include "harness/report/json.h"

#include <nlohmann/json.hpp>

#include "engine/base/error.h"
#include "harness/catalogue/json_reader.h"
#include "harness/report/visible_text.h"

namespace seatrial::harness {
namespace {

using json = nlohmann::ordered_json;

json host_json(const HostInfo& host) {
  return {{"kernel", host.kernel},  {"machine", host.machine}, {"os", host.os},
          {"cgroup", host.cgroup},  {"lsm", host.lsm},         {"cpus", host.cpus},
          {"started", host.started}};
}

json target_json(const TargetInfo& target) {
  return {{"name", target.name},         {"version", target.version},
          {"spec", target.spec},         {"oci_version", target.oci_version},
          {"features", target.features}, {"missing", target.missing}};
}

json result_json(const CaseResult& result) {
  json out{{"target", result.target},
           {"suite", result.suite},
           {"case", result.name},
           {"clauses", result.clauses},
           {"verdict", to_string(result.verdict)},
           {"reason", visible_text(result.reason)},
           {"duration_ms", result.duration.count()}};
  if (result.verdict == Verdict::kPass) return out;
  for (const Observation& seen : result.observations) {
    out["observations"].push_back(
        json{{"file", seen.file}, {"line", seen.line}, {"message", visible_text(seen.message)}});
  }
  if (!result.captured_stdout.empty()) out["stdout"] = visible_text(result.captured_stdout);
  if (!result.captured_stderr.empty()) out["stderr"] = visible_text(result.captured_stderr);
  return out;
}

TargetInfo parse_target(const JsonReader& reader) {
  return {.spec = reader.text("spec"),
          .name = reader.text("name"),
          .version = reader.text("version"),
          .oci_version = reader.text("oci_version"),
          .features = reader.at("features").texts(),
          .missing = reader.at("missing").texts()};
}

CaseResult parse_result(const JsonReader& reader) {
  CaseResult result;
  result.target = reader.text("target");
  result.suite = reader.text("suite");
  result.name = reader.text("case");
  result.clauses = reader.at("clauses").texts();
  try {
    result.verdict = verdict_from(reader.text("verdict"));
  } catch (const Error& failure) {
    reader.at("verdict").fail(fmt::format("is wrong: {}", failure.what()));
  }
  result.reason = reader.text("reason");
  result.duration = std::chrono::milliseconds(reader.at("duration_ms").integer());
  if (reader.has("observations")) {
    for (const JsonReader& item : reader.at("observations").items()) {
      result.observations.push_back({.file = item.text("file"),
                                     .line = static_cast<int>(item.at("line").integer()),
                                     .message = item.text("message")});
    }
  }
  result.captured_stdout = reader.text_or("stdout", "");
  result.captured_stderr = reader.text_or("stderr", "");
  return result;
}

}  // namespace

std::string print_json(const Report& report) {
  json document{{"host", host_json(report.host)}};
  json& targets = document["targets"] = json::array();
  for (const TargetInfo& target : report.targets) targets.push_back(target_json(target));
  json& results = document["results"] = json::array();
  for (const CaseResult& result : report.results) results.push_back(result_json(result));
  if (!report.leftovers.empty()) document["leftovers"] = report.leftovers;
  return document.dump(1, ' ', false, json::error_handler_t::replace) + "\n";
}

Report parse_json(std::string_view name, std::string_view text) {
  const nlohmann::json document = JsonReader::parse(name, text);
  const JsonReader reader(name, document);
  Report report;
  const JsonReader host = reader.at("host");
  report.host = {.kernel = host.text_or("kernel", ""),
                 .machine = host.text_or("machine", ""),
                 .os = host.text_or("os", ""),
                 .cgroup = host.text_or("cgroup", ""),
                 .lsm = host.text_or("lsm", ""),
                 .cpus = host.has("cpus") ? static_cast<int>(host.at("cpus").integer()) : 0,
                 .started = host.text_or("started", "")};
  for (const JsonReader& item : reader.at("targets").items()) {
    report.targets.push_back(parse_target(item));
  }
  for (const JsonReader& item : reader.at("results").items()) {
    report.results.push_back(parse_result(item));
    try {
      target_of(report, report.results.back().target);
    } catch (const Error&) {
      item.at("target").fail("is none of the targets");
    }
  }
  if (reader.has("leftovers")) report.leftovers = reader.at("leftovers").texts();
  return report;
}

}  // namespace seatrial::harness
