// Events, and what the engine as a whole has and uses.
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>

#include "engine/cgroup/layout.h"
#include "engine/core/change_watch.h"
#include "engine/core/filters.h"
#include "engine/core/go_on.h"
#include "engine/core/impl.h"

namespace seatrial::core {
namespace {

bool matches(const Event& event, const Filters& filters) {
  return std::all_of(filters.begin(), filters.end(), [&](const auto& filter) {
    const auto& [key, values] = filter;
    const auto any = [&](const auto& test) {
      return std::any_of(values.begin(), values.end(), test);
    };
    if (key == "type") return any([&](const auto& value) { return value == event.type; });
    if (key == "event") {
      // "exec_start" stands for "exec_start: CMD".
      return any([&](const auto& value) {
        return event.action == value || event.action.starts_with(value + ":");
      });
    }
    if (key == "label") return labels_match(event.attributes, values);
    const auto name = event.attributes.find("name");
    return event.type == key && any([&](const auto& value) {
             return event.actor_id.starts_with(value) ||
                    (name != event.attributes.end() && name->second == value);
           });
  });
}

}  // namespace

void Engine::events(const EventOptions& options, const std::function<bool(const Event&)>& sink) {
  check_filters(options.filters,
                {"type", "event", "container", "image", "network", "volume", "label"});
  const ChangeWatch watch(impl_->options.root);
  // Without `since`, only what happens from now on.
  std::int64_t seen = 0;
  if (!options.since) {
    const std::vector<Event> past = impl_->store.events_after(0);
    if (!past.empty()) seen = past.back().sequence;
  }
  std::optional<std::chrono::steady_clock::time_point> deadline;
  if (options.until) {
    deadline = std::chrono::steady_clock::now() +
               std::chrono::duration_cast<std::chrono::steady_clock::duration>(
                   *options.until - std::chrono::system_clock::now());
  }
  for (;;) {
    for (const Event& event : impl_->store.events_after(seen)) {
      seen = event.sequence;
      if (options.since && event.time < *options.since) continue;
      if (options.until && event.time > *options.until) return;
      if (matches(event, options.filters) && !sink(event)) return;
    }
    const auto change = [&](sys::Deadline slice) { return watch.wait(slice); };
    if (!options.follow || !wait_while(options.go_on, deadline, change)) return;
  }
}

SystemInfo Engine::info() {
  utsname name{};
  ::uname(&name);
  SystemInfo info{.version = "0.1.0",
                  .root = impl_->options.root,
                  .kernel_version = name.release,
                  .architecture = name.machine,
                  .cpus = static_cast<unsigned>(::sysconf(_SC_NPROCESSORS_ONLN)),
                  .memory = static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES)) *
                            static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)),
                  .images = static_cast<int>(impl_->images.list().size()),
                  .cgroup_version = cgroup::Layout::detect().is_pure_v2() ? "2" : "1"};
  for (const ContainerSummary& each : list({.all = true})) {
    ++info.containers;
    // Docker counts those that restart among the running ones.
    ++(is_active(each.state.status) && each.state.status != ContainerStatus::kPaused ? info.running
       : each.state.status == ContainerStatus::kPaused                               ? info.paused
                                                       : info.stopped);
  }
  return info;
}

DiskUsage Engine::disk_usage() {
  DiskUsage usage{
      .images = images(), .containers = list({.all = true, .size = true}), .volumes = volumes()};
  std::map<std::string, std::vector<image::ImageStore::User>> users;  // by image
  for (const ContainerRecord& record : impl_->store.containers()) {
    users[record.image_id].push_back({.name = record.id});
  }
  const image::LayerUse layers =
      impl_->images.layer_use([&](const spec::Digest& id) { return users[id.text()]; });
  usage.layers_size = layers.size;
  usage.unused_layers_size = layers.unused;
  for (const VolumeInfo& volume : usage.volumes) {
    usage.volume_sizes[volume.name] = impl_->volumes.size(volume.name);
  }
  return usage;
}

}  // namespace seatrial::core
