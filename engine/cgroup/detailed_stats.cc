#include "engine/cgroup/detailed_stats.h"

#include <dirent.h>
#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "engine/cgroup/directory.h"
#include "engine/cgroup/keyed.h"

namespace seatrial::cgroup {
namespace {

using Number = std::optional<std::uint64_t>;

std::optional<Directory> directory_of(const Membership* member) {
  return member == nullptr ? std::nullopt : Directory::open_if_present(member->directory);
}

std::string text_of(const Directory& directory, std::string_view file) {
  return directory.read_if_present(file).value_or("");
}

Number number_of(const Directory& directory, std::string_view file) {
  return parse_number(text_of(directory, file));
}

Number in_nanoseconds(Number microseconds) {
  return microseconds ? Number(*microseconds * 1000) : std::nullopt;
}

std::string_view next_part(std::string_view& text, char separator) {
  const std::string_view part = text.substr(0, text.find(separator));
  text.remove_prefix(std::min(part.size() + 1, text.size()));
  return part;
}

// "8:0" in front of a line; false for what begins otherwise.
bool take_device(std::string_view& line, DeviceCount& count) {
  std::string_view device = next_part(line, ' ');
  const Number major = parse_number(next_part(device, ':'));
  const Number minor = parse_number(device);
  if (!major || !minor) return false;
  count.major = *major;
  count.minor = *minor;
  return true;
}

// "cpu user system" and then a line each processor.
void add_each_cpu(std::string_view text, DetailedStats& stats) {
  while (!text.empty()) {
    std::string_view line = next_part(text, '\n');
    const Number cpu = parse_number(next_part(line, ' '));
    const Number user = parse_number(next_part(line, ' '));
    const Number kernel = parse_number(line);
    if (!cpu || !user || !kernel) continue;
    stats.cpu_each_user_ns.push_back(*user);
    stats.cpu_each_kernel_ns.push_back(*kernel);
  }
}

void add_cpuset(const Identity& identity, DetailedStats& stats) {
  const auto directory = directory_of(identity.find("cpuset"));
  if (!directory) return;
  CpusetFacts facts{.cpus = numbers_of_list(text_of(*directory, "cpuset.cpus")),
                    .mems = numbers_of_list(text_of(*directory, "cpuset.mems"))};
  for (const char* name : {"cpu_exclusive", "mem_hardwall", "mem_exclusive", "memory_migrate",
                           "memory_spread_page", "memory_spread_slab", "memory_pressure",
                           "sched_load_balance", "sched_relax_domain_level"}) {
    const std::string text = text_of(*directory, fmt::format("cpuset.{}", name));
    const bool negative = text.starts_with('-');
    const Number value = parse_number(std::string_view(text).substr(negative ? 1 : 0));
    if (!value) continue;
    const auto number = static_cast<std::int64_t>(*value);
    facts.settings[name] = negative ? -number : number;
  }
  stats.cpuset = std::move(facts);
}

KernelMemoryUse kernel_memory_use(const Directory& directory, std::string_view prefix) {
  const auto number = [&](std::string_view name) {
    return number_of(directory, fmt::format("memory.{}.{}", prefix, name));
  };
  return {.usage = number("usage_in_bytes"),
          .max_usage = number("max_usage_in_bytes"),
          .limit = number("limit_in_bytes"),
          .fail_count = number("failcnt")};
}

void add_cpu(const Identity& identity, DetailedStats& stats) {
  if (const auto v1 = directory_of(identity.find("cpuacct"))) {
    stats.cpu_user_ns = number_of(*v1, "cpuacct.usage_user");
    stats.cpu_kernel_ns = number_of(*v1, "cpuacct.usage_sys");
    const std::string each = text_of(*v1, "cpuacct.usage_percpu");
    for (std::string_view rest = each; !rest.empty();) {
      if (const Number value = parse_number(next_part(rest, ' '))) {
        stats.cpu_each_ns.push_back(*value);
      }
    }
    add_each_cpu(text_of(*v1, "cpuacct.usage_all"), stats);
  } else if (const auto v2 = directory_of(identity.unified())) {
    const std::string text = text_of(*v2, "cpu.stat");
    stats.cpu_user_ns = in_nanoseconds(keyed_number(text, "user_usec"));
    stats.cpu_kernel_ns = in_nanoseconds(keyed_number(text, "system_usec"));
  }
}

void add_memory(const Identity& identity, DetailedStats& stats) {
  const Membership* const v1 = identity.find("memory");
  const auto directory = directory_of(v1 != nullptr ? v1 : identity.unified());
  if (!directory) return;
  const std::string prefix = v1 != nullptr ? "memory.memsw." : "memory.swap.";
  const auto swap = [&](std::string_view old_name, std::string_view name) {
    return number_of(*directory, prefix + std::string(v1 != nullptr ? old_name : name));
  };
  stats.swap_usage = swap("usage_in_bytes", "current");
  stats.swap_max_usage = swap("max_usage_in_bytes", "peak");
  stats.swap_limit = swap("limit_in_bytes", "max");
  stats.swap_fail_count = swap("failcnt", "");
  if (v1 != nullptr) {
    stats.kernel_memory = kernel_memory_use(*directory, "kmem");
    stats.kernel_tcp_memory = kernel_memory_use(*directory, "kmem.tcp");
  }
  const std::string text = text_of(*directory, "memory.stat");
  for (std::string_view rest = text; !rest.empty();) {
    std::string_view line = next_part(rest, '\n');
    const std::string key(next_part(line, ' '));
    if (const Number value = parse_number(line)) stats.memory[key] = *value;
  }
}

void add_io(const Identity& identity, DetailedStats& stats) {
  if (const auto v1 = directory_of(identity.find("blkio"))) {
    stats.io_bytes = device_counts_v1(text_of(*v1, "blkio.throttle.io_service_bytes_recursive"));
    stats.io_operations = device_counts_v1(text_of(*v1, "blkio.throttle.io_serviced_recursive"));
  } else if (const auto v2 = directory_of(identity.unified())) {
    const std::string text = text_of(*v2, "io.stat");
    stats.io_bytes = device_counts_v2(text, "rbytes", "wbytes");
    stats.io_operations = device_counts_v2(text, "rios", "wios");
  }
}

std::vector<std::string> files_of(const Directory& directory) {
  std::vector<std::string> names;
  UniqueFd fd = directory.open_to_list();
  const std::unique_ptr<DIR, int (*)(DIR*)> entries(::fdopendir(fd.get()), ::closedir);
  if (!entries) return names;
  static_cast<void>(fd.release());  // the stream's
  while (const dirent* const entry = ::readdir(entries.get())) names.emplace_back(entry->d_name);
  return names;
}

void add_huge_pages(const Identity& identity, DetailedStats& stats) {
  const Membership* const v1 = identity.find("hugetlb");
  const auto directory = directory_of(v1 != nullptr ? v1 : identity.unified());
  if (!directory) return;
  constexpr std::string_view kHead = "hugetlb.";
  const std::string_view tail = v1 != nullptr ? ".usage_in_bytes" : ".current";
  for (const std::string& name : files_of(*directory)) {
    if (!name.starts_with(kHead) || !name.ends_with(tail) || name.find(".rsvd.") != name.npos) {
      continue;
    }
    const std::string stem = name.substr(0, name.size() - tail.size());
    HugePageUse use{.usage = number_of(*directory, name)};
    if (v1 != nullptr) {
      use.max_usage = number_of(*directory, stem + ".max_usage_in_bytes");
      use.fail_count = number_of(*directory, stem + ".failcnt");
    } else {
      use.fail_count = keyed_number(text_of(*directory, stem + ".events"), "max");
    }
    stats.huge_pages[stem.substr(kHead.size())] = use;
  }
}

}  // namespace

std::vector<std::uint64_t> numbers_of_list(std::string_view text) {
  constexpr std::uint64_t kMost = 1 << 16;  // processors, far beyond what the kernel takes
  std::vector<std::uint64_t> numbers;
  while (!text.empty()) {
    std::string_view range = next_part(text, ',');
    const Number first = parse_number(next_part(range, '-'));
    const Number last = range.empty() ? first : parse_number(range);
    if (!first || !last || *last >= kMost) continue;
    for (std::uint64_t each = *first; each <= *last; ++each) numbers.push_back(each);
  }
  return numbers;
}

std::vector<DeviceCount> device_counts_v1(std::string_view text) {
  std::vector<DeviceCount> counts;
  while (!text.empty()) {
    std::string_view line = next_part(text, '\n');
    DeviceCount count;
    if (!take_device(line, count)) continue;
    count.operation = next_part(line, ' ');
    const Number value = parse_number(line);
    if (!value) continue;
    count.value = *value;
    counts.push_back(std::move(count));
  }
  return counts;
}

std::vector<DeviceCount> device_counts_v2(std::string_view text, std::string_view read_key,
                                          std::string_view write_key) {
  std::vector<DeviceCount> counts;
  while (!text.empty()) {
    std::string_view line = next_part(text, '\n');
    DeviceCount count;
    if (!take_device(line, count)) continue;
    while (!line.empty()) {
      std::string_view value = next_part(line, ' ');
      const std::string_view key = next_part(value, '=');
      const Number number = parse_number(value);
      if (!number || (key != read_key && key != write_key)) continue;
      count.operation = key == read_key ? "Read" : "Write";
      count.value = *number;
      counts.push_back(count);
    }
  }
  return counts;
}

DetailedStats detailed_stats(const Cgroup& cgroup) {
  DetailedStats stats{.sums = cgroup.stats()};
  add_cpu(cgroup.identity(), stats);
  add_cpuset(cgroup.identity(), stats);
  add_memory(cgroup.identity(), stats);
  add_io(cgroup.identity(), stats);
  add_huge_pages(cgroup.identity(), stats);
  return stats;
}

}  // namespace seatrial::cgroup
