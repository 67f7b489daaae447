#include "engine/spec/features.h"

#include <fmt/format.h>

#include "engine/base/error.h"
#include "engine/spec/json_writer.h"
#include "engine/spec/mount_options.h"
#include "engine/spec/names.h"
#include "engine/spec/parse_config.h"
#include "engine/spec/write_seccomp.h"

namespace seatrial::spec {
namespace {

// Whether a configuration with these members, commas in front, is read and taken as a whole.
bool takes(std::string_view process, std::string_view section) {
  const std::string text = fmt::format(
      R"({{"ociVersion":"{}","root":{{"path":"rootfs"}},"process":{{"cwd":"/","args":["x"]{}}},)"
      R"("linux":{{"namespaces":[{{"type":"mount"}},{{"type":"network"}}]{}}}}})",
      kNewestVersion, process, section);
  try {
    static_cast<void>(parse_config(text, {.bundle = "/"}));
    return true;
  } catch (const Error&) {
    return false;
  }
}

// As the action of a rule; SCMP_ACT_NOTIFY needs somebody to notify.
bool takes_action(std::string_view action) {
  const auto with = [&](std::string_view more) {
    return takes("", fmt::format(R"(,"seccomp":{{"defaultAction":"SCMP_ACT_ALLOW","syscalls":)"
                                 R"([{{"names":["swapoff"],"action":"{}"}}]{}}})",
                                 action, more));
  };
  return with("") || with(R"(,"listenerPath":"/run/listener.sock")");
}

void print_names(JsonWriter& json, std::string_view key,
                 const std::vector<std::string_view>& names) {
  json.key(key).begin_array();
  for (const std::string_view name : names) json.string(name);
  json.end_array();
}

void print_switch(JsonWriter& json, std::string_view key, bool enabled) {
  json.key(key).begin_object().key("enabled").boolean(enabled).end_object();
}

// A listener is what SCMP_ACT_NOTIFY and its flag are about.
void print_seccomp(JsonWriter& json) {
  std::vector<std::string_view> actions;
  for (const std::string_view name : seccomp_action_names()) {
    if (takes_action(name)) actions.push_back(name);
  }
  const bool listens = takes_action("SCMP_ACT_NOTIFY");
  std::vector<std::string_view> flags;
  for (const std::string_view name : seccomp_flag_names(~0u)) {
    // The kernel refuses it without a listener (seccomp(2)).
    if (name == "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV" && !listens) continue;
    flags.push_back(name);
  }
  json.key("seccomp").begin_object();
  json.key("enabled").boolean(true);
  print_names(json, "actions", actions);
  print_names(json, "operators", seccomp_operator_names());
  print_names(json, "archs", seccomp_architecture_names());
  print_names(json, "knownFlags", seccomp_flag_names(~0u));
  print_names(json, "supportedFlags", flags);
  json.end_object();
}

void print_linux(JsonWriter& json) {
  std::vector<std::string_view> capabilities;
  for (unsigned number = 0; number < capability_count(); ++number) {
    capabilities.push_back(capability_name(number));
  }
  json.key("linux").begin_object();
  print_names(json, "namespaces", namespace_type_names());
  print_names(json, "capabilities", capabilities);
  json.key("cgroup").begin_object();
  json.key("v1").boolean(true).key("v2").boolean(true);
  json.key("systemd").boolean(true).key("systemdUser").boolean(true);
  json.key("rdma").boolean(takes("", R"(,"resources":{"rdma":{"x":{"hcaHandles":1}}})"));
  json.end_object();
  print_seccomp(json);
  print_switch(json, "apparmor", takes(R"(,"apparmorProfile":"x")", ""));
  print_switch(json, "selinux",
               takes(R"(,"selinuxLabel":"x")", "") && takes("", R"(,"mountLabel":"x")"));
  json.key("intelRdt").begin_object();
  json.key("enabled").boolean(takes("", R"(,"intelRdt":{"closID":"x"})"));
  json.key("schemata").boolean(takes("", R"(,"intelRdt":{"schemata":["L3:0=f"]})"));
  json.key("monitoring").boolean(takes("", R"(,"intelRdt":{"enableMonitoring":true})"));
  json.end_object();
  json.key("memoryPolicy").begin_object();
  print_names(json, "modes", memory_policy_mode_names());
  print_names(json, "flags", memory_policy_flag_names(~0u));
  json.end_object();
  json.key("mountExtensions").begin_object();
  const MountOptions mapped = parse_mount_options({"idmap"});
  print_switch(json, "idmap", mapped.idmap);
  json.end_object();
  print_switch(json, "netDevices", takes("", R"(,"netDevices":{"eth0":{}})"));
  json.end_object();
}

}  // namespace

std::string print_features(const std::map<std::string, std::string>& annotations) {
  std::vector<std::string_view> hooks;
  for (const HookKind& kind : hook_kinds()) hooks.push_back(kind.name);
  std::vector<std::string_view> options;
  for (const MountOption& option : mount_option_table()) options.push_back(option.name);
  JsonWriter json(Layout::kIndented);
  json.begin_object();
  json.key("ociVersionMin").string(kOldestVersion);
  json.key("ociVersionMax").string(kNewestVersion);
  print_names(json, "hooks", hooks);
  print_names(json, "mountOptions", options);
  print_linux(json);
  json.key("annotations").begin_object();
  for (const auto& [key, value] : annotations) json.key(key).string(value);
  json.end_object();
  // None of them changes what the runtime does.
  print_names(json, "potentiallyUnsafeConfigAnnotations", {});
  json.end_object();
  return json.take();
}

}  // namespace seatrial::spec
