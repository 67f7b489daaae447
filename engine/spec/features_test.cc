// What the features document says is held against what the parser does, both ways.
#include "engine/spec/features.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "engine/base/error.h"
#include "engine/spec/mount_options.h"
#include "engine/spec/names.h"
#include "engine/spec/spec_fixture.h"

namespace seatrial::spec {
namespace {

using nlohmann::json;
using seatrial::spec::testing::parse;
using seatrial::spec::testing::patched;
using ::testing::Contains;
using ::testing::IsEmpty;
using ::testing::SizeIs;

json features() {
  return json::parse(print_features({{"made.by", "test"}}));
}

// Whether this patch of a configuration is read.
bool takes(const json& patch) {
  try {
    static_cast<void>(parse(patched(patch.dump())));
    return true;
  } catch (const Error&) {
    return false;
  }
}

json seccomp(const json& more) {
  json profile{{"defaultAction", "SCMP_ACT_ERRNO"},
               {"syscalls", {{{"names", {"close"}}, {"action", "SCMP_ACT_LOG"}}}}};
  profile.update(more);
  return {{"linux", {{"seccomp", profile}}}};
}

json with_action(const std::string& action) {
  json more{{"syscalls", {{{"names", {"swapoff"}}, {"action", action}}}}};
  if (action == "SCMP_ACT_NOTIFY") more["listenerPath"] = "/run/x.sock";
  return seccomp(more);
}

bool is_listed(const json& list, const json& name) {
  return std::ranges::find(list, name) != list.end();
}

TEST(Features, VersionsAreTheOldestAndTheNewestThatAreRead) {
  EXPECT_TRUE(takes({{"ociVersion", features().at("ociVersionMin")}}));
  EXPECT_TRUE(takes({{"ociVersion", features().at("ociVersionMax")}}));
  EXPECT_FALSE(takes({{"ociVersion", "0.9.0"}}));  // control
}

TEST(Features, HooksAreThoseThatTheParserKeeps) {
  const json listed = features().at("hooks");
  EXPECT_THAT(listed, SizeIs(6));
  for (const json& kind : listed) {
    const Config config = parse(patched(json{{"hooks", {{kind, {{{"path", "/h"}}}}}}}.dump()));
    std::size_t kept = 0;
    for (const HookKind& each : hook_kinds()) kept += (config.hooks.*each.hooks).size();
    EXPECT_EQ(kept, 1U) << kind;
  }
}

TEST(Features, MountOptionsAreNoDataForTheFileSystem) {
  const json listed = features().at("mountOptions");
  for (const json& option : listed) {
    EXPECT_THAT(parse_mount_options({option}).data, IsEmpty()) << option;
  }
  EXPECT_THAT(parse_mount_options({"size=1m"}).data, SizeIs(1));  // control
}

TEST(Features, NamespacesAndCapabilitiesAreRead) {
  const json listed = features().at("linux");
  EXPECT_THAT(listed.at("namespaces"), SizeIs(8));
  for (const json& type : listed.at("namespaces")) {
    EXPECT_TRUE(namespace_type(type.get<std::string>())) << type;
  }
  EXPECT_THAT(listed.at("capabilities"), SizeIs(capability_count()));
  for (const json& name : listed.at("capabilities")) {
    const Config config =
        parse(patched(json{{"process", {{"capabilities", {{"bounding", {name}}}}}}}.dump()));
    EXPECT_THAT(config.process->capabilities->unknown, IsEmpty()) << name;
  }
}

TEST(Features, SeccompSaysWhatTheParserTakesAndNoMore) {
  const json listed = features().at("linux").at("seccomp");
  for (const std::string_view action : seccomp_action_names()) {
    const json name = std::string(action);
    EXPECT_EQ(takes(with_action(name)), is_listed(listed.at("actions"), name)) << action;
  }
  EXPECT_THAT(listed.at("actions"), Contains("SCMP_ACT_ERRNO"));
  for (const json& arch : listed.at("archs")) {
    EXPECT_TRUE(takes(seccomp({{"architectures", {arch}}}))) << arch;
  }
  for (const json& flag : listed.at("knownFlags")) {
    EXPECT_TRUE(takes(seccomp({{"flags", {flag}}}))) << flag;
  }
  for (const json& op : listed.at("operators")) {
    const json rule{{"names", {"close"}},
                    {"action", "SCMP_ACT_LOG"},
                    {"args", {{{"index", 0}, {"value", 1}, {"op", op}}}}};
    EXPECT_TRUE(takes(seccomp({{"syscalls", {rule}}}))) << op;
  }
  // Without somebody to notify the kernel refuses the one flag that is about that.
  EXPECT_EQ(is_listed(listed.at("supportedFlags"), "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"),
            is_listed(listed.at("actions"), "SCMP_ACT_NOTIFY"));
}

TEST(Features, PoliciesForMemoryAreRead) {
  const json listed = features().at("linux").at("memoryPolicy");
  EXPECT_THAT(listed.at("modes"), Contains("MPOL_BIND"));
  for (const json& mode : listed.at("modes")) {
    EXPECT_TRUE(takes({{"linux", {{"memoryPolicy", {{"mode", mode}}}}}})) << mode;
  }
  EXPECT_THAT(listed.at("flags"), Contains("MPOL_F_STATIC_NODES"));
  for (const json& flag : listed.at("flags")) {
    const json policy{{"mode", "MPOL_BIND"}, {"nodes", "0"}, {"flags", {flag}}};
    EXPECT_TRUE(takes({{"linux", {{"memoryPolicy", policy}}}})) << flag;
  }
}

TEST(Features, SwitchesSayWhatTheParserTakes) {
  const json listed = features().at("linux");
  const std::map<std::string, json> patches{
      {"apparmor", {{"process", {{"apparmorProfile", "x"}}}}},
      {"selinux", {{"process", {{"selinuxLabel", "x"}}}}},
      {"intelRdt", {{"linux", {{"intelRdt", {{"closID", "x"}}}}}}},
      {"netDevices",
       {{"linux",
         {{"namespaces", {{{"type", "network"}}}}, {"netDevices", {{"eth0", json::object()}}}}}}},
  };
  for (const auto& [name, patch] : patches) {
    EXPECT_EQ(listed.at(name).at("enabled"), takes(patch)) << name;
  }
  // A property that the parser does not know it would take whatever it is.
  for (const json& patch :
       {json{{"process", {{"apparmorProfile", 1}}}}, json{{"process", {{"selinuxLabel", 1}}}},
        json{{"linux", {{"mountLabel", 1}}}}, json{{"linux", {{"intelRdt", 1}}}},
        json{{"linux", {{"netDevices", 1}}}}}) {
    EXPECT_FALSE(takes(patch)) << patch;
  }
  EXPECT_EQ(listed.at("netDevices").at("enabled"), true);
  EXPECT_EQ(listed.at("selinux").at("enabled"), takes({{"linux", {{"mountLabel", "x"}}}}));
  EXPECT_EQ(listed.at("selinux").at("enabled"), true);
  for (const char* name : {"enabled", "schemata", "monitoring"}) {
    EXPECT_EQ(listed.at("intelRdt").at(name), true) << name;
  }
  EXPECT_EQ(listed.at("mountExtensions").at("idmap").at("enabled"), true);
}

TEST(Features, AnnotationsAreTheCallers) {
  EXPECT_EQ(features().at("annotations").at("made.by"), "test");
}

}  // namespace
}  // namespace seatrial::spec
