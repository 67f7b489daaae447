// Logs, exec, top and archives: what is seen of a container from outside.
#include "harness/fixtures/engine_case.h"

namespace engine_suite {

TRIAL(Logs, KeepTheStreamsApart, Clauses{"docker/logs/all", "docker/logs/exited"}) {
  const Ended ended = run_to_end(shell("echo out; echo err >&2"));
  EXPECT_EQ(ended.out, "out\n");
  EXPECT_EQ(ended.err, "err\n");
}

TRIAL(Logs, KeepALastLineWithoutItsEnd, Clauses{"docker/logs/all"}) {
  EXPECT_EQ(run_to_end(shell("printf 'one\\ntwo'")).out, "one\ntwo");
}

TRIAL(Logs, OfTheTailAlone, Clauses{"docker/logs/tail"}) {
  const std::string id = run(shell("for i in 1 2 3 4 5; do echo $i; done"));
  wait(id);
  EXPECT_EQ(engine().logs(id, {.tail = "2"}).out, "4\n5\n");
  EXPECT_EQ(engine().logs(id, {.tail = "0"}).out, "");
}

TRIAL(Logs, HaveTimesWhenAsked, Clauses{"docker/logs/timestamps"}) {
  const std::string id = run(shell("echo line"));
  wait(id);
  EXPECT_THAT(engine().logs(id, {.timestamps = true}).out,
              ContainsRegex("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+(Z|[+-][0-9:]+) line\n$"));
}

TRIAL(Logs, AreEmptyAfterSince, Clauses{"docker/logs/since"}) {
  const std::string id = run(shell("echo line"));
  wait(id);
  EXPECT_EQ(engine().logs(id, {.since = "1"}).out, "line\n");  // control
  EXPECT_EQ(engine().logs(id, {.since = "4000000000"}).out, "");
}

TRIAL(Exec, RunsBesideTheProgram, Clauses{"docker/exec/runs"}) {
  const std::string id = run(shell("echo shared > /file; sleep 1000"));
  const DockerExecEnd end =
      engine().exec(id, {.args = {"sh", "-c", "until cat /file 2>/dev/null; do sleep 0.05; done"}});
  EXPECT_EQ(end.code, 0);
  EXPECT_EQ(end.output.out, "shared\n");
}

TRIAL(Exec, GivesItsExitStatusAndBothStreams, Clauses{"docker/exec/status"}) {
  const std::string id = run(sleeper());
  const DockerExecEnd end =
      engine().exec(id, {.args = {"sh", "-c", "echo out; echo err >&2; exit 9"}});
  EXPECT_EQ(end.code, 9);
  EXPECT_EQ(end.output.out, "out\n");
  EXPECT_EQ(end.output.err, "err\n");
}

TRIAL(Exec, AddsToTheContainersEnvironment, Clauses{"docker/exec/env"}) {
  ContainerDraft draft = sleeper();
  draft.env = {"OF=container"};
  const std::string id = run(draft);
  EXPECT_EQ(
      engine().exec(id, {.args = {"sh", "-c", "echo $OF $BY"}, .env = {"BY=exec"}}).output.out,
      "container exec\n");
}

TRIAL(Exec, StartsWhereItIsTold, Clauses{"docker/exec/workdir"}) {
  const std::string id = run(sleeper());
  EXPECT_EQ(engine().exec(id, {.args = {"pwd"}, .cwd = "/etc"}).output.out, "/etc\n");
}

TRIAL(Exec, IsTheUserThatItIsTold, Clauses{"docker/exec/user"}) {
  const std::string id = run(sleeper());
  EXPECT_EQ(engine().exec(id, {.args = {"id", "-u"}, .user = "1234"}).output.out, "1234\n");
}

TRIAL(Exec, ReadsItsInput, Clauses{"docker/exec/interactive"}) {
  const std::string id = run(sleeper());
  EXPECT_EQ(engine().exec(id, {.args = {"cat"}, .input = "given\n"}).output.out, "given\n");
}

TRIAL(Exec, InAStoppedOneIsRefused, Clauses{"docker/exec/not-running"}) {
  const std::string id = run(shell("exit 0"));
  wait(id);
  EXPECT_THAT(refusal([&] { engine().exec(id, {.args = {"true"}}); }), HasSubstr("running"));
}

TRIAL(Top, ShowsThePrograms, Clauses{"docker/top/processes"}) {
  const std::string id = run(sleeper());
  const auto processes = engine().top(id);
  ASSERT_THAT(processes, SizeIs(1));
  EXPECT_THAT(processes.front(), Contains(HasSubstr("sleep 1000")));
}

TRIAL(Copy, TakesAFileOut, Clauses{"docker/cp/out"}) {
  const std::string id = run(shell("echo content-of-it > /file"));
  wait(id);
  EXPECT_THAT(engine().archive(id, "/file"), HasSubstr("content-of-it\n"));
}

TRIAL(Copy, OfWhatIsNotThereIsRefused, Clauses{"docker/cp/no-parent"}) {
  const std::string id = create(sleeper());
  EXPECT_THAT(engine().archive(id, "/etc/passwd"), HasSubstr("root"));  // control
  refusal(Kind::kNotFound, [&] { engine().archive(id, "/no/such"); });
}

}  // namespace engine_suite
