#include "suites/load/world.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <thread>

#include "engine/base/error.h"
#include "engine/sys/network_namespace.h"
#include "engine/sys/spawn.h"
#include "harness/sentinel/facts.h"

namespace seatrial::load {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using Names = std::set<std::string>;

fs::path program(const char* name) {
  return fs::read_symlink("/proc/self/exe").parent_path() / name;
}

Names names_in(const fs::path& directory) {
  Names names;
  std::error_code absent;
  for (const auto& entry : fs::directory_iterator(directory, absent)) {
    names.insert(entry.path().filename());
  }
  return names;
}

void compare(std::vector<std::string>& complaints, std::string_view what, const Names& found,
             const Names& owned) {
  for (const std::string& name : found) {
    if (!owned.contains(name)) complaints.push_back(fmt::format("{} {} is left", what, name));
  }
  for (const std::string& name : owned) {
    if (!found.contains(name)) complaints.push_back(fmt::format("{} {} is lost", what, name));
  }
}

void enter_namespaces() {
  if (::unshare(CLONE_NEWNS | CLONE_NEWNET) != 0 ||
      ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
    throw sys_error(errno, "make namespaces");
  }
  sys::bring_up_loopback(sys::own_network_namespace().get());
  if (::prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) throw sys_error(errno, "become a subreaper");
}

// Whoever waits for its own children by number has taken them: these are orphans of containers.
void reap_orphans() {
  while (::waitpid(-1, nullptr, WNOHANG) > 0) {
  }
}

}  // namespace

World::World()
    : directory_((enter_namespaces(), "/dev/shm"), "seatrial-load-"),
      cgroup_parent_(fmt::format("/seatrial-load-{}", ::getpid())) {
  const fs::path root = directory_.path() / "root";
  const fs::path run = directory_.path() / "run";
  engine_ = std::make_unique<core::Engine>(core::EngineOptions{
      .root = root,
      .run = run,
      .exit_command = {program("seatrial"), "--root", root, "--run", run, "settle"}});
}

World::~World() = default;

Ending World::seatrial(const std::vector<std::string>& words) const {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw sys_error(errno, "make a pipe");
  const UniqueFd reader(ends[0]);
  UniqueFd writer(ends[1]);
  const UniqueFd null = open_file("/dev/null", O_RDWR);
  sys::SpawnRequest request{.path = program("seatrial"),
                            .args = {"seatrial", "--root", directory_.path() / "root", "--run",
                                     directory_.path() / "run"},
                            .env = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin"},
                            .placements = {{null.get(), 0}, {writer.get(), 1}, {null.get(), 2}}};
  request.args.insert(request.args.end(), words.begin(), words.end());
  const sys::PidFd child = sys::spawn(request);
  writer.reset();
  Ending ending{.out = read_all(reader.get(), "a command's output")};
  while (ending.out.ends_with('\n')) ending.out.pop_back();
  child.wait_exit(std::nullopt);
  const sys::ProcessEnd end = child.reap().value();
  ending.code = end.code;
  ending.killed = end.signal != 0;
  return ending;
}

Names World::listed(bool running_only) {
  Names ids;
  for (const core::ContainerSummary& each : engine_->list({.all = !running_only})) {
    if (running_only && each.state.status == core::ContainerStatus::kRestarting) continue;
    ids.insert(each.id);
  }
  return ids;
}

std::vector<std::string> World::residue_now() {
  reap_orphans();
  const fs::path root = directory_.path() / "root";
  const fs::path run = directory_.path() / "run";
  const Names all = listed(false);
  const Names running = listed(true);
  std::vector<std::string> complaints;
  compare(complaints, "directory", names_in(root / "containers"), all);
  compare(complaints, "snapshot", names_in(root / "snapshots"), all);
  compare(complaints, "monitor's directory", names_in(run / "containers"), running);
  compare(complaints, "runtime's state", names_in(run / "runtime"), running);

  Names mounted;
  Names owned_mounts;
  for (const std::string& id : running) owned_mounts.insert(root / "containers" / id / "merged");
  const std::vector<sentinel::MountFact> mounts = sentinel::read_mounts();
  for (const sentinel::MountFact& mount : mounts) {
    if (mount.mountpoint.starts_with(root.native())) mounted.insert(mount.mountpoint);
  }
  compare(complaints, "mount", mounted, owned_mounts);

  for (const std::string& hierarchy : sentinel::cgroup_mountpoints(mounts)) {
    Names cgroups;
    for (const auto& each : sentinel::read_cgroups(hierarchy, cgroup_parent_)) {
      if (each.path != cgroup_parent_) cgroups.insert(fs::path(each.path).filename());
    }
    compare(complaints, "cgroup of " + hierarchy, cgroups, running);
  }

  std::size_t links = 0;
  for (const sentinel::LinkFact& link : sentinel::read_links())
    links += link.name.starts_with("sv");
  if (links != running.size()) {
    complaints.push_back(fmt::format("{} links for {} running containers", links, running.size()));
  }
  Names volumes;
  for (const core::VolumeInfo& volume : engine_->volumes()) {
    volumes.insert(volume.name);
    if (volume.anonymous && volume.ref_count == 0) {
      complaints.push_back(fmt::format("volume {} is left", volume.name));
    }
  }
  compare(complaints, "volume's directory", names_in(root / "volumes"), volumes);
  compare(complaints, "partial blob", names_in(root / "image/blobs/partial"), {});
  std::size_t processes = 0;
  for (const sentinel::ProcessFact& each : sentinel::read_descendants()) {
    processes += each.state != 'Z';
  }
  if (processes != 2 * running.size()) {
    complaints.push_back(fmt::format("{} processes for the monitors and inits of {} containers",
                                     processes, running.size()));
  }
  return complaints;
}

std::vector<std::string> World::residue() {
  const auto deadline = std::chrono::steady_clock::now() + 10s;
  for (;;) {
    std::vector<std::string> complaints = residue_now();
    if (complaints.empty() || std::chrono::steady_clock::now() > deadline) return complaints;
    std::this_thread::sleep_for(20ms);
  }
}

}  // namespace seatrial::load
