// linux.resources as it was parsed.
#include "engine/spec/json_members.h"
#include "engine/spec/print_sections.h"

namespace seatrial::spec {
namespace {

using Json = JsonWriter;

void print_device_rules(Json& json, const std::vector<DeviceRule>& rules) {
  if (rules.empty()) return;
  json.key("devices").begin_array();
  for (const DeviceRule& rule : rules) {
    json.begin_object().key("allow").boolean(rule.allow).key("type").string({&rule.type, 1});
    number(json, "major", rule.major);
    number(json, "minor", rule.minor);
    std::string access;
    if (rule.read) access += 'r';
    if (rule.write) access += 'w';
    if (rule.mknod) access += 'm';
    json.key("access").string(access).end_object();
  }
  json.end_array();
}

void print_memory(Json& json, const MemoryLimits& memory) {
  json.key("memory").begin_object();
  number(json, "limit", memory.limit);
  number(json, "reservation", memory.reservation);
  number(json, "swap", memory.swap);
  number(json, "kernel", memory.kernel);
  number(json, "kernelTCP", memory.kernel_tcp);
  number(json, "swappiness", memory.swappiness);
  if (memory.disable_oom_killer) json.key("disableOOMKiller").boolean(*memory.disable_oom_killer);
  if (memory.use_hierarchy) json.key("useHierarchy").boolean(*memory.use_hierarchy);
  if (memory.check_before_update) {
    json.key("checkBeforeUpdate").boolean(*memory.check_before_update);
  }
  json.end_object();
}

void print_cpu(Json& json, const CpuLimits& cpu) {
  json.key("cpu").begin_object();
  number(json, "shares", cpu.shares);
  number(json, "quota", cpu.quota);
  number(json, "burst", cpu.burst);
  number(json, "period", cpu.period);
  number(json, "realtimeRuntime", cpu.realtime_runtime);
  number(json, "realtimePeriod", cpu.realtime_period);
  number(json, "idle", cpu.idle);
  text(json, "cpus", cpu.cpus);
  text(json, "mems", cpu.mems);
  json.end_object();
}

void print_rates(Json& json, const char* key, const std::vector<DeviceRate>& rates) {
  if (rates.empty()) return;
  json.key(key).begin_array();
  for (const DeviceRate& device : rates) {
    json.begin_object();
    json.key("major").number(device.major);
    json.key("minor").number(device.minor);
    json.key("rate").natural(device.rate);
    json.end_object();
  }
  json.end_array();
}

void print_weights(Json& json, const std::vector<DeviceWeight>& weights) {
  if (weights.empty()) return;
  json.key("weightDevice").begin_array();
  for (const DeviceWeight& device : weights) {
    json.begin_object();
    json.key("major").number(device.major);
    json.key("minor").number(device.minor);
    number(json, "weight", device.weight);
    number(json, "leafWeight", device.leaf_weight);
    json.end_object();
  }
  json.end_array();
}

void print_block_io(Json& json, const BlockIoLimits& block_io) {
  json.key("blockIO").begin_object();
  number(json, "weight", block_io.weight);
  number(json, "leafWeight", block_io.leaf_weight);
  print_weights(json, block_io.weight_devices);
  print_rates(json, "throttleReadBpsDevice", block_io.read_bps);
  print_rates(json, "throttleWriteBpsDevice", block_io.write_bps);
  print_rates(json, "throttleReadIOPSDevice", block_io.read_iops);
  print_rates(json, "throttleWriteIOPSDevice", block_io.write_iops);
  json.end_object();
}

void print_huge_pages(Json& json, const std::vector<HugePageLimit>& limits) {
  if (limits.empty()) return;
  json.key("hugepageLimits").begin_array();
  for (const HugePageLimit& limit : limits) {
    json.begin_object().key("pageSize").string(limit.page_size);
    json.key("limit").natural(limit.limit).end_object();
  }
  json.end_array();
}

void print_rdma(Json& json, const std::map<std::string, RdmaLimit>& rdma) {
  if (rdma.empty()) return;
  json.key("rdma").begin_object();
  for (const auto& [name, limit] : rdma) {
    json.key(name).begin_object();
    number(json, "hcaHandles", limit.hca_handles);
    number(json, "hcaObjects", limit.hca_objects);
    json.end_object();
  }
  json.end_object();
}

void print_network(Json& json, const NetworkLimits& network) {
  json.key("network").begin_object();
  number(json, "classID", network.class_id);
  if (!network.priorities.empty()) {
    json.key("priorities").begin_array();
    for (const InterfacePriority& each : network.priorities) {
      json.begin_object().key("name").string(each.name);
      json.key("priority").number(each.priority).end_object();
    }
    json.end_array();
  }
  json.end_object();
}

void print_unified(Json& json, const std::map<std::string, std::string>& unified) {
  if (unified.empty()) return;
  json.key("unified").begin_object();
  for (const auto& [file, value] : unified) json.key(file).string(value);
  json.end_object();
}

}  // namespace

void print_resources(Json& json, const Resources& resources) {
  json.key("resources").begin_object();
  print_device_rules(json, resources.devices);
  if (resources.memory) print_memory(json, *resources.memory);
  if (resources.cpu) print_cpu(json, *resources.cpu);
  if (resources.pids_limit) {
    json.key("pids").begin_object().key("limit").number(*resources.pids_limit).end_object();
  }
  if (resources.block_io) print_block_io(json, *resources.block_io);
  print_huge_pages(json, resources.huge_pages);
  print_rdma(json, resources.rdma);
  if (resources.network) print_network(json, *resources.network);
  print_unified(json, resources.unified);
  json.end_object();
}

}  // namespace seatrial::spec
