#include <charconv>

#include "engine/cgroup/cgroup.h"
#include "engine/cgroup/directory.h"

namespace seatrial::cgroup {
namespace {

using Number = std::optional<std::uint64_t>;

Number parse_number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

Number read_number(const std::optional<Directory>& directory, std::string_view file) {
  if (!directory) return std::nullopt;
  const std::optional<std::string> text = directory->read_if_present(file);
  return text ? parse_number(*text) : std::nullopt;
}

// The value of "KEY VALUE" in a file of such lines.
Number keyed_number(std::string_view text, std::string_view key) {
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

std::optional<Directory> directory_of(const Membership* member) {
  return member == nullptr ? std::nullopt : Directory::open_if_present(member->directory);
}

// The count stands in memory.oom_control since Linux 4.13.
Number count_oom_kills(const std::optional<Directory>& memory) {
  if (!memory) return std::nullopt;
  return keyed_number(memory->read_if_present("memory.oom_control").value_or(""), "oom_kill");
}

}  // namespace

std::optional<std::uint64_t> Cgroup::oom_kills() const {
  return count_oom_kills(directory_of(identity_.find("memory")));
}

Stats Cgroup::stats() const {
  Stats stats;
  stats.cpu_usage_ns = read_number(directory_of(identity_.find("cpuacct")), "cpuacct.usage");
  if (const std::optional<Directory> cpu = directory_of(identity_.find("cpu"))) {
    const std::string text = cpu->read_if_present("cpu.stat").value_or("");
    stats.cpu_periods = keyed_number(text, "nr_periods");
    stats.cpu_throttled_periods = keyed_number(text, "nr_throttled");
    stats.cpu_throttled_ns = keyed_number(text, "throttled_time");
  }
  const std::optional<Directory> memory = directory_of(identity_.find("memory"));
  stats.memory_usage = read_number(memory, "memory.usage_in_bytes");
  stats.memory_max_usage = read_number(memory, "memory.max_usage_in_bytes");
  stats.memory_limit = read_number(memory, "memory.limit_in_bytes");
  stats.memory_fail_count = read_number(memory, "memory.failcnt");
  stats.oom_kills = count_oom_kills(memory);
  const std::optional<Directory> pids = directory_of(identity_.find("pids"));
  stats.pids_current = read_number(pids, "pids.current");
  stats.pids_max = read_number(pids, "pids.max");  // "max" is no number
  return stats;
}

}  // namespace seatrial::cgroup
