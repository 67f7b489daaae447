// What the database keeps of a container and of a network.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/core/container_types.h"
#include "engine/core/resource_types.h"

namespace seatrial::core {

// Where a container stands in its life. The phases that end in -ing are held by the process that
// has the container's lock: who finds one of them and gets the lock has found what a killed process
// left, and takes it to the next stable phase (see lifecycle.cc).
enum class Phase {
  kCreating,  // half made: to be removed
  kCreated,
  kStarting,  // half started: to be taken down
  kRunning,   // or ended, and nobody has looked yet
  kStopping,  // ended, exit code recorded, being taken down
  kExited,
  kRemoving,         // half removed: to be removed
  kRemovingVolumes,  // the same, and its anonymous volumes with it
  kRestarting,       // ended and taken down, to be started again after `backoff` (restart.cc)
};

constexpr bool is_removal(Phase phase) {
  return phase == Phase::kRemoving || phase == Phase::kRemovingVolumes;
}

struct ContainerRecord {
  std::string id = {};
  std::string name = {};
  Time created = {};
  std::string image_id = {};
  ContainerRequest request = {};  // merged with what the image says
  std::vector<MountPoint> mounts = {};
  Phase phase = Phase::kCreating;
  int pid = 0;
  int exit_code = 0;
  bool oom_killed = false;
  std::string error = {};
  std::optional<Time> started = {};
  std::optional<Time> finished = {};
  unsigned restarts = 0;                   // by its policy, since a user started it
  std::chrono::milliseconds backoff = {};  // before the last of them
};

// A container's place in a network. The addresses are a lease: no two rows of one network have the
// same; empty while the container does not run.
struct EndpointRecord {
  std::string container = {};
  std::string network = {};       // id
  std::string network_name = {};  // joined in when read
  std::vector<std::string> aliases = {};
  std::string wanted_ip = {};
  std::string wanted_mac = {};
  std::string ip = {};
  unsigned prefix = 0;
  std::string gateway = {};
  std::string mac = {};
  std::string interface = {};
  std::string host_link = {};
  std::vector<PortBinding> ports = {};  // as published, host ports filled in
};

struct NetworkRecord {
  std::string id = {};
  std::string name = {};
  std::string driver = "bridge";
  Time created = {};
  bool internal = false;
  std::string subnet = {};  // empty: chosen when first needed
  std::string ip_range = {};
  std::string gateway = {};
  std::map<std::string, std::string> options = {};
  Labels labels = {};
  bool predefined = false;  // bridge, host, none
};

}  // namespace seatrial::core
