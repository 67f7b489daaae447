#include <algorithm>
#include <charconv>

#include "engine/cgroup/cgroup.h"
#include "engine/cgroup/directory.h"
#include "engine/cgroup/keyed.h"

namespace seatrial::cgroup {
namespace {

using Number = std::optional<std::uint64_t>;

Number read_number(const std::optional<Directory>& directory, std::string_view file) {
  if (!directory) return std::nullopt;
  const std::optional<std::string> text = directory->read_if_present(file);
  return text ? parse_number(*text) : std::nullopt;
}

std::optional<Directory> directory_of(const Membership* member) {
  return member == nullptr ? std::nullopt : Directory::open_if_present(member->directory);
}

// The count stands in memory.oom_control since Linux 4.13.
Number count_oom_kills(const std::optional<Directory>& memory) {
  if (!memory) return std::nullopt;
  return keyed_number(memory->read_if_present("memory.oom_control").value_or(""), "oom_kill");
}

// Where v1 counts all, the tree of v2 is left alone.
bool needs_unified(const Identity& identity) {
  return identity.find("cpuacct") == nullptr || identity.find("memory") == nullptr ||
         identity.find("pids") == nullptr || identity.find("blkio") == nullptr;
}

Number count_oom_kills_v2(const std::optional<Directory>& unified) {
  if (!unified) return std::nullopt;
  return keyed_number(unified->read_if_present("memory.events").value_or(""), "oom_kill");
}

Number in_nanoseconds(Number microseconds) {
  return microseconds ? Number(*microseconds * 1000) : std::nullopt;
}

void add_cpu_v1(const Identity& identity, Stats& stats) {
  stats.cpu_usage_ns = read_number(directory_of(identity.find("cpuacct")), "cpuacct.usage");
  if (const std::optional<Directory> cpu = directory_of(identity.find("cpu"))) {
    const std::string text = cpu->read_if_present("cpu.stat").value_or("");
    stats.cpu_periods = keyed_number(text, "nr_periods");
    stats.cpu_throttled_periods = keyed_number(text, "nr_throttled");
    stats.cpu_throttled_ns = keyed_number(text, "throttled_time");
  }
}

// The usage is counted with and without the cpu controller.
void add_cpu_v2(const Directory& unified, Stats& stats) {
  const std::string text = unified.read_if_present("cpu.stat").value_or("");
  stats.cpu_usage_ns = in_nanoseconds(keyed_number(text, "usage_usec"));
  stats.cpu_periods = keyed_number(text, "nr_periods");
  stats.cpu_throttled_periods = keyed_number(text, "nr_throttled");
  stats.cpu_throttled_ns = in_nanoseconds(keyed_number(text, "throttled_usec"));
}

// What is in the column that `name` announces ("Read 5", "rbytes=5"), over all lines. The lines of
// a device that saw nothing are not there.
Number sum_after(std::string_view text, std::string_view name) {
  std::uint64_t sum = 0;
  for (std::size_t at = text.find(name); at != text.npos; at = text.find(name, at + 1)) {
    const std::string_view rest = text.substr(at + name.size());
    sum += parse_number(rest.substr(0, rest.find_first_of(" \n"))).value_or(0);
  }
  return sum;
}

// The throttling layer counts whatever scheduler the device has (blkio-controller.rst). The one for
// the whole subtree is since Linux 4.19.
void add_io_v1(const std::optional<Directory>& blkio, Stats& stats) {
  if (!blkio) return;
  auto text = blkio->read_if_present("blkio.throttle.io_service_bytes_recursive");
  if (!text) text = blkio->read_if_present("blkio.throttle.io_service_bytes");
  if (!text) return;
  stats.io_read = sum_after(*text, " Read ");
  stats.io_written = sum_after(*text, " Write ");
}

void add_io_v2(const std::optional<Directory>& unified, Stats& stats) {
  const auto text = unified ? unified->read_if_present("io.stat") : std::nullopt;
  if (!text) return;
  stats.io_read = sum_after(*text, " rbytes=");
  stats.io_written = sum_after(*text, " wbytes=");
}

void add_memory_v1(const std::optional<Directory>& memory, Stats& stats) {
  stats.memory_usage = read_number(memory, "memory.usage_in_bytes");
  stats.memory_max_usage = read_number(memory, "memory.max_usage_in_bytes");
  stats.memory_limit = read_number(memory, "memory.limit_in_bytes");
  stats.memory_fail_count = read_number(memory, "memory.failcnt");
  if (memory) {
    stats.memory_inactive_file =
        keyed_number(memory->read_if_present("memory.stat").value_or(""), "total_inactive_file");
  }
  stats.oom_kills = count_oom_kills(memory);
}

void add_memory_v2(const std::optional<Directory>& unified, Stats& stats) {
  if (!unified) return;
  stats.memory_usage = read_number(unified, "memory.current");
  stats.memory_max_usage = read_number(unified, "memory.peak");  // since Linux 5.19
  stats.memory_limit = read_number(unified, "memory.max");
  stats.memory_inactive_file =
      keyed_number(unified->read_if_present("memory.stat").value_or(""), "inactive_file");
  const std::string events = unified->read_if_present("memory.events").value_or("");
  stats.memory_fail_count = keyed_number(events, "max");
  stats.oom_kills = keyed_number(events, "oom_kill");
}

}  // namespace

std::optional<std::uint64_t> parse_number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<std::uint64_t> keyed_number(std::string_view text, std::string_view key) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    if (line.starts_with(key) && line.substr(key.size(), 1) == " ") {
      return parse_number(line.substr(key.size() + 1));
    }
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return std::nullopt;
}

std::optional<std::uint64_t> Cgroup::oom_kills() const {
  const Membership* const memory = identity_.find("memory");
  return memory != nullptr ? count_oom_kills(directory_of(memory))
                           : count_oom_kills_v2(directory_of(identity_.unified()));
}

Stats Cgroup::stats() const {
  Stats stats;
  const std::optional<Directory> unified =
      needs_unified(identity_) ? directory_of(identity_.unified()) : std::nullopt;
  if (unified && identity_.find("cpu") == nullptr && identity_.find("cpuacct") == nullptr) {
    add_cpu_v2(*unified, stats);
  } else {
    add_cpu_v1(identity_, stats);
  }
  if (const Membership* const memory = identity_.find("memory")) {
    add_memory_v1(directory_of(memory), stats);
  } else {
    add_memory_v2(unified, stats);
  }
  if (const Membership* const blkio = identity_.find("blkio")) {
    add_io_v1(directory_of(blkio), stats);
  } else {
    add_io_v2(unified, stats);
  }
  const Membership* const v1_pids = identity_.find("pids");
  const std::optional<Directory> pids = directory_of(v1_pids);
  stats.pids_current = read_number(v1_pids != nullptr ? pids : unified, "pids.current");
  stats.pids_max = read_number(v1_pids != nullptr ? pids : unified, "pids.max");  // "max": none
  return stats;
}

}  // namespace seatrial::cgroup
