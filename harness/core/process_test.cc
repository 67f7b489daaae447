#include "harness/core/process.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/base/error.h"
#include "engine/base/unique_fd.h"
#include "harness/core/outcome_matchers.h"

namespace seatrial::harness {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Lt;

TEST(RunCommand, KeepsStatusAndBothStreams) {
  const Outcome outcome = run_command({"sh", "-c", "echo out; echo err >&2; exit 3"});
  EXPECT_EQ(outcome.exit_status, 3);
  EXPECT_EQ(outcome.output, "out\n");
  EXPECT_EQ(outcome.error_text, "err\n");
  EXPECT_FALSE(outcome.timed_out);
  EXPECT_THAT(outcome, RefusedWith(HasSubstr("err")));
}

TEST(RunCommand, GivesInputEnvironmentAndDirectory) {
  const Outcome outcome =
      run_command({"sh", "-c", "cat; echo $WHO; pwd"},
                  {.env = {{"WHO=me", "PATH=/usr/bin:/bin"}}, .input = "text,", .cwd = "/usr"});
  EXPECT_EQ(outcome.output, "text,me\n/usr\n");
}

TEST(RunCommand, PassesNoDescriptorButTheNamedOnes) {
  const UniqueFd leaky(::open("/dev/null", O_RDONLY));
  const UniqueFd wanted(::open("/etc/passwd", O_RDONLY));
  const Outcome outcome = run_command({"ls", "-l", "/proc/self/fd"}, {.extra = {wanted.get()}});
  EXPECT_THAT(outcome.output, HasSubstr("3 -> /etc/passwd"));
  EXPECT_THAT(outcome.output, ::testing::Not(HasSubstr("/dev/null")));
}

TEST(RunCommand, DropsWhatIsPastTheLimit) {
  const Outcome outcome =
      run_command({"head", "-c", "1000000", "/dev/zero"}, {.output_limit = 1000});
  EXPECT_THAT(outcome, Succeeded());
  EXPECT_EQ(outcome.output.size(), 1000u);
}

TEST(RunCommand, KillsAtTheDeadlineEvenWhatLeftTheProcessGroup) {
  ASSERT_EQ(::prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
  const Outcome outcome = run_command({"sh", "-c", "setsid sleep 1000 & echo $!; exec sleep 1000"},
                                      {.deadline = 300ms});
  EXPECT_TRUE(outcome.timed_out);
  EXPECT_THAT(outcome.duration.count(), Lt(5000));
  EXPECT_THAT(describe(outcome), HasSubstr("did not return"));
  EXPECT_NE(
      ::access(("/proc/" + outcome.output.substr(0, outcome.output.find('\n'))).c_str(), F_OK), 0);
}

TEST(RunCommand, DoesNotWaitForADescendantThatHoldsThePipe) {
  ASSERT_EQ(::prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
  const Outcome outcome = run_command({"sh", "-c", "sleep 1000 & echo $!"});
  EXPECT_THAT(outcome, Succeeded());
  EXPECT_THAT(outcome.duration.count(), Lt(5000));
  Orphan left(std::stoi(outcome.output));
  EXPECT_THAT(left.ending(), StillRunning());
  left.send_signal(SIGTERM);
  EXPECT_THAT(left.wait(5s), Signalled(SIGTERM));
}

TEST(RunCommand, NamesAProgramThatIsNotThere) {
  try {
    run_command({"no-such-program-of-ours"});
    FAIL() << "started";
  } catch (const Error& failure) {
    EXPECT_EQ(failure.kind(), Kind::kNotFound);
    EXPECT_THAT(failure.what(), HasSubstr("no-such-program-of-ours"));
  }
}

TEST(AnOrphan, IsReapedWhileACommandRuns) {
  ASSERT_EQ(::prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
  const Outcome first = run_command({"sh", "-c", "sleep 1000 & echo $!"});
  const std::string pid = first.output.substr(0, first.output.find('\n'));
  Orphan orphan(std::stoi(pid));
  // The command waits for the process to be gone for good, as engines do.
  const Outcome outcome = run_command(
      {"sh", "-c", "kill $0; while test -e /proc/$0; do :; done", pid}, {.deadline = 5s});
  EXPECT_THAT(outcome, Succeeded());
  EXPECT_THAT(orphan.ending(), Signalled(SIGTERM));
}

TEST(AnOrphan, ThatIsMovedFromIsEmpty) {
  const Outcome first = run_command({"sh", "-c", "sleep 1000 & echo $!"});
  Orphan orphan(std::stoi(first.output));
  Orphan other = std::move(orphan);
  EXPECT_EQ(orphan.pid(), -1);  // NOLINT: what is tested
  other.send_signal(SIGKILL);
  EXPECT_THAT(other.wait(5s), Signalled(SIGKILL));
}

TEST(LeftoverChildren, AreReaped) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(0);
  siginfo_t info{};
  ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT), 0);
  EXPECT_GE(reap_leftover_children(), 1);
  EXPECT_EQ(reap_leftover_children(), 0);
}

}  // namespace
}  // namespace seatrial::harness
