// Whole engines as contestants: their command lines.
#pragma once

#include <string>
#include <vector>

#include "harness/fixtures/docker_daemon.h"

namespace seatrial::perf {

inline constexpr const char* kTmpfs =
    "/dev/shm";  // where all keep their data, so that no disk counts

using Command = std::vector<std::string>;

struct Peer {
  const char* name;
  Command command;           // what comes before the verb
  Command run_options = {};  // what its `run` needs on this host
  Command pull_options = {};

  Command verb(const Command& words) const;
};

// Throws Error{kDenied} or kUnsupported where one of them cannot be here.
void require_peers();

// Mounts and a network of this process' own; the latter's loopback interface is up.
void enter_private_host();

enum class PodmanNetwork { kOwn, kCallers };

Peer seatrial_in(const char* name, const std::filesystem::path& directory);
Peer docker_of(const char* name, const harness::DockerDaemon& daemon);
// podman has no daemon: its command runs where the fixture's service is alone, in this process'
// network where it is to reach a registry of ours.
Peer podman_beside(const char* name, const harness::PodmanService& service, PodmanNetwork network);

}  // namespace seatrial::perf
