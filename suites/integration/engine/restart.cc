// Restart policies, and the init that a container may have before its program.
#include <signal.h>

#include "harness/fixtures/engine_case.h"

namespace engine_suite {
namespace {

ContainerDraft with_policy(const std::string& script, const std::string& policy, int tries = 0) {
  return {.cmd = {"sh", "-c", script}, .restart = policy, .restart_tries = tries};
}

ContainerDraft with_init(ContainerDraft draft) {
  draft.init = true;
  return draft;
}

// Makes an orphan that ends when its parent has gone, and tells what became of it.
std::string fate_of_an_orphan(EngineTarget& engine, const std::string& id) {
  // Ended beside its parent, it might still be reaped by that.
  const std::string make =
      "(sh -c 'while [ ! -e /dev/shm/alone ]; do sleep 0.01; done' >&- 2>&- & echo $!)";
  std::string orphan = engine.exec(id, {.args = {"sh", "-c", make}}).output.out;
  while (orphan.ends_with('\n')) orphan.pop_back();
  // A zombie is one that stays: whoever reaps may be slow.
  const std::string proc = "/proc/" + orphan;
  const std::string tell = "touch /dev/shm/alone; n=0; while [ -d " + proc +
                           " ] && [ $n -lt 25 ]; do grep -q '^State:.*zombie' " + proc +
                           "/status && n=$((n + 1)); sleep 0.02; done; [ -d " + proc +
                           " ] && echo zombie || echo reaped";
  return engine.exec(id, {.args = {"sh", "-c", tell}}).output.out;
}

constexpr const char* kFails = "echo ran; exit 3";
// Of what ends all the time, removal by force may fail where an engine knows no wait.
constexpr const char* kFailsTwiceAndStays =
    "echo ran; echo ran >> /runs; [ $(wc -l < /runs) -lt 3 ] && exit 3; exec sleep 1000";
constexpr const char* kRestartedTwice = "ran\nran\nran\n";
constexpr const char* kEndsAtTerm =
    "trap 'exit 9' TERM; echo up as $$; while :; do sleep 0.05; done";

}  // namespace

TRIAL(InitProcess, ReapsOrphans, Clauses{"docker/run/init"}) {
  EXPECT_EQ(fate_of_an_orphan(engine(), run(sleeper())), "zombie\n");  // control
  EXPECT_EQ(fate_of_an_orphan(engine(), run(with_init(sleeper()))), "reaped\n");
}

TRIAL(InitProcess, PassesSignalsOnToTheProgram,
      Clauses{"docker/run/init", "docker/run/exit-status"}) {
  const std::string id = run(with_init(shell(kEndsAtTerm)));
  await_output(id, "up");
  EXPECT_THAT(engine().logs(id, {}).out, Not(HasSubstr("up as 1\n")));  // control
  engine().kill(id, SIGTERM);
  EXPECT_EQ(wait(id), 9);
}

TRIAL(InitProcess, EndsWithTheSignalThatEndedTheProgram, Clauses{"docker/run/init"}) {
  const std::string id = run(with_init(shell("echo up; exec sleep 1000")));
  await_output(id, "up");
  engine().kill(id, SIGTERM);  // of which a process 1 without a handler does not die
  EXPECT_EQ(wait(id), 128 + SIGTERM);
}

TRIAL(InitProcess, IsNotTheProgramThatInspectShows, Clauses{"docker/run/init"}) {
  const std::string id = run(with_init(sleeper()));
  EXPECT_EQ(fact(id, "/HostConfig/Init"), "true");
  EXPECT_EQ(fact(id, "/Path"), "sleep");
}

TRIAL(RestartPolicy, OnFailureTriesAgainSoOften, Clauses{"docker/restart/on-failure"}) {
  const std::string good = run(with_policy("echo ran; exit 0", "on-failure", 2));
  const std::string bad = run(with_policy(kFails, "on-failure", 2));
  await_output(bad, kRestartedTwice);
  await_fact(bad, "/State/Status", "exited");
  EXPECT_EQ(fact(bad, "/RestartCount"), "2");
  EXPECT_EQ(fact(bad, "/State/ExitCode"), "3");
  EXPECT_EQ(engine().logs(bad, {}).out, kRestartedTwice);
  EXPECT_EQ(fact(good, "/RestartCount"), "0");
  EXPECT_EQ(engine().logs(good, {}).out, "ran\n");
}

TRIAL(RestartPolicy, AlwaysDoesSoAfterSuccess, Clauses{"docker/restart/always"}) {
  const std::string id = run(with_policy(
      "echo ran; echo ran >> /runs; [ $(wc -l < /runs) -lt 3 ] && exit 0; exec sleep 1000",
      "always"));
  await_output(id, kRestartedTwice);
  EXPECT_NE(fact(id, "/RestartCount"), "0");
}

TRIAL(RestartPolicy, LeavesWhatTheUserStopped, Clauses{"docker/restart/always"}) {
  for (const char* policy : {"always", "unless-stopped", "on-failure"}) {
    const std::string id = run(with_policy(kEndsAtTerm, policy));
    await_output(id, "up");
    engine().stop(id, 10s);
    // Control: another one, which nobody stopped, is restarted twice meanwhile.
    const std::string other = run(with_policy(kFailsTwiceAndStays, policy));
    await_output(other, kRestartedTwice);
    EXPECT_EQ(fact(id, "/State/Status"), "exited") << policy;
    EXPECT_EQ(fact(id, "/State/ExitCode"), "9") << policy;
    engine().remove(other, {.force = true});
  }
}

TRIAL(RestartPolicy, EndsWithStopWhileItWaits, Clauses{"docker/restart/always"}) {
  const std::string id = run(with_policy("exit 3", "always"));
  await_fact(id, "/State/Restarting", "true");
  engine().stop(id, 10s);
  const std::string count = fact(id, "/RestartCount");
  const std::string other = run(with_policy(kFailsTwiceAndStays, "always"));
  await_output(other, kRestartedTwice);  // control: in this time it would have been restarted
  EXPECT_EQ(fact(id, "/State/Status"), "exited");
  EXPECT_EQ(fact(id, "/RestartCount"), count);
}

TRIAL(RestartPolicy, LetsAWaitingOneBeRemovedByForceAlone,
      Clauses{"docker/rm/running", "docker/rm/force"}) {
  const std::string id = run(with_policy(kFails, "always"));
  await_output(id, kRestartedTwice);  // from here on it waits for most of the time
  await_fact(id, "/State/Restarting", "true");
  refusal(Kind::kConflict, [&] { engine().remove(id, {}); });
  engine().remove(id, {.force = true});
  refusal(Kind::kNotFound, [&] { engine().inspect(id); });
}

TRIAL(RestartPolicy, EndsAWaitWithEachRun, Clauses{"docker/wait/status"}) {
  const std::string id = run(with_policy("sleep 0.2; exit 3", "always"));
  EXPECT_EQ(wait(id), 3);
}

TRIAL(RestartPolicy, ThatNobodyKnowsIsRefused, Clauses{"docker/run/restart"}) {
  create(with_policy("exit 3", "unless-stopped"));  // control
  refusal([&] { engine().create(with_policy("exit 3", "perhaps")); });
}

}  // namespace engine_suite
