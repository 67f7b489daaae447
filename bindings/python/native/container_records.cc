// Containers as Python sees them: engine/core/container_types.h, field by field.
#include "bindings/python/native/bindings.h"

namespace seatrial::python {
namespace {

using namespace core;

// By ChangeKind.
constexpr const char* kChangeNames[] = {"modified", "added", "deleted"};

py::object optional_time(const std::optional<Time>& time) {
  return time ? datetime_of(*time) : py::object(py::none());
}

void add_request_parts(py::module_& module) {
  Record<PortBinding>(module, "PortBinding")
      .from_keywords()
      .input("container_port", &PortBinding::container_port)
      .input("protocol", &PortBinding::protocol)
      .input("host_ip", &PortBinding::host_ip)
      .input("host_port", &PortBinding::host_port)
      .done();
  Record<Ulimit>(module, "Ulimit")
      .from_keywords()
      .input("name", &Ulimit::name)
      .input("soft", &Ulimit::soft)
      .input("hard", &Ulimit::hard)
      .done();
  Record<DeviceMapping>(module, "DeviceMapping")
      .from_keywords()
      .input("path_on_host", &DeviceMapping::path_on_host)
      .input("path_in_container", &DeviceMapping::path_in_container)
      .input("permissions", &DeviceMapping::permissions)
      .done();
  Record<NetworkAttachment>(module, "NetworkAttachment")
      .from_keywords()
      .input("network", &NetworkAttachment::network)
      .input("aliases", &NetworkAttachment::aliases)
      .input("ip", &NetworkAttachment::ip)
      .input("mac", &NetworkAttachment::mac)
      .done();
  Record<ResourceLimits>(module, "ResourceLimits")
      .from_keywords()
      .input("memory", &ResourceLimits::memory)
      .input("memory_swap", &ResourceLimits::memory_swap)
      .input("memory_reservation", &ResourceLimits::memory_reservation)
      .input("nano_cpus", &ResourceLimits::nano_cpus)
      .input("cpu_shares", &ResourceLimits::cpu_shares)
      .input("cpuset_cpus", &ResourceLimits::cpuset_cpus)
      .input("cpuset_mems", &ResourceLimits::cpuset_mems)
      .input("pids_limit", &ResourceLimits::pids_limit)
      .input("oom_score_adj", &ResourceLimits::oom_score_adj)
      .done();
}

void add_request(py::module_& module) {
  using volume::MountSpec;
  Record<MountSpec>(module, "MountSpec")
      .computed("type", [](const MountSpec& self) { return std::string(to_string(self.type)); })
      .field("source", &MountSpec::source)
      .field("target", &MountSpec::target)
      .field("read_only", &MountSpec::read_only)
      .done();
  Record<ContainerRequest>(module, "ContainerRequest")
      .from_keywords()
      .input("name", &ContainerRequest::name)
      .input("image", &ContainerRequest::image)
      .input("entrypoint", &ContainerRequest::entrypoint)
      .input("cmd", &ContainerRequest::cmd)
      .input("env", &ContainerRequest::env)
      .input("user", &ContainerRequest::user)
      .input("working_dir", &ContainerRequest::working_dir)
      .input("hostname", &ContainerRequest::hostname)
      .input("labels", &ContainerRequest::labels)
      .input("tty", &ContainerRequest::tty)
      .input("open_stdin", &ContainerRequest::open_stdin)
      .input("stdin_once", &ContainerRequest::stdin_once)
      .input("stop_signal", &ContainerRequest::stop_signal)
      .input("stop_timeout", &ContainerRequest::stop_timeout)
      .input("mounts", &ContainerRequest::mounts)
      .input("volumes_from", &ContainerRequest::volumes_from)
      .input("ports", &ContainerRequest::ports)
      .input("publish_all_ports", &ContainerRequest::publish_all_ports)
      .input("network_mode", &ContainerRequest::network_mode)
      .input("networks", &ContainerRequest::networks)
      .input("dns", &ContainerRequest::dns)
      .input("extra_hosts", &ContainerRequest::extra_hosts)
      .input("auto_remove", &ContainerRequest::auto_remove)
      .input("privileged", &ContainerRequest::privileged)
      .input("read_only_rootfs", &ContainerRequest::read_only_rootfs)
      .input("init", &ContainerRequest::init)
      .input("cap_add", &ContainerRequest::cap_add)
      .input("cap_drop", &ContainerRequest::cap_drop)
      .input("security_opt", &ContainerRequest::security_opt)
      .input("group_add", &ContainerRequest::group_add)
      .input("ulimits", &ContainerRequest::ulimits)
      .input("devices", &ContainerRequest::devices)
      .input("sysctls", &ContainerRequest::sysctls)
      .input("pid_mode", &ContainerRequest::pid_mode)
      .input("ipc_mode", &ContainerRequest::ipc_mode)
      .input("uts_mode", &ContainerRequest::uts_mode)
      .input("shm_size", &ContainerRequest::shm_size)
      .input("resources", &ContainerRequest::resources)
      .done();
}

void add_state(py::module_& module) {
  Record<ContainerState>(module, "ContainerState")
      .computed("status",
                [](const ContainerState& self) { return std::string(to_string(self.status)); })
      .field("pid", &ContainerState::pid)
      .field("exit_code", &ContainerState::exit_code)
      .field("oom_killed", &ContainerState::oom_killed)
      .text("error", &ContainerState::error)
      .computed("started_at",
                [](const ContainerState& self) { return optional_time(self.started_at); })
      .computed("finished_at",
                [](const ContainerState& self) { return optional_time(self.finished_at); })
      .done();
  Record<MountPoint>(module, "MountPoint")
      .computed("type", [](const MountPoint& self) { return std::string(to_string(self.type)); })
      .field("name", &MountPoint::name)
      .field("source", &MountPoint::source)
      .field("destination", &MountPoint::destination)
      .field("read_write", &MountPoint::read_write)
      .done();
  Record<EndpointInfo>(module, "EndpointInfo")
      .field("network", &EndpointInfo::network)
      .field("network_id", &EndpointInfo::network_id)
      .field("ip_address", &EndpointInfo::ip_address)
      .field("ip_prefix_length", &EndpointInfo::ip_prefix_length)
      .field("gateway", &EndpointInfo::gateway)
      .field("mac_address", &EndpointInfo::mac_address)
      .field("aliases", &EndpointInfo::aliases)
      .done();
  Record<ContainerInfo>(module, "ContainerInfo")
      .field("id", &ContainerInfo::id)
      .field("name", &ContainerInfo::name)
      .time("created", &ContainerInfo::created)
      .field("image", &ContainerInfo::image)
      .field("image_id", &ContainerInfo::image_id)
      .text("path", &ContainerInfo::path)
      .field("args", &ContainerInfo::args)
      .field("state", &ContainerInfo::state)
      .field("config", &ContainerInfo::config)
      .field("mounts", &ContainerInfo::mounts)
      .field("networks", &ContainerInfo::networks)
      .field("ports", &ContainerInfo::ports)
      .done();
  Record<ContainerSummary>(module, "ContainerSummary")
      .field("id", &ContainerSummary::id)
      .field("name", &ContainerSummary::name)
      .field("image", &ContainerSummary::image)
      .text("command", &ContainerSummary::command)
      .field("status", &ContainerSummary::status)
      .field("state", &ContainerSummary::state)
      .field("labels", &ContainerSummary::labels)
      .done();
}

void add_activity(py::module_& module) {
  Record<LogEntry>(module, "LogEntry")
      .field("stream", &LogEntry::stream)
      .time("time", &LogEntry::time)
      .computed("data", [](const LogEntry& self) { return py::bytes(self.text); })
      .text("text", &LogEntry::text)
      .done();
  Record<StatsSample>(module, "StatsSample")
      .time("read", &StatsSample::read)
      .field("cpu_usage_ns", &StatsSample::cpu_usage_ns)
      .field("system_cpu_ns", &StatsSample::system_cpu_ns)
      .field("online_cpus", &StatsSample::online_cpus)
      .field("memory_usage", &StatsSample::memory_usage)
      .field("memory_inactive_file", &StatsSample::memory_inactive_file)
      .field("memory_max_usage", &StatsSample::memory_max_usage)
      .field("memory_limit", &StatsSample::memory_limit)
      .field("pids_current", &StatsSample::pids_current)
      .field("pids_limit", &StatsSample::pids_limit)
      .field("io_read", &StatsSample::io_read)
      .field("io_written", &StatsSample::io_written)
      .done();
  Record<Change>(module, "Change")
      .computed("kind",
                [](const Change& self) { return kChangeNames[static_cast<int>(self.kind)]; })
      .text("path", &Change::path)
      .done();
  Record<PathStat>(module, "PathStat")
      .text("name", &PathStat::name)
      .field("size", &PathStat::size)
      .field("mode", &PathStat::mode)
      .time("mtime", &PathStat::mtime)
      .text("link_target", &PathStat::link_target)
      .done();
}

}  // namespace

void add_container_records(py::module_& module) {
  add_request_parts(module);
  add_request(module);
  add_state(module);
  add_activity(module);
}

}  // namespace seatrial::python
