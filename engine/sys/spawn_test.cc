#include "engine/sys/spawn.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/mount.h>
#include <poll.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <thread>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/sys/memfd.h"

namespace seatrial::sys {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

// What the shell command wrote to descriptor 1, with `placements` beside 0, 1 and 2.
std::string output_of(const std::string& command, std::vector<Placement> placements = {},
                      SpawnRequest request = {}) {
  int ends[2];
  EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const UniqueFd reader(ends[0]);
  UniqueFd writer(ends[1]);
  placements.insert(placements.end(), {{0, 0}, {writer.get(), 1}, {2, 2}});
  request.path = "/bin/sh";
  request.args = {"sh", "-c", command};
  request.placements = placements;
  const PidFd child = spawn(request);
  writer.reset();
  const std::string output = read_all(reader.get(), "pipe");
  EXPECT_TRUE(child.wait_exit(after(5s)));
  EXPECT_EQ(child.reap().value().code, 0);
  return output;
}

TEST(Spawn, PassesArgumentsEnvironmentAndDirectory) {
  EXPECT_EQ(output_of("echo $GREETING; pwd", {},
                      {.path = {},
                       .args = {},
                       .env = {"GREETING=hello"},
                       .placements = {},
                       .directory = "/usr"}),
            "hello\n/usr\n");
}

TEST(Spawn, PlacesDescriptorsThatCollide) {
  const UniqueFd first = sealed_memfd("first", "first");
  const UniqueFd second = sealed_memfd("second", "second");
  // Each wants the other's number.
  EXPECT_EQ(output_of(fmt::format("cat <&{} ; cat <&{}", second.get(), first.get()),
                      {{first.get(), second.get()}, {second.get(), first.get()}}),
            "firstsecond");
}

TEST(Spawn, OneSourceMayHaveManyTargetsAndItsOwnNumber) {
  const UniqueFd note = sealed_memfd("note", "x");
  const int fd = note.get();
  EXPECT_EQ(output_of("for n in " + fmt::format("{} {}", fd, fd + 3) +
                          "; do readlink /proc/self/fd/$n; done",
                      {{fd, fd}, {fd, fd + 3}}),
            "/memfd:note (deleted)\n/memfd:note (deleted)\n");
}

TEST(Spawn, ClosesEverythingElse) {
  const UniqueFd leaked(::open("/dev/null", O_RDONLY));  // not close-on-exec
  const UniqueFd high(::fcntl(leaked.get(), F_DUPFD, 200));
  const UniqueFd placed = sealed_memfd("placed", "");
  const std::string list =
      "n=0; while [ $n -lt 256 ]; do [ -e /proc/$$/fd/$n ] && echo -n \"$n \"; n=$((n+1)); done; :";
  EXPECT_EQ(output_of(list, {{placed.get(), 9}}), "0 1 2 9 ");
}

TEST(Spawn, ResetsIgnoredAndBlockedSignals) {
  const auto before = std::signal(SIGUSR1, SIG_IGN);
  sigset_t blocked;
  sigset_t mask;
  ::sigemptyset(&blocked);
  ::sigaddset(&blocked, SIGUSR2);
  ::pthread_sigmask(SIG_BLOCK, &blocked, &mask);
  const std::string status = output_of("grep -E '^Sig(Blk|Ign):' /proc/self/status");
  ::pthread_sigmask(SIG_SETMASK, &mask, nullptr);
  static_cast<void>(std::signal(SIGUSR1, before));
  EXPECT_EQ(status, "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
}

TEST(Spawn, ExecutesASealedMemoryFile) {
  const std::string bytes = read_file("/bin/true");
  const UniqueFd program =
      sealed_memfd("true", std::as_bytes(std::span(bytes.data(), bytes.size())), Executable::kYes);
  const PidFd child = spawn({.executable = program.get(),
                             .path = {},
                             .args = {"true"},
                             .env = {},
                             .placements = {},
                             .directory = {}});
  EXPECT_TRUE(child.wait_exit(after(5s)));
  EXPECT_EQ(child.reap().value().code, 0);
}

// Where it may run is not narrowed for good, nor widened; on one processor there is no other.
TEST(Spawn, SendsTheChildElsewhereWithTheCallersProcessors) {
  cpu_set_t before;
  ASSERT_EQ(::sched_getaffinity(0, sizeof before, &before), 0);
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(static_cast<unsigned>(::sched_getcpu()), &one);
  for (const cpu_set_t& allowed : {before, one}) {
    ASSERT_EQ(::sched_setaffinity(0, sizeof allowed, &allowed), 0);
    const std::string command = "grep Cpus_allowed: /proc/self/status";
    SpawnRequest request;
    request.elsewhere = true;
    EXPECT_EQ(output_of(command, {}, std::move(request)), output_of(command));
  }
  ASSERT_EQ(::sched_setaffinity(0, sizeof before, &before), 0);
}

TEST(Spawn, TellsWhyTheProgramDidNotStart) {
  try {
    spawn({.path = "/nonexistent/hook",
           .args = {"hook"},
           .env = {},
           .placements = {},
           .directory = {}});
    FAIL() << "nothing was thrown";
  } catch (const Error& failure) {
    EXPECT_STREQ(failure.what(), "execute /nonexistent/hook: ENOENT (No such file or directory)");
  }
}

TEST(Spawning, TellsAtItsEndWhyTheProgramDidNotStart) {
  Spawning child({.path = "/nonexistent/hook", .args = {"hook"}});
  try {
    child.finish();
    FAIL() << "nothing was thrown";
  } catch (const Error& failure) {
    EXPECT_STREQ(failure.what(), "execute /nonexistent/hook: ENOENT (No such file or directory)");
  }
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);  // it is reaped
}

// Whoever opens a file, to execute it too, waits while another holds a lease on it.
TEST(Spawning, TheCallerGoesOnMeanwhile) {
  const TempDir dir(std::filesystem::temp_directory_path());
  const std::filesystem::path program = dir.path() / "true";
  std::filesystem::copy_file("/bin/true", program);
  const auto before = std::signal(SIGIO, SIG_IGN);  // the kernel's word that the lease is wanted
  const UniqueFd lease = open_file(program, O_RDONLY);
  ASSERT_EQ(::fcntl(lease.get(), F_SETLEASE, F_WRLCK), 0);
  const auto begin = std::chrono::steady_clock::now();
  Spawning child({.path = program, .args = {"true"}});
  ASSERT_EQ(::fcntl(lease.get(), F_SETLEASE, F_UNLCK), 0);
  const PidFd process = child.finish();
  // The kernel takes a lease away after 45 s: a caller that waited would come through, then.
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 20s);
  EXPECT_TRUE(process.wait_exit(after(5s)));
  EXPECT_EQ(process.reap().value().code, 0);
  static_cast<void>(std::signal(SIGIO, before));
}

TEST(Spawning, OneThatNobodyFinishesRunsAllTheSame) {
  {
    const Spawning child({.path = "/bin/sh", .args = {"sh", "-c", "exit 7"}});
  }
  int status = 0;
  ASSERT_GT(::waitpid(-1, &status, 0), 0);
  EXPECT_EQ(WEXITSTATUS(status), 7);
}

// The process that spawned it is killed as abruptly as can be; the child's end is seen by the pipe
// that only the child holds.
TEST(Spawn, EndsWithItsParentWhereAsked) {
  for (const bool asked : {true, false}) {
    int ends[2];
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    const UniqueFd reader(ends[0]);
    UniqueFd writer(ends[1]);
    const pid_t parent = ::fork();
    if (parent == 0) {
      const PidFd child = spawn({.path = "/bin/sh",
                                 .args = {"sh", "-c", "echo; exec sleep 2"},
                                 .placements = {{writer.get(), 1}},
                                 .ends_with_parent = asked});
      writer.reset();
      for (;;) ::pause();
    }
    writer.reset();
    char newline = 0;
    ASSERT_EQ(::read(reader.get(), &newline, 1), 1);
    ::kill(parent, SIGKILL);
    ::waitpid(parent, nullptr, 0);
    pollfd end{reader.get(), POLLIN, 0};
    EXPECT_EQ(::poll(&end, 1, 1000), asked ? 1 : 0);
  }
}

// The caller sees none of it, and is not cut off from what it mounts itself.
TEST(Spawn, BindsMountsForTheChildAlone) {
  if (::geteuid() != 0) GTEST_SKIP() << "mounts are made by root here";
  const TempDir dir(std::filesystem::temp_directory_path());
  std::filesystem::create_directory(dir.path() / "source");
  std::filesystem::create_directory(dir.path() / "target");
  write_file_atomically(dir.path() / "source/file", "bound\n");
  write_file_atomically(dir.path() / "cover", "");
  SpawnRequest request;
  request.env = {"PATH=/usr/bin:/bin"};
  request.private_binds = {
      {.source = dir.path() / "source", .target = dir.path() / "target", .set = MOUNT_ATTR_RDONLY},
      {.source = "/dev/null", .target = dir.path() / "cover"}};
  EXPECT_EQ(output_of(fmt::format("cd {}; cat target/file; touch target/other 2>/dev/null && "
                                  "echo written; test -c cover && echo covered",
                                  dir.path().native()),
                      {}, request),
            "bound\ncovered\n");
  EXPECT_TRUE(std::filesystem::is_empty(dir.path() / "target"));
}

TEST(Spawn, TellsWhichBindFailed) {
  if (::geteuid() != 0) GTEST_SKIP() << "mounts are made by root here";
  try {
    spawn({.path = "/bin/true",
           .args = {"true"},
           .private_binds = {{.source = "/nonexistent", .target = "/tmp"}}});
    FAIL() << "it was bound";
  } catch (const Error& failure) {
    EXPECT_THAT(failure.what(), HasSubstr("bind a mount"));
  }
}

TEST(Spawn, GivesTheChildNoNewPrivilegesAndAKeyring) {
  SpawnRequest request;
  request.env = {"PATH=/usr/bin:/bin"};
  EXPECT_EQ(output_of("grep NoNewPrivs /proc/self/status", {}, request), "NoNewPrivs:\t0\n");
  request.no_new_privileges = true;
  request.own_keyring = true;
  EXPECT_EQ(output_of("grep NoNewPrivs /proc/self/status", {}, request), "NoNewPrivs:\t1\n");
}

TEST(Spawn, WorksFromSeveralThreadsAtOnce) {
  std::vector<std::thread> threads;
  for (int index = 0; index < 4; ++index) {
    threads.emplace_back([] {
      for (int round = 0; round < 10; ++round) EXPECT_EQ(output_of("echo ok"), "ok\n");
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace seatrial::sys
