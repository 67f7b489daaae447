// list: what `ps` shows, and its filters.
#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/core/filters.h"
#include "engine/core/impl.h"
#include "engine/core/request_json.h"
#include "engine/core/times.h"
#include "engine/volume/copy_up.h"

namespace seatrial::core {
namespace {

std::string status_text(const ContainerState& state) {
  const auto since = [](const std::optional<Time>& time) {
    const auto age = std::chrono::system_clock::now() - time.value_or(Time());
    return human_duration(std::chrono::duration_cast<std::chrono::seconds>(age));
  };
  switch (state.status) {
    case ContainerStatus::kCreated:
      return "Created";
    case ContainerStatus::kRunning:
      return "Up " + since(state.started_at);
    case ContainerStatus::kPaused:
      return fmt::format("Up {} (Paused)", since(state.started_at));
    case ContainerStatus::kRestarting:
      return fmt::format("Restarting ({}) {} ago", state.exit_code, since(state.finished_at));
    case ContainerStatus::kExited:
      return fmt::format("Exited ({}) {} ago", state.exit_code, since(state.finished_at));
    case ContainerStatus::kDead:
      return "Dead";
  }
  return {};
}

std::string command_of(const ContainerInfo& info) {
  std::string command = info.path;
  for (const std::string& argument : info.args) command += " " + argument;
  return command;
}

bool has_port(const std::vector<std::string>& values, const std::vector<std::string>& ports) {
  return std::any_of(values.begin(), values.end(), [&](const std::string& value) {
    const std::string wanted = value.find('/') == std::string::npos ? value + "/tcp" : value;
    return std::find(ports.begin(), ports.end(), wanted) != ports.end();
  });
}

std::vector<std::string> published(const ContainerInfo& info) {
  std::vector<std::string> ports;
  for (const PortBinding& port : info.config.ports) ports.push_back(port_text(port));
  return ports;
}

void check_exit_code(const std::string& value) {
  int code = 0;
  const char* const end = value.data() + value.size();
  const auto read = std::from_chars(value.data(), end, code);
  if (read.ec != std::errc() || read.ptr != end) {
    throw error(Kind::kInvalidArgument, "invalid filter 'exited={}'", value);
  }
}

class ContainerFilter {
 public:
  ContainerFilter(Engine::Impl& impl, const Filters& filters) : filters_(filters) {
    check_filters(filters, {"id", "name", "label", "status", "exited", "ancestor", "before",
                            "since", "volume", "network", "publish", "expose"});
    check_values(filters, "status",
                 {"created", "running", "paused", "restarting", "removing", "exited", "dead"});
    if (const auto values = filters.find("exited"); values != filters.end()) {
      for (const std::string& value : values->second) check_exit_code(value);
    }
    for (const char* key : {"before", "since"}) {
      if (const auto values = filters.find(key); values != filters.end()) {
        for (const std::string& value : values->second) times_[key] = impl.find(value).created;
      }
    }
    if (const auto values = filters.find("ancestor"); values != filters.end()) {
      for (const std::string& value : values->second) {
        try {
          ancestors_.push_back(impl.images.find(value).id.text());
        } catch (const Error& failure) {
          if (failure.kind() != Kind::kNotFound) throw;
        }
      }
    }
  }

  bool matches(const ContainerInfo& info) const {
    return std::all_of(filters_.begin(), filters_.end(), [&](const auto& filter) {
      return matches(filter.first, filter.second, info);
    });
  }

 private:
  bool matches(const std::string& key, const std::vector<std::string>& values,
               const ContainerInfo& info) const {
    const auto any = [&](const auto& test) {
      return std::any_of(values.begin(), values.end(), test);
    };
    if (key == "id") return any([&](const auto& value) { return info.id.starts_with(value); });
    if (key == "name")
      return any([&](const auto& value) { return name_matches(info.name, value); });
    if (key == "label") return labels_match(info.config.labels, values);
    if (key == "status") {
      return any([&](const auto& value) { return value == to_string(info.state.status); });
    }
    if (key == "exited") {
      return info.state.status == ContainerStatus::kExited &&
             any([&](const auto& value) { return value == std::to_string(info.state.exit_code); });
    }
    if (key == "ancestor") {
      return std::find(ancestors_.begin(), ancestors_.end(), info.image_id) != ancestors_.end();
    }
    if (key == "before") return info.created < times_.at(key);
    if (key == "since") return info.created > times_.at(key);
    if (key == "publish") return has_port(values, published(info));
    if (key == "expose") return has_port(values, info.config.exposed_ports);
    if (key == "volume") {
      return std::any_of(info.mounts.begin(), info.mounts.end(), [&](const MountPoint& mount) {
        return any([&](const auto& value) {
          return value == mount.name || value == mount.destination || value == mount.source;
        });
      });
    }
    return std::any_of(info.networks.begin(), info.networks.end(), [&](const EndpointInfo& each) {
      return any([&](const auto& value) {
        return value == each.network || each.network_id.starts_with(value);
      });
    });
  }

  const Filters& filters_;
  std::map<std::string, Time> times_;
  std::vector<std::string> ancestors_;
};

}  // namespace

std::vector<ContainerSummary> Engine::list(const ListOptions& options) {
  const ContainerFilter filter(*impl_, options.filters);
  const bool all = options.all || options.limit > 0 || options.filters.contains("status") ||
                   options.filters.contains("exited");
  std::vector<ContainerSummary> summaries;
  for (const ContainerRecord& record : impl_->store.containers()) {
    if (record.phase == Phase::kCreating) continue;
    // What ended unseen is settled now, unless somebody is at it.
    if (record.phase == Phase::kRunning && !impl_->is_running(record)) {
      static_cast<void>(impl_->try_lock_container(record.id));
      if (!impl_->store.container(record.id)) continue;
    }
    const ContainerInfo info = impl_->info_of(impl_->store.container(record.id).value_or(record));
    const bool active = is_active(info.state.status);
    if ((!all && !active) || !filter.matches(info)) continue;
    ContainerSummary summary{.id = info.id,
                             .name = info.name,
                             .image = info.image,
                             .image_id = info.image_id,
                             .command = command_of(info),
                             .created = info.created,
                             .state = info.state,
                             .status = status_text(info.state),
                             .ports = info.ports,
                             .exposed_ports = info.config.exposed_ports,
                             .labels = info.config.labels,
                             .networks = info.networks,
                             .mounts = info.mounts};
    if (options.size) {
      const UniqueFd upper =
          open_file(impl_->images.snapshot(info.id).upper, O_RDONLY | O_DIRECTORY);
      summary.size_rw = volume::tree_size(upper.get());
    }
    summaries.push_back(std::move(summary));
    if (options.limit > 0 && summaries.size() == static_cast<std::size_t>(options.limit)) break;
  }
  return summaries;
}

}  // namespace seatrial::core
