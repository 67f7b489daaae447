// What a container may use, how that is changed while it runs, and what happens at the limit.
#include <fmt/format.h>
#include <signal.h>

#include <ctime>

#include "suites/integration/dropin/dropin_case.h"

namespace dropin_suite {
namespace {

constexpr std::int64_t kMiB = 1 << 20;

// So far.
bool has_event(const DockerClient& docker, const std::string& id, const std::string& name) {
  const json filters{{"event", {name}}, {"container", {id}}};
  return !docker
              .call({.target = fmt::format("/events?since=0&until={}&filters={}",
                                           std::time(nullptr), url_escaped(filters.dump()))},
                    "events")
              .empty();
}

}  // namespace

TRIAL(Limits, OfMemoryAndProcessor, Clauses{"docker/run/memory", "docker/run/cpus"},
      Needs{Feature::kMemoryCgroup, Feature::kCpuCgroup}) {
  const Seen seen = with_both([](Session& at) {
    Wish wish = at.sleeper();
    wish.memory = 64 * kMiB;
    wish.cpu_quota = 50000;
    const std::string id = at.hold(wish);
    return Seen{at.cgroup_value(id, "memory", "memory.limit_in_bytes", "memory.max"),
                at.cgroup_value(id, "cpu", "cpu.cfs_quota_us", "cpu.max")};
  });
  EXPECT_THAT(seen, ElementsAre("67108864\n", StartsWith("50000")));
}

TRIAL(Limits, OfProcessesSharesAndMore, Clauses{"docker/run/pids-limit"},
      Needs{Feature::kPidsCgroup, Feature::kCpuCgroup, Feature::kMemoryCgroup}) {
  const Seen seen = with_both([](Session& at) {
    Wish wish = at.sleeper();
    wish.pids = 20;
    wish.cpu_shares = 512;
    wish.memory_reservation = 32 * kMiB;
    wish.cpus = "0";
    const std::string id = at.hold(wish);
    return Seen{at.cgroup_value(id, "pids", "pids.max", "pids.max"),
                at.cgroup_value(id, "cpu", "cpu.shares", "cpu.weight"),
                at.cgroup_value(id, "memory", "memory.soft_limit_in_bytes", "memory.low"),
                at.cgroup_value(id, "cpuset", "cpuset.cpus", "cpuset.cpus")};
  });
  EXPECT_THAT(seen, ElementsAre("20\n", AnyOf("512\n", "20\n"), "33554432\n", "0\n"));
}

TRIAL(Limits, OfProcessesStopsForks, Clauses{"docker/run/pids-limit"},
      Needs{Feature::kPidsCgroup}) {
  const Seen seen = with_both([](Session& at) {
    Wish wish{.args = at.shell("for i in $(seq 60); do sleep 5 & done; echo never")};
    wish.pids = 40;  // runc itself needs some
    const Ended ended = at.finish(wish);
    return Seen{std::to_string(ended.code), ended.out,
                ended.err.find("can't fork") != std::string::npos ? "can't fork" : ended.err};
  });
  EXPECT_EQ(seen, (Seen{"2", "", "can't fork"}));
}

// podman's document has a limit of 0 then.
TRIAL(Limits, OfProcessesMayBeWaived, Clauses{"docker/run/pids-limit"},
      Needs{Feature::kPidsCgroup}) {
  const Seen seen = with_both([](Session& at) {
    const Ended ended = at.finish({.args = at.shell("echo a | cat; (echo b)"), .pids = -1});
    return Seen{std::to_string(ended.code), ended.out, ended.err};
  });
  EXPECT_EQ(seen, (Seen{"0", "a\nb\n", ""}));
}

TRIAL(Limits, OfFilesAndCores, Clauses{"docker/run/ulimit"}) {
  const Seen seen = with_both([](Session& at) {
    Wish wish{.args = at.shell("ulimit -n; ulimit -Hn; ulimit -c; ulimit -Hc")};
    wish.ulimits = {{.name = "nofile", .soft = 100, .hard = 200},
                    {.name = "core", .soft = 0, .hard = 0}};
    return Seen{at.finish(wish).out};
  });
  EXPECT_EQ(seen, (Seen{"100\n200\n0\n0\n"}));
}

TRIAL(Limits, OfTheOomKillersChoice, Clauses{"docker/run/memory"}) {
  const Seen seen = with_both([](Session& at) {
    Wish wish{.args = {"cat", "/proc/self/oom_score_adj"}};
    wish.oom_score_adj = 321;
    return Seen{at.finish(wish).out};
  });
  EXPECT_EQ(seen, (Seen{"321\n"}));
}

TRIAL(Update, ChangesWhatARunningOneMayUse, Clauses{"docker/update/limits"},
      Needs{Feature::kMemoryCgroup, Feature::kCpuCgroup, Feature::kPidsCgroup}) {
  const Seen seen = with_both([](Session& at) {
    const DockerClient& docker = at.docker("update");
    Wish wish = at.sleeper();
    wish.memory = 64 * kMiB;
    const std::string id = at.hold(wish);
    const auto look = [&] {
      return at.cgroup_value(id, "memory", "memory.limit_in_bytes", "memory.max") +
             at.cgroup_value(id, "cpu", "cpu.shares", "cpu.weight");
    };
    const std::string before = look();
    // podman answers 404 to Docker's call; its own takes the specification's words.
    const std::string target =
        fmt::format("{}/containers/{}/update", at.is_podman() ? "/v4.3.0/libpod" : "", id);
    const json document = at.is_podman()
                              ? json{{"memory", {{"limit", 96 * kMiB}}}, {"cpu", {{"shares", 256}}}}
                              : json{{"Memory", 96 * kMiB}, {"MemorySwap", -1}, {"CpuShares", 256}};
    docker.call({.method = "POST", .target = target, .body = document.dump()}, "update");
    return Seen{before, look()};
  });
  EXPECT_THAT(seen.at(1), StartsWith("100663296\n"));
  EXPECT_NE(seen.at(0), seen.at(1));
}

TRIAL(OutOfMemory, EndsTheProgramAndIsTold, Clauses{"docker/run/memory"},
      Needs{Feature::kMemoryCgroup}) {
  const Seen seen = with_both([](Session& at) {
    // A daemon begins to listen for such ends once the container runs, so that they wait for a
    // word; and the shell lives on until the daemon has heard.
    Wish wish{.args = at.shell("trap go=1 USR1; echo ready; until [ \"$go\" ]; do sleep .1; done;"
                               "tail -c 200m /dev/zero > /dev/null; echo ended $?; sleep 900")};
    wish.memory = 16 * kMiB;
    wish.memory_swap = 16 * kMiB;
    const std::string id = at.hold(wish);
    at.await_output(id, "ready\n");
    at.kill(id, SIGUSR1);
    at.await_output(id, "ended 137\n");
    if (!at.tells_oom()) return Seen{"true"};
    await("the event oom", [&] { return has_event(at.docker("events"), id, "oom"); });
    at.kill(id, SIGKILL);
    at.wait(id);
    return Seen{at.inspect(id).at("State").at("OOMKilled").dump()};
  });
  EXPECT_EQ(seen, (Seen{"true"}));
}

TRIAL(Stats, CountMemoryAndProcesses, Clauses{"docker/stats/no-stream"},
      Needs{Feature::kMemoryCgroup, Feature::kPidsCgroup}) {
  const Seen seen = with_both([](Session& at) {
    const DockerClient& docker = at.docker("stats");
    Wish wish = at.sleeper();
    wish.memory = 64 * kMiB;
    const std::string id = at.hold(wish);
    const json stats = json::parse(docker.call(
        {.target = "/containers/" + id + "/stats?stream=false&one-shot=true"}, "stats"));
    return Seen{stats.at("memory_stats").at("limit").dump(),
                stats.at("memory_stats").at("usage") > 0 ? "some memory" : "no memory",
                stats.at("pids_stats").at("current").dump()};
  });
  EXPECT_EQ(seen, (Seen{"67108864", "some memory", "1"}));
}

}  // namespace dropin_suite
