#include "engine/sys/pid_fd.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "engine/sys/spawn.h"

namespace seatrial::sys {
namespace {

using namespace std::chrono_literals;

bool is_open(int fd) {
  return ::fcntl(fd, F_GETFD) >= 0;
}

PidFd own_process() {
  return PidFd::open(::getpid()).value();
}

PidFd start(std::vector<std::string> args) {
  return spawn({.path = args[0],
                .args = args,
                .env = {},
                .placements = {{0, 0}, {1, 1}, {2, 2}},
                .directory = {}});
}

TEST(PidFd, MovedFromIsEmpty) {
  PidFd first = own_process();
  const PidFd second = std::move(first);
  EXPECT_FALSE(first);  // NOLINT(bugprone-use-after-move): the state is what is tested
  EXPECT_EQ(first.pid(), -1);
  EXPECT_EQ(second.pid(), ::getpid());
}

TEST(PidFd, AssignmentClosesWhatWasHeld) {
  PidFd first = own_process();
  const int old = first.get();
  first = own_process();
  EXPECT_FALSE(is_open(old));
  EXPECT_TRUE(is_open(first.get()));
}

TEST(PidFd, ReleaseDisarms) {
  int fd = -1;
  {
    PidFd owner = own_process();
    fd = owner.release().release();
    EXPECT_FALSE(owner);
  }
  EXPECT_TRUE(is_open(fd));
  ::close(fd);
}

TEST(PidFd, DoubleResetIsSafe) {
  PidFd owner = own_process();
  const int fd = owner.get();
  owner.reset();
  owner.reset();
  EXPECT_FALSE(is_open(fd));
}

TEST(PidFd, ReportsExitStatusAndSignal) {
  const PidFd failing = start({"/bin/false"});
  EXPECT_TRUE(failing.wait_exit(after(5s)));
  EXPECT_EQ(failing.reap().value().code, 1);

  const PidFd killed = start({"/bin/sleep", "1000"});
  EXPECT_FALSE(killed.wait_exit(after(0s)));
  EXPECT_FALSE(killed.reap());
  EXPECT_TRUE(killed.send_signal(SIGTERM));
  EXPECT_TRUE(killed.wait_exit(after(5s)));
  EXPECT_EQ(killed.reap().value().code, 128 + SIGTERM);
  EXPECT_FALSE(killed.send_signal(SIGTERM));
}

// As CRIU does: it kills what it has dumped, and is told of the end before the parent is.
TEST(PidFd, AnEndThatATracerTakesFirstIsWaitedFor) {
  const PidFd child = start({"/bin/sleep", "100"});
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const pid_t tracer = ::fork();
  if (tracer == 0) {
    if (::ptrace(PTRACE_SEIZE, child.pid(), nullptr, nullptr) != 0) ::_exit(1);
    ::kill(child.pid(), SIGKILL);
    if (::write(ends[1], "x", 1) != 1) ::_exit(2);
    ::usleep(300'000);
    ::_exit(::waitpid(child.pid(), nullptr, __WALL) == child.pid() ? 0 : 3);
  }
  char killed = 0;
  ASSERT_EQ(::read(ends[0], &killed, 1), 1);
  ASSERT_TRUE(child.wait_exit(after(5s)));
  EXPECT_FALSE(child.reap());
  EXPECT_EQ(child.reap_ended().value().code, 128 + SIGKILL);
  int status = -1;
  ::waitpid(tracer, &status, 0);
  EXPECT_EQ(status, 0);
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST(PidFd, CopiesADescriptorOfTheProcess) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const UniqueFd reader(ends[0]);
  const UniqueFd writer(ends[1]);
  const UniqueFd copy = own_process().copy_descriptor(writer.get());
  ASSERT_TRUE(copy);
  EXPECT_EQ(::write(copy.get(), "x", 1), 1);
  char byte = 0;
  EXPECT_EQ(::read(reader.get(), &byte, 1), 1);
  EXPECT_FALSE(own_process().copy_descriptor(1 << 24));
}

TEST(PidFd, NoSuchProcessIsNothing) {
  EXPECT_FALSE(PidFd::open(0x3fffffff));
}

}  // namespace
}  // namespace seatrial::sys
