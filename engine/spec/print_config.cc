#include "engine/spec/print_config.h"

#include <sys/mount.h>

#include <span>

#include "engine/spec/json_members.h"
#include "engine/spec/names.h"
#include "engine/spec/print_sections.h"
#include "engine/spec/write_seccomp.h"

namespace seatrial::spec {
namespace {

using Json = JsonWriter;

void print_user(Json& json, const User& user) {
  json.key("user").begin_object();
  json.key("uid").number(user.uid).key("gid").number(user.gid);
  number(json, "umask", user.umask);
  if (!user.additional_gids.empty()) {
    json.key("additionalGids").begin_array();
    for (const std::uint32_t gid : user.additional_gids) json.number(gid);
    json.end_array();
  }
  json.end_object();
}

void print_capability_set(Json& json, std::string_view key, CapabilitySet set) {
  json.key(key).begin_array();
  for (unsigned bit = 0; bit < capability_count(); ++bit) {
    if ((set >> bit & 1) != 0) json.string(capability_name(bit));
  }
  json.end_array();
}

void print_capabilities(Json& json, const Capabilities& capabilities) {
  json.key("capabilities").begin_object();
  print_capability_set(json, "bounding", capabilities.bounding);
  print_capability_set(json, "effective", capabilities.effective);
  print_capability_set(json, "inheritable", capabilities.inheritable);
  print_capability_set(json, "permitted", capabilities.permitted);
  print_capability_set(json, "ambient", capabilities.ambient);
  json.end_object();
}

void print_process(Json& json, const Process& process) {
  json.key("process").begin_object();
  json.key("terminal").boolean(process.terminal);
  if (process.console_size) {
    json.key("consoleSize").begin_object();
    json.key("height").number(process.console_size->height);
    json.key("width").number(process.console_size->width).end_object();
  }
  print_user(json, process.user);
  strings(json, "args", process.args);
  strings(json, "env", process.env);
  json.key("cwd").string(process.cwd);
  if (process.capabilities) print_capabilities(json, *process.capabilities);
  if (!process.rlimits.empty()) {
    json.key("rlimits").begin_array();
    for (const Rlimit& limit : process.rlimits) {
      json.begin_object().key("type").string(rlimit_name(limit.resource));
      json.key("soft").natural(limit.soft);
      json.key("hard").natural(limit.hard).end_object();
    }
    json.end_array();
  }
  json.key("noNewPrivileges").boolean(process.no_new_privileges);
  number(json, "oomScoreAdj", process.oom_score_adj);
  text(json, "apparmorProfile", process.apparmor_profile);
  text(json, "selinuxLabel", process.selinux_label);
  print_scheduling(json, process);
  json.end_object();
}

void print_mappings(Json& json, std::string_view key, const std::vector<IdMapping>& mappings) {
  if (mappings.empty()) return;
  json.key(key).begin_array();
  for (const IdMapping& mapping : mappings) {
    json.begin_object().key("containerID").number(mapping.container_id);
    json.key("hostID").number(mapping.host_id).key("size").number(mapping.size).end_object();
  }
  json.end_array();
}

void print_mount(Json& json, const Mount& mount) {
  json.begin_object().key("destination").string(mount.destination);
  text(json, "type", mount.type);
  text(json, "source", mount.source);
  strings(json, "options", mount.raw_options);
  print_mappings(json, "uidMappings", mount.uid_mappings);
  print_mappings(json, "gidMappings", mount.gid_mappings);
  json.end_object();
}

void print_hooks(Json& json, std::string_view kind, const std::vector<Hook>& hooks) {
  if (hooks.empty()) return;
  json.key(kind).begin_array();
  for (const Hook& hook : hooks) {
    json.begin_object().key("path").string(hook.path);
    strings(json, "args", hook.args);
    strings(json, "env", hook.env);
    if (hook.timeout) json.key("timeout").number(hook.timeout->count());
    json.end_object();
  }
  json.end_array();
}

void print_all_hooks(Json& json, const Hooks& hooks) {
  json.key("hooks").begin_object();
  for (const HookKind& kind : hook_kinds()) print_hooks(json, kind.name, hooks.*kind.hooks);
  json.end_object();
}

void print_devices(Json& json, const std::vector<Device>& devices) {
  if (devices.empty()) return;
  json.key("devices").begin_array();
  for (const Device& device : devices) {
    const char type = static_cast<char>(device.type);
    json.begin_object().key("type").string({&type, 1}).key("path").string(device.path);
    json.key("major").number(device.major).key("minor").number(device.minor);
    number(json, "fileMode", device.file_mode);
    number(json, "uid", device.uid);
    number(json, "gid", device.gid);
    json.end_object();
  }
  json.end_array();
}

std::string_view propagation_name(std::uint64_t flag) {
  switch (flag) {
    case MS_SHARED:
      return "shared";
    case MS_SLAVE:
      return "slave";
    case MS_PRIVATE:
      return "private";
    case MS_UNBINDABLE:
      return "unbindable";
    default:
      return {};
  }
}

void print_maps(Json& json, const Linux& section) {
  if (!section.time_offsets.empty()) {
    json.key("timeOffsets").begin_object();
    for (const auto& [clock, offset] : section.time_offsets) {
      json.key(clock).begin_object().key("secs").number(offset.secs);
      json.key("nanosecs").number(offset.nanosecs).end_object();
    }
    json.end_object();
  }
  if (!section.sysctl.empty()) {
    json.key("sysctl").begin_object();
    for (const auto& [key, value] : section.sysctl) json.key(key).string(value);
    json.end_object();
  }
}

void print_net_devices(Json& json, const std::map<std::string, std::string>& devices) {
  if (devices.empty()) return;
  json.key("netDevices").begin_object();
  for (const auto& [outside, inside] : devices) {
    json.key(outside).begin_object();
    if (inside != outside) json.key("name").string(inside);
    json.end_object();
  }
  json.end_object();
}

void print_intel_rdt(Json& json, const IntelRdt& rdt) {
  json.key("intelRdt").begin_object();
  text(json, "closID", rdt.clos_id);
  text(json, "l3CacheSchema", rdt.l3_cache_schema);
  text(json, "memBwSchema", rdt.mem_bw_schema);
  strings(json, "schemata", rdt.schemata);
  if (rdt.enable_monitoring) json.key("enableMonitoring").boolean(true);
  json.end_object();
}

void print_linux(Json& json, const Linux& section) {
  json.key("linux").begin_object();
  json.key("namespaces").begin_array();
  for (const Namespace& entry : section.namespaces) {
    json.begin_object().key("type").string(to_string(entry.type));
    text(json, "path", entry.path);
    json.end_object();
  }
  json.end_array();
  print_mappings(json, "uidMappings", section.uid_mappings);
  print_mappings(json, "gidMappings", section.gid_mappings);
  print_maps(json, section);
  print_devices(json, section.devices);
  print_net_devices(json, section.net_devices);
  text(json, "cgroupsPath", section.cgroups_path);
  print_resources(json, section.resources);
  if (section.rootfs_propagation != 0) {
    json.key("rootfsPropagation").string(propagation_name(section.rootfs_propagation));
  }
  text(json, "mountLabel", section.mount_label);
  if (section.intel_rdt) print_intel_rdt(json, *section.intel_rdt);
  if (section.seccomp) write_seccomp(json.key("seccomp"), *section.seccomp);
  strings(json, "maskedPaths", section.masked_paths);
  strings(json, "readonlyPaths", section.readonly_paths);
  print_scheduling(json, section);
  json.end_object();
}

}  // namespace

std::string print_config(const Config& config) {
  Json json(Layout::kOneLine);
  json.begin_object();
  json.key("ociVersion").string(config.oci_version);
  json.key("root").begin_object().key("path").string(config.root.path);
  json.key("readonly").boolean(config.root.readonly).end_object();
  text(json, "hostname", config.hostname);
  text(json, "domainname", config.domainname);
  if (config.process) print_process(json, *config.process);
  json.key("mounts").begin_array();
  for (const Mount& mount : config.mounts) print_mount(json, mount);
  json.end_array();
  print_all_hooks(json, config.hooks);
  if (!config.annotations.empty()) {
    json.key("annotations").begin_object();
    for (const auto& [key, value] : config.annotations) json.key(key).string(value);
    json.end_object();
  }
  print_linux(json, config.linux_);
  json.end_object();
  return json.take();
}

}  // namespace seatrial::spec
