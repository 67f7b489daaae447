// Loads the engine through its command line, then kills processes of such a load at random instants
// and lets `seatrial recover` clean up: nothing may be left, nothing lost.
#include <unistd.h>
#include <csignal>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <cstdio>
#include <map>
#include <mutex>
#include <random>
#include <thread>

#include "engine/base/error.h"
#include "engine/core/testing/box_archive.h"
#include "engine/sys/memfd.h"
#include "engine/sys/pid_fd.h"
#include "harness/sentinel/facts.h"
#include "suites/load/world.h"

namespace {

using namespace seatrial;
using namespace seatrial::load;
using namespace std::chrono_literals;
using Words = std::vector<std::string>;
using sentinel::ProcessFact;

constexpr unsigned kWorkers = 4;
constexpr unsigned kKillsInARound = 5;

struct Options {
  unsigned containers = 40;
  unsigned kills = 20;
  unsigned seed = 1;
};

// What a worker knows of a container that it has made.
enum class Fate { kListed, kBeingRemoved, kRemoved };

class Trial {
 public:
  explicit Trial(const Options& options) : options_(options), random_(options.seed) {}

  bool pass() {
    prepare();
    load();
    crash();
    end();
    for (const std::string& each : complaints_) {
      std::fprintf(stderr, "engine_load: %s\n", each.c_str());
    }
    return complaints_.empty();
  }

 private:
  // What must be there at the end: a running container, an image that was committed from an ended
  // one, a volume with content.
  void prepare() {
    world_.engine().import(sys::sealed_memfd("box", core::testing::box_archive()).get(), "box",
                           {"ENTRYPOINT [\"/box\"]"});
    kept_.push_back(
        must({"run", "-d", "-v", "treasure:/data"}, {"write", "/data/gold", "42", "sleep"}));
    kept_.push_back(must({"create"}, {"sleep"}));
    kept_.push_back(must({"run", "-d"}, {"write", "/tmp/silver", "21"}));
    expect(world_.seatrial({"wait", kept_.back()}).code == 0,
           "an ended container can be waited for");
    expect(world_.seatrial({"commit", kept_.back(), "silver"}).code == 0,
           "a container is committed");
    for (const ProcessFact& each : sentinel::read_descendants()) spared_.insert(each.pid);
    check("before any load");
  }

  std::string must(Words verb, const Words& program) {
    const Ending ending = world_.seatrial(command(std::move(verb), program));
    if (ending.code != 0) throw error(Kind::kInternal, "seatrial ended with {}", ending.code);
    return ending.out;
  }

  Words command(Words verb, const Words& program) const {
    const Words placement = world_.placement();
    verb.insert(verb.end(), placement.begin(), placement.end());
    verb.emplace_back("box");
    verb.insert(verb.end(), program.begin(), program.end());
    return verb;
  }

  void expect(bool holds, std::string_view sentence) {
    if (holds) return;
    const std::lock_guard lock(mutex_);
    complaints_.push_back(fmt::format("it does not hold that {}", sentence));
  }

  void check(std::string_view when) {
    for (const std::string& each : world_.residue()) {
      complaints_.push_back(fmt::format("{}: {}", when, each));
    }
  }

  template <typename Work>
  static void in_workers(Work&& work) {
    std::vector<std::jthread> workers;
    for (unsigned worker = 0; worker < kWorkers; ++worker) {
      workers.emplace_back([&work, worker] { work(worker); });
    }
  }

  void load() {
    const auto begin = std::chrono::steady_clock::now();
    std::atomic<unsigned> left = options_.containers;
    in_workers([&](unsigned) {
      for (;;) {
        unsigned before = left.load();
        while (before > 0 && !left.compare_exchange_weak(before, before - 1)) {
        }
        if (before == 0) return;
        whole_life();
      }
    });
    const auto took = std::chrono::steady_clock::now() - begin;
    std::printf("%u containers started, listed, stopped and removed by %u workers in %.1f s\n",
                options_.containers, kWorkers, std::chrono::duration<double>(took).count());
    check("after the load");
  }

  void whole_life() {
    const Ending run = world_.seatrial(command({"run", "-d"}, {"sleep"}));
    expect(run.code == 0 && run.out.size() == 64, "run -d prints an id");
    const Ending list = world_.seatrial({"ps", "-q", "--no-trunc"});
    expect(list.code == 0 && list.out.find(run.out) != std::string::npos, "ps lists what runs");
    expect(world_.seatrial({"stop", "-t", "0", run.out}).code == 0, "stop stops");
    expect(world_.seatrial({"rm", run.out}).code == 0, "rm removes");
  }

  // --- killing ----------------------------------------------------------------------------------

  void crash() {
    unsigned killed = 0;
    while (killed < options_.kills && complaints_.empty()) killed += round();
    std::string whom;
    for (const auto& [command, count] : victims_) whom += fmt::format(" {} {},", count, command);
    if (!whom.empty()) whom.pop_back();
    std::printf("%u killed:%s; %u recoveries\n", killed, whom.c_str(), rounds_);
  }

  unsigned round() {
    ++rounds_;
    std::atomic<bool> over = false;
    std::jthread load([&] {
      std::vector<unsigned> seeds(kWorkers);
      for (unsigned& seed : seeds) seed = static_cast<unsigned>(random_());
      while (!over) in_workers([&](unsigned worker) { stormy_life(seeds[worker]++); });
    });
    unsigned killed = 0;
    std::mt19937 random(options_.seed * 1000 + rounds_);
    while (killed < kKillsInARound) {
      std::this_thread::sleep_for(std::chrono::microseconds(random() % 20'000));
      killed += kill_one(random);
    }
    over = true;
    load.join();
    settle_and_check();
    return killed;
  }

  // Any process below this one that the load has started, whatever it is just now.
  unsigned kill_one(std::mt19937& random) {
    std::vector<ProcessFact> candidates;
    for (ProcessFact& each : sentinel::read_descendants()) {
      if (each.state != 'Z' && !spared_.contains(each.pid)) candidates.push_back(std::move(each));
    }
    if (candidates.empty()) return 0;
    const ProcessFact& victim = candidates[random() % candidates.size()];
    const auto process = sys::PidFd::open(victim.pid);
    if (!process) return 0;
    bool same = false;
    for (const ProcessFact& each : sentinel::read_descendants())
      same = same || each.is_same(victim);
    if (!same || !process->send_signal(SIGKILL)) return 0;
    ++victims_[victim.command];
    killed_.insert(victim.pid);
    return 1;
  }

  // One of the ways in which containers come and go.
  void stormy_life(unsigned choice) {
    switch (choice % 5) {
      case 0:
        static_cast<void>(world_.seatrial(command({"run", "--rm"}, {"exit", "0"})));
        return;
      case 1:
        remember(world_.seatrial(command({"create", "-v", "/anonymous"}, {"sleep"})), true);
        return;
      case 2:
        remember(world_.seatrial(command({"run", "-d"}, {"sleep"})), choice % 2 == 0);
        return;
      case 3: {
        const Ending made =
            world_.seatrial(command({"run", "-d", "--restart", "always"}, {"sleep"}));
        remember(made, choice % 2 == 0);
        if (choice % 2 != 0) expect_to_last(made);
        return;
      }
      default: {
        const Ending made = world_.seatrial(command({"create"}, {"sleep"}));
        if (made.code != 0 || made.killed) return;
        static_cast<void>(world_.seatrial({"start", made.out}));
        static_cast<void>(world_.seatrial({"kill", made.out}));
        remember(made, true);
      }
    }
  }

  void remember(const Ending& made, bool removed_again) {
    // Only who printed an id and ended well has made a promise.
    if (made.killed || made.code != 0 || made.out.size() != 64) return;
    tell(made.out, removed_again ? Fate::kBeingRemoved : Fate::kListed);
    if (!removed_again) return;
    const Ending removal = world_.seatrial({"rm", "-f", "-v", made.out});
    if (!removal.killed && removal.code == 0) tell(made.out, Fate::kRemoved);
  }

  void expect_to_last(const Ending& made) {
    if (made.killed || made.code != 0) return;
    const std::lock_guard lock(mutex_);
    lasting_.insert(made.out);
  }

  // Whatever was killed, of the container or of what restarts it.
  bool comes_up(const std::string& id) {
    const auto patience = std::chrono::steady_clock::now() + 10s;
    while (!world_.listed(true).contains(id)) {
      if (std::chrono::steady_clock::now() > patience) return false;
      std::this_thread::sleep_for(5ms);
    }
    return true;
  }

  void tell(const std::string& id, Fate fate) {
    const std::lock_guard lock(mutex_);
    fates_[id] = fate;
  }

  // Those that run, that nobody has begun to remove, and of whose two processes none was killed: a
  // killed one may take its time to die.
  std::set<std::string> undisturbed() {
    std::set<std::string> alive;
    const std::vector<ProcessFact> processes = sentinel::read_descendants();
    for (const std::string& id : world_.listed(true)) {
      const auto fate = fates_.find(id);
      const int init = world_.engine().inspect(id).state.pid;
      const auto found = std::find_if(processes.begin(), processes.end(),
                                      [&](const ProcessFact& each) { return each.pid == init; });
      if (fate == fates_.end() || fate->second != Fate::kListed || found == processes.end())
        continue;
      if (!killed_.contains(init) && !killed_.contains(found->parent)) alive.insert(id);
    }
    killed_.clear();
    return alive;
  }

  void settle_and_check() {
    const std::set<std::string> alive = undisturbed();
    const Ending recovered = world_.seatrial({"recover"});
    expect(recovered.code == 0, "recover ends with 0");
    for (const std::string& id : lasting_) {
      expect(comes_up(id), fmt::format("container {} is restarted", id));
    }
    lasting_.clear();
    check(fmt::format("after recovery {}", rounds_));
    const std::set<std::string> all = world_.listed(false);
    const std::set<std::string> running = world_.listed(true);
    for (const std::string& id : kept_) expect(all.contains(id), "what was there stays listed");
    expect(running.contains(kept_.front()), "who ran undisturbed still runs");
    for (const std::string& id : alive) {
      expect(running.contains(id), fmt::format("container {} that lived is kept", id));
    }
    for (const auto& [id, fate] : fates_) {
      if (fate == Fate::kListed) expect(all.contains(id), fmt::format("{} is listed", id));
      if (fate == Fate::kRemoved) expect(!all.contains(id), fmt::format("{} is gone", id));
    }
    for (const std::string& id : all) {
      if (std::find(kept_.begin(), kept_.end(), id) != kept_.end()) continue;
      expect(world_.seatrial({"rm", "-f", "-v", id}).code == 0, "what is listed can be removed");
    }
    fates_.clear();
  }

  void end() {
    const Words see = {"run", "--rm", "-v", "treasure:/data"};
    expect(world_.seatrial(command(see, {"cat", "/data/gold"})).out == "42", "the volume is whole");
    Words silver = {"run", "--rm"};
    const Words placement = world_.placement();
    silver.insert(silver.end(), placement.begin(), placement.end());
    silver.insert(silver.end(), {"silver", "cat", "/tmp/silver"});
    expect(world_.seatrial(silver).out == "21", "the committed image is whole");
    for (const std::string& id : kept_) {
      expect(world_.seatrial({"rm", "-f", id}).code == 0, "what was there can be removed");
    }
    check("at the end");
    expect(world_.listed(false).empty(), "no container is left");
  }

  Options options_;
  std::mt19937 random_;
  World world_;
  std::vector<std::string> kept_;  // the first one runs
  std::set<pid_t> spared_;
  std::mutex mutex_;
  std::map<std::string, Fate> fates_;
  std::set<std::string> lasting_;  // those with --restart always that nobody has stopped
  std::map<std::string, unsigned> victims_;
  std::set<pid_t> killed_;  // in this round
  std::vector<std::string> complaints_;
  unsigned rounds_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app("Loads the engine, kills its processes at random and lets it recover.");
  app.add_option("--containers", options.containers, "through the whole life each (40)");
  app.add_option("--kills", options.kills, "of processes of a load, at random instants (20)");
  app.add_option("--seed", options.seed, "of what is random (1)");
  CLI11_PARSE(app, argc, argv);
  if (::geteuid() != 0) {
    std::fputs("engine_load: only root can make containers here\n", stderr);
    return 77;
  }
  try {
    return Trial(options).pass() ? 0 : 1;
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "engine_load: %s\n", failure.what());
    return 2;
  }
}
