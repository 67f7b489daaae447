// A container's first process: its output, status, surroundings and terminal.
#include "suites/integration/dropin/dropin_case.h"

namespace dropin_suite {
namespace {

Seen facts(const Ended& ended) {
  return {std::to_string(ended.code), ended.out, ended.err};
}

}  // namespace

TRIAL(Run, GivesStatusAndBothStreams, Clauses{"docker/run/exit-status"}) {
  const Seen seen = with_both([](Session& at) {
    return facts(at.finish({.args = at.shell("echo out; echo err >&2; exit 3")}));
  });
  EXPECT_EQ(seen, (Seen{"3", "out\n", "err\n"}));
}

TRIAL(Run, TellsTheSignalThatEndedIt, Clauses{"docker/run/exit-status"}) {
  const Seen seen =
      with_both([](Session& at) { return facts(at.finish({.args = at.shell("kill -SEGV $$")})); });
  // The first process of a pid namespace is spared its own signals (pid_namespaces(7)).
  EXPECT_EQ(seen, (Seen{"0", "", ""}));
}

TRIAL(Run, ReadsStandardInput, Clauses{"docker/run/interactive"}) {
  const Seen seen = with_both([](Session& at) {
    // Up to so many bytes and not to the end of file: ctr loses that when it comes too early.
    return facts(at.finish({.args = {"head", "-c", "8"}, .input = "one\ntwo\n"}));
  });
  EXPECT_EQ(seen, (Seen{"0", "one\ntwo\n", ""}));
}

TRIAL(Run, HasDirectoryAndVariables, Clauses{"docker/run/workdir", "docker/run/env"}) {
  const Seen seen = with_both([](Session& at) {
    return facts(at.finish(
        {.args = at.shell("pwd; echo $WORD"), .env = {"WORD=said"}, .cwd = "/made/for/it"}));
  });
  EXPECT_EQ(seen, (Seen{"0", "/made/for/it\nsaid\n", ""}));
}

TRIAL(Run, SharesALargeOutputWithoutLoss, Clauses{"docker/logs/all"}) {
  const Seen seen = with_both([](Session& at) {
    const Ended ended = at.finish({.args = at.shell("seq 1 20000")});
    return Seen{std::to_string(ended.code), std::to_string(ended.out.size())};
  });
  EXPECT_EQ(seen, (Seen{"0", "108894"}));
}

TRIAL(Run, OfAProgramThatIsNotThereIsRefused, Clauses{"docker/run/exit-127"}) {
  const Seen seen = with_both([](Session& at) {
    return Seen{refusal([&] { at.hold({.args = {"no-such-program"}}); },
                        {"executable file not found", "command that was not found"})};
  });
  EXPECT_THAT(seen, Each(HasSubstr("not found")));
}

TRIAL(Run, OfAPathThatIsNotThereIsRefused, Clauses{"docker/run/exit-127"}) {
  const Seen seen = with_both([](Session& at) {
    return Seen{refusal([&] { at.hold({.args = {"/no/such/program"}}); },
                        {"no such file or directory", "command that was not found"})};
  });
  EXPECT_THAT(seen, Each(HasSubstr("no")));
}

TRIAL(Run, OfAFileThatIsNoProgramIsRefused, Clauses{"docker/run/exit-126"}) {
  const Seen seen = with_both([](Session& at) {
    return Seen{refusal([&] { at.hold({.args = {"/etc/passwd"}}); }, {"ermission denied"})};
  });
  EXPECT_EQ(seen, (Seen{"refused: ermission denied"}));
}

TRIAL(Run, ThatFailedHasItsStatusInTheState,
      Clauses{"docker/run/exit-127", "docker/run/exit-126"}) {
  const Seen seen = with_both([](Session& at) {
    Seen codes;
    for (const char* program : {"no-such-program", "/etc/passwd"}) {
      const std::string id = at.create({.args = {program}}, "state of what did not start");
      refusal([&] { at.docker("start").start(id); }, {});
      codes.push_back(at.inspect(id).at("State").at("ExitCode").dump());
    }
    return codes;
  });
  EXPECT_THAT(seen, AnyOf(ElementsAre("127", "126"), ElementsAre("0", "0")));
}

TRIAL(Run, HasItsHostname, Clauses{"docker/run/hostname"}) {
  const Seen seen = with_both(
      [](Session& at) { return facts(at.finish({.args = {"hostname"}, .hostname = "harbour"})); });
  EXPECT_EQ(seen, (Seen{"0", "harbour\n", ""}));
}

TRIAL(Run, OfSeveralAtOnceEndsEachWithItsOwn, Clauses{"docker/wait/status"}) {
  const Seen seen = with_both([](Session& at) {
    std::vector<std::string> ids;
    for (int code = 0; code < 4; ++code) {
      ids.push_back(at.hold({.args = at.shell("sleep 0.2; exit " + std::to_string(code))}));
    }
    Seen codes;
    for (const std::string& id : ids) codes.push_back(std::to_string(at.wait(id)));
    return codes;
  });
  EXPECT_EQ(seen, (Seen{"0", "1", "2", "3"}));
}

TRIAL(Terminal, IsOneOnAllThreeStreams, Clauses{"docker/run/tty"}) {
  const Seen seen = with_both([](Session& at) {
    const Ended ended =
        at.finish({.args = at.shell("for n in 0 1 2; do [ -t $n ] && echo $n; done; tty; exit 4"),
                   .tty = true});
    return facts(ended);
  });
  EXPECT_EQ(seen, (Seen{"4", "0\r\n1\r\n2\r\n/dev/pts/0\r\n", ""}));
}

TRIAL(Terminal, TakesInput, Clauses{"docker/run/tty", "docker/run/interactive"}) {
  const Seen seen = with_both([](Session& at) {
    at.docker("standard input for terminals");  // ctr's own is the terminal
    const Ended ended =
        at.finish({.args = at.shell("read word; echo got $word"), .input = "typed\n", .tty = true});
    return Seen{std::to_string(ended.code), ended.out};
  });
  EXPECT_EQ(seen, (Seen{"0", "typed\r\ngot typed\r\n"}));
}

TRIAL(Terminal, HasTheSizeThatItIsGiven, Clauses{"docker/run/tty"}) {
  const Seen seen = with_both([](Session& at) {
    const DockerClient& docker = at.docker("resize");
    const std::string id = at.hold(
        {.args = at.shell("trap 'stty size; exit' WINCH; echo up; while :; do sleep 0.02; done"),
         .tty = true});
    at.await_output(id, "up");
    docker.call({.method = "POST", .target = "/containers/" + id + "/resize?h=31&w=77"}, "resize");
    at.wait(id);
    return Seen{at.output(id)};
  });
  EXPECT_EQ(seen, (Seen{"up\r\n31 77\r\n"}));
}

TRIAL(Exec, GivesStatusAndBothStreams, Clauses{"docker/exec/status"}) {
  const Seen seen = with_both([](Session& at) {
    const std::string id = at.hold(at.sleeper());
    return facts(at.exec(id, {.args = at.shell("echo out; echo err >&2; exit 9")}));
  });
  EXPECT_EQ(seen, (Seen{"9", "out\n", "err\n"}));
}

TRIAL(Exec, ReadsStandardInput, Clauses{"docker/exec/interactive"}) {
  const Seen seen = with_both([](Session& at) {
    const std::string id = at.hold(at.sleeper());
    return facts(at.exec(id, {.args = at.shell("cat"), .input = "given\n"}));
  });
  EXPECT_EQ(seen, (Seen{"0", "given\n", ""}));
}

TRIAL(Exec, HasATerminal, Clauses{"docker/exec/tty"}) {
  const Seen seen = with_both([](Session& at) {
    const std::string id = at.hold(at.sleeper());
    return facts(
        at.exec(id, {.args = at.shell("[ -t 0 ] && [ -t 1 ] && tty; exit 5"), .tty = true}));
  });
  EXPECT_EQ(seen, (Seen{"5", "/dev/pts/0\r\n", ""}));
}

TRIAL(Exec, IsTheUserInTheDirectory, Clauses{"docker/exec/user", "docker/exec/workdir"}) {
  const Seen seen = with_both([](Session& at) {
    const std::string id = at.hold(at.sleeper());
    return facts(
        at.exec(id, {.args = at.shell("id -u; id -g; pwd"), .cwd = "/etc", .user = "1234:4321"}));
  });
  EXPECT_EQ(seen, (Seen{"0", "1234\n4321\n/etc\n", ""}));
}

TRIAL(Exec, AddsVariables, Clauses{"docker/exec/env"}) {
  const Seen seen = with_both([](Session& at) {
    Wish wish = at.sleeper();
    wish.env = {"OF=container"};
    const std::string id = at.hold(wish);
    return facts(at.exec(id, {.args = at.shell("echo $OF $BY"), .env = {"BY=exec"}}));
  });
  EXPECT_EQ(seen, (Seen{"0", "container exec\n", ""}));
}

TRIAL(Exec, HasWhatTheContainersProcessHas, Clauses{"docker/exec/runs"}) {
  const Seen seen = with_both([](Session& at) {
    const std::string script =
        "grep -E '^(Cap|NoNew|Seccomp:|Uid|Gid|Groups)' /proc/self/status; "
        "for n in ipc mnt net pid uts; do "
        "[ $(readlink /proc/self/ns/$n) = $(readlink /proc/1/ns/$n) ] && echo $n; done";
    const std::string id = at.hold(at.sleeper());
    return facts(at.exec(id, {.args = at.shell(script)}));
  });
  EXPECT_THAT(seen.at(1), HasSubstr("ipc\nmnt\nnet\npid\nuts\n"));
}

TRIAL(Exec, OfAProgramThatIsNotThereFails, Clauses{"docker/exec/status"}) {
  const Seen seen = with_both([](Session& at) {
    const std::string id = at.hold(at.sleeper());
    Seen facts;
    for (const char* program : {"no-such-program", "/no/such", "/etc/passwd"}) {
      int code = -1;
      const std::string said =
          refusal([&] { code = at.exec(id, {.args = {program}}).code; },
                  {"executable file not found", "no such file or directory", "ermission denied"});
      facts.push_back(std::to_string(code) + " " + said);
    }
    return facts;
  });
  EXPECT_THAT(seen, Each(AnyOf(StartsWith("127"), StartsWith("126"), HasSubstr("refused: "))));
}

TRIAL(Exec, InOneThatHasEndedIsRefused, Clauses{"docker/exec/not-running"}) {
  const Seen seen = with_both([](Session& at) {
    const std::string id = at.hold({.args = {"true"}});
    at.await_status(id, "exited");
    return Seen{refusal([&] { at.exec(id, {.args = {"true"}}); },
                        {"is not running", "cannot exec in a stopped", "running state",
                         "container state improper"})};
  });
  EXPECT_THAT(seen, Each(StartsWith("refused: ")));
}

}  // namespace dropin_suite
