// inspect: a record and what the kernel and the monitor say of it, together.
#include <fcntl.h>
#include <fmt/format.h>

#include <cerrno>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/core/compose_config.h"
#include "engine/core/impl.h"
#include "engine/core/logs.h"

namespace seatrial::core {
namespace {

EndpointInfo endpoint_info(const EndpointRecord& endpoint) {
  return {.network = endpoint.network_name,
          .network_id = endpoint.network,
          .endpoint_id = endpoint.host_link,
          .ip_address = endpoint.ip,
          .ip_prefix_length = endpoint.prefix,
          .gateway = endpoint.gateway,
          .mac_address = endpoint.mac,
          .aliases = endpoint.aliases};
}

}  // namespace

ContainerInfo Engine::Impl::info_of(const ContainerRecord& record) {
  std::vector<std::string> program = program_of(record.request);
  const ContainerRecord owner = network_owner(record).value_or(record);
  const std::filesystem::path files = directory(owner.id);
  ContainerInfo info{.id = record.id,
                     .name = record.name,
                     .created = record.created,
                     .image = record.request.image,
                     .image_id = record.image_id,
                     .path = program.front(),
                     .args = {program.begin() + 1, program.end()},
                     .state = state_of(record),
                     .restart_count = record.restarts,
                     .config = record.request,
                     .mounts = record.mounts,
                     .log_path = record.request.log_driver == "json-file" ? log(record.id) : "",
                     .hostname_path = files / "hostname",
                     .hosts_path = files / "hosts",
                     .resolv_conf_path = files / "resolv.conf",
                     .merged_directory = merged(record.id)};
  info.config.hostname = hostname_of(owner.request, owner.id);
  for (const EndpointRecord& endpoint : store.endpoints_of(record.id)) {
    info.networks.push_back(endpoint_info(endpoint));
    info.ports.insert(info.ports.end(), endpoint.ports.begin(), endpoint.ports.end());
  }
  return info;
}

ContainerInfo Engine::inspect(const std::string& container) {
  ContainerRecord record = impl_->find(container);
  if (record.phase == Phase::kRunning && !impl_->is_running(record)) {
    record = impl_->lock_container(record.id).record;
  }
  return impl_->info_of(record);
}

void Engine::logs(const std::string& container, const LogOptions& options,
                  const std::function<bool(const LogEntry&)>& sink) {
  const ContainerRecord record = impl_->find(container);
  if (record.request.log_driver != "json-file") {
    throw error(Kind::kUnsupported, "the log driver {} keeps nothing to read",
                record.request.log_driver);
  }
  const auto alive = [&] {
    const auto now = impl_->store.container(record.id);
    return now && impl_->is_running(*now);
  };
  read_log(impl_->log(record.id), options, impl_->monitor_directory(record.id), alive, sink);
}

Engine::Impl::RootView Engine::Impl::open_root(const ContainerRecord& record) {
  RootView view;
  if (is_running(record)) {
    // Taken before and after the check: the number speaks of the same process.
    view.root = UniqueFd(
        ::open(fmt::format("/proc/{}/root", record.pid).c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (view.root && is_running(record)) return view;
    view.root.reset();
  }
  view.mount = image::open_overlay(images.snapshot(record.id));
  view.root = UniqueFd(::openat(view.mount.get(), ".", O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!view.root) throw sys_error(errno, "open the root of container {}", record.name);
  return view;
}

}  // namespace seatrial::core
