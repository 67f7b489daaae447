// Measures `seatrial run --rm IMAGE /true`, with the default profile on the default bridge, against
// docker and podman, interleaved.
//
//   engine_run [ROUNDS] [--check]
//
// dockerd and podman each have a network, cgroups and a /run of their own, as in the suites; all
// three keep their data on a tmpfs, so that no disk counts. Before anything is measured, a program
// looks around in a container of each: what confines it must be the same. With --check, it ends
// with 1 when a run takes more than its bar: 0.1 of docker's, 0.15 of podman's.
#include <sys/mman.h>
#include <unistd.h>

#include <sstream>
#include <string_view>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "suites/perf/comparison.h"
#include "suites/perf/peers.h"
#include "suites/perf/stage.h"

namespace {

using namespace seatrial;
using namespace seatrial::perf;
namespace fs = std::filesystem;

constexpr const char* kSeatrial = "seatrial run";
constexpr const char* kDocker = "docker run";
constexpr const char* kPodman = "podman run";
constexpr const char* kImage = "lifecycle:latest";

Command run_of(const Peer& peer, const std::string& program) {
  Command words = {"run", "--rm"};
  words.insert(words.end(), peer.run_options.begin(), peer.run_options.end());
  words.insert(words.end(), {kImage, program});
  return peer.verb(words);
}

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
std::string confinement(const Peer& engine) {
  const UniqueFd file(::memfd_create("look", MFD_CLOEXEC));
  if (!file) throw sys_error(errno, "memfd_create");
  run_command(run_of(engine, "/look"), file.get());
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
void verify(const std::vector<Peer>& engines) {
  std::string expected;
  for (const Peer& engine : engines) {
    const std::string found = confinement(engine);
    if (engine.name == std::string_view(kPodman)) continue;  // it has fewer capabilities
    if (expected.empty()) expected = found;
    if (found == expected) continue;
    throw error(Kind::kInternal, "{} confines otherwise:\n{}where another has:\n{}", engine.name,
                found, expected);
  }
}

void measure(const Play& play) {
  require_peers();
  enter_private_host();
  const TempDir directory(kTmpfs, "seatrial-perf-");
  const harness::DockerDaemon docker(harness::DockerDaemon::Network::kBridge, kTmpfs);
  const harness::PodmanService podman(harness::EngineService::Network::kNone, kTmpfs);
  const std::vector<Peer> engines = {docker_of(kDocker, docker),
                                     seatrial_in(kSeatrial, directory.path()),
                                     podman_beside(kPodman, podman, PodmanNetwork::kOwn)};
  const fs::path archive = make_archive(directory.path());
  for (const Peer& engine : engines) run_command(engine.verb({"import", archive, kImage}));
  verify(engines);  // the first run also makes what all later ones find
  std::vector<std::unique_ptr<Contestant>> contestants;
  for (const Peer& engine : engines) {
    contestants.push_back(
        std::make_unique<CommandContestant>(engine.name, run_of(engine, "/true")));
  }
  play(std::move(contestants));
}

}  // namespace

int main(int argc, char** argv) {
  const Comparison comparison = {
      .program = "engine_run",
      .about = "Measures `seatrial run --rm IMAGE /true` against docker's and podman's.",
      .rounds = 30,
      .wanted = {{kSeatrial, kDocker, 0.1}, {kSeatrial, kPodman, 0.15}}};
  return compare(argc, argv, comparison, measure);
}
