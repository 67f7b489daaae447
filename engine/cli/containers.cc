// ps, logs, top, stats, port and diff: what containers are and do.
#include <unistd.h>

#include <fmt/format.h>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <thread>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/cli/output.h"
#include "engine/cli/quoted_text.h"
#include "engine/cli/rows.h"
#include "engine/cli/verbs.h"
#include "engine/core/times.h"

namespace seatrial::engine_cli {
namespace {

using nlohmann::json;
using std::chrono::system_clock;

std::string local_time(core::Time time) {
  const std::time_t seconds = system_clock::to_time_t(time);
  std::tm parts{};
  ::localtime_r(&seconds, &parts);
  char text[64];
  const std::size_t length = std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S %z %Z", &parts);
  return {text, length};
}

Listing ps_listing(bool size) {
  Listing listing{.columns = {{"ID", "CONTAINER ID"},
                              {"Image", "IMAGE"},
                              {"Command", "COMMAND"},
                              {"RunningFor", "CREATED"},
                              {"Status", "STATUS"},
                              {"Ports", "PORTS"},
                              {"Names", "NAMES"}},
                  .other_headings = {{"CreatedAt", "CREATED AT"},
                                     {"State", "STATE"},
                                     {"Labels", "LABELS"},
                                     {"Mounts", "MOUNTS"},
                                     {"Networks", "NETWORKS"},
                                     {"LocalVolumes", "LOCAL VOLUMES"},
                                     {"Size", "SIZE"}},
                  .quiet_field = "ID"};
  if (size) listing.columns.emplace_back("Size", "SIZE");
  return listing;
}

struct Usage {
  double cpu_percent = 0;
  core::StatsSample now = {};
};

// Two samples apart give the share of the processor.
double cpu_percent(const core::StatsSample& before, const core::StatsSample& after) {
  if (after.cpu_usage_ns <= before.cpu_usage_ns || after.system_cpu_ns <= before.system_cpu_ns) {
    return 0;
  }
  return static_cast<double>(after.cpu_usage_ns - before.cpu_usage_ns) /
         static_cast<double>(after.system_cpu_ns - before.system_cpu_ns) * after.online_cpus * 100;
}

json stats_row(const core::ContainerSummary& each, const Usage& usage, bool truncate) {
  const core::StatsSample& now = usage.now;
  const double limit = static_cast<double>(now.memory_limit);
  const double used =
      static_cast<double>(now.memory_usage - std::min(now.memory_usage, now.memory_inactive_file));
  double received = 0;
  double sent = 0;
  for (const auto& [name, interface] : now.networks) {
    received += static_cast<double>(interface.rx_bytes);
    sent += static_cast<double>(interface.tx_bytes);
  }
  const std::string id = truncate ? core::short_id(each.id) : each.id;
  return {{"ID", id},
          {"Container", id},
          {"Name", each.name},
          {"CPUPerc", fmt::format("{:.2f}%", usage.cpu_percent)},
          {"MemUsage", binary_size(used) + " / " + binary_size(limit)},
          {"MemPerc", fmt::format("{:.2f}%", limit > 0 ? used / limit * 100 : 0)},
          {"NetIO", human_size(received) + " / " + human_size(sent)},
          {"BlockIO", human_size(static_cast<double>(now.io_read)) + " / " +
                          human_size(static_cast<double>(now.io_written))},
          {"PIDs", std::to_string(now.pids_current)}};
}

std::vector<core::ContainerSummary> those_named(Call& call) {
  std::vector<core::ContainerSummary> all = call.engine().list({.all = true});
  std::vector<core::ContainerSummary> chosen;
  for (core::ContainerSummary& each : all) {
    const bool runs = is_active(each.state.status);
    if (call.arguments().empty() && (runs || call.options().on("all"))) {
      chosen.push_back(std::move(each));
    }
  }
  for (const std::string& name : call.arguments()) {
    const std::string id = call.engine().inspect(name).id;
    for (const core::ContainerSummary& each : all) {
      if (each.id == id) chosen.push_back(each);
    }
  }
  return chosen;
}

// One that ended meanwhile has nothing to show.
core::StatsSample sample(core::Engine& engine, const std::string& id) {
  try {
    return engine.stats(id);
  } catch (const Error&) {
    return {};
  }
}

}  // namespace

Row container_row(const core::ContainerSummary& each, bool truncate, core::Time now) {
  std::string mounts;
  for (const core::MountPoint& mount : each.mounts) {
    const std::string& name = mount.name.empty() ? mount.source : mount.name;
    if (name.empty()) continue;
    mounts += (mounts.empty() ? "" : ",") + (truncate ? shortened(name, 15) : name);
  }
  std::string networks;
  for (const core::EndpointInfo& endpoint : each.networks) {
    networks += (networks.empty() ? "" : ",") + endpoint.network;
  }
  const std::string command = truncate ? shortened(each.command, 20) : each.command;
  json fields{{"ID", truncate ? core::short_id(each.id) : each.id},
              {"Image", each.image},
              {"Command", quoted_text(command)},
              {"CreatedAt", local_time(each.created)},
              {"RunningFor", age(each.created, now)},
              {"State", core::to_string(each.state.status)},
              {"Status", each.status},
              {"Ports", ports_text(each.ports, each.exposed_ports)},
              {"Names", each.name},
              {"Labels", labels_text(each.labels)},
              {"Mounts", mounts},
              {"Networks", networks},
              {"LocalVolumes", std::to_string(each.mounts.size())},
              {"Size", human_size(static_cast<double>(each.size_rw.value_or(0)))}};
  return {std::move(fields), each.labels};
}

int ps(Call& call) {
  const GivenOptions& options = call.options();
  core::ListOptions list{.all = options.on("all"), .size = options.on("size")};
  list.filters = parse_filters(options.all("filter"));
  if (const auto last = options.number("last"); last && *last > 0) {
    list.limit = static_cast<int>(*last);
    list.all = true;
  }
  if (options.on("latest")) {
    list.limit = 1;
    list.all = true;
  }
  if (list.filters.contains("status") || list.filters.contains("exited")) list.all = true;
  const std::string format = options.text("format");
  if (format.find(".Size") != format.npos) list.size = true;
  std::vector<Row> rows;
  for (const core::ContainerSummary& each : call.engine().list(list)) {
    rows.push_back(container_row(each, !options.on("no-trunc"), system_clock::now()));
  }
  print_rows(ps_listing(options.on("size")), options, rows);
  return 0;
}

int logs(Call& call) {
  const GivenOptions& options = call.options();
  core::LogOptions wanted{.follow = options.on("follow")};
  const core::Time now = system_clock::now();
  if (const auto text = options.get("since")) wanted.since = parse_moment(*text, now);
  if (const auto text = options.get("until")) wanted.until = parse_moment(*text, now);
  if (options.text("tail") != "all") {
    const auto lines = options.number("tail");
    if (lines && *lines >= 0) wanted.tail = static_cast<std::size_t>(*lines);
  }
  const bool with_time = options.on("timestamps");
  call.engine().logs(call.argument(0), wanted, [&](const core::LogEntry& entry) {
    const std::string time = with_time ? core::print_time(entry.time) + " " : "";
    write_all(entry.stream == "stderr" ? STDERR_FILENO : STDOUT_FILENO, time + entry.text,
              "output");
    return true;
  });
  return 0;
}

int top(Call& call) {
  const core::TopResult result = call.engine().top(call.argument(0));
  const auto line_of = [](const std::vector<std::string>& cells) {
    return fmt::format("{}", fmt::join(cells, "\t"));
  };
  std::vector<std::string> lines{line_of(result.titles)};
  for (const auto& process : result.processes) lines.push_back(line_of(process));
  print_out(aligned(lines));
  return 0;
}

int stats(Call& call) {
  using namespace std::chrono_literals;
  const Listing listing{.columns = {{"ID", "CONTAINER ID"},
                                    {"Name", "NAME"},
                                    {"CPUPerc", "CPU %"},
                                    {"MemUsage", "MEM USAGE / LIMIT"},
                                    {"MemPerc", "MEM %"},
                                    {"NetIO", "NET I/O"},
                                    {"BlockIO", "BLOCK I/O"},
                                    {"PIDs", "PIDS"}},
                        .other_headings = {{"Container", "CONTAINER"}},
                        .quiet_field = "ID"};
  const bool once = call.options().on("no-stream");
  const bool terminal = ::isatty(STDOUT_FILENO) != 0;
  std::map<std::string, core::StatsSample> before;
  for (const auto& each : those_named(call)) before[each.id] = sample(call.engine(), each.id);
  for (;;) {
    std::this_thread::sleep_for(1s);  // what a share of the processor is a share of
    std::vector<Row> rows;
    for (const core::ContainerSummary& each : those_named(call)) {
      Usage usage{.now = sample(call.engine(), each.id)};
      usage.cpu_percent = cpu_percent(before[each.id], usage.now);
      before[each.id] = usage.now;
      rows.push_back(stats_row(each, usage, !call.options().on("no-trunc")));
    }
    if (terminal && !once) print_out("\x1b[H\x1b[J");
    print_rows(listing, call.options(), rows);
    if (once) return 0;
  }
}

int port(Call& call) {
  const core::ContainerInfo info = call.engine().inspect(call.argument(0));
  std::string wanted = call.arguments().size() > 1 ? call.argument(1) : "";
  if (!wanted.empty() && wanted.find('/') == wanted.npos) wanted += "/tcp";
  std::string text;
  for (const core::PortBinding& each : info.ports) {
    const std::string inside = fmt::format("{}/{}", each.container_port, each.protocol);
    if (!wanted.empty() && inside != wanted) continue;
    const std::string ip = each.host_ip.empty()                          ? "0.0.0.0"
                           : each.host_ip.find(':') != std::string::npos ? "[" + each.host_ip + "]"
                                                                         : each.host_ip;
    text += wanted.empty() ? fmt::format("{} -> {}:{}\n", inside, ip, each.host_port)
                           : fmt::format("{}:{}\n", ip, each.host_port);
  }
  if (!wanted.empty() && text.empty()) {
    throw error(Kind::kNotFound, "no public port '{}' published for {}", call.argument(1),
                call.argument(0));
  }
  print_out(text);
  return 0;
}

int diff(Call& call) {
  std::string text;
  for (const core::Change& change : call.engine().diff(call.argument(0))) {
    text += fmt::format("{} {}\n", "CAD"[static_cast<int>(change.kind)], change.path);
  }
  print_out(text);
  return 0;
}

}  // namespace seatrial::engine_cli
