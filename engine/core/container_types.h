// Containers as the callers of `Engine` describe and see them: passive data in Docker's words
// (the bodies of POST /containers/create, GET /containers/json, GET /containers/ID/json). std types
// only.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/volume/mount_syntax.h"

namespace seatrial::core {

using Labels = std::map<std::string, std::string>;
using Time = std::chrono::system_clock::time_point;

// A port of the container that the host forwards.
struct PortBinding {
  std::uint16_t container_port = 0;
  std::string protocol = "tcp";  // "tcp", "udp"
  std::string host_ip = {};      // empty: every address
  std::uint16_t host_port = 0;   // 0: a free one is chosen
  // One that is free between host_port and this one is chosen; 0: host_port alone.
  std::uint16_t host_port_last = 0;
};

struct Ulimit {
  std::string name = {};  // "nofile", as docker writes them
  std::int64_t soft = 0;  // -1: unlimited
  std::int64_t hard = 0;
};

struct DeviceMapping {
  std::string path_on_host = {};
  std::string path_in_container = {};  // empty: the same
  std::string permissions = "rwm";
};

struct RestartPolicy {
  std::string name = "no";  // "no", "always", "unless-stopped", "on-failure"
  unsigned maximum_retry_count = 0;
};

// One network that a container joins.
struct NetworkAttachment {
  std::string network = {};  // name or id
  std::vector<std::string> aliases = {};
  std::string ip = {};   // empty: from the pool
  std::string mac = {};  // empty: made from the address
};

// How fast a block device of the host may be used.
struct DeviceRate {
  std::string path = {};   // of its node on the host
  std::uint64_t rate = 0;  // bytes or operations in a second
};

// HostConfig's limits. 0 or an empty string: not limited.
struct ResourceLimits {
  std::int64_t memory = 0;       // bytes
  std::int64_t memory_swap = 0;  // memory and swap, bytes; -1: unlimited; 0: twice the memory
  std::int64_t memory_reservation = 0;  // bytes
  std::optional<std::uint64_t> memory_swappiness = {};
  std::int64_t nano_cpus = 0;  // --cpus * 1e9
  std::uint64_t cpu_shares = 0;
  std::uint64_t cpu_period = 0;  // microseconds
  std::int64_t cpu_quota = 0;    // microseconds
  std::string cpuset_cpus = {};
  std::string cpuset_mems = {};
  std::int64_t pids_limit = 0;  // -1: unlimited
  bool oom_kill_disable = false;
  int oom_score_adj = 0;
  std::vector<DeviceRate> device_read_bps = {};
  std::vector<DeviceRate> device_write_bps = {};
  std::vector<DeviceRate> device_read_iops = {};
  std::vector<DeviceRate> device_write_iops = {};
};

struct ContainerRequest {
  // Config: what the program is
  std::string name = {};   // empty: one is made up
  std::string image = {};  // name, id or id prefix
  std::string platform = {};
  std::optional<std::vector<std::string>> entrypoint = {};  // empty: the image's; {} resets it
  std::vector<std::string> cmd = {};                        // empty: the image's
  std::vector<std::string> env = {};  // "K=V"; "K" alone takes the image's away
  std::string user = {};              // "uid|name[:gid|group]"
  std::string working_dir = {};
  std::string hostname = {};  // empty: the first 12 digits of the id
  std::string domainname = {};
  Labels labels = {};
  std::vector<std::string> exposed_ports = {};  // "80/tcp"
  bool tty = false;
  std::uint16_t console_height = 0;  // with tty; 0: not known
  std::uint16_t console_width = 0;
  bool open_stdin = false;
  bool stdin_once = false;
  bool attach_stdin = false;
  bool attach_stdout = false;
  bool attach_stderr = false;
  std::string stop_signal = {};          // empty: the image's, else SIGTERM
  std::optional<int> stop_timeout = {};  // seconds; empty: 10

  // HostConfig: what it may use
  std::vector<volume::MountSpec> mounts = {};
  std::vector<std::string> volumes_from = {};  // "CONTAINER[:ro|rw]"
  std::vector<PortBinding> ports = {};
  bool publish_all_ports = false;
  std::string network_mode = "default";  // "bridge", "none", "host", "container:ID", a network
  std::vector<NetworkAttachment> networks = {};  // options for network_mode's, and further ones
  std::vector<std::string> dns = {};
  std::vector<std::string> dns_search = {};
  std::vector<std::string> dns_options = {};
  std::vector<std::string> extra_hosts = {};  // "name:address"; "host-gateway" as address
  bool auto_remove = false;
  bool privileged = false;
  bool read_only_rootfs = false;
  bool init = false;
  std::vector<std::string> cap_add = {};
  std::vector<std::string> cap_drop = {};
  std::vector<std::string> security_opt = {};
  std::vector<std::string> group_add = {};
  std::vector<Ulimit> ulimits = {};
  std::vector<DeviceMapping> devices = {};
  std::vector<std::string> device_cgroup_rules = {};
  std::map<std::string, std::string> sysctls = {};
  std::string pid_mode = {};       // "", "host", "container:ID"
  std::string ipc_mode = {};       // "", "private", "host", "none", "shareable", "container:ID"
  std::string uts_mode = {};       // "", "host"
  std::string cgroupns_mode = {};  // "", "host", "private"
  std::string cgroup_parent = {};
  std::uint64_t shm_size = 64U << 20;                   // bytes
  std::map<std::string, std::string> storage_opt = {};  // "size": refused, as nothing sets quotas
  ResourceLimits resources = {};
  std::string log_driver = "json-file";              // "json-file", "none"
  std::map<std::string, std::string> log_opts = {};  // "max-size", "max-file"
  RestartPolicy restart_policy = {};
};

enum class ContainerStatus { kCreated, kRunning, kPaused, kRestarting, kExited, kDead };

// Docker counts one that is to be started again among those that run.
constexpr bool is_active(ContainerStatus status) {
  return status == ContainerStatus::kRunning || status == ContainerStatus::kPaused ||
         status == ContainerStatus::kRestarting;
}

// "created", "running", "paused", "restarting", "exited", "dead".
std::string_view to_string(ContainerStatus status);

struct ContainerState {
  ContainerStatus status = ContainerStatus::kCreated;
  int pid = 0;  // 0 unless running or paused
  int exit_code = 0;
  bool oom_killed = false;
  std::string error = {};  // why the last start failed
  std::optional<Time> started_at = {};
  std::optional<Time> finished_at = {};
};

// A mount as a container has it.
struct MountPoint {
  volume::MountType type = volume::MountType::kBind;
  std::string name = {};  // a volume's
  std::string source = {};
  std::string destination = {};
  bool read_write = true;
  std::string propagation = {};
};

// A container's place in one network.
struct EndpointInfo {
  std::string network = {};  // name
  std::string network_id = {};
  std::string endpoint_id = {};
  std::string ip_address = {};  // empty while not running
  unsigned ip_prefix_length = 0;
  std::string gateway = {};
  std::string mac_address = {};
  std::vector<std::string> aliases = {};
};

struct ContainerInfo {
  std::string id = {};    // 64 hex digits
  std::string name = {};  // without the slash that Docker puts in front
  Time created = {};
  std::string image = {};     // as the request named it
  std::string image_id = {};  // "sha256:..."
  std::string path = {};      // the program and its arguments as started
  std::vector<std::string> args = {};
  ContainerState state = {};
  unsigned restart_count = 0;    // by its policy, since a user started it
  ContainerRequest config = {};  // the request with what the image adds (cmd, env, ...) filled in
  std::vector<MountPoint> mounts = {};
  std::vector<EndpointInfo> networks = {};
  std::vector<PortBinding> ports = {};  // published, with the host ports in use
  std::string log_path = {};
  std::string hostname_path = {};
  std::string hosts_path = {};
  std::string resolv_conf_path = {};
  std::string merged_directory = {};  // the root file system while running
};

// A line of `ps`.
struct ContainerSummary {
  std::string id = {};
  std::string name = {};
  std::string image = {};
  std::string image_id = {};
  std::string command = {};
  Time created = {};
  ContainerState state = {};
  std::string status = {};  // "Up 5 minutes", "Exited (0) 2 hours ago", "Created"
  std::vector<PortBinding> ports = {};
  std::vector<std::string> exposed_ports = {};
  Labels labels = {};
  std::vector<EndpointInfo> networks = {};
  std::vector<MountPoint> mounts = {};
  std::optional<std::uint64_t> size_rw = {};  // bytes in the writable layer, when asked for
};

// Docker's filters: key -> values, any of which may match; all keys must. Containers know id, name,
// label, status, exited, ancestor, before, since, volume, network, publish, expose.
using Filters = std::map<std::string, std::vector<std::string>>;

struct ListOptions {
  bool all = false;  // those that do not run, too
  int limit = 0;     // the last so many; 0: all
  bool size = false;
  Filters filters = {};
};

enum class WaitCondition { kNotRunning, kNextExit, kRemoved };

struct LogEntry {
  std::string stream = "stdout";  // "stdout", "stderr"
  Time time = {};
  std::string text = {};  // with its newline, unless the program wrote none
};

// Asked at least every kGoOnPatience while a follower waits: "no", or what it throws, ends the
// following. Empty: go on.
using GoOn = std::function<bool()>;
inline constexpr std::chrono::milliseconds kGoOnPatience{100};

struct LogOptions {
  bool stdout_stream = true;
  bool stderr_stream = true;
  bool follow = false;                   // until the container stops
  GoOn go_on = {};                       // while following
  std::optional<std::size_t> tail = {};  // lines; empty: all
  std::optional<Time> since = {};
  std::optional<Time> until = {};
};

struct ExecRequest {
  std::vector<std::string> cmd = {};
  std::vector<std::string> env = {};
  std::string user = {};
  std::string working_dir = {};
  bool tty = false;
  bool privileged = false;
  bool no_new_privileges = false;
};

// What an exec that was waited for gave.
struct ExecResult {
  int exit_code = 0;
  std::string stdout_bytes = {};
  std::string stderr_bytes = {};
};

struct TopResult {
  std::vector<std::string> titles = {};
  std::vector<std::vector<std::string>> processes = {};
};

struct StatsSample {
  Time read = {};
  std::uint64_t cpu_usage_ns = 0;
  std::uint64_t system_cpu_ns = 0;  // of the whole host, for the ratio
  unsigned online_cpus = 0;
  std::uint64_t throttled_periods = 0;
  std::uint64_t throttled_ns = 0;
  std::uint64_t memory_usage = 0;
  // Of that, pages of files not used lately: docker's CLI shows the usage without them.
  std::uint64_t memory_inactive_file = 0;
  std::uint64_t memory_max_usage = 0;
  std::uint64_t memory_limit = 0;
  std::uint64_t pids_current = 0;
  std::uint64_t pids_limit = 0;  // 0: unlimited
  std::uint64_t io_read = 0;     // bytes, of all block devices
  std::uint64_t io_written = 0;
  struct Interface {
    std::uint64_t rx_bytes = 0, rx_packets = 0, rx_errors = 0, rx_dropped = 0;
    std::uint64_t tx_bytes = 0, tx_packets = 0, tx_errors = 0, tx_dropped = 0;
  };
  std::map<std::string, Interface> networks = {};
};

enum class ChangeKind { kModified = 0, kAdded = 1, kDeleted = 2 };  // the API's numbers

struct Change {
  ChangeKind kind = ChangeKind::kModified;
  std::string path = {};
};

// What `cp` asks of a path before it copies (X-Docker-Container-Path-Stat).
struct PathStat {
  std::string name = {};
  std::uint64_t size = 0;
  std::uint32_t mode = 0;  // st_mode
  Time mtime = {};
  std::string link_target = {};
};

struct CommitRequest {
  std::string container = {};
  std::string reference = {};  // "repo[:tag]"; empty: no name
  std::string author = {};
  std::string comment = {};
  std::vector<std::string> changes = {};  // Dockerfile instructions: "CMD [\"a\"]"
  bool pause = true;
};

}  // namespace seatrial::core
