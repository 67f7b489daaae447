#include "engine/runtime/record.h"

#include "engine/base/error.h"
#include "engine/cgroup/systemd_manager.h"
#include "engine/spec/json_reader.h"
#include "engine/spec/json_writer.h"
#include "engine/sys/proc_stat.h"

namespace seatrial::runtime {
namespace {

using spec::JsonWriter;
using spec::Reader;

void put(JsonWriter& json, const char* key, const ProcessIdentity& process) {
  json.key(key).begin_object();
  json.key("pid").number(process.pid);
  json.key("startTime").number(static_cast<std::int64_t>(process.start_time));
  json.end_object();
}

ProcessIdentity take_process(const Reader& root, const char* key) {
  const Reader process = root.require(key, "a process");
  return {.pid = process.require("pid", "a number").integer<pid_t>(0),
          .start_time = process.require("startTime", "a number").integer<std::uint64_t>()};
}

void put(JsonWriter& json, const RdtPlace& place) {
  json.key("rdt").begin_object();
  json.key("directory").string(place.directory);
  json.key("ownClass").boolean(place.own_class);
  json.key("toBeMade").boolean(place.to_be_made);
  json.key("inode").number(static_cast<std::int64_t>(place.inode));
  json.key("monitoring").string(place.monitoring);
  json.key("monitoringInode").number(static_cast<std::int64_t>(place.monitoring_inode));
  json.end_object();
}

void put(JsonWriter& json, const LentDevices& lent) {
  json.key("lent").begin_object();
  json.key("home").number(static_cast<std::int64_t>(lent.home));
  json.key("thereBefore").begin_array();
  for (const int index : lent.there_before) json.number(index);
  json.end_array();
  json.key("devices").begin_array();
  for (const LentDevice& device : lent.devices) {
    json.begin_object();
    json.key("name").string(device.name);
    json.key("wanted").string(device.wanted);
    json.key("index").number(device.index);
    json.key("flags").number(device.flags);
    json.key("master").number(device.master);
    json.end_object();
  }
  json.end_array();
  json.end_object();
}

std::string take_string(const Reader& root, const char* key) {
  return root.require(key, "a string").string();
}

bool take_boolean(const Reader& root, const char* key) {
  return root.require(key, "a boolean").boolean();
}

// Inode numbers use all 64 bits, and a JSON number of this room's has a sign.
std::uint64_t take_inode(const Reader& root, const char* key) {
  return static_cast<std::uint64_t>(root.require(key, "a number").integer<std::int64_t>());
}

RdtPlace take_rdt(const Reader& place) {
  return {.directory = take_string(place, "directory"),
          .own_class = take_boolean(place, "ownClass"),
          .to_be_made = take_boolean(place, "toBeMade"),
          .inode = take_inode(place, "inode"),
          .monitoring = take_string(place, "monitoring"),
          .monitoring_inode = take_inode(place, "monitoringInode")};
}

LentDevices take_lent(const Reader& section) {
  LentDevices lent{.devices = {}, .there_before = {}, .home = take_inode(section, "home")};
  for (const Reader& index : section.require("thereBefore", "an array").elements()) {
    lent.there_before.push_back(index.integer<int>());
  }
  for (const Reader& device : section.require("devices", "an array").elements()) {
    lent.devices.push_back(
        {.name = take_string(device, "name"),
         .wanted = take_string(device, "wanted"),
         .index = device.require("index", "a number").integer<int>(),
         .flags = device.require("flags", "a number").integer<std::uint32_t>(),
         .master = device.require("master", "a number").integer<std::uint32_t>()});
  }
  return lent;
}

}  // namespace

bool ProcessIdentity::is_alive() const {
  return sys::is_alive(pid, start_time);
}

ProcessIdentity identify(pid_t pid) {
  const auto stat = sys::proc_stat(pid);
  if (!stat) throw error(Kind::kNotFound, "process {} is gone", pid);
  return {.pid = pid, .start_time = stat->start_time};
}

std::string print_record(const Record& record) {
  JsonWriter json(spec::Layout::kOneLine);
  json.begin_object();
  json.key("phase").string(record.phase == Phase::kCreating ? "creating" : "created");
  json.key("boot").string(record.boot);
  put(json, "creator", record.creator);
  put(json, "init", record.init);
  put(json, "monitor", record.monitor);
  json.key("monitorDirectory").string(record.monitor_directory);
  if (record.checkpointer.pid != 0) put(json, "checkpointer", record.checkpointer);
  json.key("ociVersion").string(record.oci_version);
  json.key("bundle").string(record.bundle);
  json.key("rootfs").string(record.rootfs);
  json.key("created").string(record.created);
  json.key("annotations").begin_object();
  for (const auto& [key, value] : record.annotations) json.key(key).string(value);
  json.end_object();
  json.key("plannedCgroups").begin_array();
  for (const std::string& path : record.planned_cgroups) json.string(path);
  json.end_array();
  json.key("cgroups").string(record.cgroups);
  json.key("scope").string(record.scope);
  json.key("systemd").string(record.systemd);
  if (!record.rdt.directory.empty()) put(json, record.rdt);
  if (!record.lent.devices.empty()) put(json, record.lent);
  json.key("ownPidNamespace").boolean(record.own_pid_namespace);
  json.key("ownUserNamespace").boolean(record.own_user_namespace);
  json.key("ownMountNamespace").boolean(record.own_mount_namespace);
  json.key("hasPoststart").boolean(record.has_poststart);
  json.key("hasPoststop").boolean(record.has_poststop);
  json.end_object();
  return json.take();
}

Record parse_record(std::string_view text) {
  const spec::Document document(text, "record.jsonl");
  const Reader root(document);
  Record record;
  const std::string phase = take_string(root, "phase");
  if (phase != "creating" && phase != "created") {
    root.refuse_whole("phase: is neither creating nor created");
  }
  record.phase = phase == "creating" ? Phase::kCreating : Phase::kCreated;
  record.boot = take_string(root, "boot");
  record.creator = take_process(root, "creator");
  record.init = take_process(root, "init");
  record.monitor = take_process(root, "monitor");
  record.monitor_directory = take_string(root, "monitorDirectory");
  if (root.find("checkpointer")) record.checkpointer = take_process(root, "checkpointer");
  record.oci_version = take_string(root, "ociVersion");
  record.bundle = take_string(root, "bundle");
  record.rootfs = take_string(root, "rootfs");
  record.created = take_string(root, "created");
  for (const auto& [key, value] : root.require("annotations", "an object").members()) {
    record.annotations.emplace(key, value.string());
  }
  record.planned_cgroups = root.require("plannedCgroups", "an array").strings();
  record.cgroups = take_string(root, "cgroups");
  record.scope = take_string(root, "scope");
  record.systemd = root.find("systemd") ? take_string(root, "systemd") : cgroup::kSystemdOfHost;
  if (const auto rdt = root.find("rdt")) record.rdt = take_rdt(*rdt);
  if (const auto lent = root.find("lent")) record.lent = take_lent(*lent);
  record.own_pid_namespace = take_boolean(root, "ownPidNamespace");
  record.own_user_namespace = take_boolean(root, "ownUserNamespace");
  record.own_mount_namespace =
      root.find("ownMountNamespace") && take_boolean(root, "ownMountNamespace");
  record.has_poststart = take_boolean(root, "hasPoststart");
  record.has_poststop = take_boolean(root, "hasPoststop");
  return record;
}

}  // namespace seatrial::runtime
