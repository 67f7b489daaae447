// From what a user asked for and what an image says to the runtime's configuration. Pure: the facts
// of the host come in as data.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/core/container_types.h"
#include "engine/core/users.h"
#include "engine/spec/config.h"
#include "engine/spec/image.h"

namespace seatrial::core {

// The request with what the image adds: program, environment, user, directory, labels, ports,
// stop signal, and an anonymous volume for each VOLUME that no mount of the request covers.
// An entrypoint of the request's own takes the image's cmd away, as docker has it. Throws
// Error{kInvalidArgument} when no program is left to run.
ContainerRequest merge_image(ContainerRequest request, const spec::RunConfig& image);

// The program with its arguments: entrypoint, then cmd.
std::vector<std::string> program_of(const ContainerRequest& merged);

// Where the init of a container that wants one is bound, as docker has it.
inline constexpr const char* kInitPath = "/sbin/docker-init";

// Whether one is to be there: in another's PID namespace there is a process 1 already.
bool wants_init(const ContainerRequest& merged);

struct ComposeFacts {
  std::string id = {};
  std::string rootfs = {};     // where the container's file system is mounted
  std::string directory = {};  // with the files hosts, hostname and resolv.conf
  std::string hostname = {};   // empty: hostname_of()
  std::string cgroup_parent = {};
  ResolvedUser user = {};
  std::vector<MountPoint> mounts = {};  // volumes and binds, with their host paths
  std::vector<spec::Device> devices = {};
  // Paths of namespaces to join. Empty: a new one, but see the request's *_mode.
  std::string network_namespace = {};
  std::string pid_namespace = {};
  std::string ipc_namespace = {};
  std::string init_program = {};  // on the host, to become process 1; empty: the program itself
  std::string shm_source = {};    // /dev/shm of the container whose IPC namespace is joined
  std::int64_t pids_limit = 0;    // where the request has none; 0: none either
  bool cgroup_namespace = false;  // the host's habit: docker makes a new one where v2 stands alone
};

// Without what engine/security adds (capabilities, seccomp, masked paths, device defaults).
spec::Config compose_config(const ContainerRequest& merged, const ComposeFacts& facts);

// HostConfig's limits in the kernel's terms.
spec::Resources resources_of(const ResourceLimits& limits);

// Throws Error{kInvalidArgument} for less memory than a container can start with.
void check_memory(const ResourceLimits& limits);

// Throws Error{kInvalidArgument} for an unknown name, and a soft limit over the hard one.
std::vector<spec::Rlimit> rlimits_of(const std::vector<Ulimit>& ulimits);

// Environment of a process: PATH unless it is set, HOSTNAME, TERM with a terminal, then `env`, HOME
// unless it is set.
std::vector<std::string> environment_of(const std::vector<std::string>& env,
                                        std::string_view hostname, std::string_view home, bool tty);

// `base` with `changes` on top: "K=V" sets, "K" alone takes away.
std::vector<std::string> merge_env(std::vector<std::string> base,
                                   const std::vector<std::string>& changes);

// What the container calls itself: the request's name for it, else 12 digits of the id.
std::string hostname_of(const ContainerRequest& merged, std::string_view id);

}  // namespace seatrial::core
