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
  if (const auto type = rule.find("type"); type && !type->is_trivial()) {
    const std::string text = type->string();
    if (text != "a" && text != "b" && text != "c") {
      type->refuse("is not a type of devices (a, b, c)");
    }
    result.type = text.front();
  }
  result.major = parse_rule_number(rule, "major");
  result.minor = parse_rule_number(rule, "minor");
  if (const auto access = rule.find("access"); access && !access->is_trivial()) {
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

std::vector<DeviceRate> parse_rates(const Reader& block_io, std::string_view key) {
  std::vector<DeviceRate> rates;
  const auto list = block_io.find(key);
  if (!list) return rates;
  for (const Reader& device : list->elements()) {
    const auto number = [&](std::string_view name) {
      device.require(name, "a device's number");
      return device.optional_integer<std::int64_t>(name, 0, 0xffffffff).value_or(0);
    };
    rates.push_back({.major = number("major"),
                     .minor = number("minor"),
                     .rate = device.optional_integer<std::uint64_t>("rate").value_or(0)});
  }
  return rates;
}

BlockIoLimits parse_block_io(const Reader& block_io, Unsupported& unsupported) {
  note_unsupported(block_io, {"weight", "leafWeight", "weightDevice"}, unsupported);
  return {.read_bps = parse_rates(block_io, "throttleReadBpsDevice"),
          .write_bps = parse_rates(block_io, "throttleWriteBpsDevice"),
          .read_iops = parse_rates(block_io, "throttleReadIOPSDevice"),
          .write_iops = parse_rates(block_io, "throttleWriteIOPSDevice")};
}

}  // namespace

Resources parse_resources(const Reader& resources, Unsupported& unsupported) {
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
  if (const auto block_io = resources.find("blockIO")) {
    result.block_io = parse_block_io(*block_io, unsupported);
  }
  note_unsupported(resources, {"hugepageLimits", "rdma", "network", "unified"}, unsupported);
  return result;
}

}  // namespace seatrial::spec
