// From create to rm: states, exit statuses, signals, names.
#include <signal.h>

#include "harness/fixtures/engine_case.h"

namespace engine_suite {

TRIAL(Lifecycle, CreateDoesNotStart, Clauses{"docker/create/id"}) {
  const std::string id = create(shell("echo ran"));
  EXPECT_THAT(id, SizeIs(64));
  EXPECT_EQ(fact(id, "/State/Status"), "created");
  EXPECT_EQ(engine().logs(id, {}).out, "");
  engine().start(id);  // control: it would have said so
  EXPECT_EQ(wait(id), 0);
  EXPECT_EQ(engine().logs(id, {}).out, "ran\n");
}

TRIAL(Lifecycle, RunningHasAPidAndExitedHasNone,
      Clauses{"docker/start/starts", "docker/inspect/json"}) {
  const std::string id = run(sleeper());
  EXPECT_EQ(fact(id, "/State/Running"), "true");
  EXPECT_NE(fact(id, "/State/Pid"), "0");
  engine().kill(id, SIGKILL);
  EXPECT_EQ(wait(id), 128 + SIGKILL);
  EXPECT_EQ(fact(id, "/State/Status"), "exited");
  EXPECT_EQ(fact(id, "/State/Pid"), "0");
}

TRIAL(Lifecycle, StartingARunningOneChangesNothing, Clauses{"docker/start/running"}) {
  const std::string id = run(sleeper());
  const std::string pid = fact(id, "/State/Pid");
  engine().start(id);
  EXPECT_EQ(fact(id, "/State/Pid"), pid);
}

TRIAL(Lifecycle, AnEndedOneStartsAgainWithItsFiles, Clauses{"docker/start/starts"}) {
  const std::string id = run(shell("cat /mark; echo first > /mark"));
  EXPECT_EQ(wait(id), 0);
  engine().start(id);
  EXPECT_EQ(wait(id), 0);
  EXPECT_EQ(engine().logs(id, {}).out, "first\n");
}

TRIAL(Lifecycle, RestartGivesANewProcess, Clauses{"docker/restart/restarts"}) {
  const std::string id = run(sleeper());
  const std::string pid = fact(id, "/State/Pid");
  engine().restart(id, 0s);
  EXPECT_EQ(fact(id, "/State/Running"), "true");
  EXPECT_NE(fact(id, "/State/Pid"), pid);
}

TRIAL(ExitStatus, IsTheProgramsOwn, Clauses{"docker/wait/status", "docker/run/exit-status"}) {
  const std::string id = run(shell("exit 42"));
  EXPECT_EQ(wait(id), 42);
  EXPECT_EQ(fact(id, "/State/ExitCode"), "42");
  EXPECT_EQ(wait(id), 42) << "waiting for one that has ended answers at once";
}

TRIAL(ExitStatus, OfAProgramThatIsNotThereIs127, Clauses{"docker/run/exit-127"}) {
  const std::string id = create({.cmd = {"no-such-program"}});
  EXPECT_THROW(engine().start(id), Error);
  EXPECT_EQ(fact(id, "/State/ExitCode"), "127");
  EXPECT_EQ(fact(id, "/State/Running"), "false");
}

TRIAL(ExitStatus, OfAFileThatCannotBeExecutedIs126, Clauses{"docker/run/exit-126"}) {
  const std::string id = create({.cmd = {"/etc/passwd"}});
  EXPECT_THROW(engine().start(id), Error);
  EXPECT_EQ(fact(id, "/State/ExitCode"), "126");
}

TRIAL(Kill, WithoutAWishIsSigkill, Clauses{"docker/kill/default"}) {
  const std::string id = run(sleeper());
  engine().kill(id, SIGKILL);
  EXPECT_EQ(wait(id), 137);
}

TRIAL(Kill, SendsTheSignalThatIsNamed, Clauses{"docker/kill/signal"}) {
  const std::string id =
      run(shell("trap 'echo usr1; exit 5' USR1; echo up; while :; do sleep 0.05; done"));
  await_output(id, "up");
  engine().kill(id, SIGUSR1);
  EXPECT_EQ(wait(id), 5);
  EXPECT_THAT(engine().logs(id, {}).out, HasSubstr("usr1"));
}

TRIAL(Kill, OfAStoppedOneIsRefused, Clauses{"docker/kill/not-running"}) {
  const std::string id = run(shell("exit 0"));
  wait(id);
  EXPECT_THAT(refusal([&] { engine().kill(id, SIGKILL); }), HasSubstr("running"));
}

TRIAL(Stop, SendsSigtermAndWaits, Clauses{"docker/stop/signal"}) {
  const std::string id =
      run(shell("trap 'echo term; exit 6' TERM; echo up; while :; do sleep 0.05; done"));
  await_output(id, "up");
  engine().stop(id, 10s);
  EXPECT_EQ(fact(id, "/State/Running"), "false");
  EXPECT_EQ(fact(id, "/State/ExitCode"), "6");
}

TRIAL(Stop, SendsTheContainersOwnSignal, Clauses{"docker/run/stop-signal"}) {
  ContainerDraft draft =
      shell("trap 'exit 7' USR2; trap 'exit 8' TERM; echo up; while :; do sleep 0.05; done");
  draft.stop_signal = "SIGUSR2";
  const std::string id = run(draft);
  await_output(id, "up");
  engine().stop(id, 10s);
  EXPECT_EQ(fact(id, "/State/ExitCode"), "7");
}

TRIAL(Stop, KillsWhatIgnoresTheSignal, Clauses{"docker/stop/kill-after"}) {
  const std::string id = run(shell("trap '' TERM; echo up; while :; do sleep 0.05; done"));
  await_output(id, "up");
  engine().stop(id, 1s);
  EXPECT_EQ(fact(id, "/State/ExitCode"), "137");
}

TRIAL(Stop, OfAStoppedOneIsNoError, Clauses{"docker/stop/stopped"}) {
  const std::string id = run(shell("exit 3"));
  wait(id);
  engine().stop(id, 1s);
  EXPECT_EQ(fact(id, "/State/ExitCode"), "3");
}

TRIAL(Remove, TakesTheContainerAway, Clauses{"docker/rm/removes", "docker/inspect/not-found"}) {
  const std::string id = create(sleeper());
  EXPECT_EQ(fact(id, "/Id"), id);  // control
  engine().remove(id, {});
  refusal(Kind::kNotFound, [&] { engine().inspect(id); });
}

TRIAL(Remove, OfARunningOneIsRefusedAndLeavesIt, Clauses{"docker/rm/running"}) {
  const std::string id = run(sleeper());
  EXPECT_THAT(refusal([&] { engine().remove(id, {}); }), HasSubstr("running"));
  EXPECT_EQ(fact(id, "/State/Running"), "true");
}

TRIAL(Remove, WithForceEndsARunningOne, Clauses{"docker/rm/force"}) {
  const std::string id = run(sleeper());
  engine().remove(id, {.force = true});
  refusal(Kind::kNotFound, [&] { engine().inspect(id); });
}

TRIAL(Names, StandForTheContainer, Clauses{"docker/run/name"}) {
  const std::string id = create({.cmd = {"true"}, .name = "web"});
  EXPECT_EQ(fact("web", "/Id"), id);
  EXPECT_EQ(fact(id.substr(0, 12), "/Id"), id);
}

TRIAL(Names, AreMadeUpWhereNoneIsGiven, Clauses{"docker/run/name-generated"}) {
  const std::string id = create({.cmd = {"true"}});
  const std::string name = fact(id, "/Name");
  EXPECT_THAT(name, Not(IsEmpty()));
  EXPECT_EQ(fact(name.substr(name.starts_with('/') ? 1 : 0), "/Id"), id);
}

TRIAL(Names, AreTakenOnce, Clauses{"docker/api/conflict"}) {
  create({.cmd = {"true"}, .name = "web"});
  refusal(Kind::kConflict, [&] { engine().create({.cmd = {"true"}, .name = "web"}); });
}

TRIAL(Names, ChangeByRename, Clauses{"docker/rename/renames"}) {
  const std::string id = create({.cmd = {"true"}, .name = "before"});
  engine().rename("before", "after");
  EXPECT_EQ(fact("after", "/Id"), id);
  refusal(Kind::kNotFound, [&] { engine().inspect("before"); });
}

TRIAL(Names, DoNotChangeToOneThatIsTaken, Clauses{"docker/rename/taken"}) {
  create({.cmd = {"true"}, .name = "taken"});
  const std::string id = create({.cmd = {"true"}, .name = "mine"});
  refusal(Kind::kConflict, [&] { engine().rename("mine", "taken"); });
  EXPECT_EQ(fact("mine", "/Id"), id);
}

TRIAL(Pause, KeepsThePrograms, Clauses{"docker/pause/freezes"}) {
  const std::string id = run(sleeper());
  engine().pause(id);
  EXPECT_EQ(fact(id, "/State/Status"), "paused");
  engine().unpause(id);
  EXPECT_EQ(fact(id, "/State/Status"), "running");
}

TRIAL(Create, OfAnImageThatIsNotThereIsRefused, Clauses{"docker/create/no-image"}) {
  refusal(Kind::kNotFound,
          [&] { engine().create({.image = "localhost/no/such:1", .cmd = {"true"}}); });
}

}  // namespace engine_suite
