// Containers of a user without privileges, and of a root that is one in a user namespace only.
#include <gmock/gmock.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <csignal>
#include <thread>

#include "engine/cgroup/layout.h"
#include "engine/runtime/rootless_fixture.h"
#include "engine/spec/state.h"
#include "engine/sys/unix_path.h"

namespace seatrial::runtime {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

// How many living processes have this in their command line.
int processes_named(const std::string& word) {
  int found = 0;
  for (const auto& each : std::filesystem::directory_iterator("/proc")) {
    try {
      if (read_file(each.path() / "cmdline").find(word) != std::string::npos) ++found;
    } catch (const Error&) {
      // No process, or gone meanwhile.
    }
  }
  return found;
}

TEST_F(RootlessRuntime, RunsWithTheUsersOwnIdAlone) {
  EXPECT_EQ(output_as_user({.command = kShowMaps}), " 0 54321 1 0 54321 1 deny 0\n0");
}

TEST_F(RootlessRuntime, HasTheHostsDevices) {
  EXPECT_EQ(output_as_user({.command = "echo x > /dev/null; head -c 2 /dev/zero | od -An -tx1; "
                                       "test -c /dev/tty && test -c /dev/full; echo $?"}),
            " 00 00\n0\n0");
}

// None can be made, so a name that means another device on the host, or none, is no device.
TEST_F(RootlessRuntime, TakesADeviceFromTheHostOnlyWhereItIsTheOneThatIsMeant) {
  const auto with = [&](std::string_view path, int minor) {
    return output_as_user(
        {.command = "test -c /dev/zero && test -c /dev/null; echo $?",
         .section =
             fmt::format(R"(, "devices": [{{"path": "{}", "type": "c", "major": 1, "minor": {}}}])",
                         path, minor)});
  };
  EXPECT_EQ(with("/dev/zero", 5), "0\n0");
  EXPECT_THAT(with("/dev/zero", 3), HasSubstr("what the host has there is another device"));
  EXPECT_THAT(with("/dev/none-such", 3), HasSubstr("the host has no such device"));
}

TEST_F(RootlessRuntime, KeepsTheLimitsThatAUserMaySet) {
  EXPECT_EQ(output_as_user({.command = "cat /proc/self/oom_score_adj; ulimit -n",
                            .process = R"(, "oomScoreAdj": 345, "rlimits": [
                              {"type": "RLIMIT_NOFILE", "soft": 60, "hard": 61}])"}),
            "345\n60\n0");
}

// A bind mount keeps what the host's mount has of nosuid, nodev, noexec and read-only.
TEST_F(RootlessRuntime, KeepsTheFlagsOfWhatItBinds) {
  const std::string source = (dir_.path() / "source").native();
  std::filesystem::create_directory(source);
  const std::string shown = sys::in_child([&] {
    if (::unshare(CLONE_NEWNS) != 0 ||
        ::mount(nullptr, "/", nullptr, MS_PRIVATE | MS_REC, nullptr) != 0 ||
        ::mount("t", source.c_str(), "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr) != 0) {
      throw sys_error(errno, "mount a tmpfs");
    }
    const auto with = [&](std::string_view option) {
      return sys::as_ordinary_user([&] {
        return output_of(
            {.command = "grep ' /bound ' /proc/self/mounts | cut -d' ' -f4",
             .mounts = fmt::format(
                 R"({{"destination": "/bound", "source": "{}", "options": ["bind", "{}"]}},)",
                 source, option)});
      });
    };
    return with("ro") + "|" + with("exec");
  });
  EXPECT_THAT(shown, StartsWith("ro,nosuid,nodev,noexec,"));
  EXPECT_THAT(shown, AllOf(HasSubstr("|run "), HasSubstr(" on /bound"), HasSubstr("EPERM")));
}

TEST_F(RootlessRuntime, GoesThroughTheStates) {
  EXPECT_EQ(sys::as_ordinary_user([&] {
              Runtime made = runtime();
              std::string states;
              const auto note = [&] {
                states += fmt::format("{} ", spec::to_string(made.state(id_).status));
              };
              Child child = made.create(request({.command = "sleep 1000 & exec sleep 1000"}));
              note();
              made.start(id_);
              note();
              Child exec =
                  made.exec({.id = id_, .args = {"/usr/bin/id", "-u"}, .stdio = {-1, -1, -1}});
              states += fmt::format("exec:{} ", exec.wait(10s).value().code);
              made.kill(id_, SIGKILL);
              states += fmt::format("end:{} ", child.wait(10s).value().code);
              note();
              made.remove(id_);
              return states;
            }),
            "created running exec:0 end:137 stopped ");
}

// Neither list nor signal has a cgroup to go by.
TEST_F(RootlessRuntime, FindsAllProcessesWithoutACgroup) {
  for (const bool own_pids : {true, false}) {
    EXPECT_EQ(
        sys::as_ordinary_user([&] {
          Runtime made = runtime();
          Child child =
              made.run(request({.command = "sleep 1000 & exec sleep 1000", .own_pids = own_pids}));
          Child exec =
              made.exec({.id = id_, .args = {"/usr/bin/sleep", "1000"}, .stdio = {-1, -1, -1}});
          std::size_t found = 0;
          // The shell may not have started its child yet.
          for (int i = 0; i < 1000 && found < 3; ++i) {
            found = made.processes(id_).size();
            std::this_thread::sleep_for(5ms);
          }
          made.kill(id_, SIGKILL, true);
          // Init ends when all in its namespace are reaped.
          const int end = exec.wait(10s).value().code;
          const int ends = end + child.wait(10s).value().code;
          made.remove(id_);
          return fmt::format("{} {}", found, ends);
        }),
        "3 274")
        << own_pids;
  }
}

// Without a pid namespace the end of init is not the end of the others.
TEST_F(RootlessRuntime, DeletesARunningContainerWithAllItsProcesses) {
  EXPECT_EQ(sys::as_ordinary_user([&] {
              Runtime made = runtime();
              Child child =
                  made.run(request({.command = "sleep 1000 & exec sleep 1000", .own_pids = false}));
              Child exec =
                  made.exec({.id = id_, .args = {"/usr/bin/sleep", "1000"}, .stdio = {-1, -1, -1}});
              made.remove(id_, true);
              return fmt::format("{} {}", child.wait(10s).value().code,
                                 exec.wait(10s).value().code);
            }),
            "137 137");
}

TEST_F(RootlessRuntime, SaysThatThereIsNoCgroupToPauseOrLimit) {
  EXPECT_THAT(sys::as_ordinary_user([&] {
                Runtime made = runtime();
                const Child child = made.run(request({.command = "exec sleep 1000"}));
                std::string said;
                try {
                  made.pause(id_);
                } catch (const Error& failure) {
                  said += failure.what();
                }
                try {
                  made.update(id_, {.pids_limit = 5});
                } catch (const Error& failure) {
                  said += failure.what();
                }
                made.remove(id_, true);
                return said;
              }),
              AllOf(HasSubstr("pause: the container has no cgroup of its own"),
                    HasSubstr("linux.resources.pids.limit: 5: the container has no cgroup")));
}

TEST_F(RootlessRuntime, RefusesByNameBeforeItMakesAnything) {
  const auto refusal = [&](const RootlessBundle& bundle) {
    const std::string said = output_as_user(bundle);
    EXPECT_EQ(left_behind(), "");
    return said;
  };
  EXPECT_THAT(refusal({.own_users = false}), HasSubstr("linux.namespaces: an entry of type user"));
  EXPECT_THAT(refusal({.section = R"(, "resources": {"memory": {"limit": 100000000}})"}),
              HasSubstr("linux.resources.memory: needs a cgroup, which user 54321 may not make"));
  EXPECT_THAT(refusal({.section = R"(, "cgroupsPath": "/rootless-test")"}),
              HasSubstr("linux.cgroupsPath: /rootless-test: user 54321 may not make"));
  EXPECT_THAT(refusal({.user = R"({"uid": 0, "gid": 0, "additionalGids": [0]})"}),
              HasSubstr("process.user.additionalGids: setgroups(2) is denied"));
  EXPECT_THAT(refusal({.user = R"({"uid": 1, "gid": 0})"}),
              HasSubstr("process.user.uid: user 1 is not mapped"));
  EXPECT_THAT(refusal({.process = R"(, "rlimits": [{"type": "RLIMIT_NOFILE", "soft": 1,
                                     "hard": 900000000}])"}),
              HasSubstr("process.rlimits[0].hard: RLIMIT_NOFILE 900000000 is above"));
  EXPECT_THAT(refusal({.process = R"(, "oomScoreAdj": -1000)"}),
              HasSubstr("process.oomScoreAdj is lower than this user may go"));
  EXPECT_THAT(refusal({.section = R"(, "netDevices": {"lo": {}})"}), HasSubstr("linux.netDevices"));
  // What limits nothing is no reason.
  EXPECT_EQ(output_as_user({.section = R"(, "resources": {"cpu": {"shares": 0}, "devices": [
                                          {"allow": false, "access": "rwm"}]})"}),
            "0");
}

TEST_F(RootlessRuntime, NeedsItsCgroupsWhereTheCallerSaysSo) {
  EXPECT_THAT(sys::as_ordinary_user([&] { return output_of({}, Rootless::kNo); }),
              HasSubstr("the container needs its cgroups, because --rootless is false"));
}

// Where the host has handed a part of one hierarchy down, that is what the container is limited by.
TEST_F(RootlessRuntime, UsesTheCgroupsThatTheUserWasGiven) {
  const cgroup::Layout layout = cgroup::Layout::detect();
  const cgroup::Hierarchy* const pids = layout.find("pids");
  if (pids == nullptr) GTEST_SKIP() << "no hierarchy of v1 has the controller pids";
  const std::filesystem::path given = pids->mountpoint + pids->own_cgroup + "/" + id_;
  std::filesystem::create_directory(given);
  for (const std::string file : {"", "tasks", "cgroup.procs"}) {
    const std::filesystem::path path = file.empty() ? given : given / file;
    ASSERT_EQ(::chown(path.c_str(), sys::kOrdinaryUser, sys::kOrdinaryUser), 0) << path;
  }
  EXPECT_EQ(sys::in_child([&] {
              write_all(open_file(given / "tasks", O_WRONLY).get(), "0", "tasks");
              sys::become_ordinary_user();
              Runtime made = runtime();
              Child child =
                  made.run(request({.command = "exec sleep 1000",
                                    .section = R"(, "resources": {"pids": {"limit": 20}})"}));
              Child exec =
                  made.exec({.id = id_, .args = {"/usr/bin/sleep", "1000"}, .stdio = {-1, -1, -1}});
              made.update(id_, {.pids_limit = 30});
              const std::string shown =
                  fmt::format("{} {} {}", std::filesystem::exists(given / id_),
                              made.stats(id_).pids_max.value_or(0), made.processes(id_).size());
              made.kill(id_, SIGKILL, true);
              exec.wait(10s);
              child.wait(10s);
              made.remove(id_);
              return shown;
            }),
            "true 30 2");
  EXPECT_FALSE(std::filesystem::exists(given / id_));
  EXPECT_EQ(::rmdir(given.c_str()), 0);
}

// In v2 that is enough to stop it where it is.
TEST_F(RootlessRuntime, FreezesWhereItWasGivenACgroupOfV2) {
  const cgroup::Layout layout = cgroup::Layout::detect();
  const auto v2 = std::ranges::find_if(layout.hierarchies(), &cgroup::Hierarchy::v2);
  if (v2 == layout.hierarchies().end() || layout.is_pure_v2()) {
    GTEST_SKIP() << "no hierarchy of v2 beside v1, where a container may be below its maker";
  }
  const std::filesystem::path given = v2->mountpoint + v2->own_cgroup + "/" + id_;
  std::filesystem::create_directory(given);
  for (const auto& path : {given, given / "cgroup.procs"}) {
    ASSERT_EQ(::chown(path.c_str(), sys::kOrdinaryUser, sys::kOrdinaryUser), 0) << path;
  }
  EXPECT_EQ(sys::in_child([&] {
              write_all(open_file(given / "cgroup.procs", O_WRONLY).get(), "0", "cgroup.procs");
              sys::become_ordinary_user();
              Runtime made = runtime();
              Child child = made.run(request({.command = "exec sleep 1000"}));
              made.pause(id_);
              std::string states(spec::to_string(made.state(id_).status));
              made.resume(id_);
              states += fmt::format(" {}", spec::to_string(made.state(id_).status));
              made.remove(id_, true);
              child.wait(10s);
              return states;
            }),
            "paused running");
  EXPECT_EQ(::rmdir(given.c_str()), 0);
}

// On a host with v2 alone, limits are handed down within what is the user's.
TEST_F(RootlessRuntime, LimitsWhereItWasGivenATreeOfV2) {
  const cgroup::Layout layout = cgroup::Layout::detect();
  if (!layout.is_pure_v2()) GTEST_SKIP() << "v2 is not alone on this host";
  const cgroup::Hierarchy& v2 = layout.hierarchies().front();
  const std::filesystem::path given = v2.mountpoint + "/" + id_;
  std::filesystem::create_directories(given / "own");
  for (const std::string file :
       {".", "cgroup.procs", "cgroup.subtree_control", "own", "own/cgroup.procs"}) {
    ASSERT_EQ(::chown((given / file).c_str(), sys::kOrdinaryUser, sys::kOrdinaryUser), 0) << file;
  }
  EXPECT_EQ(sys::in_child([&] {
              write_all(open_file(given / "own/cgroup.procs", O_WRONLY).get(), "0", "cgroup.procs");
              sys::become_ordinary_user();
              Runtime made = runtime();
              Child child = made.run(request({.command = "exec sleep 1000",
                                              .section = R"(, "resources": {"pids": {"limit": 20},
                                            "devices": [{"allow": false, "access": "rwm"}]})"}));
              Child exec =
                  made.exec({.id = id_, .args = {"/usr/bin/sleep", "1000"}, .stdio = {-1, -1, -1}});
              made.update(id_, {.pids_limit = 30});
              made.pause(id_);
              std::string shown =
                  fmt::format("{} {} {}", spec::to_string(made.state(id_).status),
                              made.stats(id_).pids_max.value_or(0), made.processes(id_).size());
              made.kill(id_, SIGKILL, true);
              exec.wait(10s);
              child.wait(10s);
              made.remove(id_);
              return shown;
            }),
            "paused 30 2");
  EXPECT_FALSE(std::filesystem::exists(given / id_));
  EXPECT_EQ(::rmdir((given / "own").c_str()), 0);
  EXPECT_EQ(::rmdir(given.c_str()), 0);
}

// Who is killed at any instant leaves what recover takes: here, in the middle of create.
TEST_F(RootlessRuntime, RecoversWhatAKilledRuntimeLeft) {
  const RootlessBundle bundle{.command = "exec sleep 1000",
                              .hooks = R"({"createRuntime": [{"path": "/usr/bin/sh",
                                      "args": ["sh", "-c", "kill -9 $PPID"]}]})"};
  EXPECT_EQ(sys::as_ordinary_user([&] { return output_of(bundle); }), "died");
  EXPECT_EQ(left_behind(), id_ + " ");
  EXPECT_EQ(sys::as_ordinary_user([&] {
              const std::vector<std::string> cleaned = runtime().recover();
              return cleaned.empty() ? std::string() : cleaned.front();
            }),
            id_);
}

// The program runs as soon as it can, and here it kills the runtime before that has told of it, or
// right behind.
TEST_F(RootlessRuntime, RecoversAProgramThatRunsAlready) {
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(
        sys::as_ordinary_user([&] {
          return output_of({.command = "kill -9 $PPID; sleep 1000; : " + id_, .own_pids = false});
        }),
        "died");
    sys::as_ordinary_user([&] {
      runtime().recover();
      runtime().remove(id_, true);
      return std::string();
    });
    EXPECT_EQ(left_behind(), "");
    EXPECT_EQ(processes_named(id_), 0);
  }
}

// Whoever deletes it need not be who made it.
TEST_F(RootlessRuntime, OutlivesItsCreatorAndIsDeletedByForce) {
  EXPECT_EQ(sys::as_ordinary_user([&] {
              const Child child = runtime().run(request({.command = "exec sleep 1000"}));
              return fmt::format("{}", child.pid() > 0);
            }),
            "true");
  EXPECT_EQ(sys::as_ordinary_user([&] {
              Runtime made = runtime();
              const auto status = made.state(id_).status;
              made.remove(id_, true);
              return std::string(spec::to_string(status));
            }),
            "running");
}

// A runtime that may not trace init gets the listener all the same, for an exec as for a container.
TEST_F(RootlessRuntime, GetsTheListenerOfAFilter) {
  EXPECT_EQ(sys::as_ordinary_user([&] {
              const UniqueFd directory = open_file(dir_.path(), O_PATH | O_DIRECTORY);
              const UniqueFd agent =
                  sys::listen_at(directory.get(), "agent.sock", sys::SocketType::kStream);
              const auto received = [&] {
                const UniqueFd connection(::accept4(agent.get(), nullptr, nullptr, SOCK_CLOEXEC));
                char text[4096];
                iovec vector{.iov_base = text, .iov_len = sizeof text};
                alignas(cmsghdr) char control[CMSG_SPACE(2 * sizeof(int))] = {};
                msghdr message{};
                message.msg_iov = &vector;
                message.msg_iovlen = 1;
                message.msg_control = control;
                message.msg_controllen = sizeof control;
                const bool got = ::recvmsg(connection.get(), &message, 0) > 0;
                const cmsghdr* const header = CMSG_FIRSTHDR(&message);
                return got && header != nullptr && header->cmsg_type == SCM_RIGHTS;
              };
              Runtime made = runtime();
              Child child = made.run(request(
                  {.command = "exec sleep 1000",
                   .section = fmt::format(
                       R"(, "seccomp": {{"defaultAction": "SCMP_ACT_ALLOW", "listenerPath": "{}",
                            "syscalls": [{{"names": ["swapoff"], "action": "SCMP_ACT_NOTIFY"}}]}})",
                       (dir_.path() / "agent.sock").native())}));
              std::string all = fmt::format("{}", received());
              Child exec = made.exec({.id = id_, .args = {"/usr/bin/true"}, .stdio = {-1, -1, -1}});
              all += fmt::format(" {} {}", received(), exec.wait(10s).value().code);
              made.remove(id_, true);
              child.wait(10s);
              return all;
            }),
            "true true 0");
}

}  // namespace
}  // namespace seatrial::runtime
