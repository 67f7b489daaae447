#include "suites/perf/peers.h"

#include <sched.h>
#include <unistd.h>

#include <cerrno>

#include "engine/base/error.h"
#include "engine/sys/network_namespace.h"
#include "suites/perf/stage.h"

namespace seatrial::perf {

Command Peer::verb(const Command& words) const {
  Command all = command;
  all.insert(all.end(), words.begin(), words.end());
  return all;
}

void require_peers() {
  if (::geteuid() != 0) throw error(Kind::kDenied, "only root can make containers here");
  for (const std::string& missing :
       {harness::DockerDaemon::missing(), harness::PodmanService::missing()}) {
    if (!missing.empty()) throw error(Kind::kUnsupported, "{}", missing);
  }
}

void enter_private_host() {
  enter_private_mounts();
  if (::unshare(CLONE_NEWNET) != 0) throw sys_error(errno, "make a network namespace");
  sys::bring_up_loopback(sys::own_network_namespace().get());
}

Peer seatrial_in(const char* name, const std::filesystem::path& directory) {
  return {.name = name,
          .command = {sibling_program("seatrial"), "--root", directory / "root", "--run",
                      directory / "run"}};
}

Peer docker_of(const char* name, const harness::DockerDaemon& daemon) {
  return {.name = name,
          .command = {"/usr/bin/docker", "-H", "unix://" + daemon.socket().native()},
          .pull_options = {"--quiet"}};
}

Peer podman_beside(const char* name, const harness::PodmanService& service, PodmanNetwork network) {
  const std::filesystem::path data = service.socket().parent_path();
  Peer peer{.name = name,
            .command = {find_on_path("nsenter"), "--target", std::to_string(service.pid()),
                        "--mount", "--pid", "--ipc", "--uts", "--cgroup"},
            // Limits that need no CAP_SYS_RESOURCE: its own default does.
            .run_options = {"--ulimit", "nofile=1000:1000", "--ulimit", "nproc=1000:1000"},
            .pull_options = {"--quiet", "--tls-verify=false"}};
  if (network == PodmanNetwork::kOwn) peer.command.emplace_back("--net");
  const Command podman = {"/usr/bin/podman",
                          "--root",
                          data / "storage",
                          "--runroot",
                          data / "run",
                          "--tmpdir",
                          data / "tmp",
                          "--cgroup-manager",
                          "cgroupfs",
                          "--events-backend",
                          "file"};
  peer.command.insert(peer.command.end(), podman.begin(), podman.end());
  return peer;
}

}  // namespace seatrial::perf
