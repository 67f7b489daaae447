// Measures `seatrial pull` of a Debian root, unpacked and on a tmpfs, from a registry on loopback
// against docker's and podman's, interleaved.
//
//   engine_pull [ROUNDS] [--megabytes N] [--check]
//
// The root holds the files of packages that this host has installed, 250 MB unless told otherwise,
// in one layer, gzipped as any push makes it. With --check, it ends with 1 when a pull takes
// more than 0.6 of one of the others'.
#include <unistd.h>

#include <sstream>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "harness/core/process.h"
#include "harness/fixtures/docker_registry.h"
#include "suites/perf/clock.h"
#include "suites/perf/comparison.h"
#include "suites/perf/peers.h"
#include "suites/perf/stage.h"

namespace {

using namespace seatrial;
using namespace seatrial::perf;
namespace fs = std::filesystem;

constexpr const char* kSeatrial = "seatrial pull";
constexpr const char* kDocker = "docker pull";
constexpr const char* kPodman = "podman pull";

// The pull alone is timed; the image goes again afterwards.
class Puller : public Contestant {
 public:
  Puller(const Peer& peer, const std::string& image)
      : Contestant(peer.name), remove_(peer.verb({"rmi", image})) {
    Command words = {"pull"};
    words.insert(words.end(), peer.pull_options.begin(), peer.pull_options.end());
    words.push_back(image);
    pull_ = peer.verb(words);
  }

  std::int64_t play() override {
    const std::int64_t begin = monotonic_ns();
    perf::run_command(pull_);
    const std::int64_t took = monotonic_ns() - begin;
    perf::run_command(remove_);
    return took;
  }

 private:
  Command pull_;
  Command remove_;
};

// Files of installed packages, the essential ones first, until there are enough of them.
std::string files_of_packages(std::uint64_t bytes) {
  const auto output = [](const Command& command) {
    const harness::Outcome outcome = harness::run_command(
        command, {.deadline = std::chrono::seconds(60), .output_limit = 64 << 20});
    if (!outcome.succeeded())
      throw error(Kind::kUnavailable, "{}: {}", command[0], describe(outcome));
    return outcome.output;
  };
  std::istringstream packages(
      output({"dpkg-query", "-W", "-f", "${Essential} ${Priority} ${binary:Package}\n"}));
  std::vector<std::string> names;
  for (std::string line; std::getline(packages, line);) {
    names.push_back((line.starts_with("yes")              ? "0"
                     : line.find("required") != line.npos ? "1"
                                                          : "2") +
                    line.substr(line.rfind(' ')));
  }
  std::sort(names.begin(), names.end());
  std::string list;
  std::uint64_t size = 0;
  for (const std::string& name : names) {
    if (size >= bytes) break;
    std::istringstream files(output({"dpkg-query", "-L", name.substr(2)}));
    for (std::string path; std::getline(files, path) && size < bytes;) {
      std::error_code absent;
      if (!path.starts_with('/') || !fs::is_regular_file(fs::symlink_status(path, absent)))
        continue;
      size += fs::file_size(path, absent);
      list += path.substr(1) + "\n";
    }
  }
  return list;
}

// Makes the image with the engine's own means and pushes it: what a registry serves is the same for
// all.
void push_image(const Peer& engine, const fs::path& directory, const std::string& image,
                std::uint64_t megabytes) {
  const fs::path list = directory / "files";
  const fs::path archive = directory / "root.tar";
  write_file_atomically(list, files_of_packages(megabytes << 20));
  perf::run_command({find_on_path("tar"), "-C", "/", "--no-recursion", "-T", list, "-cf", archive});
  perf::run_command(engine.verb({"import", archive, image}));
  perf::run_command(engine.verb({"push", image}));
  perf::run_command(engine.verb({"rmi", image}));
  fs::remove(archive);
}

void measure(std::uint64_t megabytes, const Play& play) {
  require_peers();
  const std::string missing = harness::DockerRegistry::missing();
  if (!missing.empty()) throw error(Kind::kUnsupported, "{}", missing);
  enter_private_host();
  const TempDir directory(kTmpfs, "seatrial-perf-");
  const harness::DockerRegistry registry({}, kTmpfs);
  const harness::DockerDaemon docker(harness::DockerDaemon::Network::kCaller, kTmpfs);
  const harness::PodmanService podman(harness::EngineService::Network::kNone, kTmpfs);
  const std::vector<Peer> engines = {docker_of(kDocker, docker),
                                     seatrial_in(kSeatrial, directory.path()),
                                     podman_beside(kPodman, podman, PodmanNetwork::kCallers)};
  const std::string image = registry.host() + "/debian:latest";
  push_image(engines[1], directory.path(), image, megabytes);
  std::vector<std::unique_ptr<Contestant>> contestants;
  for (const Peer& engine : engines) {
    contestants.push_back(std::make_unique<Puller>(engine, image));
    contestants.back()->play();
  }
  play(std::move(contestants));
}

}  // namespace

int main(int argc, char** argv) {
  std::uint64_t megabytes = 250;
  const Comparison comparison = {
      .program = "engine_pull",
      .about =
          "Measures `seatrial pull` from a registry on loopback against docker's and podman's.",
      .rounds = 5,
      .wanted = {{kSeatrial, kDocker, 0.6}, {kSeatrial, kPodman, 0.6}},
      .more_options = [&](CLI::App& app) {
        app.add_option("--megabytes", megabytes, "size of the unpacked image")
            ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{100000}))
            ->capture_default_str();
      }};
  return compare(argc, argv, comparison, [&](const Play& play) { measure(megabytes, play); });
}
