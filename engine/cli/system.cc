// What concerns the engine as a whole: events, info, df, prune, recover.
#include <unistd.h>

#include <fmt/format.h>
#include <algorithm>
#include <nlohmann/json.hpp>

#include "engine/base/error.h"
#include "engine/cli/output.h"
#include "engine/cli/rows.h"
#include "engine/cli/template.h"
#include "engine/cli/verbs.h"
#include "engine/core/times.h"

namespace seatrial::engine_cli {
namespace {

using nlohmann::json;
using std::chrono::system_clock;

// As GET /events sends it.
json document_of(const core::Event& event) {
  const std::int64_t nanoseconds = core::to_nanoseconds(event.time);
  return {{"Type", event.type},
          {"Action", event.action},
          {"Actor", {{"ID", event.actor_id}, {"Attributes", event.attributes}}},
          {"id", event.actor_id},
          {"status", event.action},
          {"scope", "local"},
          {"time", nanoseconds / 1'000'000'000},
          {"timeNano", nanoseconds}};
}

std::string line_of(const core::Event& event) {
  std::string attributes;
  for (const auto& [key, value] : event.attributes) {
    attributes += fmt::format("{}{}={}", attributes.empty() ? "" : ", ", key, value);
  }
  std::string line = fmt::format("{} {} {} {}", core::print_time(event.time), event.type,
                                 event.action, event.actor_id);
  return attributes.empty() ? line : fmt::format("{} ({})", line, attributes);
}

json df_row(std::string_view type, std::size_t total, std::size_t active, double size,
            double reclaimable) {
  const int percent = size > 0 ? static_cast<int>(reclaimable / size * 100) : 0;
  std::string text = human_size(reclaimable, 4);
  if (size > 0) text += fmt::format(" ({}%)", percent);
  return {{"Type", type},
          {"TotalCount", std::to_string(total)},
          {"Active", std::to_string(active)},
          {"Size", human_size(size, 4)},
          {"Reclaimable", text}};
}

json images_row(const core::DiskUsage& usage) {
  const auto active =
      std::count_if(usage.images.begin(), usage.images.end(),
                    [](const core::ImageSummary& image) { return image.containers > 0; });
  return df_row("Images", usage.images.size(), static_cast<std::size_t>(active),
                static_cast<double>(usage.layers_size),
                static_cast<double>(usage.unused_layers_size));
}

json containers_row(const core::DiskUsage& usage) {
  std::size_t active = 0;
  double size = 0;
  double idle = 0;
  for (const core::ContainerSummary& each : usage.containers) {
    const auto own = static_cast<double>(each.size_rw.value_or(0));
    size += own;
    if (is_active(each.state.status)) {
      ++active;
    } else {
      idle += own;
    }
  }
  return df_row("Containers", usage.containers.size(), active, size, idle);
}

json volumes_row(const core::DiskUsage& usage) {
  std::size_t active = 0;
  double size = 0;
  double idle = 0;
  for (const core::VolumeInfo& each : usage.volumes) {
    const auto found = usage.volume_sizes.find(each.name);
    const double own = found == usage.volume_sizes.end() ? 0 : static_cast<double>(found->second);
    size += own;
    if (each.ref_count > 0) {
      ++active;
    } else {
      idle += own;
    }
  }
  return df_row("Local Volumes", usage.volumes.size(), active, size, idle);
}

std::string size_of_volume(const core::DiskUsage& usage, const std::string& name) {
  const auto found = usage.volume_sizes.find(name);
  return found == usage.volume_sizes.end() ? "N/A" : human_size(static_cast<double>(found->second));
}

// system df -v: what the sums are made of.
std::string each_text(const core::DiskUsage& usage) {
  const Listing images{.columns = {{"Repository", "REPOSITORY"},
                                   {"Tag", "TAG"},
                                   {"ID", "IMAGE ID"},
                                   {"CreatedSince", "CREATED"},
                                   {"Size", "SIZE"},
                                   {"SharedSize", "SHARED SIZE"},
                                   {"UniqueSize", "UNIQUE SIZE"},
                                   {"Containers", "CONTAINERS"}},
                       .quiet_field = "ID"};
  const Listing containers{.columns = {{"ID", "CONTAINER ID"},
                                       {"Image", "IMAGE"},
                                       {"Command", "COMMAND"},
                                       {"LocalVolumes", "LOCAL VOLUMES"},
                                       {"Size", "SIZE"},
                                       {"RunningFor", "CREATED"},
                                       {"Status", "STATUS"},
                                       {"Names", "NAMES"}},
                           .quiet_field = "ID"};
  const Listing volumes{.columns = {{"Name", "VOLUME NAME"}, {"Links", "LINKS"}, {"Size", "SIZE"}},
                        .quiet_field = "Name"};
  std::vector<Row> image_rows;
  for (const core::ImageSummary& each : usage.images) add_image_rows(each, true, image_rows);
  std::vector<Row> container_rows;
  for (const core::ContainerSummary& each : usage.containers) {
    container_rows.push_back(container_row(each, true, system_clock::now()));
  }
  std::vector<Row> volume_rows;
  for (const core::VolumeInfo& each : usage.volumes) {
    volume_rows.emplace_back(json{{"Name", each.name},
                                  {"Links", std::to_string(each.ref_count)},
                                  {"Size", size_of_volume(usage, each.name)}});
  }
  const GivenOptions table;
  return "Images space usage:\n\n" + list_text(images, table, image_rows) +
         "\nContainers space usage:\n\n" + list_text(containers, table, container_rows) +
         "\nLocal Volumes space usage:\n\n" + list_text(volumes, table, volume_rows);
}

}  // namespace

int events(Call& call) {
  const GivenOptions& options = call.options();
  const core::Time now = system_clock::now();
  core::EventOptions wanted{.filters = parse_filters(options.all("filter"))};
  if (const auto text = options.get("since")) wanted.since = parse_moment(*text, now);
  if (const auto text = options.get("until")) wanted.until = parse_moment(*text, now);
  wanted.follow = !wanted.until || *wanted.until > now;
  std::string format = unescaped(options.text("format"));
  if (format == "json") format = "{{json .}}";
  call.engine().events(wanted, [&](const core::Event& event) {
    print_out((format.empty() ? line_of(event) : render(format, document_of(event))) + "\n");
    return true;
  });
  return 0;
}

int info(Call& call) {
  const core::SystemInfo info = call.engine().info();
  const std::string format = unescaped(call.options().text("format"));
  if (!format.empty()) {
    const json document{{"ServerVersion", info.version},
                        {"DockerRootDir", info.root},
                        {"KernelVersion", info.kernel_version},
                        {"Architecture", info.architecture},
                        {"OSType", "linux"},
                        {"Driver", "overlay"},
                        {"NCPU", info.cpus},
                        {"MemTotal", info.memory},
                        {"Containers", info.containers},
                        {"ContainersRunning", info.running},
                        {"ContainersPaused", info.paused},
                        {"ContainersStopped", info.stopped},
                        {"Images", info.images},
                        {"CgroupVersion", info.cgroup_version}};
    print_out((format == "json" ? document.dump() : render(format, document)) + "\n");
    return 0;
  }
  print_out(fmt::format(
      "Containers: {}\n Running: {}\n Paused: {}\n Stopped: {}\nImages: {}\nServer Version: {}\n"
      "Storage Driver: overlay\nCgroup Version: {}\nKernel Version: {}\nOSType: linux\n"
      "Architecture: {}\nCPUs: {}\nTotal Memory: {}\nDocker Root Dir: {}\n",
      info.containers, info.running, info.paused, info.stopped, info.images, info.version,
      info.cgroup_version, info.kernel_version, info.architecture, info.cpus,
      binary_size(static_cast<double>(info.memory)), info.root));
  return 0;
}

int disk_usage(Call& call) {
  const bool each = call.options().on("verbose");
  if (each && call.options().has("format")) {
    throw error(Kind::kUnsupported,
                "--verbose has a form of its own: --format does not go with it");
  }
  const core::DiskUsage usage = call.engine().disk_usage();
  if (each) {
    print_out(each_text(usage));
    return 0;
  }
  const Listing listing{.columns = {{"Type", "TYPE"},
                                    {"TotalCount", "TOTAL"},
                                    {"Active", "ACTIVE"},
                                    {"Size", "SIZE"},
                                    {"Reclaimable", "RECLAIMABLE"}},
                        .quiet_field = "Type"};
  print_rows(listing, call.options(),
             {images_row(usage), containers_row(usage), volumes_row(usage)});
  return 0;
}

int prune_system(Call& call) {
  const bool all = call.options().on("all");
  const bool volumes = call.options().on("volumes");
  const std::string warning = fmt::format(
      "This will remove:\n  - all stopped containers\n  - all networks not used by at least one "
      "container\n{}  - {}\n",
      volumes ? "  - all anonymous volumes not used by at least one container\n" : "",
      all ? "all images without at least one container associated to them" : "all dangling images");
  if (!confirmed(call.options(), warning)) return 0;
  const core::Filters filters = prune_filters(call);
  if (volumes && filters.contains("until")) {
    throw error(Kind::kInvalidArgument, "The \"until\" filter is not supported with \"--volumes\"");
  }
  core::Engine& engine = call.engine();
  std::string text;
  std::uint64_t space = 0;
  const auto add = [&](std::string_view title, const core::PruneResult& result) {
    space += result.space_reclaimed;
    if (result.deleted.empty()) return;
    text += fmt::format("{}\n{}\n\n", title, fmt::join(result.deleted, "\n"));
  };
  add("Deleted Containers:", engine.prune_containers(filters));
  add("Deleted Networks:", engine.prune_networks(filters));
  if (volumes) add("Deleted Volumes:", engine.prune_volumes(false, filters));
  add("Deleted Images:", engine.prune_images(all, filters));
  print_out(text +
            fmt::format("Total reclaimed space: {}\n", human_size(static_cast<double>(space), 4)));
  return 0;
}

int recover(Call& call) {
  const core::RecoveryReport report = call.engine().recover();
  std::string text;
  for (const std::string& each : report.kept) text += "kept container " + each + "\n";
  for (const std::string& each : report.adopted) text += "adopted container " + each + "\n";
  for (const std::string& each : report.cleaned) text += "cleaned " + each + "\n";
  print_out(text);
  return 0;
}

}  // namespace seatrial::engine_cli
