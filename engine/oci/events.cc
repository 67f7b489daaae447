#include "engine/oci/events.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

#include "engine/base/error.h"
#include "engine/spec/json_writer.h"
#include "engine/sys/deadline.h"
#include "engine/sys/pid_fd.h"

namespace seatrial::oci {
namespace {

using cgroup::DetailedStats;
using spec::JsonWriter;
using Number = std::optional<std::uint64_t>;

constexpr std::uint64_t kUnlimited = std::numeric_limits<std::uint64_t>::max();

void member(JsonWriter& json, std::string_view key, Number value, std::uint64_t otherwise = 0) {
  json.key(key).natural(value.value_or(otherwise));
}

void list(JsonWriter& json, std::string_view key, const std::vector<std::uint64_t>& values) {
  if (values.empty()) return;
  json.key(key).begin_array();
  for (const std::uint64_t each : values) json.natural(each);
  json.end_array();
}

void print_cpu(JsonWriter& json, const DetailedStats& stats) {
  json.key("cpu").begin_object();
  json.key("usage").begin_object();
  member(json, "total", stats.sums.cpu_usage_ns);
  list(json, "percpu", stats.cpu_each_ns);
  list(json, "percpu_kernel", stats.cpu_each_kernel_ns);
  list(json, "percpu_user", stats.cpu_each_user_ns);
  member(json, "kernel", stats.cpu_kernel_ns);
  member(json, "user", stats.cpu_user_ns);
  json.end_object();
  json.key("throttling").begin_object();
  member(json, "periods", stats.sums.cpu_periods);
  member(json, "throttledPeriods", stats.sums.cpu_throttled_periods);
  member(json, "throttledTime", stats.sums.cpu_throttled_ns);
  json.end_object();
  json.end_object();
}

void print_entry(JsonWriter& json, std::string_view key, Number limit, Number usage, Number most,
                 Number failures) {
  json.key(key).begin_object();
  member(json, "limit", limit, kUnlimited);
  member(json, "usage", usage);
  member(json, "max", most);
  member(json, "failcnt", failures);
  json.end_object();
}

void print_cpuset(JsonWriter& json, const cgroup::CpusetFacts& facts) {
  json.key("cpuset").begin_object();
  list(json, "cpus", facts.cpus);
  list(json, "mems", facts.mems);
  for (const auto& [key, value] : facts.settings) json.key(key).number(value);
  json.end_object();
}

void print_memory(JsonWriter& json, const DetailedStats& stats) {
  const cgroup::Stats& sums = stats.sums;
  json.key("memory").begin_object();
  for (const char* name : {"cache", "file"}) {  // as v1 and v2 call it
    if (const auto cache = stats.memory.find(name); cache != stats.memory.end()) {
      json.key("cache").natural(cache->second);
      break;
    }
  }
  print_entry(json, "usage", sums.memory_limit, sums.memory_usage, sums.memory_max_usage,
              sums.memory_fail_count);
  print_entry(json, "swap", stats.swap_limit, stats.swap_usage, stats.swap_max_usage,
              stats.swap_fail_count);
  const auto kernel = [&](std::string_view key, const auto& use) {
    if (use) print_entry(json, key, use->limit, use->usage, use->max_usage, use->fail_count);
  };
  kernel("kernel", stats.kernel_memory);
  kernel("kernelTCP", stats.kernel_tcp_memory);
  json.key("raw").begin_object();
  for (const auto& [key, value] : stats.memory) json.key(key).natural(value);
  json.end_object();
  json.end_object();
}

void print_counts(JsonWriter& json, std::string_view key,
                  const std::vector<cgroup::DeviceCount>& counts) {
  if (counts.empty()) return;
  json.key(key).begin_array();
  for (const cgroup::DeviceCount& count : counts) {
    json.begin_object().key("major").natural(count.major).key("minor").natural(count.minor);
    json.key("op").string(count.operation).key("value").natural(count.value).end_object();
  }
  json.end_array();
}

void print_data(JsonWriter& json, const DetailedStats& stats) {
  json.begin_object();
  print_cpu(json, stats);
  if (stats.cpuset) print_cpuset(json, *stats.cpuset);
  print_memory(json, stats);
  json.key("pids").begin_object();
  member(json, "current", stats.sums.pids_current);
  member(json, "limit", stats.sums.pids_max);  // 0: none
  json.end_object();
  json.key("blkio").begin_object();
  print_counts(json, "ioServiceBytesRecursive", stats.io_bytes);
  print_counts(json, "ioServicedRecursive", stats.io_operations);
  json.end_object();
  json.key("hugetlb").begin_object();
  for (const auto& [size, use] : stats.huge_pages) {
    json.key(size).begin_object();
    member(json, "usage", use.usage);
    member(json, "max", use.max_usage);
    member(json, "failcnt", use.fail_count);
    json.end_object();
  }
  json.end_object();
  json.end_object();
}

}  // namespace

std::string stats_event(std::string_view id, const DetailedStats& stats) {
  JsonWriter json(spec::Layout::kOneLine);
  json.begin_object().key("type").string("stats").key("id").string(id).key("data");
  print_data(json, stats);
  json.end_object();
  return json.take() + "\n";
}

std::string oom_event(std::string_view id) {
  JsonWriter json(spec::Layout::kOneLine);
  json.begin_object().key("type").string("oom").key("id").string(id).end_object();
  return json.take() + "\n";
}

std::chrono::milliseconds parse_interval(std::string_view text) {
  constexpr std::array<std::pair<std::string_view, long>, 4> kUnits{
      {{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}}};
  constexpr long kMost = 1'000'000;
  long number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  const auto known =
      std::ranges::find_if(kUnits, [&](const auto& each) { return each.first == unit; });
  if (failure != std::errc() || known == kUnits.end() || number <= 0 || number > kMost) {
    throw error(Kind::kInvalidArgument,
                "--interval {}: a number above 0 with ms, s, m or h is wanted", text);
  }
  return std::chrono::milliseconds(number * known->second);
}

void follow_events(runtime::Runtime& runtime, const std::string& id,
                   std::chrono::milliseconds interval,
                   const std::function<void(std::string_view)>& tell) {
  const spec::State state = runtime.state(id);
  const auto init = state.pid > 0 ? sys::PidFd::open(state.pid) : std::nullopt;
  // Asked once more: now the descriptor cannot be that of somebody who got the number later.
  if (!init || runtime.state(id).pid != state.pid) {
    throw error(Kind::kConflict, "container {} is not running", id);
  }
  cgroup::OomWatch watch = runtime.watch_oom(id);
  sys::Deadline next = sys::after(interval);
  for (;;) {
    std::array<pollfd, 2> events{{{init->get(), POLLIN, 0}, {watch.fd(), POLLIN, 0}}};
    const int ready = sys::poll_until(events, next);
    if (ready > 0 && events[1].revents != 0 && watch.take()) tell(oom_event(id));
    if (ready > 0 && events[0].revents != 0) return;
    if (ready > 0) continue;
    tell(stats_event(id, runtime.detailed_stats(id)));
    next = sys::after(interval);
  }
}

}  // namespace seatrial::oci
