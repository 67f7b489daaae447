#include "harness/runner/targets.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <functional>
#include <nlohmann/json.hpp>
#include <sstream>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "harness/core/mode.h"
#include "harness/core/protocol.h"
#include "harness/report/visible_text.h"

namespace seatrial::harness {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kOci = "oci:";
constexpr std::array<std::string_view, 4> kRuntimes{"runc", "crun", "youki", "runsc"};

constexpr std::string_view kDropIn = "dropin:";

// Peers that a suite's fixture starts, and the program that they are. Those behind it are the
// programs that it goes to work with.
struct Peer {
  std::string_view spec;
  std::string_view command;
  std::array<std::string_view, 2> beside = {};
};
constexpr std::array<Peer, 6> kPeers{{{"registry:docker-registry", "docker-registry"},
                                      {"docker", "dockerd", {"containerd", "runc"}},
                                      {"podman", "podman", {"conmon", "crun"}},
                                      {"dropin:docker", "dockerd", {"containerd", "runc"}},
                                      {"dropin:podman", "podman", {"conmon", "runc"}},
                                      {"dropin:containerd", "containerd", {"runc"}}}};

const Peer* peer_of(std::string_view spec) {
  for (const Peer& peer : kPeers) {
    if (spec == peer.spec || spec.starts_with(fmt::format("{}+", peer.spec))) return &peer;
  }
  return nullptr;
}

// First on PATH, then where Debian installs what only root uses.
fs::path find_command(std::string_view name) {
  const char* path = std::getenv("PATH");
  std::istringstream dirs(std::string(path != nullptr ? path : "") + ":/usr/sbin:/sbin");
  for (std::string dir; std::getline(dirs, dir, ':');) {
    if (dir.empty()) continue;
    const fs::path candidate = fs::path(dir) / name;
    std::error_code ignored;
    if (fs::is_regular_file(candidate, ignored) && ::access(candidate.c_str(), X_OK) == 0) {
      return candidate;
    }
  }
  return {};
}

// A file's identity: another build of it has another one. The time of the last change is one that
// nobody can set back.
std::string stamp(const fs::path& path) {
  struct stat status{};
  if (path.empty() || ::stat(path.c_str(), &status) != 0) return "none";
  return fmt::format("{} {}:{} {} {}.{} {}.{}", path.native(), status.st_dev, status.st_ino,
                     status.st_size, status.st_mtim.tv_sec, status.st_mtim.tv_nsec,
                     status.st_ctim.tv_sec, status.st_ctim.tv_nsec);
}

std::string cgroup_mounts() {
  std::string out;
  std::istringstream mounts(read_file("/proc/self/mounts"));
  for (std::string line; std::getline(mounts, line);) {
    if (line.find(" cgroup") != std::string::npos) out += line + "\n";
  }
  return out;
}

// The runtime on trial of a "dropin:" target: the program behind the '+', or else our own, which
// lies above the suites.
fs::path runtime_on_trial(const SuiteProgram& suite, std::string_view spec) {
  if (const std::size_t plus = spec.find('+'); plus != spec.npos) return spec.substr(plus + 1);
  const fs::path above = suite.program.parent_path().parent_path();
  const fs::path own = above / "seatrial-runtime";
  std::error_code ignored;
  return fs::exists(own, ignored) ? own : above / "bin" / "seatrial-runtime";
}

std::string stamps(const SuiteProgram& suite, const std::string& spec) {
  std::string text = fmt::format("{}\n{}\n", stamp(suite.program), stamp(command_of(spec)));
  const std::string bare(split_mode(spec).bare);
  if (const Peer* peer = peer_of(bare)) {
    for (const std::string_view name : peer->beside) {
      if (!name.empty()) text += stamp(find_command(name)) + "\n";
    }
  }
  if (bare.starts_with(kDropIn)) text += stamp(runtime_on_trial(suite, bare)) + "\n";
  return text;
}

// All that a description depends on.
std::string cache_key(const SuiteProgram& suite, const std::string& spec) {
  return fmt::format("{}\n{}{}\n{}\n{}", spec, stamps(suite, spec), ::geteuid(),
                     read_file("/proc/sys/kernel/random/boot_id"), cgroup_mounts());
}

std::string ask(Interrupt& interrupt, const SuiteProgram& suite, const std::string& spec,
                const Asking& how) {
  const ChildOutcome outcome = run_child(
      interrupt,
      {.argv = {suite.program.native(), "--describe", spec, "--ledger", how.ledger.native()},
       .deadline = how.deadline});
  if (interrupt.came()) throw error(Kind::kUnavailable, "interrupted");
  if (outcome.timed_out) {
    throw error(Kind::kTimeout, "the target {} did not tell what it is within {} ms", spec,
                how.deadline.count());
  }
  if (outcome.end.code != 0) {
    const std::string sentence = one_line(outcome.error_text);
    throw error(Kind::kUnavailable, "the target {} cannot be used: {}", spec,
                sentence.empty() ? describe(outcome.end) : sentence);
  }
  with_context(suite.program.native(), [&] { parse_target_info(outcome.output); });
  return outcome.output;
}

}  // namespace

std::vector<std::string> known_targets() {
  std::vector<std::string> targets{"reference"};
  for (const std::string_view runtime : kRuntimes) {
    const fs::path command = find_command(runtime);
    if (!command.empty()) targets.push_back(std::string(kOci) + command.native());
  }
  for (const Peer& peer : kPeers) {
    if (!find_command(peer.command).empty()) targets.emplace_back(peer.spec);
  }
  return targets;
}

fs::path command_of(const std::string& spec) {
  if (const ModalSpec modal = split_mode(spec); modal.mode != Mode::kRoot) {
    return command_of(std::string(modal.bare));
  }
  if (const Peer* peer = peer_of(spec)) return find_command(peer->command);
  if (!spec.starts_with(kOci)) return {};
  const std::string command = spec.substr(kOci.size());
  return command.find('/') == std::string::npos ? find_command(command) : fs::path(command);
}

std::string FactsCache::describe(Interrupt& interrupt, const SuiteProgram& suite,
                                 const std::string& spec, const Asking& how) const {
  if (dir_.empty()) return ask(interrupt, suite, spec, how);
  fs::create_directories(dir_);
  const std::string key = cache_key(suite, spec);
  const fs::path file = dir_ / fmt::format("facts-{:016x}.json", std::hash<std::string>{}(key));
  const UniqueFd lock = open_file(file.native() + ".lock", O_RDWR | O_CREAT, 0644);
  if (::flock(lock.get(), LOCK_EX) != 0) throw sys_error(errno, "lock {}", file.native());
  if (fs::exists(file)) {
    const auto kept = nlohmann::json::parse(read_file(file), nullptr, false);
    if (kept.is_object() && kept.value("key", "") == key) return kept.value("facts", "");
  }
  const std::string facts = ask(interrupt, suite, spec, how);
  write_file_atomically(file, nlohmann::json{{"key", key}, {"facts", facts}}.dump() + "\n");
  return facts;
}

}  // namespace seatrial::harness
