// What is under test when the whole engine is: containers, images, networks and volumes behind
// Docker's verbs.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/target/docker_client.h"

namespace seatrial::harness {

struct MountDraft {
  std::string type = "volume";  // "volume", "bind", "tmpfs"
  std::string source = {};      // a volume's name (empty: anonymous) or an absolute path
  std::string target = {};
  bool read_only = false;
  bool no_copy = false;          // volume
  std::string propagation = {};  // bind; empty: rprivate
};

struct PublishDraft {
  std::uint16_t port = 0;
  std::string protocol = "tcp";
  std::string host_ip = {};          // empty: every address
  std::uint16_t host_port = 0;       // 0: the engine chooses
  std::uint16_t host_port_last = 0;  // the engine chooses from host_port to this one; 0: no choice
};

struct UlimitDraft {
  std::string name = {};  // "nofile"
  std::int64_t soft = 0;
  std::int64_t hard = 0;
};

struct DeviceRateDraft {
  std::string path = {};  // of a block device
  std::uint64_t rate = 0;
};

// A container that a case wants. Empty: what the image or the engine says.
struct ContainerDraft {
  std::string image = "docker.io/library/busybox:latest";
  std::optional<std::vector<std::string>> entrypoint = {};
  std::vector<std::string> cmd = {};
  std::string name = {};
  std::vector<std::string> env = {};
  std::string user = {};
  std::string working_dir = {};
  std::string hostname = {};
  std::map<std::string, std::string> labels = {};
  bool tty = false;
  std::string stop_signal = {};
  std::vector<MountDraft> mounts = {};
  std::vector<std::string> volumes_from = {};
  std::vector<PublishDraft> ports = {};
  std::vector<std::string> exposed = {};  // "80/tcp"
  bool publish_all = false;
  // "default", "none", "host", "container:ID" or a network's name; aliases, ip and mac are for
  // that.
  std::string network = "none";
  std::vector<std::string> aliases = {};
  std::string ip = {};
  std::string mac = {};
  std::vector<std::string> dns = {};
  std::vector<std::string> extra_hosts = {};  // "name:address"
  bool privileged = false;
  bool read_only = false;
  std::vector<std::string> cap_add = {};
  std::vector<std::string> cap_drop = {};
  std::vector<std::string> security_opt = {};
  std::vector<std::string> group_add = {};
  std::vector<UlimitDraft> ulimits = {};
  std::vector<std::string> devices = {};              // the host's paths
  std::vector<std::string> device_cgroup_rules = {};  // "c 1:11 rwm"
  std::map<std::string, std::string> tmpfs = {};      // "/t" -> "size=1m,nr_inodes=50"
  std::string pid_mode = {};                          // "host"
  std::string ipc_mode = {};
  std::uint64_t shm_size = 0;    // bytes
  std::int64_t memory = 0;       // bytes
  std::int64_t memory_swap = 0;  // memory and swap, bytes
  std::int64_t nano_cpus = 0;    // --cpus * 1e9
  std::int64_t pids_limit = 0;
  int oom_score_adj = 0;
  std::map<std::string, std::string> sysctls = {};  // "net.ipv4.ip_forward" -> "1"
  std::vector<DeviceRateDraft> device_write_bps = {};
  std::map<std::string, std::string> storage_opt = {};  // "size" -> "10m"
  std::map<std::string, std::string> log_opts = {};     // of json-file: "max-size", "max-file"
  bool init = false;
  std::string restart = {};  // "always"; empty: "no"
  int restart_tries = 0;     // of "on-failure"; 0: any number
};

struct NetworkDraft {
  std::string name = {};
  bool internal = false;
  std::string subnet = {};   // CIDR; empty: from the engine's pools
  std::string gateway = {};  // within the subnet; empty: the engine chooses
  std::map<std::string, std::string> labels = {};
};

// How a container joins one more network.
struct EndpointDraft {
  std::vector<std::string> aliases = {};
  std::string ip = {};
};

struct VolumeDraft {
  std::string name = {};  // empty: the engine makes one up
  std::map<std::string, std::string> labels = {};
  std::map<std::string, std::string> options = {};
};

// The verbs. A container, a network or a volume is named by its name, its id or a prefix of that.
// What is refused is Error of Docker's kind: kInvalidArgument, kDenied, kNotFound, kConflict,
// kUnsupported; kUnavailable for whatever else went wrong inside. Documents are JSON in Docker's
// field names.
class EngineTarget {
 public:
  using Milliseconds = std::chrono::milliseconds;
  using Filters = std::map<std::string, std::vector<std::string>>;

  EngineTarget() = default;
  EngineTarget(const EngineTarget&) = delete;
  EngineTarget& operator=(const EngineTarget&) = delete;
  virtual ~EngineTarget() = default;

  virtual std::string name() = 0;     // "docker"
  virtual std::string version() = 0;  // "20.10.24"

  virtual std::string create(const ContainerDraft& draft) = 0;  // the id
  virtual void start(const std::string& container) = 0;
  virtual void stop(const std::string& container, std::chrono::seconds grace) = 0;
  virtual void restart(const std::string& container, std::chrono::seconds grace) = 0;
  virtual void kill(const std::string& container, int signal) = 0;
  virtual void pause(const std::string& container) = 0;
  virtual void unpause(const std::string& container) = 0;
  virtual void rename(const std::string& container, const std::string& name) = 0;
  // Until it does not run; its exit status. Throws Error{kTimeout}.
  virtual int wait(const std::string& container, Milliseconds timeout) = 0;
  virtual void remove(const std::string& container, const DockerRemoval& options) = 0;
  virtual std::string inspect(const std::string& container) = 0;
  virtual std::vector<std::string> list(bool all, const Filters& filters) = 0;  // ids
  virtual DockerOutput logs(const std::string& container, const DockerLogs& options) = 0;
  virtual DockerExecEnd exec(const std::string& container, const DockerExec& program) = 0;
  virtual std::vector<std::vector<std::string>> top(const std::string& container) = 0;
  // A tar archive out of the container, or into the directory `path`.
  virtual std::string archive(const std::string& container, const std::string& path) = 0;
  virtual void put_archive(const std::string& container, const std::string& path,
                           const std::string& tar) = 0;

  virtual void load_image(const std::filesystem::path& archive) = 0;
  virtual std::string inspect_image(const std::string& image) = 0;
  virtual void tag_image(const std::string& image, const std::string& repository,
                         const std::string& tag) = 0;
  virtual void remove_image(const std::string& image, bool force) = 0;

  virtual std::string create_network(const NetworkDraft& draft) = 0;  // the id
  virtual std::string inspect_network(const std::string& network) = 0;
  virtual std::vector<std::string> networks() = 0;  // names
  virtual void connect(const std::string& network, const std::string& container,
                       const EndpointDraft& draft) = 0;
  virtual void disconnect(const std::string& network, const std::string& container) = 0;
  virtual void remove_network(const std::string& network) = 0;

  virtual std::string create_volume(const VolumeDraft& draft) = 0;  // the name
  virtual std::string inspect_volume(const std::string& volume) = 0;
  virtual std::vector<std::string> volumes() = 0;  // names
  virtual void remove_volume(const std::string& volume, bool force) = 0;
};

struct ReferenceEnginePlace {
  std::filesystem::path directory = {};  // for all its data
  std::string cgroup_parent = {};
};

// Our engine, in this process.
std::unique_ptr<EngineTarget> make_reference_engine(const ReferenceEnginePlace& place);
// Whatever answers on that socket.
std::unique_ptr<EngineTarget> make_docker_engine(const DockerClient& client);

}  // namespace seatrial::harness
