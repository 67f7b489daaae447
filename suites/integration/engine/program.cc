// What the program inside is given, and what it may do.
#include "harness/fixtures/engine_case.h"

namespace engine_suite {

TRIAL(Environment, HasWhatTheRequestAdds, Clauses{"docker/run/env"}) {
  ContainerDraft draft = shell("echo $WORD; echo $PATH");
  draft.env = {"WORD=said"};
  EXPECT_EQ(run_to_end(draft).out,
            "said\n/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n");
}

TRIAL(Program, IsTheImagesWhereNoneIsGiven, Clauses{"docker/run/foreground"}) {
  const Ended ended = run_to_end({.image = "docker.io/seatrial/probe:latest"});
  EXPECT_EQ(ended.code, 0);
  EXPECT_THAT(ended.out, HasSubstr("\"status\""));
}

TRIAL(Program, CommandFollowsTheImagesEntrypoint, Clauses{"docker/run/command-replaces-cmd"}) {
  const Ended ended =
      run_to_end({.image = "docker.io/seatrial/probe:latest", .cmd = {"args", ",", "exit", "5"}});
  EXPECT_EQ(ended.code, 5);
  EXPECT_THAT(ended.out, HasSubstr("\"args\""));
}

TRIAL(Program, EntrypointReplacesTheImages, Clauses{"docker/run/entrypoint"}) {
  ContainerDraft draft{.entrypoint = {{"echo", "first"}}, .cmd = {"second"}};
  EXPECT_EQ(run_to_end(draft).out, "first second\n");
}

TRIAL(WorkingDirectory, IsMadeAndEntered, Clauses{"docker/run/workdir"}) {
  EXPECT_EQ(run_to_end({.cmd = {"pwd"}, .working_dir = "/made/for/this"}).out, "/made/for/this\n");
}

TRIAL(User, MayBeANumber, Clauses{"docker/run/user"}) {
  EXPECT_EQ(run_to_end({.cmd = {"sh", "-c", "id -u; id -g"}, .user = "1234:4321"}).out,
            "1234\n4321\n");
}

TRIAL(User, ThatTheImageDoesNotKnowIsRefused, Clauses{"docker/run/user"}) {
  const std::string id = create({.cmd = {"id"}, .user = "nobody-knows"});
  EXPECT_THROW(engine().start(id), Error);
  EXPECT_EQ(fact(id, "/State/Running"), "false");
}

TRIAL(Hostname, IsTheOneGiven, Clauses{"docker/run/hostname"}) {
  EXPECT_EQ(run_to_end({.cmd = {"hostname"}, .hostname = "harbour"}).out, "harbour\n");
}

TRIAL(Hostname, IsTheShortIdElse, Clauses{"docker/run/hostname"}) {
  const std::string id = run({.cmd = {"hostname"}});
  wait(id);
  EXPECT_EQ(engine().logs(id, {}).out, id.substr(0, 12) + "\n");
}

TRIAL(Terminal, IsThereWhenAskedFor, Clauses{"docker/run/tty"}) {
  const std::string script = "[ -t 1 ] && echo terminal || echo none";
  EXPECT_EQ(run_to_end(shell(script)).out, "none\n");  // control
  ContainerDraft draft = shell(script);
  draft.tty = true;
  const std::string id = run(draft);
  EXPECT_EQ(wait(id), 0);
  EXPECT_NE(fact(id, "/Config/Tty"), "false");
}

TRIAL(ReadOnly, RootRefusesWriting, Clauses{"docker/run/read-only"}) {
  ContainerDraft draft = shell("echo x > /file");
  EXPECT_EQ(run_to_end(draft).code, 0);  // control
  draft.read_only = true;
  const Ended ended = run_to_end(draft);
  EXPECT_NE(ended.code, 0);
  EXPECT_THAT(ended.err, HasSubstr("Read-only file system"));
}

TRIAL(Capabilities, AreAdded, Clauses{"docker/run/cap-add"}) {
  ContainerDraft draft = shell("mkdir -p /m && mount -t tmpfs none /m && echo mounted");
  EXPECT_NE(run_to_end(draft).code, 0);  // control
  draft.cap_add = {"SYS_ADMIN"};
  EXPECT_EQ(run_to_end(draft).out, "mounted\n");
}

TRIAL(Capabilities, AreDropped, Clauses{"docker/run/cap-drop"}) {
  ContainerDraft draft = shell("touch /f && chown 5 /f && echo owned");
  EXPECT_EQ(run_to_end(draft).out, "owned\n");  // control
  draft.cap_drop = {"CHOWN"};
  EXPECT_NE(run_to_end(draft).code, 0);
}

// runc gives all capabilities or none: it fails where the host itself lacks one.
TRIAL(Privileged, HasEveryCapabilityOfTheEngine, Clauses{"docker/run/privileged"},
      Needs{Feature::kRaiseHardRlimit}) {
  ContainerDraft draft = shell("mkdir -p /m && mount -t tmpfs none /m && echo mounted");
  EXPECT_NE(run_to_end(draft).code, 0);  // control
  draft.privileged = true;
  EXPECT_EQ(run_to_end(draft).out, "mounted\n");
}

TRIAL(Labels, AreShownAndSelect, Clauses{"docker/run/label", "docker/ps/filter"}) {
  const std::string id = create({.cmd = {"true"}, .labels = {{"fleet", "blue"}}});
  create({.cmd = {"true"}, .labels = {{"fleet", "red"}}});
  EXPECT_EQ(fact(id, "/Config/Labels/fleet"), "blue");
  EXPECT_THAT(engine().list(true, {{"label", {"fleet=blue"}}}), ElementsAre(id));
}

TRIAL(List, HasTheRunningOnesAndAllWhenAsked, Clauses{"docker/ps/running", "docker/ps/all"}) {
  const std::string resting = create({.cmd = {"true"}});
  const std::string running = run(sleeper());
  EXPECT_THAT(engine().list(false, {}), ElementsAre(running));
  EXPECT_THAT(engine().list(true, {}), UnorderedElementsAre(resting, running));
}

TRIAL(List, FiltersByStatus, Clauses{"docker/ps/filter"}) {
  const std::string resting = create({.cmd = {"true"}});
  run(sleeper());
  EXPECT_THAT(engine().list(true, {{"status", {"created"}}}), ElementsAre(resting));
}

}  // namespace engine_suite
