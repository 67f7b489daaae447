// From start to removal: signals, pauses, restarts, health, and what is told meanwhile.
#include <signal.h>

#include <fmt/format.h>

#include <filesystem>
#include <sstream>

#include "engine/base/files.h"
#include "suites/integration/dropin/dropin_case.h"

namespace dropin_suite {
namespace {

namespace fs = std::filesystem;

Wish trapping(const std::string& traps) {
  return {.args = Session::shell(traps + "; echo up; while :; do sleep 0.02; done")};
}

// Of its cgroup, as the kernel has it.
std::string freezer_of(const fs::path& process) {
  std::istringstream lines(seatrial::read_file(process / "cgroup"));
  std::string unified;
  for (std::string line; std::getline(lines, line);) {
    const std::string path = line.substr(line.find('/'));
    if (line.find(":freezer:") != std::string::npos) {
      const auto state = seatrial::read_file("/sys/fs/cgroup/freezer" + path + "/freezer.state");
      return state == "FROZEN\n" ? "frozen" : "thawed";
    }
    if (line.starts_with("0::")) unified = path;
  }
  const auto events = seatrial::read_file("/sys/fs/cgroup" + unified + "/cgroup.events");
  return events.find("frozen 1\n") != std::string::npos ? "frozen" : "thawed";
}

// "NSpid:\t300\t1" for who is 300 to the daemon.
bool is_first_of_its_own(const fs::path& process) {
  const std::string status = seatrial::read_file(process / "status");
  const std::size_t begin = status.find("NSpid:");
  return status.substr(begin, status.find('\n', begin) - begin).ends_with("\t1");
}

void post(const DockerClient& docker, const std::string& target) {
  docker.call({.method = "POST", .target = target, .body = "{}"}, target);
}

}  // namespace

TRIAL(State, GoesFromCreatedToExited, Clauses{"docker/create/id", "docker/start/starts"}) {
  const Seen seen = with_both([](Session& at) {
    const std::string id = at.create({.args = at.shell("exit 6")}, "create without start");
    Seen facts{at.status(id)};
    at.docker("start").start(id);
    facts.push_back(std::to_string(at.wait(id)));
    facts.push_back(at.status(id));
    facts.push_back(at.inspect(id).at("State").at("Pid").dump());
    return facts;
  });
  EXPECT_EQ(seen, (Seen{"created", "6", "exited", "0"}));
}

// The daemon tells the pid that the runtime has told; whose it is says the kernel.
TRIAL(State, OfARunningOneHasItsPid, Clauses{"docker/inspect/json"}) {
  const Seen seen = with_both([](Session& at) {
    const std::string id = at.hold(at.sleeper());
    const fs::path process = at.process(id);
    const std::string cgroups = seatrial::read_file(process / "cgroup");
    return Seen{at.status(id), seatrial::read_file(process / "comm"),
                is_first_of_its_own(process) ? "the first of its namespace" : "one of many",
                cgroups.find(id) != std::string::npos ? "in its cgroup" : "elsewhere"};
  });
  EXPECT_EQ(seen, (Seen{"running", "sleep\n", "the first of its namespace", "in its cgroup"}));
}

TRIAL(Kill, SendsTheSignal, Clauses{"docker/kill/signal"}) {
  const Seen seen = with_both([](Session& at) {
    const std::string id = at.hold(trapping("trap 'echo usr1; exit 5' USR1"));
    at.await_output(id, "up");
    at.kill(id, SIGUSR1);
    const int code = at.wait(id);
    return Seen{std::to_string(code), at.output(id)};
  });
  EXPECT_EQ(seen, (Seen{"5", "up\nusr1\n"}));
}

TRIAL(Kill, BySigkillEndsIt, Clauses{"docker/kill/default"}) {
  const Seen seen = with_both([](Session& at) {
    const std::string id = at.hold(at.sleeper());
    at.kill(id, SIGKILL);
    return Seen{std::to_string(at.wait(id))};
  });
  EXPECT_EQ(seen, (Seen{"137"}));
}

TRIAL(Kill, TakesEveryProcessOfThePidNamespace, Clauses{"docker/kill/default"}) {
  const Seen seen = with_both([](Session& at) {
    const std::string id = at.hold({.args = at.shell("sleep 900 & sleep 901 & echo up; wait")});
    at.await_output(id, "up");
    const std::string before = std::to_string(at.processes(id));
    at.kill(id, SIGKILL);
    return Seen{before, std::to_string(at.wait(id))};
  });
  EXPECT_EQ(seen, (Seen{"3", "137"}));
}

TRIAL(Kill, OfOneThatHasEndedIsRefused, Clauses{"docker/kill/not-running"}) {
  const Seen seen = with_both([](Session& at) {
    const std::string id = at.hold({.args = {"true"}});
    at.await_status(id, "exited");
    return Seen{refusal([&] { at.kill(id, SIGTERM); },
                        {"not running", "not found", "can only kill running", "process already"})};
  });
  EXPECT_THAT(seen, Each(StartsWith("refused: ")));
}

TRIAL(Stop, SendsTheStopSignalAndThenKills,
      Clauses{"docker/stop/signal", "docker/stop/kill-after"}) {
  const Seen seen = with_both([](Session& at) {
    Seen facts;
    for (const char* traps : {"trap 'exit 7' TERM", "trap '' TERM"}) {
      const DockerClient& docker = at.docker("stop");
      const std::string id = at.hold(trapping(traps));
      at.await_output(id, "up");
      docker.stop(id, 1s);
      facts.push_back(at.inspect(id).at("State").at("ExitCode").dump());
    }
    return facts;
  });
  EXPECT_EQ(seen, (Seen{"7", "137"}));
}

// The program writes all the time; the runs of another one are time for it to do so, and before
// that for what it had written to come through.
TRIAL(Pause, FreezesAndGoesOn, Clauses{"docker/pause/freezes"}) {
  const Seen seen = with_both([](Session& at) {
    const std::string id = at.hold(
        {.args = Session::shell(
             "trap 'echo woken; exit 3' USR1; echo up; while :; do echo tick; sleep 0.02; done")});
    at.await_output(id, "up");
    const auto writes = [&] {
      at.finish({.args = {"true"}});
      const std::string before = at.output(id);
      at.finish({.args = {"true"}});
      return std::string(at.output(id) == before ? "still" : "writing");
    };
    Seen facts{writes()};
    at.pause(id);
    facts.push_back(at.status(id));
    facts.push_back(writes());
    at.resume(id);
    at.await_status(id, "running");  // dockerd hears of it from containerd
    facts.push_back(at.status(id));
    at.kill(id, SIGUSR1);
    facts.push_back(std::to_string(at.wait(id)));
    facts.emplace_back(at.output(id).ends_with("woken\n") ? "woken" : "not woken");
    return facts;
  });
  EXPECT_EQ(seen, (Seen{"writing", "paused", "still", "running", "3", "woken"}));
}

// The daemon refuses by what it remembers; that it remembers what is so, the cgroup says.
TRIAL(Pause, TwiceIsRefused, Clauses{"docker/pause/freezes"}) {
  const Seen seen = with_both([](Session& at) {
    const std::string id = at.hold(at.sleeper());
    at.pause(id);
    const std::string said =
        refusal([&] { at.pause(id); }, {"already paused", "not running", "cannot be paused",
                                        "container state improper", "is not paused"});
    const std::string still = freezer_of(at.process(id));
    at.resume(id);
    at.await_status(id, "running");
    return Seen{said, still, at.status(id), freezer_of(at.process(id))};
  });
  EXPECT_EQ(seen.at(1), "frozen");
  EXPECT_EQ(seen.at(2), "running");
  EXPECT_EQ(seen.at(3), "thawed");
}

TRIAL(Pause, KeepsExecOut, Clauses{"docker/exec/paused"}) {
  const Seen seen = with_both([](Session& at) {
    const std::string id = at.hold(at.sleeper());
    at.pause(id);
    const std::string said = refusal([&] { at.exec(id, {.args = {"true"}}); },
                                     {"paused", "running state", "container state improper"});
    at.resume(id);
    at.await_status(id, "running");
    return Seen{said, std::to_string(at.exec(id, {.args = at.shell("exit 2")}).code)};
  });
  EXPECT_THAT(seen.at(0), StartsWith("refused: "));
  EXPECT_EQ(seen.at(1), "2");
}

TRIAL(Remove, TakesARunningOneByForce, Clauses{"docker/rm/force"}) {
  const Seen seen = with_both([](Session& at) {
    const std::string id = at.hold({.args = at.shell("trap '' TERM; sleep 1000 & wait")});
    at.remove(id);
    return Seen{refusal([&] { at.exec(id, {.args = {"true"}}); },
                        {"No such container", "no such container", "not found"})};
  });
  EXPECT_THAT(seen, Each(StartsWith("refused: ")));
}

TRIAL(Remove, TakesAPausedOneByForce, Clauses{"docker/rm/force"}) {
  const Seen seen = with_both([](Session& at) {
    const std::string id = at.hold(at.sleeper());
    at.pause(id);
    return Seen{refusal([&] { at.remove(id); }, {"paused"})};
  });
  EXPECT_THAT(seen, SizeIs(1));
}

TRIAL(Restart, GivesANewProcessWithTheOldFiles, Clauses{"docker/restart/restarts"}) {
  const Seen seen = with_both([](Session& at) {
    const DockerClient& docker = at.docker("restart");
    const std::string id = at.hold({.args = at.shell("cat /mark; echo first > /mark; sleep 900")});
    const json before = at.inspect(id).at("State").at("Pid");
    await("the mark", [&] { return at.exec(id, {.args = {"test", "-s", "/mark"}}).code == 0; });
    post(docker, "/containers/" + id + "/restart?t=0");
    at.await_output(id, "first");
    const json after = at.inspect(id).at("State");
    return Seen{after.at("Status"), after.at("Pid") == before ? "the same" : "another"};
  });
  EXPECT_EQ(seen, (Seen{"running", "another"}));
}

TRIAL(Restart, OnFailureGoesOnSoOften, Clauses{"docker/restart/on-failure"}) {
  const Seen seen = with_both([](Session& at) {
    Wish wish{.args = at.shell("echo run; exit 1")};
    wish.docker["HostConfig"]["RestartPolicy"] = {{"Name", "on-failure"}, {"MaximumRetryCount", 2}};
    const std::string id = at.hold(wish);
    await("the last end", [&] { return at.output(id) == "run\nrun\nrun\n"; });
    at.await_status(id, "exited");
    return Seen{at.output(id), at.inspect(id).at("RestartCount").dump()};
  });
  EXPECT_EQ(seen, (Seen{"run\nrun\nrun\n", "2"}));
}

TRIAL(Top, ShowsThePrograms, Clauses{"docker/top/processes"}) {
  const Seen seen = with_both([](Session& at) {
    const std::string id = at.hold({.args = at.shell("sleep 900 & echo up; wait")});
    at.await_output(id, "up");
    return Seen{std::to_string(at.processes(id))};
  });
  EXPECT_EQ(seen, (Seen{"2"}));
}

TRIAL(Logs, OfTheTail, Clauses{"docker/logs/tail", "docker/logs/exited"}) {
  const Seen seen = with_both([](Session& at) {
    const DockerClient& docker = at.docker("logs");
    const std::string id = at.hold({.args = at.shell("for i in 1 2 3 4 5; do echo $i; done")});
    at.wait(id);
    return Seen{docker.logs(id, {.tail = "2"}).out, docker.logs(id, {.follow = true}).out};
  });
  EXPECT_EQ(seen, (Seen{"4\n5\n", "1\n2\n3\n4\n5\n"}));
}

TRIAL(Health, IsAskedByExec, Clauses{"docker/run/health"}) {
  const Seen seen = with_both([](Session& at) {
    const DockerClient& docker = at.docker("health checks");
    Wish wish{.args = at.shell("echo up; sleep 900")};
    wish.docker["Healthcheck"] = {{"Test", {"CMD-SHELL", "echo asked; test -e /well"}},
                                  {"Interval", 100000000},
                                  {"Timeout", 5000000000},
                                  {"Retries", 1}};
    const std::string id = at.hold(wish);
    at.await_output(id, "up");
    // podman leaves the clock to systemd.
    const auto asked = [&] {
      if (at.is_podman())
        docker.send({.target = "/v4.0.0/libpod/containers/" + id + "/healthcheck"});
      const json state = at.inspect(id).at("State");
      const char* const key = state.contains("Health") ? "Health" : "Healthcheck";
      return state.at(key).at("Status").get<std::string>();
    };
    Seen facts;
    await("unhealthy", [&] { return asked() == "unhealthy"; });
    facts.push_back(asked());
    at.exec(id, {.args = {"touch", "/well"}});
    await("healthy", [&] { return asked() == "healthy"; });
    facts.push_back(asked());
    return facts;
  });
  EXPECT_EQ(seen, (Seen{"unhealthy", "healthy"}));
}

TRIAL(Init, ReapsAndPassesSignalsOn, Clauses{"docker/run/init"}) {
  const Seen seen = with_both([](Session& at) {
    Wish wish = trapping("trap 'exit 9' TERM; (true &)");
    wish.docker["HostConfig"]["Init"] = true;
    const std::string id = at.hold(wish);
    at.await_output(id, "up");
    const Ended look =
        at.exec(id, {.args = at.shell("cat /proc/1/comm; cat /proc/*/stat 2>/dev/null "
                                      "| grep -c ') Z '")});
    at.kill(id, SIGTERM);
    return Seen{look.out, std::to_string(at.wait(id))};
  });
  EXPECT_THAT(seen.at(0), AnyOf("docker-init\n0\n", "podman-init\n0\n"));
  EXPECT_EQ(seen.at(1), "9");
}

TRIAL(Changes, AreSeenByDiffAndKeptByCommit, Clauses{"docker/commit/image"}) {
  const Seen seen = with_both([](Session& at) {
    const DockerClient& docker = at.docker("commit");
    const std::string id = at.hold({.args = at.shell("echo kept > /kept; echo up; sleep 900")});
    at.await_output(id, "up");
    // It pauses the container meanwhile.
    post(docker, "/commit?container=" + id + "&repo=localhost/changed&tag=1&pause=true");
    Wish wish{.args = {"cat", "/kept"}};
    wish.docker["Image"] = "localhost/changed:1";
    return Seen{at.finish(wish).out, at.status(id)};
  });
  EXPECT_EQ(seen, (Seen{"kept\n", "running"}));
}

}  // namespace dropin_suite
