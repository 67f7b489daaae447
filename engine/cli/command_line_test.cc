#include "engine/cli/command_line.h"

#include <gmock/gmock.h>

#include <set>

#include "engine/cli/cli_fixture.h"
#include "engine/cli/program.h"

namespace seatrial::engine_cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(CommandLine, TakesOptionsInEveryForm) {
  for (const char* text :
       {"run --name a -it -e X=1 -eY=2 -e=Z=3 --rm=true i", "run -itea=1 --name=a --rm i",
        "--root /r --run=/s run -i -t --name a --rm -- i"}) {
    const CommandLine line = line_of(text);
    ASSERT_NE(line.verb, nullptr) << text;
    EXPECT_EQ(line.options.text("name"), "a") << text;
    EXPECT_TRUE(line.options.on("interactive")) << text;
    EXPECT_TRUE(line.options.on("tty")) << text;
    EXPECT_TRUE(line.options.on("rm")) << text;
    EXPECT_THAT(line.arguments, ElementsAre("i")) << text;
  }
  EXPECT_THAT(line_of("run -e X=1 -eY=2 -e=Z=3 i").options.all("env"),
              ElementsAre("X=1", "Y=2", "Z=3"));
  EXPECT_EQ(line_of("--root /r ps").globals.text("root"), "/r");
}

TEST(CommandLine, OfTheEngineDeclaresRegistriesInsecure) {
  const CommandLine line =
      line_of("--insecure-registry a:5000 --insecure-registry=b pull a:5000/x");
  EXPECT_THAT(engine_options(line.globals).insecure_registries, ElementsAre("a:5000", "b"));
}

TEST(CommandLine, WhatFollowsTheImageIsTheProgramsOwn) {
  EXPECT_THAT(line_of("run i ls -l --rm").arguments, ElementsAre("i", "ls", "-l", "--rm"));
  EXPECT_FALSE(line_of("run i ls --rm").options.on("rm"));
  EXPECT_THAT(line_of("exec c sh -c x").arguments, ElementsAre("c", "sh", "-c", "x"));
  EXPECT_TRUE(line_of("rm c -f").options.on("force"));
}

TEST(CommandLine, SwitchesTakeNo) {
  EXPECT_FALSE(line_of("run --sig-proxy=false i").options.on("sig-proxy", true));
  EXPECT_TRUE(line_of("run i").options.on("sig-proxy", true));
}

TEST(CommandLine, KnowsVerbsOfTwoWords) {
  EXPECT_EQ(line_of("volume create v").verb->name, "volume create");
  EXPECT_EQ(line_of("volume frob").verb, nullptr);
  EXPECT_EQ(line_of("volume").verb, nullptr);
  EXPECT_TRUE(is_group("volume"));
  EXPECT_FALSE(is_group("vol"));
  EXPECT_FALSE(is_group("run"));
  EXPECT_THAT(group_help("volume"), HasSubstr("  create"));
}

TEST(CommandLine, KnowsDockersOtherForms) {
  for (const char* text : {"container ls -a", "container ps -a", "container list -a"}) {
    const CommandLine line = line_of(text);
    EXPECT_EQ(line.verb->function(), "ps") << text;
    EXPECT_TRUE(line.options.on("all")) << text;
  }
  EXPECT_EQ(line_of("image rm i").verb->function(), "rmi");
  EXPECT_EQ(line_of("volume remove v").verb->function(), "volume rm");
  EXPECT_THAT(line_of("container run --name a i ls -l").arguments, ElementsAre("i", "ls", "-l"));
}

TEST(CommandLine, LeavesWhatIsNotTheEngines) {
  for (const char* text : {"", "--version", "--help", "conform --list", "--root /r conform"}) {
    EXPECT_EQ(line_of(text).verb, nullptr) << text;
  }
}

TEST(CommandLine, AsksForHelpBeforeItCounts) {
  EXPECT_TRUE(line_of("run --help").help);
  EXPECT_TRUE(line_of("ps -h").help);
  EXPECT_EQ(line_of("run -h box i").options.text("hostname"), "box");
}

TEST(CommandLine, RefusesInDockersWords) {
  const std::pair<const char*, const char*> kRefused[] = {
      {"run --bogus i", "unknown flag: --bogus"},
      {"run -Z i", "unknown shorthand flag: 'Z' in -Z"},
      {"run -iZ i", "unknown shorthand flag: 'Z' in -iZ"},
      {"run --name", "flag needs an argument: --name"},
      {"run -e", "flag needs an argument: 'e' in -e"},
      {"run --rm=maybe i",
       "invalid argument \"maybe\" for \"--rm\" flag: strconv.ParseBool: parsing \"maybe\": "
       "invalid "
       "syntax"},
      {"run --tty=x i",
       "invalid argument \"x\" for \"-t, --tty\" flag: strconv.ParseBool: parsing \"x\": invalid "
       "syntax"},
  };
  for (const auto& [text, sentence] : kRefused) {
    EXPECT_EQ(refusal_of([&] { line_of(text); }), sentence) << text;
  }
}

TEST(CommandLine, CountsArgumentsInDockersWords) {
  const std::pair<const char*, const char*> kRefused[] = {
      {"run",
       "'seatrial run' requires at least 1 argument; usage: seatrial run [OPTIONS] IMAGE "
       "[COMMAND] [ARG...]"},
      {"rename a",
       "'seatrial rename' requires 2 arguments; usage: seatrial rename [OPTIONS] "
       "CONTAINER NAME"},
      {"ps x", "'seatrial ps' accepts no arguments; usage: seatrial ps [OPTIONS] "},
      {"image rm",
       "'seatrial image rm' requires at least 1 argument; usage: seatrial image rm [OPTIONS] IMAGE "
       "[IMAGE...]"},
  };
  for (const auto& [text, sentence] : kRefused) {
    EXPECT_EQ(refusal_of([&] { check_argument_count(line_of(text)); }), sentence) << text;
  }
}

TEST(Table, NoVerbHasAnOptionTwice) {
  for (const Verb& verb : verbs()) {
    std::set<std::string_view> names;
    std::set<char> letters;
    for (const Option& option : verb.options) {
      EXPECT_TRUE(names.insert(option.name).second) << verb.name << " --" << option.name;
      if (option.letter != '\0') {
        EXPECT_TRUE(letters.insert(option.letter).second) << verb.name << " -" << option.letter;
      }
    }
    EXPECT_LE(verb.least, verb.most == 0 ? 0 : verb.most) << verb.name;
    EXPECT_FALSE(verb.summary.empty()) << verb.name;
  }
}

}  // namespace
}  // namespace seatrial::engine_cli
