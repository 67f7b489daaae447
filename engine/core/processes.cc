// top, stats and update: the processes of a running container and what they use.
#include <fmt/format.h>
#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <ctime>
#include <sstream>
#include <type_traits>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/core/compose_config.h"
#include "engine/core/impl.h"
#include "engine/core/restart.h"

namespace seatrial::core {
namespace {

std::vector<std::string> words(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> result;
  for (std::string word; stream >> word;) result.push_back(std::move(word));
  return result;
}

std::uint64_t number(std::string_view text) {
  std::uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

// What follows the command's closing parenthesis in /proc/PID/stat: fields from the third on
// (proc(5)).
std::vector<std::string> stat_fields(pid_t pid) {
  const std::string text = read_file(fmt::format("/proc/{}/stat", pid));
  return words(text.substr(text.rfind(')') + 1));
}

std::string command_line(pid_t pid) {
  std::string text = read_file(fmt::format("/proc/{}/cmdline", pid));
  while (!text.empty() && text.back() == '\0') text.pop_back();
  std::replace(text.begin(), text.end(), '\0', ' ');
  if (!text.empty()) return text;
  text = read_file(fmt::format("/proc/{}/comm", pid));
  return "[" + text.substr(0, text.find('\n')) + "]";
}

std::string owner(pid_t pid) {
  const std::string text = read_file(fmt::format("/proc/{}/status", pid));
  const std::size_t line = text.find("\nUid:");
  const std::uint64_t uid = number(words(text.substr(line + 5, 64)).front());
  // As ps does it: by the host's names.
  passwd entry{};
  passwd* found = nullptr;
  char buffer[4096];
  if (::getpwuid_r(static_cast<uid_t>(uid), &entry, buffer, sizeof buffer, &found) == 0 &&
      found != nullptr) {
    return found->pw_name;
  }
  return std::to_string(uid);
}

std::string start_time(std::uint64_t ticks_since_boot) {
  const auto hertz = static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK));
  timespec up{};
  ::clock_gettime(CLOCK_BOOTTIME, &up);
  const std::time_t started =
      std::time(nullptr) - up.tv_sec + static_cast<std::time_t>(ticks_since_boot / hertz);
  std::tm parts{};
  ::localtime_r(&started, &parts);
  return fmt::format("{:02}:{:02}", parts.tm_hour, parts.tm_min);
}

std::vector<std::string> process_row(pid_t pid) {
  const std::vector<std::string> stat = stat_fields(pid);
  const auto hertz = static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK));
  const std::uint64_t seconds = (number(stat.at(11)) + number(stat.at(12))) / hertz;
  const std::string terminal =
      stat.at(4) == "0" ? "?" : "pts/" + std::to_string(number(stat[4]) & 0xff);
  return {owner(pid),
          std::to_string(pid),
          stat.at(1),
          "0",
          start_time(number(stat.at(19))),
          terminal,
          fmt::format("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60),
          command_line(pid)};
}

std::uint64_t host_cpu_ns() {
  const std::string text = read_file("/proc/stat");
  const std::vector<std::string> fields = words(text.substr(0, text.find('\n')));
  std::uint64_t ticks = 0;
  // user, nice, system, idle, iowait, irq, softirq, steal; guest time is in user already.
  for (std::size_t at = 1; at < std::min<std::size_t>(fields.size(), 9); ++at) {
    ticks += number(fields[at]);
  }
  return ticks * (1'000'000'000 / static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK)));
}

void read_interfaces(pid_t pid, StatsSample& sample) {
  std::istringstream lines(read_file(fmt::format("/proc/{}/net/dev", pid)));
  std::string line;
  std::getline(lines, line);
  std::getline(lines, line);  // two lines of titles
  while (std::getline(lines, line)) {
    const std::size_t colon = line.find(':');
    if (colon == std::string::npos) continue;
    const std::string name = words(line.substr(0, colon)).front();
    const std::vector<std::string> fields = words(line.substr(colon + 1));
    if (name == "lo" || fields.size() < 12) continue;
    sample.networks[name] = {.rx_bytes = number(fields[0]),
                             .rx_packets = number(fields[1]),
                             .rx_errors = number(fields[2]),
                             .rx_dropped = number(fields[3]),
                             .tx_bytes = number(fields[8]),
                             .tx_packets = number(fields[9]),
                             .tx_errors = number(fields[10]),
                             .tx_dropped = number(fields[11])};
  }
}

// Fields of `change` that say something take the place of those in `limits`.
void merge(ResourceLimits& limits, const ResourceLimits& change) {
  const auto take = [](auto& field, const auto& value) {
    if (value != std::remove_cvref_t<decltype(value)>{}) field = value;
  };
  take(limits.memory, change.memory);
  take(limits.memory_swap, change.memory_swap);
  take(limits.memory_reservation, change.memory_reservation);
  take(limits.memory_swappiness, change.memory_swappiness);
  take(limits.nano_cpus, change.nano_cpus);
  take(limits.cpu_shares, change.cpu_shares);
  take(limits.cpu_period, change.cpu_period);
  take(limits.cpu_quota, change.cpu_quota);
  take(limits.cpuset_cpus, change.cpuset_cpus);
  take(limits.cpuset_mems, change.cpuset_mems);
  take(limits.pids_limit, change.pids_limit);
}

}  // namespace

TopResult Engine::top(const std::string& container) {
  const ContainerRecord record = impl_->find(container);
  if (!impl_->is_running(record)) throw impl_->not_running(record);
  TopResult result{.titles = {"UID", "PID", "PPID", "C", "STIME", "TTY", "TIME", "CMD"}};
  for (const pid_t pid : impl_->runtime.processes(record.id)) {
    try {
      result.processes.push_back(process_row(pid));
    } catch (const Error& failure) {
      // Ended between the list and the look.
      if (failure.sys_errno() != ENOENT && failure.sys_errno() != ESRCH) throw;
    }
  }
  impl_->event(record, "top");
  return result;
}

StatsSample Engine::stats(const std::string& container) {
  const ContainerRecord record = impl_->find(container);
  if (!impl_->is_running(record)) throw impl_->not_running(record);
  const cgroup::Stats stats = impl_->runtime.stats(record.id);
  StatsSample sample{.read = std::chrono::system_clock::now(),
                     .cpu_usage_ns = stats.cpu_usage_ns.value_or(0),
                     .system_cpu_ns = host_cpu_ns(),
                     .online_cpus = static_cast<unsigned>(::sysconf(_SC_NPROCESSORS_ONLN)),
                     .throttled_periods = stats.cpu_throttled_periods.value_or(0),
                     .throttled_ns = stats.cpu_throttled_ns.value_or(0),
                     .memory_usage = stats.memory_usage.value_or(0),
                     .memory_inactive_file = stats.memory_inactive_file.value_or(0),
                     .memory_max_usage = stats.memory_max_usage.value_or(0),
                     .memory_limit = stats.memory_limit.value_or(0),
                     .pids_current = stats.pids_current.value_or(0),
                     .pids_limit = stats.pids_max.value_or(0),
                     .io_read = stats.io_read.value_or(0),
                     .io_written = stats.io_written.value_or(0)};
  // "Unlimited" is more than the host has: that is what bounds it then.
  const auto host = static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES)) *
                    static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  if (sample.memory_limit == 0 || sample.memory_limit > host) sample.memory_limit = host;
  read_interfaces(record.pid, sample);
  return sample;
}

void Engine::update(const std::string& container, const ResourceLimits& limits,
                    const std::optional<RestartPolicy>& policy) {
  check_memory(limits);
  if (policy) check_restart_policy(*policy);
  Locked locked = impl_->lock_container(container);
  ContainerRequest& request = locked.record.request;
  if (policy && restarts(*policy) && request.auto_remove) {
    throw error(Kind::kInvalidArgument,
                "Cannot update container {}: Restart policy cannot be updated because AutoRemove "
                "is enabled for the container",
                locked.record.id);
  }
  if (policy) request.restart_policy = *policy;
  if (limits.nano_cpus != 0) request.resources.cpu_quota = 0;
  merge(request.resources, limits);
  if (locked.record.phase == Phase::kRunning) {
    impl_->runtime.update(locked.record.id, resources_of(request.resources));
  }
  impl_->store.save(locked.record);
  impl_->event(locked.record, "update");
}

}  // namespace seatrial::core
