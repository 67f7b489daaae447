// All that a container's cgroup counts, device by device: what `events` tells.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/cgroup/cgroup.h"

namespace seatrial::cgroup {

// "Read", "Write" and what else v1 names, of one block device.
struct DeviceCount {
  std::uint64_t major = 0;
  std::uint64_t minor = 0;
  std::string operation = {};
  std::uint64_t value = 0;

  bool operator==(const DeviceCount&) const = default;
};

struct HugePageUse {
  std::optional<std::uint64_t> usage = {};  // bytes
  std::optional<std::uint64_t> max_usage = {};
  std::optional<std::uint64_t> fail_count = {};
};

// Of the kernel's own memory, which v1 counts apart.
struct KernelMemoryUse {
  std::optional<std::uint64_t> usage = {};  // bytes
  std::optional<std::uint64_t> max_usage = {};
  std::optional<std::uint64_t> limit = {};
  std::optional<std::uint64_t> fail_count = {};
};

// What a cpuset of v1 says of itself.
struct CpusetFacts {
  std::vector<std::uint64_t> cpus = {};
  std::vector<std::uint64_t> mems = {};
  std::map<std::string, std::int64_t> settings = {};  // the other files: "cpu_exclusive"
};

// A value is absent, and a list empty, where the kernel does not count it.
struct DetailedStats {
  Stats sums = {};
  std::optional<std::uint64_t> cpu_user_ns = {};
  std::optional<std::uint64_t> cpu_kernel_ns = {};
  std::vector<std::uint64_t> cpu_each_ns = {};  // by processor
  std::vector<std::uint64_t> cpu_each_user_ns = {};
  std::vector<std::uint64_t> cpu_each_kernel_ns = {};
  std::optional<CpusetFacts> cpuset = {};
  std::optional<KernelMemoryUse> kernel_memory = {};
  std::optional<KernelMemoryUse> kernel_tcp_memory = {};
  std::optional<std::uint64_t> swap_usage = {};  // v1: memory and swap together; v2: swap
  std::optional<std::uint64_t> swap_max_usage = {};
  std::optional<std::uint64_t> swap_limit = {};
  std::optional<std::uint64_t> swap_fail_count = {};
  std::map<std::string, std::uint64_t> memory = {};  // memory.stat
  std::vector<DeviceCount> io_bytes = {};
  std::vector<DeviceCount> io_operations = {};
  std::map<std::string, HugePageUse> huge_pages = {};  // by size: "2MB"
};

// Throws nothing for a cgroup that has gone: all is absent then.
DetailedStats detailed_stats(const Cgroup& cgroup);

// "0-2,5" -> 0, 1, 2, 5. Pure; what is no number is left out.
std::vector<std::uint64_t> numbers_of_list(std::string_view text);

// "8:0 Read 5\nTotal 5" and "8:0 rbytes=5 wbytes=6". Pure; other lines are left out.
std::vector<DeviceCount> device_counts_v1(std::string_view text);
std::vector<DeviceCount> device_counts_v2(std::string_view text, std::string_view read_key,
                                          std::string_view write_key);

}  // namespace seatrial::cgroup
