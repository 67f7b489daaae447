// Kills seatrial-runtime at random instants of its verbs: afterwards state, delete --force and
// recover end with nothing left.
#include <fmt/format.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>
#include <random>
#include <thread>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/sys/network_namespace.h"
#include "engine/sys/spawn.h"
#include "harness/sentinel/facts.h"
#include "harness/sentinel/sentinel.h"

namespace {

using namespace seatrial;
using namespace std::chrono_literals;
namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;
using Words = std::vector<std::string>;

constexpr const char* kId = "box";
const std::vector<std::string> kVictims{"create", "start", "exec", "update", "delete"};
const std::vector<std::string> kCheckpointVictims{"checkpoint", "restore"};
constexpr auto kPatience = 5s;
constexpr auto kCriuPatience = 60s;         // on a machine that is emulated
constexpr const char* kTemporary = "/tmp";  // where CRIU has its directories, whatever TMPDIR says

struct Options {
  unsigned kills = 50;
  unsigned seed = 1;
  bool checkpoints = false;
};

struct Ending {
  int code = 0;
  bool killed = false;
  std::string out = {};
};

// Namespaces of this process' own, which reaps what its children leave. CRIU wants a loopback
// device that is up, and leaves what it leaves in a directory that is then seen to be empty.
void enter_own_world(bool checkpoints) {
  if (::unshare(CLONE_NEWNS) != 0 ||
      ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
    throw sys_error(errno, "make a mount namespace");
  }
  if (::prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) throw sys_error(errno, "become a subreaper");
  if (!checkpoints) return;
  if (::unshare(CLONE_NEWNET) != 0) throw sys_error(errno, "make a network namespace");
  sys::bring_up_loopback(sys::own_network_namespace().get());
  if (::mount("tmpfs", kTemporary, "tmpfs", 0, nullptr) != 0) {
    throw sys_error(errno, "mount a tmpfs on {}", kTemporary);
  }
}

// All below it.
std::vector<std::string> entries_of(const fs::path& directory) {
  std::vector<std::string> entries;
  for (const auto& entry : fs::recursive_directory_iterator(directory)) {
    entries.push_back(entry.path());
  }
  std::ranges::sort(entries);
  return entries;
}

class Trial {
 public:
  explicit Trial(const Options& options)
      : options_(options),
        random_(options.seed),
        victims_(options.checkpoints ? kCheckpointVictims : kVictims),
        directory_((enter_own_world(options.checkpoints), "/dev/shm"), "seatrial-load-"),
        cgroup_(fmt::format("/seatrial-load-{}", ::getpid())) {
    prepare_bundle();
    // The lock of the state root and the parent of the cgroups stay from the first container on.
    must({"create", "--bundle", bundle(), kId});
    must({"delete", "--force", kId});
    if (options.checkpoints) {
      must({"run", "--detach", "--bundle", bundle(), kId});
      must({"checkpoint", "--image-path", images(), kId});
      must(words_of("restore"));  // which makes mount points
      must({"delete", "--force", kId});
    }
    files_ = files();
    before_ = std::make_unique<sentinel::Snapshot>(
        sentinel::Snapshot::take({.cgroup_parents = {cgroup_}, .state_root = state_root()}));
    for (const std::string& verb : victims_) usual_[verb] = usual(verb);
  }
  Trial(const Trial&) = delete;
  Trial& operator=(const Trial&) = delete;
  ~Trial() {
    for (const std::string& mountpoint : sentinel::cgroup_mountpoints(sentinel::read_mounts())) {
      ::rmdir((mountpoint + cgroup_).c_str());
    }
  }

  bool pass() {
    // Each verb in turn, and again until it was killed before its end.
    for (unsigned killed = 0; killed < options_.kills && complaints_.empty();) {
      killed += kill_one(victims_[killed % victims_.size()]);
    }
    std::string whom;
    for (const auto& [verb, count] : killed_) whom += fmt::format(" {} {},", count, verb);
    if (!whom.empty()) whom.back() = '.';
    std::printf("killed:%s\n", whom.c_str());
    for (const std::string& each : complaints_) {
      std::fprintf(stderr, "runtime_load: %s\n", each.c_str());
    }
    return complaints_.empty();
  }

 private:
  fs::path bundle() const { return directory_.path() / "bundle"; }
  fs::path images() const { return directory_.path() / "images"; }
  fs::path new_images() const { return directory_.path() / "new-images"; }
  fs::path state_root() const { return directory_.path() / "state"; }

  // What no verb is to change: what the container sees, and where else CRIU could leave something
  // than beside the images, in a directory that is its own.
  std::vector<std::string> files() const {
    std::vector<std::string> files = entries_of(bundle());
    if (!options_.checkpoints) return files;
    for (std::string& each : entries_of(kTemporary)) files.push_back(std::move(each));
    std::ranges::sort(files);
    return files;
  }

  auto patience() const { return options_.checkpoints ? kCriuPatience : kPatience; }

  void prepare_bundle() {
    const fs::path rootfs = bundle() / "rootfs";
    for (const char* name : {"proc", "dev", "sys"}) fs::create_directories(rootfs / name);
    fs::copy_file(SEATRIAL_BOX_PATH, rootfs / "box");
    must({"spec", "--bundle", bundle()});
    auto config = nlohmann::json::parse(read_file(bundle() / "config.json"));
    config["process"]["terminal"] = false;
    config["process"]["args"] = {"/box", "sleep"};
    config["linux"]["cgroupsPath"] = cgroup_ + "/" + kId;
    write_file_atomically(bundle() / "config.json", config.dump());
  }

  // Descriptors below 0: nowhere.
  sys::PidFd begin(const Words& words, int out, int err) const {
    const UniqueFd null = open_file("/dev/null", O_RDWR);
    const fs::path program = fs::read_symlink("/proc/self/exe").parent_path() / "seatrial-runtime";
    sys::SpawnRequest request{
        .path = program,
        .args = {"seatrial-runtime", "--root", state_root()},
        .env = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin"},
        .placements = {
            {null.get(), 0}, {out < 0 ? null.get() : out, 1}, {err < 0 ? null.get() : err, 2}}};
    request.args.insert(request.args.end(), words.begin(), words.end());
    return sys::spawn(request);
  }

  // All that has ended but this one. As the host's first process must: a process of a container
  // that nobody has waited for keeps that container's first process from ending.
  static void reap_orphans(const sys::PidFd* spared = nullptr) {
    for (const sentinel::ProcessFact& each : sentinel::read_descendants()) {
      if (each.parent != ::getpid() || each.state != 'Z') continue;
      if (spared == nullptr || each.pid != spared->pid()) ::waitpid(each.pid, nullptr, WNOHANG);
    }
  }

  static Ending end(const sys::PidFd& child) {
    child.wait_exit(std::nullopt);
    const sys::ProcessEnd ended = child.reap().value();
    return {.code = ended.code, .killed = ended.signal != 0};
  }

  // To its end, or to that of all patience: then it is killed.
  Ending run(const Words& words, int err = -1) const {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw sys_error(errno, "make a pipe");
    const UniqueFd reader(ends[0]);
    UniqueFd writer(ends[1]);
    const sys::PidFd child = begin(words, writer.get(), err);
    writer.reset();
    const auto deadline = Clock::now() + patience();
    while (!child.wait_exit(Clock::now() + 5ms) && Clock::now() < deadline) reap_orphans(&child);
    child.send_signal(SIGKILL);  // in vain where it has ended
    Ending ending = end(child);
    // A container that runs has its creator's output, and holds it open.
    if (words.front() == "state") ending.out = read_all(reader.get(), "what state prints");
    return ending;
  }

  void must(const Words& words) const {
    if (const Ending ending = run(words, STDERR_FILENO); ending.code != 0 || ending.killed) {
      throw error(Kind::kInternal, "seatrial-runtime {} ended with {}", fmt::join(words, " "),
                  ending.code);
    }
  }

  // Brings the container to where the verb has work to do.
  void prepare(std::string_view verb) {
    if (verb == "create" || verb == "restore") return;
    if (verb == "start") return must({"create", "--bundle", bundle(), kId});
    must({"run", "--detach", "--bundle", bundle(), kId});
  }

  Words words_of(std::string_view verb) const {
    if (verb == "create") return {"create", "--bundle", bundle(), kId};
    if (verb == "exec") return {"exec", kId, "/box", "exit", "0"};
    if (verb == "update") return {"update", "--memory", "64m", "--pids-limit", "100", kId};
    if (verb == "delete") return {"delete", "--force", kId};
    if (verb == "checkpoint") return {"checkpoint", "--image-path", new_images(), kId};
    if (verb == "restore") {
      return {"restore", "--detach", "--image-path", images(), "--bundle", bundle(), kId};
    }
    return {std::string(verb), kId};
  }

  // How long the verb takes when nobody disturbs it.
  std::chrono::microseconds usual(std::string_view verb) {
    const std::size_t tries = options_.checkpoints ? 3 : 7;
    std::vector<std::chrono::microseconds> times;
    while (times.size() < tries) {
      prepare(verb);
      const auto begun = Clock::now();
      must(words_of(verb));
      times.push_back(std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - begun));
      must({"delete", "--force", kId});
    }
    std::sort(times.begin(), times.end());
    return times[tries / 2];
  }

  bool kill_after(std::chrono::microseconds instant, const Words& words) const {
    const sys::PidFd child = begin(words, -1, -1);
    std::this_thread::sleep_for(instant);
    child.send_signal(SIGKILL);
    return end(child).killed;
  }

  // 1: the runtime was killed, 0: it had ended before.
  unsigned kill_one(const std::string& verb) {
    prepare(verb);
    const auto instant = std::chrono::microseconds(random_() % usual_[verb].count());
    const bool killed = kill_after(instant, words_of(verb));
    killed_[verb] += killed;
    check(fmt::format("{} killed after {} us", verb, instant.count()));
    return killed ? 1 : 0;
  }

  void check(const std::string& when) {
    // CRIU may go on for a while, and come to its end.
    if (options_.checkpoints && random_() % 2 == 0) await_lone_container();
    check_state(when);
    // In either order: who recovers first finds all that was left, who deletes first half of it.
    const bool recover_first = random_() % 2 == 0;
    if (recover_first) expect(run({"recover"}).code == 0, when, "recover succeeds");
    expect(run({"delete", "--force", kId}).code == 0, when, "delete --force succeeds");
    if (!recover_first) expect(run({"recover"}).code == 0, when, "recover succeeds");
    const auto deadline = Clock::now() + patience();
    std::vector<sentinel::Leak> leaks;
    do {
      reap_orphans();
      leaks = sentinel::compare_when_settled(*before_, 20ms);
    } while (!leaks.empty() && Clock::now() < deadline);
    for (const sentinel::Leak& leak : leaks) {
      complaints_.push_back(fmt::format("{}: {}", when, leak.text));
      sentinel::clean(leak);
    }
    check_files(when);
  }

  void check_state(const std::string& when) {
    const Ending state = run({"state", kId});
    expect(!state.killed, when, "state comes to an end");
    if (state.code != 0) return;
    const auto document = nlohmann::json::parse(state.out, nullptr, false);
    expect(document.is_object() && document.value("id", "") == kId, when, "state prints a state");
    // It runs or has ended: what state says of that, the process and the other verbs say, too.
    const std::string status = document.value("status", "");
    if (status == "running") {
      expect(::kill(document.value("pid", -1), 0) == 0, when, "a process runs");
    } else if (status == "stopped") {
      expect(run({"delete", kId}).code == 0, when, "delete removes what has ended");
    }
  }

  // Until nothing is below this process but, at most, a container.
  static void await_lone_container() {
    const auto deadline = Clock::now() + kCriuPatience;
    const auto is_criu = [](const sentinel::ProcessFact& each) { return each.command == "criu"; };
    do {
      reap_orphans();
      if (std::ranges::none_of(sentinel::read_descendants(), is_criu)) return;
      std::this_thread::sleep_for(20ms);
    } while (Clock::now() < deadline);
  }

  void check_files(const std::string& when) {
    const std::vector<std::string> now = files();
    for (const std::string& each : now) {
      if (std::ranges::binary_search(files_, each)) continue;
      complaints_.push_back(fmt::format("{}: the file {} is left", when, each));
    }
    expect(now.size() >= files_.size(), when, "no file is lost");
    fs::remove_all(new_images());
  }

  void expect(bool holds, const std::string& when, std::string_view sentence) {
    if (!holds) complaints_.push_back(fmt::format("{}: it does not hold that {}", when, sentence));
  }

  Options options_;
  std::mt19937 random_;
  std::vector<std::string> victims_;
  TempDir directory_;
  std::string cgroup_;
  std::unique_ptr<sentinel::Snapshot> before_;
  std::map<std::string, std::chrono::microseconds, std::less<>> usual_;
  std::map<std::string, unsigned> killed_;
  std::vector<std::string> files_;  // sorted
  std::vector<std::string> complaints_;
};

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app("Kills seatrial-runtime at random instants and looks at what is left.");
  app.add_option("--kills", options.kills, "of create, start, exec, update and delete (50)");
  app.add_option("--seed", options.seed, "of what is random (1)");
  app.add_flag("--checkpoints", options.checkpoints,
               "of checkpoint and restore instead, where CRIU works");
  CLI11_PARSE(app, argc, argv);
  if (::geteuid() != 0) {
    std::fputs("runtime_load: only root can make containers here\n", stderr);
    return 77;
  }
  try {
    return Trial(options).pass() ? 0 : 1;
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "runtime_load: %s\n", failure.what());
    return 2;
  }
}
