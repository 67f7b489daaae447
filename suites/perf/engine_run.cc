// Measures `seatrial run --rm IMAGE /true`, with the default profile on the default bridge, against
// docker and podman, interleaved.
//
//   engine_run [ROUNDS] [--check]
//
// dockerd and podman each have a network, cgroups and a /run of their own, as in the suites; all
// three keep their data on a tmpfs, so that no disk counts. Before anything is measured, a program
// looks around in a container of each: what confines it must be the same. With --check, it ends
// with 1 when a run takes more than its bar: 0.1 of docker's, 0.15 of podman's.
#include <sched.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <sstream>
#include <string_view>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/network/namespace.h"
#include "harness/fixtures/docker_daemon.h"
#include "suites/perf/report.h"
#include "suites/perf/rounds.h"
#include "suites/perf/stage.h"

namespace {

using namespace seatrial;
using namespace seatrial::perf;
namespace fs = std::filesystem;

constexpr const char* kSeatrial = "seatrial run";
constexpr const char* kDocker = "docker run";
constexpr const char* kPodman = "podman run";
constexpr const char* kTmpfs = "/dev/shm";
constexpr const char* kImage = "lifecycle:latest";

using Command = std::vector<std::string>;

const std::vector<RatioOf>& wanted() {
  static const std::vector<RatioOf> ratios = {{kSeatrial, kDocker, 0.1},
                                              {kSeatrial, kPodman, 0.15}};
  return ratios;
}

// An engine: what comes before the verb, and what its `run` needs on this host.
struct Engine {
  const char* name;
  Command command;
  Command run_options = {};

  Command verb(const Command& words) const {
    Command all = command;
    all.insert(all.end(), words.begin(), words.end());
    return all;
  }
  Command run(const std::string& program) const {
    Command words = {"run", "--rm"};
    words.insert(words.end(), run_options.begin(), run_options.end());
    words.insert(words.end(), {kImage, program});
    return verb(words);
  }
};

// A root file system of two static programs.
fs::path make_archive(const fs::path& directory) {
  const fs::path rootfs = directory / "rootfs";
  fs::create_directories(rootfs);
  fs::copy_file(sibling_program("lifecycle_true"), rootfs / "true");
  fs::copy_file(sibling_program("lifecycle_look"), rootfs / "look");
  fs::path archive = directory / "lifecycle.tar";
  run_command({find_on_path("tar"), "-C", rootfs, "-cf", archive, "true", "look"});
  return archive;
}

// The lines about capabilities and seccomp, and the number of namespaces that are its own.
std::string confinement(const Engine& engine) {
  const UniqueFd file(::memfd_create("look", MFD_CLOEXEC));
  if (!file) throw sys_error(errno, "memfd_create");
  run_command(engine.run("/look"), file.get());
  ::lseek(file.get(), 0, SEEK_SET);
  std::istringstream lines(read_all(file.get(), "what a container sees"));
  std::string confined;
  int own_namespaces = 0;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("status Cap") || line.starts_with("status Seccomp:")) {
      confined += line + "\n";
    }
    if (!line.starts_with("namespace ")) continue;
    const std::string name = line.substr(10, line.find(' ', 10) - 10);
    const std::string ours = fs::read_symlink("/proc/self/ns/" + name);
    // On cgroup v1 a container has its engine's, which the fixture gave to dockerd.
    if (name != "cgroup" && !line.ends_with(ours)) ++own_namespaces;
  }
  return fmt::format("{}own namespaces: {}\n", confined, own_namespaces);
}

// docker's is what the others are held against.
void verify(const std::vector<Engine>& engines) {
  std::string expected;
  for (const Engine& engine : engines) {
    const std::string found = confinement(engine);
    if (engine.name == std::string_view(kPodman)) continue;  // it has fewer capabilities
    if (expected.empty()) expected = found;
    if (found == expected) continue;
    throw error(Kind::kInternal, "{} confines otherwise:\n{}where another has:\n{}", engine.name,
                found, expected);
  }
}

// podman has no daemon: its command runs where the fixture's service is alone.
Engine podman_beside(const harness::PodmanService& service) {
  const fs::path data = service.socket().parent_path();
  return {.name = kPodman,
          .command = {find_on_path("nsenter"), "--target", std::to_string(service.pid()), "--all",
                      "/usr/bin/podman", "--root", data / "storage", "--runroot", data / "run",
                      "--tmpdir", data / "tmp", "--cgroup-manager", "cgroupfs", "--events-backend",
                      "file"},
          // Limits that need no CAP_SYS_RESOURCE: its own default does.
          .run_options = {"--ulimit", "nofile=1000:1000", "--ulimit", "nproc=1000:1000"}};
}

int measure(std::size_t count, bool check) {
  if (::geteuid() != 0) throw error(Kind::kDenied, "only root can make containers here");
  for (const std::string& missing :
       {harness::DockerDaemon::missing(), harness::PodmanService::missing()}) {
    if (!missing.empty()) throw error(Kind::kUnsupported, "{}", missing);
  }
  enter_private_mounts();
  if (::unshare(CLONE_NEWNET) != 0) throw sys_error(errno, "make a network namespace");
  network::bring_up_loopback(network::own_network_namespace().get());
  const TempDir directory(kTmpfs, "seatrial-perf-");
  const harness::DockerDaemon docker(harness::DockerDaemon::Network::kBridge, kTmpfs);
  const harness::PodmanService podman(kTmpfs);
  const std::vector<Engine> engines = {
      {.name = kDocker, .command = {"/usr/bin/docker", "-H", "unix://" + docker.socket().native()}},
      {.name = kSeatrial,
       .command = {sibling_program("seatrial"), "--root", directory.path() / "root", "--run",
                   directory.path() / "run"}},
      podman_beside(podman)};
  const fs::path archive = make_archive(directory.path());
  for (const Engine& engine : engines) run_command(engine.verb({"import", archive, kImage}));
  verify(engines);  // the first run also makes what all later ones find
  std::vector<std::unique_ptr<Contestant>> contestants;
  for (const Engine& engine : engines) {
    contestants.push_back(std::make_unique<CommandContestant>(engine.name, engine.run("/true")));
  }
  Rounds rounds(std::move(contestants), [] {});
  rounds.sample(kSeatrial, count - 1);
  const std::vector<Ratio> ratios = all_ratios(rounds.samples(), wanted());
  std::cout << as_table(rounds, ratios) << std::flush;
  const std::vector<std::string> broken = broken_bars(ratios, wanted());
  for (const std::string& sentence : broken) {
    std::fprintf(stderr, "engine_run: %s\n", sentence.c_str());
  }
  return check && !broken.empty() ? 1 : 0;
}

}  // namespace

int main(int argc, char** argv) {
  std::size_t rounds = 30;
  bool check = false;
  for (int at = 1; at < argc; ++at) {
    if (std::string_view(argv[at]) == "--check") {
      check = true;
    } else if (const long given = std::atol(argv[at]); given > 0) {
      rounds = static_cast<std::size_t>(given);
    } else {
      std::fputs("usage: engine_run [ROUNDS] [--check]\n", stderr);
      return 2;
    }
  }
  try {
    return measure(rounds, check);
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "engine_run: %s\n", failure.what());
    return 2;
  }
}
