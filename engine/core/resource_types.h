// Images, networks, volumes and events as the callers of `Engine` see them: passive data in
// Docker's words. std types only.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/container_types.h"

namespace seatrial::core {

struct ImageSummary {
  std::string id = {};                      // "sha256:..."
  std::vector<std::string> repo_tags = {};  // "busybox:latest"
  std::vector<std::string> repo_digests = {};
  Time created = {};
  std::uint64_t size = 0;  // bytes of all layers
  Labels labels = {};
  int containers = 0;  // that use it
  std::string architecture = {};
  std::string os = {};
};

struct ImageHistory {
  std::string id = {};  // "<missing>" for all but the first
  Time created = {};
  std::string created_by = {};
  std::uint64_t size = 0;
  std::string comment = {};
  std::vector<std::string> tags = {};
};

// What a removal or a pull did, a line each: `docker rmi` prints them.
struct ImageDeletion {
  std::vector<std::string> untagged = {};
  std::vector<std::string> deleted = {};
};

struct PruneResult {
  std::vector<std::string> deleted = {};
  std::uint64_t space_reclaimed = 0;  // bytes
};

// A step of a pull, a push or a load.
struct Progress {
  std::string id = {};      // short digest of a layer; empty: of the whole
  std::string status = {};  // "Downloading", "Pull complete", ...
  std::uint64_t current = 0;
  std::uint64_t total = 0;  // 0: not known
};
using ProgressSink = std::function<void(const Progress&)>;

struct RegistryAuth {
  std::string username = {};
  std::string password = {};
  std::string identity_token = {};
  std::string registry_token = {};
  bool empty() const {
    return username.empty() && identity_token.empty() && registry_token.empty();
  }
};

struct PullOptions {
  std::string platform = {};  // "linux/amd64"; empty: this host's
  RegistryAuth auth = {};     // empty: what config.json holds
};

struct PullResult {
  std::string id = {};      // of the image
  std::string digest = {};  // of what the name stands for in the registry
  bool is_news = false;     // the name did not stand for this image here before
};

struct PushResult {
  std::string digest = {};  // of the manifest
  std::uint64_t size = 0;   // of the manifest, in bytes
};

struct NetworkRequest {
  std::string name = {};
  std::string driver = "bridge";
  bool internal = false;
  std::string subnet = {};    // CIDR; empty: from the default pools
  std::string ip_range = {};  // CIDR within the subnet
  std::string gateway = {};
  std::map<std::string, std::string> options = {};  // "com.docker.network.driver.mtu", ...
  Labels labels = {};
};

struct NetworkInfo {
  std::string id = {};
  std::string name = {};
  std::string driver = {};
  std::string scope = "local";
  Time created = {};
  bool internal = false;
  std::string subnet = {};
  std::string ip_range = {};
  std::string gateway = {};
  std::map<std::string, std::string> options = {};
  Labels labels = {};
  std::map<std::string, EndpointInfo> containers = {};  // by container id; running ones
};

struct VolumeRequest {
  std::string name = {};  // empty: 64 hex digits
  std::string driver = "local";
  std::map<std::string, std::string> driver_opts = {};
  Labels labels = {};
};

struct VolumeInfo {
  std::string name = {};
  std::string driver = "local";
  std::string mountpoint = {};
  Time created = {};
  Labels labels = {};
  bool anonymous = false;
  int ref_count = 0;  // containers that name it
};

struct Event {
  std::int64_t sequence = 0;  // grows; of this engine's root
  std::string type = {};      // "container", "image", "network", "volume"
  std::string action = {};    // "create", "start", "die", ...
  std::string actor_id = {};
  std::map<std::string, std::string> attributes = {};
  Time time = {};
};

struct EventOptions {
  std::optional<Time> since = {};
  std::optional<Time> until = {};
  bool follow = false;   // go on until `until` (without one: until the sink says stop)
  GoOn go_on = {};       // while following
  Filters filters = {};  // type, event, container, image, network, volume, label
};

struct DiskUsage {
  std::vector<ImageSummary> images = {};
  std::vector<ContainerSummary> containers = {};
  std::vector<VolumeInfo> volumes = {};
  std::map<std::string, std::uint64_t> volume_sizes = {};
  std::uint64_t layers_size = 0;         // each layer once, however many images share it
  std::uint64_t unused_layers_size = 0;  // of these, of layers that no container's image has
};

struct SystemInfo {
  std::string version = {};
  std::string root = {};
  std::string kernel_version = {};
  std::string architecture = {};
  unsigned cpus = 0;
  std::uint64_t memory = 0;
  int containers = 0, running = 0, paused = 0, stopped = 0;
  int images = 0;
  std::string cgroup_version = {};
};

// What recover() found and did.
struct RecoveryReport {
  std::vector<std::string> adopted = {};  // containers that ended while nobody looked
  std::vector<std::string> cleaned = {};  // what was taken away, a line each
  std::vector<std::string> kept = {};     // containers that run
};

}  // namespace seatrial::core
