// What the user's program is given: arguments, environment, standard streams, descriptors.
#include <fcntl.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "engine/base/unique_fd.h"
#include "harness/fixtures/case.h"

TRIAL(ProcessArgs, ReachTheProgramUnchanged,
      Clauses{"runtime/process/args", "runtime/lifecycle/runs-program"}) {
  const std::vector<std::string> args{"/probe",      "args",  "",   "two words", "\"'$HOME\\",
                                      "line\nbreak", "größe", "--", "-x"};
  auto box = target().run(Bundle::minimal().args(args));
  EXPECT_EQ(box.report().args(), args);
}

namespace {

// The same program lies in two directories of PATH; in a third lies a file that is none.
struct Lookup {
  std::string name;
  Clauses clauses;
  std::string path;
  std::string cwd;
  std::string program;
  std::string found;
};

const Lookup kLookups[] = {
    {"FindsTheFirstInPath",
     {"runtime/process/args-path-search"},
     "PATH=/nowhere:/opt/bin:/usr/bin",
     "/",
     "sail",
     "/opt/bin/sail"},
    {"PassesOverWhatCannotBeExecuted",
     {"runtime/process/args-path-search"},
     "PATH=/etc:/usr/bin:/opt/bin",
     "/",
     "sail",
     "/usr/bin/sail"},
    {"TakesANameWithASlashAsAPath",
     {"runtime/process/args-path-search"},
     "PATH=/opt",
     "/usr",
     "bin/sail",
     "/usr/bin/sail"},
};

Bundle sailing() {
  return Bundle::minimal()
      .with_probe_at("/usr/bin/sail")
      .with_probe_at("/opt/bin/sail")
      .with_file("/etc/sail", "no program");
}

}  // namespace

TRIAL_TABLE(ProgramLookup, kLookups) {
  auto box = target().run(sailing()
                              .set("/process/env", std::vector<std::string>{row().path})
                              .cwd(row().cwd)
                              .args({row().program, "readlink", "/proc/self/exe", ",", "args"}));
  EXPECT_THAT(box.report().answer("readlink", "/proc/self/exe"), HasText("target", row().found));
  EXPECT_EQ(box.report().args().front(), row().program);
}

namespace {

struct NoProgram {
  std::string name;
  Clauses clauses;
  std::string program;
};

const NoProgram kNoPrograms[] = {
    {"Missing", {"runtime/process/args-path-search"}, "/no/such/program"},
    {"NotInPath", {"runtime/process/args-path-search"}, "rudder"},
    {"NotExecutable", {"runtime/process/args-path-search"}, "/etc/sail"},
    {"ADirectory", {"runtime/process/args-path-search"}, "/etc"},
};

}  // namespace

// create or start says so; which of them is the engine's choice.
TRIAL_TABLE(ProgramThatCannotBeRun, kNoPrograms) {
  const auto running = [](const std::string& program) {
    return sailing()
        .set("/process/env", std::vector<std::string>{"PATH=/usr/bin"})
        .args({program, "pid"});
  };
  EXPECT_THAT(target().try_run(running("sail")), Succeeded());  // control
  EXPECT_THAT(target().try_run(running(row().program)), Refused());
}

// HOME is given, since engines may add it where it is missing.
TRIAL(ProcessEnv, IsTheListOfTheConfigurationAlone, Clauses{"runtime/process/env"}) {
  ::setenv("SEATRIAL_OF_THE_CALLER", "1", 1);
  const std::vector<std::string> env{
      "PATH=/",       "HOME=/tmp",        "EMPTY=",       "EQUAL=a=b=c",
      "DOLLAR=$PATH", "TEXT=two 'words'", "NEWLINE=a\nb", "lower=größe"};
  auto box = target().run(Bundle::minimal().set("/process/env", env).probe({"env"}));
  EXPECT_THAT(box.report().env(), ::testing::UnorderedElementsAreArray(env));
}

TRIAL(ProcessEnv, TakesNothingFromTheCallerWhereItIsEmpty, Clauses{"runtime/process/env"}) {
  ::setenv("SEATRIAL_OF_THE_CALLER", "1", 1);
  auto box = target().run(Bundle::minimal().set_json("/process/env", "[]").probe({"env"}));
  EXPECT_THAT(box.report().env(), Each(StartsWith("HOME=")));
}

TRIAL(StandardStreams, AreThoseOfTheCallerAndNoTerminal,
      Clauses{"runtime/process/no-terminal-by-default"}) {
  auto box = target().run(
      Bundle::minimal().probe({"tty"}).probe({"stdin"}).probe({"write_fd", "2", "ahoy aft"}));
  box.write_input("ahoy fore");
  ASSERT_THAT(box.wait(), Exited(0));
  EXPECT_EQ(box.report().answer("stdin").text("content"), "ahoy fore");
  EXPECT_EQ(box.error_output(), "ahoy aft");
  for (const char* stream : {"stdin", "stdout", "stderr"}) {
    EXPECT_FALSE(box.report().answer("tty").flag(stream)) << stream;
  }
}

// A descriptor that the caller leaves open to its children must not end up in the container.
TRIAL(StandardDescriptors, AreAllThatTheProgramInherits,
      Clauses{"runtime/process/standard-descriptors"}) {
  const seatrial::UniqueFd inheritable(::open("/dev/null", O_RDONLY));  // no O_CLOEXEC
  auto box = target().run(Bundle::minimal().probe({"fds"}));
  std::vector<std::int64_t> numbers;
  for (const auto& [number, opened] : box.report().fds()) numbers.push_back(number);
  EXPECT_THAT(numbers, ElementsAre(0, 1, 2));
}

// A file that the engine opens takes the lowest free number, which may be the program's.
TRIAL(StandardDescriptors, AreNothingOfTheEnginesWhereItWasGivenNone,
      Clauses{"runtime/process/standard-descriptors"}, Needs{Feature::kCommandLine}) {
  CreateCall call;
  call.in = CreateCall::kClosed;
  auto box = target().try_create_with(Bundle::minimal().probe({"fds"}), call);
  ASSERT_THAT(box, Succeeded());
  ASSERT_THAT(box.start(), Succeeded());
  for (const auto& [number, opened] : box.report().fds()) {
    EXPECT_LE(number, 2) << opened;
    if (number == 0) {
      EXPECT_EQ(opened, "/dev/null");
    }
  }
}

TRIAL(StandardDescriptors, AreFollowedByThoseThatAreToBePassed,
      Clauses{"runtime/process/standard-descriptors"}, Needs{Feature::kCommandLine}) {
  const seatrial::UniqueFd passed(::open(scratch_file("passed", "").c_str(), O_WRONLY | O_CLOEXEC));
  CreateCall call;
  call.preserve_fds = {passed.get()};
  auto box = target().try_create_with(Bundle::minimal().probe({"fds"}), call);
  ASSERT_THAT(box, Succeeded());
  ASSERT_THAT(box.start(), Succeeded());
  const auto seen = box.report().fds();
  ASSERT_THAT(seen, SizeIs(4));
  ASSERT_TRUE(seen.contains(3));
  EXPECT_THAT(seen.at(3), HasSubstr("passed"));
}
