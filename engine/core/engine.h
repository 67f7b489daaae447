// `Engine`: containers, images, networks and volumes composed. What the command line, the Python
// bindings, the REST API and the harness' reference target call.
//
// State lies under `root` (SQLite and directories) and `run` (sockets, the runtime's state); any
// number of Engines, in any number of processes, may work on the same root. No daemon: a container
// is held by its monitor, and what ends unseen is settled by whoever looks next. An Engine may be
// used from several threads.
//
// Every operation throws Error. Where a container, an image, a network or a volume is named, a
// name, a full id or an unambiguous prefix of an id will do; an unknown one is Error{kNotFound}
// in Docker's words ("No such container: X"), a wrong state Error{kConflict}.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/unique_fd.h"
#include "engine/core/container_types.h"
#include "engine/core/resource_types.h"

namespace seatrial::core {

struct EngineOptions {
  std::filesystem::path root = "/var/lib/seatrial";
  std::filesystem::path run = "/run/seatrial";
  // The monitor runs this, with the container's id appended, when a container has ended, so that
  // it is settled (unmounted, disconnected, removed when --rm) at once; and again when one is to be
  // restarted. Must come to call settle(). Empty: the next operation that looks at the container
  // settles it, and no container can have a restart policy.
  std::vector<std::string> exit_command = {};
  std::string cgroup_parent = "/seatrial";
  std::vector<std::string> insecure_registries = {};  // spoken to over plain HTTP
  // HOST[:PORT]/{*.crt,client.cert,client.key}, as docker has them; empty: none.
  std::filesystem::path registry_certificates = "/etc/docker/certs.d";
  std::filesystem::path docker_config = {};  // config.json with auths; empty: ~/.docker/config.json
};

// Descriptors for a process' stdio; -1: /dev/null. Borrowed.
struct StdioFds {
  int in = -1;
  int out = -1;
  int err = -1;
};

// A process that exec() started.
class ExecProcess {
 public:
  ExecProcess(int pid, UniqueFd pidfd, UniqueFd console_master)
      : pid_(pid), pidfd_(std::move(pidfd)), console_master_(std::move(console_master)) {}

  int pid() const { return pid_; }
  int pidfd() const { return pidfd_.get(); }
  // The terminal's master with ExecRequest::tty, else empty.
  UniqueFd& console_master() { return console_master_; }
  void resize(unsigned height, unsigned width);
  // Its exit code, 128 + the signal that killed it; nothing after `timeout` (nullopt: no limit).
  std::optional<int> wait(std::optional<std::chrono::milliseconds> timeout = std::nullopt);

 private:
  int pid_ = -1;
  UniqueFd pidfd_;
  UniqueFd console_master_;
};

class Engine {
 public:
  explicit Engine(EngineOptions options = {});
  Engine(Engine&&) noexcept;
  Engine& operator=(Engine&&) noexcept;
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;
  ~Engine();

  const EngineOptions& options() const;
  // What an operation wants said although it succeeds. Called from the operation's thread.
  void on_warning(std::function<void(std::string_view)> sink);

  // --- containers -------------------------------------------------------------------------------

  // Makes the record, the writable layer and the volumes; nothing runs. Returns the id.
  // kNotFound "No such image: X" when the image is not there: pull first.
  std::string create(const ContainerRequest& request);
  // A running one is left alone: false.
  bool start(const std::string& container);
  // The same, with a stream to its stdio that misses nothing (see attach()).
  UniqueFd start_attached(const std::string& container);
  // create and start; a container that does not start is removed again when auto_remove.
  std::string run(const ContainerRequest& request);
  // The stop signal, then after `timeout` (empty: the container's own, 10 s) SIGKILL. False when it
  // did not run.
  bool stop(const std::string& container, std::optional<std::chrono::seconds> timeout = {});
  void restart(const std::string& container, std::optional<std::chrono::seconds> timeout = {});
  void kill(const std::string& container, int signal = 9);
  void pause(const std::string& container);
  void unpause(const std::string& container);
  // The exit code; nothing after `timeout`. With kRemoved and a full id, also of one that has gone
  // before, as long as the engine remembers it.
  std::optional<int> wait(const std::string& container,
                          WaitCondition condition = WaitCondition::kNotRunning,
                          std::optional<std::chrono::milliseconds> timeout = {});
  // The exit code of its run number `run`: ContainerInfo::restart_count while that lasts, 0 from a
  // start by hand on. A container with a restart policy may be in a later one meanwhile.
  int wait_for_run(const std::string& container, unsigned run);
  // kConflict when it runs or is restarting, unless `force`. `volumes`: its anonymous volumes, too.
  void remove(const std::string& container, bool force = false, bool volumes = false);
  void rename(const std::string& container, const std::string& name);
  // Changes the limits of a running or stopped container; zero fields stay as they are. So does the
  // restart policy without a new one.
  void update(const std::string& container, const ResourceLimits& limits,
              const std::optional<RestartPolicy>& policy = {});
  ContainerInfo inspect(const std::string& container);
  // GET /containers/ID/json.
  std::string inspect_json(const std::string& container);
  std::vector<ContainerSummary> list(const ListOptions& options = {});
  // What prune's filters know: until (RFC 3339; volumes have no such), label and label!.
  PruneResult prune_containers(const Filters& filters = {});

  // Calls the sink for each entry, oldest first; with `follow`, until the container has stopped or
  // the sink returns false.
  void logs(const std::string& container, const LogOptions& options,
            const std::function<bool(const LogEntry&)>& sink);
  // A stream socket to the running container's stdio: what is written goes to stdin; what is read
  // are frames of 8 bytes head (stream 1 or 2, three zeros, length big-endian) and content, or raw
  // bytes when tty. End of file: the container has ended.
  UniqueFd attach(const std::string& container);
  void resize(const std::string& container, unsigned height, unsigned width);

  // Starts one more process in a running container; it is this process' child.
  ExecProcess exec(const std::string& container, const ExecRequest& request, const StdioFds& stdio);
  // The same with /dev/null as stdin, waits and collects the output.
  ExecResult exec(const std::string& container, const ExecRequest& request);

  TopResult top(const std::string& container);
  StatsSample stats(const std::string& container);
  std::vector<Change> diff(const std::string& container);
  PathStat stat_path(const std::string& container, const std::string& path);
  // Unpacks a tar stream below the directory `path` of the container, or packs `path` into one.
  // Resolved inside the container's root, its volumes included; works on stopped ones, too.
  void copy_to(const std::string& container, const std::string& path, int tar_fd);
  void copy_from(const std::string& container, const std::string& path, int tar_fd);
  void export_tree(const std::string& container, int tar_fd);
  std::string commit(const CommitRequest& request);  // returns the image id

  // What has to be done once a container has ended, and once the time of its restart has come (the
  // exit command's task).
  void settle(const std::string& container);

  // --- images -----------------------------------------------------------------------------------

  PullResult pull(const std::string& reference, const PullOptions& options = {},
                  const ProgressSink& progress = {});
  PushResult push(const std::string& reference, const RegistryAuth& auth = {},
                  const ProgressSink& progress = {});
  std::vector<std::string> load(int fd, const ProgressSink& progress = {});  // names, else ids
  void save(const std::vector<std::string>& images, int fd);
  std::string import(int tar_fd, const std::string& reference,
                     const std::vector<std::string>& changes = {}, const std::string& message = {});
  std::vector<ImageSummary> images(bool all = false, const Filters& filters = {});
  bool has_image(const std::string& image);
  ImageSummary inspect_image(const std::string& image);
  std::string inspect_image_json(const std::string& image);
  std::vector<ImageHistory> history(const std::string& image);
  void tag(const std::string& image, const std::string& reference);
  ImageDeletion remove_image(const std::string& image, bool force = false);
  PruneResult prune_images(bool all = false, const Filters& filters = {});

  // --- networks ---------------------------------------------------------------------------------

  std::string create_network(const NetworkRequest& request);  // returns the id
  std::vector<NetworkInfo> networks(const Filters& filters = {});
  NetworkInfo inspect_network(const std::string& network);
  std::string inspect_network_json(const std::string& network);
  void remove_network(const std::string& network);
  void connect(const NetworkAttachment& attachment, const std::string& container);
  void disconnect(const std::string& network, const std::string& container, bool force = false);
  PruneResult prune_networks(const Filters& filters = {});
  // Takes away the bridges and rules of all networks that no running container is in, the
  // predefined one's too; the records stay, and who needs a network next makes it again. For who
  // is done with a root.
  void release_networks();

  // --- volumes ----------------------------------------------------------------------------------

  VolumeInfo create_volume(const VolumeRequest& request);
  std::vector<VolumeInfo> volumes(const Filters& filters = {});
  VolumeInfo inspect_volume(const std::string& volume);
  std::string inspect_volume_json(const std::string& volume);
  void remove_volume(const std::string& volume, bool force = false);
  // Anonymous ones only, unless `all`.
  PruneResult prune_volumes(bool all = false, const Filters& filters = {});

  // --- system -----------------------------------------------------------------------------------

  // Calls the sink for each event, oldest first, until there is no more to come or it returns
  // false.
  void events(const EventOptions& options, const std::function<bool(const Event&)>& sink);
  SystemInfo info();
  DiskUsage disk_usage();
  // Cleans or adopts what killed processes left: half-made containers, mounts, endpoints,
  // addresses, unnamed volumes, the runtime's own remains. Loses nothing that a finished operation
  // made.
  RecoveryReport recover();

  struct Impl;  // impl.h, for the room itself

 private:
  std::unique_ptr<Impl> impl_;
};

// "12345abc..." -> its first 12 digits, as docker prints ids.
std::string short_id(const std::string& id);

}  // namespace seatrial::core
