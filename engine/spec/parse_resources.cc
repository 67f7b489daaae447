// linux.resources: the limits of the container's cgroup.
#include <fmt/format.h>

#include <algorithm>

#include "engine/spec/parse_sections.h"

namespace seatrial::spec {
namespace {

constexpr std::int64_t kUnlimited = -1;
constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();

// -1 says "all", as silence does.
std::optional<std::int64_t> parse_rule_number(const Reader& rule, std::string_view key) {
  const auto number = rule.optional_integer<std::int64_t>(key, -1, 0xffffffff);
  return number == -1 ? std::nullopt : number;
}

DeviceRule parse_device_rule(const Reader& rule) {
  DeviceRule result;
  result.allow = rule.require("allow", "true or false").boolean();
  if (const auto type = rule.find("type"); type && !type->string().empty()) {
    const std::string text = type->string();
    if (text != "a" && text != "b" && text != "c") {
      type->refuse("is not a type of devices (a, b, c)");
    }
    result.type = text.front();
  }
  result.major = parse_rule_number(rule, "major");
  result.minor = parse_rule_number(rule, "minor");
  if (const auto access = rule.find("access"); access && !access->string().empty()) {
    const std::string text = access->string();
    if (text.find_first_not_of("rwm") != text.npos) {
      access->refuse("is not an access (letters of r, w, m)");
    }
    const auto has = [&](char letter) { return text.find(letter) != text.npos; };
    result.read = has('r');
    result.write = has('w');
    result.mknod = has('m');
  }
  return result;
}

MemoryLimits parse_memory(const Reader& memory) {
  const auto bytes = [&](std::string_view key) {
    return memory.optional_integer<std::int64_t>(key, kUnlimited);
  };
  MemoryLimits result;
  result.limit = bytes("limit");
  result.reservation = bytes("reservation");
  result.swap = bytes("swap");
  result.kernel = bytes("kernel");
  result.kernel_tcp = bytes("kernelTCP");
  result.swappiness = memory.optional_integer<std::uint64_t>("swappiness", 0, 100);
  result.disable_oom_killer = memory.optional_boolean("disableOOMKiller");
  result.use_hierarchy = memory.optional_boolean("useHierarchy");
  result.check_before_update = memory.optional_boolean("checkBeforeUpdate");
  const std::int64_t limit = result.limit.value_or(kUnlimited);
  const auto swap = memory.find("swap");
  if (swap && limit > 0 && result.swap.value_or(0) > 0 && result.swap < limit) {
    swap->refuse(fmt::format("is under the limit {}; swap counts memory and swap together", limit));
  }
  return result;
}

// A list of numbers and ranges, as cpuset(7) takes it; whether they exist is the kernel's to say.
std::string parse_set(const Reader& cpu, std::string_view key) {
  const auto member = cpu.find(key);
  if (!member) return {};
  std::string text = member->string();
  if (text.find_first_not_of("0123456789,-:/ \n") != text.npos) {
    member->refuse("is not a list of numbers and ranges, as in 0-2,4");
  }
  return text;
}

CpuLimits parse_cpu(const Reader& cpu) {
  CpuLimits result;
  result.shares = cpu.optional_integer<std::uint64_t>("shares");
  result.quota = cpu.optional_integer<std::int64_t>("quota");
  result.burst = cpu.optional_integer<std::uint64_t>("burst");
  result.period = cpu.optional_integer<std::uint64_t>("period");
  result.realtime_runtime = cpu.optional_integer<std::int64_t>("realtimeRuntime");
  result.realtime_period = cpu.optional_integer<std::uint64_t>("realtimePeriod");
  result.idle = cpu.optional_integer<std::int64_t>("idle");
  result.cpus = parse_set(cpu, "cpus");
  result.mems = parse_set(cpu, "mems");
  return result;
}

std::int64_t parse_device_number(const Reader& device, std::string_view name) {
  return device.require(name, "a device's number").integer<std::int64_t>(0, 0xffffffff);
}

std::vector<DeviceRate> parse_rates(const Reader& block_io, std::string_view key) {
  std::vector<DeviceRate> rates;
  const auto list = block_io.find(key);
  if (!list) return rates;
  for (const Reader& device : list->elements()) {
    rates.push_back({.major = parse_device_number(device, "major"),
                     .minor = parse_device_number(device, "minor"),
                     .rate = device.require("rate", "bytes or operations in a second, 0: no limit")
                                 .integer<std::uint64_t>()});
  }
  return rates;
}

// Programs in Go write a 0 for a weight that nobody gave.
std::optional<std::uint16_t> parse_weight(const Reader& object, std::string_view key) {
  const auto weight = object.optional_integer<std::uint16_t>(key);
  return weight == 0 ? std::nullopt : weight;
}

std::vector<DeviceWeight> parse_weight_devices(const Reader& block_io) {
  std::vector<DeviceWeight> weights;
  const auto list = block_io.find("weightDevice");
  if (!list) return weights;
  for (const Reader& device : list->elements()) {
    DeviceWeight weight{.major = parse_device_number(device, "major"),
                        .minor = parse_device_number(device, "minor"),
                        .weight = device.optional_integer<std::uint16_t>("weight"),
                        .leaf_weight = parse_weight(device, "leafWeight")};
    if (!weight.weight && !weight.leaf_weight) {
      device.refuse_whole("needs a weight or a leafWeight");
    }
    weights.push_back(weight);
  }
  return weights;
}

BlockIoLimits parse_block_io(const Reader& block_io) {
  return {.weight = parse_weight(block_io, "weight"),
          .leaf_weight = parse_weight(block_io, "leafWeight"),
          .weight_devices = parse_weight_devices(block_io),
          .read_bps = parse_rates(block_io, "throttleReadBpsDevice"),
          .write_bps = parse_rates(block_io, "throttleWriteBpsDevice"),
          .read_iops = parse_rates(block_io, "throttleReadIOPSDevice"),
          .write_iops = parse_rates(block_io, "throttleWriteIOPSDevice")};
}

// It becomes a part of a file's name.
bool is_page_size(std::string_view text) {
  const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const std::string_view unit = text.substr(digits);
  return digits > 0 && text.front() != '0' && (unit == "KB" || unit == "MB" || unit == "GB");
}

std::vector<HugePageLimit> parse_huge_pages(const Reader& list) {
  std::vector<HugePageLimit> limits;
  for (const Reader& entry : list.elements()) {
    const Reader size = entry.require("pageSize", "the size of a huge page");
    if (!is_page_size(size.string())) {
      size.refuse("is not a page size, as in 64KB, 2MB and 1GB");
    }
    const Reader limit = entry.require("limit", "a number of bytes");
    limits.push_back({.page_size = size.string(), .limit = limit.integer<std::uint64_t>()});
  }
  return limits;
}

std::map<std::string, RdmaLimit> parse_rdma(const Reader& rdma) {
  std::map<std::string, RdmaLimit> limits;
  for (const auto& [name, device] : rdma.members()) {
    const RdmaLimit limit{.hca_handles = device.optional_integer<std::uint32_t>("hcaHandles"),
                          .hca_objects = device.optional_integer<std::uint32_t>("hcaObjects")};
    if (!limit.hca_handles && !limit.hca_objects) {
      device.refuse_whole("needs hcaHandles or hcaObjects");
    }
    if (name.empty() || name.find_first_of(" \t\n") != name.npos) {
      device.refuse_whole("is not under the name of a device");
    }
    limits.emplace(name, limit);
  }
  return limits;
}

NetworkLimits parse_network(const Reader& network) {
  NetworkLimits result{.class_id = network.optional_integer<std::uint32_t>("classID"),
                       .priorities = {}};
  const auto list = network.find("priorities");
  if (!list) return result;
  for (const Reader& entry : list->elements()) {
    const Reader name = entry.require("name", "the name of an interface");
    if (name.filled_string().find_first_of(" \t\n/") != std::string::npos) {
      name.refuse("is not the name of an interface");
    }
    const Reader priority = entry.require("priority", "a number");
    result.priorities.push_back(
        {.name = name.string(), .priority = priority.integer<std::uint32_t>()});
  }
  return result;
}

// Whether there is such a file is the host's to say; that it is one of the cgroup's own is not.
std::map<std::string, std::string> parse_unified(const Reader& unified) {
  std::map<std::string, std::string> files;
  for (const auto& [name, value] : unified.members()) {
    if (name.empty() || name == "." || name == ".." || name.find('/') != name.npos) {
      value.refuse_whole("is not under the name of a file of a cgroup");
    }
    files.emplace(name, value.string());
  }
  return files;
}

}  // namespace

Resources parse_resources(const Reader& resources) {
  Resources result;
  if (const auto devices = resources.find("devices")) {
    for (const Reader& rule : devices->elements()) {
      result.devices.push_back(parse_device_rule(rule));
    }
  }
  if (const auto memory = resources.find("memory")) result.memory = parse_memory(*memory);
  if (const auto cpu = resources.find("cpu")) result.cpu = parse_cpu(*cpu);
  if (const auto pids = resources.find("pids")) {
    result.pids_limit = pids->optional_integer<std::int64_t>("limit", kUnlimited, kMost);
  }
  if (const auto block_io = resources.find("blockIO")) result.block_io = parse_block_io(*block_io);
  if (const auto pages = resources.find("hugepageLimits")) {
    result.huge_pages = parse_huge_pages(*pages);
  }
  if (const auto rdma = resources.find("rdma")) result.rdma = parse_rdma(*rdma);
  if (const auto network = resources.find("network")) result.network = parse_network(*network);
  if (const auto unified = resources.find("unified")) result.unified = parse_unified(*unified);
  return result;
}

}  // namespace seatrial::spec
