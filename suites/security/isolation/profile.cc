#include "suites/security/isolation/profile.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "engine/base/error.h"
#include "harness/catalogue/embedded.h"
#include "harness/catalogue/version.h"

namespace seatrial::harness {
std::span<const EmbeddedFile> isolation_profiles();  // cmake/Embed.cmake
}

namespace isolation {
namespace {

using nlohmann::json;
using seatrial::harness::Version;

#if defined(__x86_64__)
constexpr std::string_view kMachine = "x86_64";
#else
constexpr std::string_view kMachine = "another machine than the data's";
#endif

json document(std::string_view name) {
  for (const seatrial::harness::EmbeddedFile& file : seatrial::harness::isolation_profiles()) {
    if (file.name == name) return json::parse(file.text);
  }
  throw seatrial::error(seatrial::Kind::kInternal, "the suite carries no {}", name);
}

std::vector<SweepCall> calls(const char* list) {
  const json data = document("calls.json");
  std::vector<SweepCall> found;
  if (data.at("machine") != kMachine) return found;
  for (const std::string operand : data.at(list)) {
    found.push_back({.label = operand.substr(0, operand.find('=')), .operand = operand});
  }
  return found;
}

std::string refusal_in(const json& data, const std::string& label) {
  return data.at("otherwise").value(label, data.at("refusal").get<std::string>());
}

void add_guarded(const json& data, const json& by_capability, Profile& profile) {
  for (const auto& [capability, labels] : by_capability.items()) {
    for (const std::string label : labels) {
      profile.guarded[label] = {.capability = capability, .refusal = refusal_in(data, label)};
    }
  }
}

// What was otherwise before a version; the latest first in the file.
void add_history(const json& data, const Version& version, Profile& profile) {
  for (const json& entry : data.at("earlier")) {
    if (version >= Version(entry.at("before").get<std::string>())) continue;
    const json allowed = entry.value("allowed", json::array());
    const json refused = entry.value("refused", json::object());
    for (const std::string label : allowed) {
      profile.refused.erase(label);
      profile.guarded.erase(label);
    }
    for (const auto& [label, refusal] : refused.items()) {
      profile.guarded.erase(label);
      profile.refused[label] = refusal;
    }
    add_guarded(data, entry.value("behind_capabilities", json::object()), profile);
  }
}

}  // namespace

std::vector<SweepCall> sweep_calls() {
  return calls("calls");
}

std::vector<SweepCall> sweep_calls_32() {
  return calls("calls_32");
}

std::string Profile::refusal_of(const std::string& label) const {
  if (const auto found = refused.find(label); found != refused.end()) return found->second;
  if (const auto found = guarded.find(label); found != guarded.end()) return found->second.refusal;
  return {};
}

Profile profile_of(const std::string& engine, const std::string& version) {
  const json data = document(engine == "podman" ? "podman.json" : "docker.json");
  Profile profile{.name = data.at("profile"),
                  .capabilities = data.at("capabilities"),
                  .masked_files = data.at("masked_files"),
                  .masked_directories = data.at("masked_directories"),
                  .read_only_paths = data.at("read_only_paths")};
  for (const std::string label : data.at("refused")) {
    profile.refused[label] = refusal_in(data, label);
  }
  add_guarded(data, data.at("behind_capabilities"), profile);
  // Our own engine numbers its versions apart, and keeps to the newest.
  if (engine == "docker") add_history(data, Version(version), profile);
  return profile;
}

}  // namespace isolation
