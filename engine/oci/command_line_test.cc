#include "engine/oci/command_line.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <set>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/oci/commands.h"
#include "engine/sys/ordinary_user.h"

namespace seatrial::oci {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

CommandLine parse(const std::vector<std::string_view>& words) {
  return parse_command_line(words);
}

std::string refusal(const std::vector<std::string_view>& words) {
  try {
    parse_command_line(words);
  } catch (const Error& failure) {
    return failure.what();
  }
  return "(it was taken)";
}

// So that a shim reads from its log what is wrong.
TEST(CommandLine, TellsTheGlobalsBeforeItRefusesTheRest) {
  for (const std::vector<std::string_view>& rest :
       {std::vector<std::string_view>{"nosuch"}, {"create", "--nosuch", "c1"}, {"start"}}) {
    std::vector<std::string_view> words{"--log", "/b/log.json"};
    words.insert(words.end(), rest.begin(), rest.end());
    std::string log;
    EXPECT_THROW(
        parse_command_line(words, [&](const GivenOptions& globals) { log = globals.text("log"); }),
        Error);
    EXPECT_EQ(log, "/b/log.json") << rest.front();
  }
}

TEST(CommandLine, TakesWhatContainerdSends) {
  const CommandLine line =
      parse({"--root", "/run/x", "--log", "/b/log.json", "--log-format", "json", "create",
             "--bundle", "/b", "--pid-file", "/b/pid", "--console-socket", "/b/s", "c1"});
  EXPECT_EQ(line.globals.get("root"), "/run/x");
  EXPECT_EQ(line.globals.get("log-format"), "json");
  EXPECT_EQ(line.verb->name, "create");
  EXPECT_EQ(line.options.get("pid-file"), "/b/pid");
  EXPECT_THAT(line.arguments, ElementsAre("c1"));
}

// Its shim passes --criu where it is set, whatever the verb.
TEST(CommandLine, TakesThePathOfCriu) {
  const CommandLine line = parse({"--criu", "/opt/criu", "start", "c1"});
  EXPECT_EQ(line.globals.get("criu"), "/opt/criu");
  EXPECT_EQ(line.verb->name, "start");
}

TEST(CommandLine, TakesEveryFormOfAnOption) {
  for (const auto& words :
       std::vector<std::vector<std::string_view>>{{"run", "--bundle", "/b", "c1"},
                                                  {"run", "--bundle=/b", "c1"},
                                                  {"run", "-bundle", "/b", "c1"},
                                                  {"run", "-bundle=/b", "c1"},
                                                  {"run", "-b", "/b", "c1"},
                                                  {"run", "-b=/b", "c1"},
                                                  {"run", "c1", "--bundle", "/b"},
                                                  {"run", "--bundle", "/a", "-b", "/b", "c1"}}) {
    const CommandLine line = parse(words);
    EXPECT_EQ(line.options.get("bundle"), "/b");
    EXPECT_THAT(line.arguments, ElementsAre("c1"));
  }
}

TEST(CommandLine, SwitchesTakeTrueAndFalse) {
  EXPECT_TRUE(parse({"delete", "--force", "c1"}).options.on("force"));
  EXPECT_TRUE(parse({"delete", "-f=true", "c1"}).options.on("force"));
  EXPECT_FALSE(parse({"delete", "--force=false", "c1"}).options.on("force"));
  EXPECT_THAT(refusal({"delete", "--force=maybe", "c1"}), HasSubstr("--force=maybe"));
}

TEST(CommandLine, ACommandKeepsItsOwnOptions) {
  const CommandLine line =
      parse({"exec", "-e", "A=1", "--env=B=2", "-t", "c1", "ls", "-l", "--", "--help"});
  EXPECT_THAT(line.options.all("env"), ElementsAre("A=1", "B=2"));
  EXPECT_TRUE(line.options.on("tty"));
  EXPECT_THAT(line.arguments, ElementsAre("c1", "ls", "-l", "--", "--help"));
}

TEST(CommandLine, TwoDashesEndTheOptions) {
  EXPECT_THAT(parse({"kill", "--", "-c1"}).arguments, ElementsAre("-c1"));
}

TEST(CommandLine, RefusesByName) {
  EXPECT_EQ(refusal({"run", "--bogus", "c1"}), "run: unknown option --bogus");
  EXPECT_EQ(refusal({"frob"}), "unknown command frob; see seatrial-runtime --help");
  EXPECT_EQ(refusal({"run", "--bundle"}), "run: option --bundle needs a value: DIR");
  EXPECT_THAT(refusal({"run"}), HasSubstr("run: needs ID"));
  EXPECT_EQ(refusal({"start", "c1", "c2"}), "start: unexpected argument c2");
  EXPECT_THAT(refusal({"restore", "--no-pivot", "c1"}), HasSubstr("--no-pivot"));
  EXPECT_EQ(refusal({"restore", "--no-pivot=false", "c1"}), "(it was taken)");
}

TEST(CommandLine, HelpNeedsNoArguments) {
  EXPECT_TRUE(parse({"run", "--help"}).options.on("help"));
  EXPECT_TRUE(parse({"help"}).globals.on("help"));
  const CommandLine asked = parse({"help", "run"});
  EXPECT_EQ(asked.verb, find_verb("run"));
  EXPECT_TRUE(asked.options.on("help"));
  EXPECT_THROW(parse({"help", "nosuch"}), Error);
  EXPECT_EQ(parse({"--help", "run"}).verb, nullptr);
  EXPECT_TRUE(parse({"--version", "run"}).globals.on("version"));
  EXPECT_THAT(help_text(find_verb("run")), HasSubstr("--no-pivot"));
  EXPECT_THAT(help_text(nullptr), HasSubstr("recover"));
}

TEST(CommandLine, NumbersAreChecked) {
  EXPECT_EQ(parse({"run", "--preserve-fds", "3", "c1"}).options.number("preserve-fds"), 3);
  EXPECT_THROW(parse({"run", "--preserve-fds", "x", "c1"}).options.number("preserve-fds"), Error);
}

TEST(Table, NoVerbHasTwoOptionsOfOneName) {
  for (const Verb& verb : verbs()) {
    std::set<std::string_view> names;
    std::set<char> letters;
    for (const Option& option : verb.options) {
      EXPECT_TRUE(names.insert(option.name).second) << verb.name << " --" << option.name;
      EXPECT_TRUE(option.letter == '\0' || letters.insert(option.letter).second)
          << verb.name << " -" << option.letter;
    }
    EXPECT_TRUE(names.contains("help")) << verb.name;
  }
}

TEST(ParseUser, TakesNumbersOnly) {
  EXPECT_EQ(parse_user("1000").uid, 1000U);
  EXPECT_EQ(parse_user("1000").gid, std::nullopt);
  EXPECT_EQ(parse_user("1000:5").gid, 5U);
  EXPECT_EQ(parse_user("4294967294:4294967294").gid, spec::kHighestId);
  for (const char* text :
       {"", "root", "1000:", ":5", "1:2:3", "-1", "4294967295", "1:4294967295", "4294967296"}) {
    EXPECT_THROW(parse_user(text), Error) << text;
  }
}

TEST(ExecOptions, AreCheckedByTheWord) {
  EXPECT_EQ(parse_directory("/tmp"), "/tmp");
  EXPECT_THROW(parse_directory("tmp"), Error);
  EXPECT_THROW(parse_directory(""), Error);
  EXPECT_THAT(parse_variables({"A=", "B=c=d"}), ElementsAre("A=", "B=c=d"));
  for (const char* text : {"", "A", "=b"}) EXPECT_THROW(parse_variables({text}), Error) << text;
}

class StatusFd : public testing::Test {
 protected:
  void SetUp() override {
    int ends[2] = {-1, -1};
    ASSERT_EQ(::pipe(ends), 0);  // as a caller leaves it open for the program
    reader_ = UniqueFd(ends[0]);
    writer_ = UniqueFd(ends[1]);
  }

  static std::function<void()> teller(int fd) {
    const std::string number = std::to_string(fd);
    return status_teller(parse({"checkpoint", "--status-fd", number, "c1"}).options);
  }

  UniqueFd reader_;
  UniqueFd writer_;
};

TEST_F(StatusFd, GetsAZeroByteAndTheEnd) {
  teller(writer_.release())();
  EXPECT_EQ(read_all(reader_.get(), "pipe"), std::string(1, '\0'));
  EXPECT_EQ(::signal(SIGPIPE, SIG_DFL), SIG_DFL);  // hooks are to have it
}

// The signal of a write that nobody reads would end the program amid its work.
TEST_F(StatusFd, ThatNobodyReadsIsAnError) {
  reader_.reset();
  EXPECT_THAT(sys::in_child([&] {
                ::signal(SIGPIPE, SIG_DFL);
                teller(writer_.get())();
                return "it was told";
              }),
              AllOf(HasSubstr("the descriptor of --status-fd"), HasSubstr("EPIPE")));
}

TEST_F(StatusFd, IsOneOfTheCallersForWriting) {
  EXPECT_THROW(teller(reader_.get()), Error);
  ASSERT_EQ(::fcntl(writer_.get(), F_SETFD, FD_CLOEXEC), 0);
  EXPECT_THROW(teller(writer_.get()), Error);
  EXPECT_THROW(teller(-1), Error);
  EXPECT_FALSE(status_teller(parse({"checkpoint", "c1"}).options));
}

TEST(ParseRootless, TakesWhatGoCallsABoolean) {
  using runtime::Rootless;
  EXPECT_EQ(parse_rootless("auto"), Rootless::kDetect);
  for (const char* text : {"true", "True", "TRUE", "t", "T", "1"}) {
    EXPECT_EQ(parse_rootless(text), Rootless::kYes) << text;
  }
  for (const char* text : {"false", "False", "FALSE", "f", "F", "0"}) {
    EXPECT_EQ(parse_rootless(text), Rootless::kNo) << text;
  }
  for (const char* text : {"", "yes", "2", "tRue"}) {
    EXPECT_THROW(parse_rootless(text), Error) << text;
  }
}

}  // namespace
}  // namespace seatrial::oci
