#include "engine/spec/default_spec.h"

#include "engine/spec/features.h"
#include "engine/spec/json_writer.h"

namespace seatrial::spec {
namespace {

struct DefaultMount {
  std::string_view destination;
  std::string_view type;
  std::string_view source;
  std::initializer_list<std::string_view> options;
};

void write_capabilities(JsonWriter& json) {
  json.key("capabilities").begin_object();
  for (const std::string_view set : {"bounding", "effective", "permitted"}) {
    json.key(set).strings({"CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"});
  }
  json.end_object();
}

void write_process(JsonWriter& json) {
  json.key("process").begin_object();
  json.key("terminal").boolean(true);
  json.key("user").begin_object().key("uid").number(0).key("gid").number(0).end_object();
  json.key("args").strings({"sh"});
  json.key("env").strings(
      {"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "TERM=xterm"});
  json.key("cwd").string("/");
  write_capabilities(json);
  json.key("rlimits").begin_array().begin_object();
  json.key("type").string("RLIMIT_NOFILE").key("hard").number(1024).key("soft").number(1024);
  json.end_object().end_array();
  json.key("noNewPrivileges").boolean(true);
  json.end_object();
}

void write_mount(JsonWriter& json, const DefaultMount& mount) {
  json.begin_object();
  json.key("destination").string(mount.destination);
  json.key("type").string(mount.type);
  json.key("source").string(mount.source);
  if (mount.options.size() != 0) json.key("options").strings(mount.options);
  json.end_object();
}

void write_mounts(JsonWriter& json, bool rootless) {
  json.key("mounts").begin_array();
  write_mount(json, {"/proc", "proc", "proc", {}});
  write_mount(json,
              {"/dev", "tmpfs", "tmpfs", {"nosuid", "strictatime", "mode=755", "size=65536k"}});
  if (rootless) {  // group 5 is not mapped
    write_mount(json, {"/dev/pts",
                       "devpts",
                       "devpts",
                       {"nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"}});
  } else {
    write_mount(json, {"/dev/pts",
                       "devpts",
                       "devpts",
                       {"nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"}});
  }
  write_mount(
      json,
      {"/dev/shm", "tmpfs", "shm", {"nosuid", "noexec", "nodev", "mode=1777", "size=65536k"}});
  write_mount(json, {"/dev/mqueue", "mqueue", "mqueue", {"nosuid", "noexec", "nodev"}});
  if (rootless) {
    write_mount(json, {"/sys", "none", "/sys", {"rbind", "nosuid", "noexec", "nodev", "ro"}});
  } else {
    write_mount(json, {"/sys", "sysfs", "sysfs", {"nosuid", "noexec", "nodev", "ro"}});
  }
  write_mount(
      json,
      {"/sys/fs/cgroup", "cgroup", "cgroup", {"nosuid", "noexec", "nodev", "relatime", "ro"}});
  json.end_array();
}

void write_own_id(JsonWriter& json, std::string_view key, std::uint32_t id) {
  json.key(key).begin_array().begin_object();
  json.key("containerID").number(0).key("hostID").number(id).key("size").number(1);
  json.end_object().end_array();
}

void write_ownership(JsonWriter& json, const DefaultSpec& options) {
  if (options.rootless) {
    write_own_id(json, "uidMappings", options.rootless->uid);
    write_own_id(json, "gidMappings", options.rootless->gid);
    return;
  }
  json.key("resources").begin_object().key("devices").begin_array().begin_object();
  json.key("allow").boolean(false).key("access").string("rwm");
  json.end_object().end_array().end_object();
}

void write_linux(JsonWriter& json, const DefaultSpec& options) {
  json.key("linux").begin_object();
  write_ownership(json, options);
  json.key("namespaces").begin_array();
  for (const std::string_view type : {"pid", "network", "ipc", "uts", "mount", "user", "cgroup"}) {
    if (type == (options.rootless ? "network" : "user")) continue;
    if (type == "cgroup" && !options.cgroup_namespace) continue;
    json.begin_object().key("type").string(type).end_object();
  }
  json.end_array();
  json.key("maskedPaths")
      .strings({"/proc/acpi", "/proc/asound", "/proc/kcore", "/proc/keys", "/proc/latency_stats",
                "/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug", "/sys/firmware",
                "/proc/scsi"});
  json.key("readonlyPaths")
      .strings({"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"});
  json.end_object();
}

}  // namespace

std::string default_config(const DefaultSpec& options) {
  JsonWriter json(Layout::kIndented);
  json.begin_object();
  json.key("ociVersion").string(kNewestVersion);
  write_process(json);
  json.key("root").begin_object();
  json.key("path").string("rootfs").key("readonly").boolean(true).end_object();
  json.key("hostname").string("seatrial");
  write_mounts(json, options.rootless.has_value());
  write_linux(json, options);
  json.end_object();
  return json.take();
}

}  // namespace seatrial::spec
