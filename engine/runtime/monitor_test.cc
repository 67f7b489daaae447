// Containers with a monitor, end to end: needs root, else skips.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <array>
#include <csignal>
#include <sstream>
#include <thread>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/runtime/container_fixture.h"
#include "engine/runtime/host_programs.h"
#include "engine/runtime/state_root.h"
#include "engine/sys/pid_fd.h"
#include "engine/sys/unix_path.h"

namespace seatrial::runtime {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using spec::Status;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;

std::string frame(char stream, const std::string& text) {
  std::string header(8, '\0');
  header[0] = stream;
  for (int at = 0; at < 4; ++at) {
    header[static_cast<std::size_t>(7 - at)] = static_cast<char>(text.size() >> (8 * at) & 0xff);
  }
  return header + text;
}

// All frames of a stream, joined.
std::string stream_of(const std::string& frames, char stream) {
  std::string text;
  for (std::size_t at = 0; at + 8 <= frames.size();) {
    std::size_t size = 0;
    for (std::size_t i = 4; i < 8; ++i) {
      size = size << 8 | static_cast<unsigned char>(frames[at + i]);
    }
    if (frames[at] == stream) text += frames.substr(at + 8, size);
    at += 8 + size;
  }
  return text;
}

std::size_t open_descriptors() {
  return static_cast<std::size_t>(
      std::distance(fs::directory_iterator("/proc/self/fd"), fs::directory_iterator()));
}

class MonitorTest : public ContainerTest {
 protected:
  void SetUp() override {
    ContainerTest::SetUp();
    ::prctl(PR_SET_CHILD_SUBREAPER, 1);  // so that every orphan shows up here
  }

  void TearDown() override {
    if (!runtime_) return;
    runtime_->remove(id_, true);
    // Monitors, and nobody else, come here to be reaped; with them all of it has ended.
    for (pid_t pid = 0; (pid = ::waitpid(-1, nullptr, 0)) > 0;) ++orphans_;
    EXPECT_LE(orphans_, most_orphans_);
    ::prctl(PR_SET_CHILD_SUBREAPER, 0);
    EXPECT_FALSE(fs::exists(monitor_ / "attach.sock"));
    EXPECT_FALSE(fs::exists(monitor_ / "monitor.pid"));
    EXPECT_FALSE(fs::exists(monitor_ / "alive"));
    EXPECT_EQ(warnings_, "");
  }

  CreateRequest request(const std::string& script, bool terminal = false) {
    write_file_atomically(dir_.path() / "rootfs/script", script);
    write_file_atomically(dir_.path() / "config.json",
                          fmt::format(R"({{"ociVersion": "1.2.0", "root": {{"path": "rootfs"}},
          "process": {{"args": ["/usr/bin/sh", "/script"], "cwd": "/", "terminal": {},
                       "env": ["PATH=/usr/bin"]}},
          "mounts": [
            {{"destination": "/proc", "type": "proc", "source": "proc"}},
            {{"destination": "/dev", "type": "tmpfs", "source": "tmpfs"}},
            {{"destination": "/dev/pts", "type": "devpts", "source": "devpts",
              "options": ["newinstance", "ptmxmode=0666"]}},
            {}],
          "linux": {{"namespaces": [{{"type": "pid"}}, {{"type": "mount"}}, {{"type": "ipc"}}]}}
        }})",
                                      terminal, kHostPrograms));
    return {.id = id_,
            .bundle = dir_.path(),
            .detached = true,
            .monitor = MonitorRequest{.directory = monitor_, .log = log_, .terminal = terminal}};
  }

  ExitStatus end() { return runtime_->await_exit(id_, 20s).value(); }

  ExitStatus run(const CreateRequest& create) {
    runtime_->run(create);
    return end();
  }

  std::string log() { return read_file(log_); }

  // The log's texts alone, of one stream.
  std::string logged(const std::string& stream) {
    constexpr std::string_view kHead = R"({"log":")";
    const std::string tail = R"(","stream":")" + stream + '"';
    const std::string text = log();
    EXPECT_TRUE(text.empty() || text.ends_with('\n')) << "the last line has no end";
    std::istringstream lines(text);
    std::string result;
    for (std::string line; std::getline(lines, line);) {
      EXPECT_THAT(line, MatchesRegex(R"re(\{"log":"([^"\]|\\.)*","stream":"(stdout|stderr)",)re"
                                     R"re("time":"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:)re"
                                     R"re([0-9]{2}(\.[0-9]{1,9})?Z"\})re"));
      const std::size_t end = line.rfind(tail);
      if (end == std::string::npos) continue;
      result += line.substr(kHead.size(), end - kHead.size()) + "|";
    }
    return result;
  }

  UniqueFd attach() { return sys::connect_to(monitor_ / "attach.sock", sys::SocketType::kStream); }

  // The container may run before its monitor has given up what it does not need. False where that
  // takes longer than 10 s.
  bool comes_to_rest(pid_t monitor) {
    const auto is_at_rest = [&] {
      const fs::path pid_file = monitor_ / "monitor.pid";
      return fs::exists(pid_file) && read_file(pid_file).ends_with('\n') &&
             read_file(fmt::format("/proc/{}/stat", monitor)).find(") S ") != std::string::npos;
    };
    const auto deadline = std::chrono::steady_clock::now() + 10s;
    while (!is_at_rest()) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      std::this_thread::sleep_for(1ms);
    }
    return true;
  }

  Record record() { return StateRoot(runtime_->root()).open(id_).read_record(); }

  const fs::path monitor_ = dir_.path() / "run" / "box";
  const fs::path log_ = dir_.path() / "box-json.log";
  int orphans_ = 0;
  int most_orphans_ = 1;  // the monitor
};

TEST_F(MonitorTest, LogsBothStreamsAndTellsTheExit) {
  const auto before = std::chrono::system_clock::now();
  const ExitStatus status = run(request("echo out; echo \"an \\\"error\\\"\" >&2; exit 7"));
  EXPECT_EQ(status.code, 7);
  EXPECT_GE(status.finished, before);
  EXPECT_LE(status.finished, std::chrono::system_clock::now());
  EXPECT_FALSE(status.monitor_lost);
  EXPECT_EQ(logged("stdout"), "out\\n|");
  EXPECT_EQ(logged("stderr"), "an \\\"error\\\"\\n|");
  EXPECT_EQ(runtime_->state(id_).status, Status::kStopped);
  EXPECT_EQ(end().code, 7);  // again
}

TEST_F(MonitorTest, TellsTheSignalThatKilled) {
  EXPECT_EQ(run(request("sh -c 'kill -9 $$'; exec sh -c 'exit 3'")).code, 3);
  runtime_->remove(id_);
  runtime_->run(request("exec sleep 1000"));
  EXPECT_EQ(runtime_->await_exit(id_, 1ms), std::nullopt);
  runtime_->kill(id_, SIGKILL);
  EXPECT_EQ(end().code, 128 + SIGKILL);
  most_orphans_ = 2;
}

TEST_F(MonitorTest, CutsLongLinesAndKeepsWhatHasNoEnd) {
  EXPECT_EQ(run(request("head -c 20000 /dev/zero | tr '\\0' x; echo; printf 'no\\nend'")).code, 0);
  const std::string x(20000, 'x');
  EXPECT_EQ(logged("stdout"), x.substr(0, 16384) + "|" + x.substr(16384) + "\\n|no\\n|end|");
}

TEST_F(MonitorTest, LogsWhatIsNoText) {
  run(request("printf '\\377\\000\\033\\n\\303\\251'"));
  EXPECT_EQ(logged("stdout"), "\\ufffd\\u0000\\u001b\\n|\u00e9|");
}

TEST_F(MonitorTest, LosesNothingOfALargeOutput) {
  run(request("i=0; while [ $i -lt 20000 ]; do echo line $i; i=$((i+1)); done"));
  const std::string text = logged("stdout");
  EXPECT_EQ(std::count(text.begin(), text.end(), '|'), 20000);
  EXPECT_THAT(text, testing::EndsWith("line 19999\\n|"));
}

TEST_F(MonitorTest, RotatesTheLog) {
  CreateRequest create = request("i=0; while [ $i -lt 100 ]; do echo line $i; i=$((i+1)); done");
  create.monitor->max_log_size = 2000;
  create.monitor->max_log_files = 3;
  run(create);
  const std::string newest = log();
  EXPECT_THAT(newest, HasSubstr("line 99\\n"));
  EXPECT_LE(newest.size(), 2200U);
  EXPECT_EQ(read_file(log_.native() + ".1").back(), '\n');
  EXPECT_GE(read_file(log_.native() + ".1").size(), 2000U);
  EXPECT_GE(read_file(log_.native() + ".2").size(), 2000U);
  EXPECT_FALSE(fs::exists(log_.native() + ".3"));
}

TEST_F(MonitorTest, ASingleLogFileIsBegunAnew) {
  CreateRequest create = request("i=0; while [ $i -lt 100 ]; do echo line $i; i=$((i+1)); done");
  create.monitor->max_log_size = 2000;
  run(create);
  EXPECT_THAT(log(), HasSubstr("line 99\\n"));
  EXPECT_LE(log().size(), 2200U);
  EXPECT_FALSE(fs::exists(log_.native() + ".1"));
}

TEST_F(MonitorTest, NeedsNoLog) {
  CreateRequest create = request("echo out; exit 4");
  create.monitor->log.clear();
  EXPECT_EQ(run(create).code, 4);
  EXPECT_FALSE(fs::exists(log_));
}

TEST_F(MonitorTest, ClientsGetFramesAndFeedStandardInput) {
  CreateRequest create = request("while read line; do echo got $line; echo e >&2; done; echo end");
  create.monitor->open_stdin = true;
  create.monitor->stdin_once = true;
  runtime_->create(create);
  const UniqueFd onlooker = attach();
  const UniqueFd client = attach();
  runtime_->start(id_);
  write_all(client.get(), "one\ntwo\n", "the client");
  ::shutdown(client.get(), SHUT_WR);
  const std::string seen = read_all(client.get(), "the client");
  EXPECT_EQ(stream_of(seen, 1), "got one\ngot two\nend\n");
  EXPECT_EQ(stream_of(seen, 2), "e\ne\n");
  const std::string also = read_all(onlooker.get(), "the onlooker");
  EXPECT_EQ(stream_of(also, 1), stream_of(seen, 1));
  EXPECT_EQ(end().code, 0);  // it is there when clients see the end
  EXPECT_EQ(logged("stdout"), "got one\\n|got two\\n|end\\n|");
}

TEST_F(MonitorTest, InputThatIsNotForOneClientOnlyStaysOpen) {
  CreateRequest create = request("read a; read b; echo $a $b");
  create.monitor->open_stdin = true;
  runtime_->run(create);
  {
    const UniqueFd first = attach();
    write_all(first.get(), "one\n", "the first client");
  }
  const UniqueFd second = attach();
  write_all(second.get(), "two\n", "the second client");
  EXPECT_EQ(stream_of(read_all(second.get(), "the second client"), 1), "one two\n");
}

TEST_F(MonitorTest, StandardInputIsElseEmpty) {
  EXPECT_EQ(run(request("read a && exit 5; exit 6")).code, 6);
}

TEST_F(MonitorTest, TheFirstClientMayComeWithTheRequest) {
  int ends[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  const UniqueFd client(ends[0]);
  UniqueFd given(ends[1]);
  CreateRequest create = request("echo first words");
  create.monitor->attached = given.get();
  runtime_->run(create);
  given.reset();
  EXPECT_EQ(read_all(client.get(), "the client"), frame(1, "first words\n"));
  EXPECT_EQ(end().code, 0);
}

TEST_F(MonitorTest, AClientThatDoesNotReadIsDroppedAndHoldsNobody) {
  CreateRequest create = request("head -c 4000000 /dev/zero | tr '\\0' x; exit 8");
  runtime_->create(create);
  const UniqueFd sleeper = attach();
  runtime_->start(id_);
  EXPECT_EQ(end().code, 8);
  EXPECT_GE(log().size(), 4000000U);
  EXPECT_LT(read_all(sleeper.get(), "the sleeper").size(), 4000000U);
}

TEST_F(MonitorTest, AClientThatReadsGetsAll) {
  CreateRequest create = request("head -c 4000000 /dev/zero | tr '\\0' x");
  runtime_->create(create);
  const UniqueFd client = attach();
  runtime_->start(id_);
  EXPECT_EQ(stream_of(read_all(client.get(), "the client"), 1), std::string(4000000, 'x'));
}

TEST_F(MonitorTest, ATerminalIsRawAndTakesInput) {
  CreateRequest create = request("stty -echo; read word; echo got $word; tty; exit 9", true);
  create.monitor->open_stdin = true;
  runtime_->create(create);
  const UniqueFd client = attach();
  runtime_->start(id_);
  write_all(client.get(), "it\n", "the client");
  EXPECT_THAT(read_all(client.get(), "the client"),
              testing::AllOf(HasSubstr("got it\r\n"), HasSubstr("/dev/")));
  EXPECT_EQ(end().code, 9);
  EXPECT_THAT(logged("stdout"), HasSubstr("got it\\r\\n|"));
}

TEST_F(MonitorTest, TheExitCommandRunsOnceBehindTheExit) {
  const fs::path trace = dir_.path() / "trace";
  CreateRequest create = request("exit 3");
  create.monitor->exit_command = {
      "/usr/bin/sh", "-c",
      fmt::format("cat {0}/exit >> {1}; pwd >> {1}; cat /proc/self/oom_score_adj >> {1}; "
                  "ls /proc/self/fd | wc -l >> {1}",
                  monitor_.native(), trace.native())};
  runtime_->run(create);
  const pid_t monitor = record().monitor.pid;
  EXPECT_EQ(end().code, 3);
  ASSERT_EQ(::waitpid(monitor, nullptr, 0), monitor);
  std::string own = read_file("/proc/self/oom_score_adj");
  // ls has the directory open, too.
  EXPECT_THAT(read_file(trace), testing::MatchesRegex("3 [0-9]+\\.[0-9]+\n/\n" + own + "4\n"));
}

TEST_F(MonitorTest, TheExitCommandIsSparedWhereTheStarterHasSettled) {
  for (const bool settles : {true, false}) {
    const fs::path trace = dir_.path() / (settles ? "spared" : "ran");
    std::array<int, 2> ends{};
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
    UniqueFd ours(ends[0]);
    UniqueFd theirs(ends[1]);
    CreateRequest create = request("exit 3");
    create.monitor->attached = theirs.get();
    create.monitor->exit_command = {"/usr/bin/touch", trace.native()};
    runtime_->run(create);
    theirs.reset();
    const pid_t monitor = record().monitor.pid;
    EXPECT_EQ(read_all(ours.get(), "the stream"), "");
    EXPECT_EQ(end().code, 3);
    if (settles) fs::remove(monitor_ / "exit");
    ours.reset();
    ASSERT_EQ(::waitpid(monitor, nullptr, 0), monitor);
    EXPECT_EQ(fs::exists(trace), !settles);
    runtime_->remove(id_, true);
  }
}

TEST_F(MonitorTest, RefusesWhatContradictsItself) {
  CreateRequest create = request("true");
  create.monitor->terminal = true;
  EXPECT_THAT(failure_of([&] { runtime_->run(create); }), HasSubstr("terminal"));
  create = request("true");
  create.monitor->exit_command = {"true"};
  EXPECT_THAT(failure_of([&] { runtime_->run(create); }), HasSubstr("not an absolute path"));
  create = request("true");
  create.monitor->log = dir_.path();
  EXPECT_THAT(failure_of([&] { runtime_->run(create); }), HasSubstr("open the log"));
}

TEST_F(MonitorTest, AStepThatFailsIsToldAsEverAndLeavesNothing) {
  CreateRequest create = request("true");
  create.monitor->exit_command = {"/usr/bin/touch", dir_.path() / "ran"};
  std::string text = read_file(dir_.path() / "config.json");
  text.replace(text.find("\"/usr/bin/sh\""), 13, "\"/usr/bin/no-such\"");
  write_file_atomically(dir_.path() / "config.json", text);
  CreateRequest plain = create;
  plain.monitor.reset();
  plain.stdio = {-1, -1, -1};
  const std::string told = failure_of([&] { runtime_->run(create); });
  EXPECT_EQ(told, failure_of([&] { runtime_->run(plain); }));
  EXPECT_THAT(told, HasSubstr("no such file"));
  EXPECT_TRUE(fs::is_empty(monitor_));
  EXPECT_FALSE(fs::exists(log_));
  EXPECT_THAT(runtime_->list(), testing::IsEmpty());
  EXPECT_EQ(::waitpid(-1, nullptr, 0) > 0, true);  // the monitor, which has ended
  EXPECT_FALSE(fs::exists(dir_.path() / "ran"));
}

TEST_F(MonitorTest, TheContainerOutlivesItsStarter) {
  const CreateRequest create = request("echo before; read line; echo after $line; exit 5");
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const UniqueFd started(ends[0]);
  UniqueFd starts(ends[1]);
  const pid_t starter = ::fork();
  if (starter == 0) {
    CreateRequest own = create;
    own.monitor->open_stdin = true;
    Runtime(runtime_->root()).run(own);
    if (::write(starts.get(), "x", 1) != 1) ::_exit(1);
    ::pause();
  }
  starts.reset();
  char byte = 0;
  ASSERT_EQ(::read(started.get(), &byte, 1), 1);
  ::kill(starter, SIGKILL);
  ::waitpid(starter, nullptr, 0);
  EXPECT_EQ(runtime_->state(id_).status, Status::kRunning);
  const UniqueFd client = attach();
  write_all(client.get(), "all\n", "the client");
  EXPECT_EQ(end().code, 5);
  EXPECT_EQ(logged("stdout"), "before\\n|after all\\n|");
}

// Whatever the instant, what is left is one of the two: a whole container or none.
TEST_F(MonitorTest, AStarterKilledAtAnyInstantLeavesAllOrNothing) {
  int whole = 0;
  const auto before = std::chrono::steady_clock::now();
  run(request("true"));
  const auto once = std::chrono::steady_clock::now() - before;
  runtime_->remove(id_);
  for (int round = 0; round < 40; ++round) {
    const CreateRequest create = request("exec sleep 1000");
    const pid_t starter = ::fork();
    if (starter == 0) {
      Runtime(runtime_->root()).run(create);
      ::pause();
    }
    // From at once to three times what all of it takes.
    std::this_thread::sleep_for(once * round / 13);
    ::kill(starter, SIGKILL);
    ::waitpid(starter, nullptr, 0);
    runtime_->recover();
    try {
      if (runtime_->state(id_).status == Status::kRunning) ++whole;
      runtime_->kill(id_, SIGKILL);
      EXPECT_EQ(end().code, 128 + SIGKILL);
    } catch (const Error&) {
      // There is none, or its starter had not come to the end.
    }
    runtime_->remove(id_, true);
    for (pid_t pid = 0; (pid = ::waitpid(-1, nullptr, 0)) > 0;) {
    }
  }
  EXPECT_GT(whole, 0);
  EXPECT_LT(whole, 40);
}

TEST_F(MonitorTest, TheContainerDiesWithItsMonitor) {
  runtime_->run(request("echo begun; exec sleep 1000"));
  const Record before = record();
  const auto init = sys::PidFd::open(before.init.pid);
  ASSERT_EQ(::kill(before.monitor.pid, SIGKILL), 0);
  EXPECT_TRUE(init->wait_exit(sys::after(10s)));
  const ExitStatus status = end();
  EXPECT_EQ(status.code, 128 + SIGKILL);
  EXPECT_TRUE(status.monitor_lost);
  EXPECT_EQ(runtime_->state(id_).status, Status::kStopped);
  most_orphans_ = 2;  // init, too, is an orphan then
  runtime_->recover();
  EXPECT_EQ(end().code, 128 + SIGKILL);
  EXPECT_TRUE(fs::exists(monitor_ / "exit"));
}

TEST_F(MonitorTest, RemoveWithForceLeavesNothing) {
  run(request("true"));  // so that the Runtime has opened what it keeps
  runtime_->remove(id_);
  const std::size_t descriptors = open_descriptors();
  most_orphans_ = 2;
  runtime_->run(request("exec sleep 1000"));
  const pid_t monitor = record().monitor.pid;
  runtime_->remove(id_, true);
  EXPECT_THAT(read_file(monitor_ / "exit"), testing::StartsWith("137 "));
  EXPECT_EQ(::waitpid(monitor, nullptr, 0), monitor);
  EXPECT_EQ(open_descriptors(), descriptors);
}

TEST_F(MonitorTest, AMonitorHoldsOnlyItsOwn) {
  runtime_->run(request("exec sleep 1000"));
  const pid_t monitor = record().monitor.pid;
  ASSERT_TRUE(comes_to_rest(monitor));
  std::string open;
  for (const auto& entry : fs::directory_iterator(fmt::format("/proc/{}/fd", monitor))) {
    open += fs::read_symlink(entry).native() + "\n";
  }
  EXPECT_THAT(open, Not(HasSubstr("plan")));
  EXPECT_THAT(open, Not(HasSubstr(runtime_->root().native())));
  EXPECT_LE(std::count(open.begin(), open.end(), '\n'), 3 + 6 + 3 + 1) << open;
  EXPECT_EQ(fs::read_symlink(fmt::format("/proc/{}/cwd", monitor)), "/");
  EXPECT_EQ(::getsid(monitor), monitor);
  EXPECT_EQ(read_file(monitor_ / "monitor.pid"), fmt::format("{}\n", monitor));
  // What only SIGKILL may end.
  for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGPIPE}) ::kill(monitor, signal);
  EXPECT_EQ(runtime_->state(id_).status, Status::kRunning);
}

}  // namespace
}  // namespace seatrial::runtime
