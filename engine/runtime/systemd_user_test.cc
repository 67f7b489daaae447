// Containers of an ordinary user whose cgroups that user's own systemd makes.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <sched.h>
#include <sys/wait.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <thread>

#include "engine/cgroup/systemd_manager.h"
#include "engine/runtime/systemd_fixture.h"
#include "engine/sys/ordinary_user.h"

namespace seatrial::runtime {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::HasSubstr;

constexpr const char* kUnit = "test-box.scope";
const std::string kSocket = fmt::format("/run/user/{}/systemd/private", sys::kOrdinaryUser);
const std::string kScope = fmt::format("{}/user.slice/{}", kUserService, kUnit);

class OwnSystemd : public SystemdTest {
 protected:
  void SetUp() override {
    SystemdTest::SetUp();
    if (IsSkipped()) return;
    const cgroup::Layout layout = cgroup::Layout::detect();
    if (!std::ranges::any_of(layout.hierarchies(), &cgroup::Hierarchy::v2)) {
      GTEST_SKIP() << "cgroup v2 is not mounted on this host";
    }
  }

  Runtime runtime(CgroupManager manager = CgroupManager::kSystemd) const {
    return Runtime(dir_.path() / "user-state", Rootless::kDetect, manager);
  }

  // One that waits for its end.
  CreateRequest box(const std::string& section = "") const {
    CreateRequest wanted = request("exec sleep 100", "user.slice:test:box", section);
    wanted.detached = true;
    return wanted;
  }

  // That, and whether systemd and the kernel still know it once it is deleted.
  std::string deleted(Runtime& made) const {
    made.remove(id_, true);
    return fmt::format("unit:{} directory:{}",
                       cgroup::SystemdManager::connect(kSocket).description(kUnit).has_value(),
                       std::filesystem::exists(fmt::format("/sys/fs/cgroup{}", kScope)));
  }
};

// Both, so that what they leave as zombies does not keep the namespace of processes.
void end(Runtime& made, const std::string& id, Child& child, Child& exec) {
  made.kill(id, SIGKILL, true);
  exec.wait(10s);
  child.wait(10s);
}

// In the tree of v2; below the user's service by its own name.
std::string cgroup_of(pid_t pid) {
  const std::string text = read_file(fmt::format("/proc/{}/cgroup", pid));
  const std::size_t at = text.find("0::");
  std::string path = text.substr(at + 3, text.find('\n', at) - at - 3);
  if (path.starts_with(kUserService)) path.replace(0, std::string(kUserService).size(), "SERVICE");
  return path;
}

constexpr const char* kExpected = "SERVICE/user.slice/test-box.scope";
constexpr const char* kNothing = "unit:false directory:false";

TEST_F(OwnSystemd, GivesItsUserAScope) {
  const std::string seen = beside_own_systemd(Session::kInService, [&] {
    Runtime made = runtime();
    Child child = made.create(box());
    const std::string created = cgroup_of(child.pid());
    made.start(id_);
    // Later commands know it without being told, and without the environment.
    ::unsetenv("XDG_RUNTIME_DIR");
    Runtime later = runtime(CgroupManager::kSelf);
    Child exec = later.exec({.id = id_, .args = {"/usr/bin/sleep", "100"}, .stdio = {-1, -1, -1}});
    const std::string joined = cgroup_of(exec.pid());
    later.pause(id_);
    const auto paused = later.state(id_).status;
    later.resume(id_);
    const std::size_t processes = later.processes(id_).size();
    end(later, id_, child, exec);
    return fmt::format("{} {} {} {} {}", created, joined, paused == spec::Status::kPaused,
                       processes, deleted(later));
  });
  EXPECT_EQ(seen, fmt::format("{} {} true 2 {}", kExpected, kExpected, kNothing));
}

// As engines run it for their users: root of a namespace where the user's number is another.
TEST_F(OwnSystemd, GivesARootOfAUserNamespaceAScope) {
  const std::string seen = beside_own_systemd(Session::kInService, [&] {
    if (::unshare(CLONE_NEWUSER) != 0) throw sys_error(errno, "unshare the user namespace");
    write_all(open_file("/proc/self/setgroups", O_WRONLY).get(), "deny", "setgroups");
    for (const char* map : {"uid_map", "gid_map"}) {
      write_all(open_file(fmt::format("/proc/self/{}", map), O_WRONLY).get(),
                fmt::format("0 {} 1", sys::kOrdinaryUser), map);
    }
    ::unsetenv("XDG_RUNTIME_DIR");
    Runtime made = runtime();
    const Child child = made.create(box());
    made.start(id_);
    const std::string running = cgroup_of(child.pid());
    return running + " " + deleted(made);
  });
  EXPECT_EQ(seen, fmt::format("{} {}", kExpected, kNothing));
}

// The kernel lets a user move no process in from there: systemd does.
TEST_F(OwnSystemd, TakesProcessesOfASessionElsewhere) {
  if (::access("/usr/bin/dbus-daemon", X_OK) != 0) GTEST_SKIP() << "there is no dbus-daemon";
  const std::string seen = beside_own_systemd(Session::kElsewhere, [&] {
    const std::string here = cgroup_of(::getpid());
    Runtime made = runtime();
    Child child = made.create(box());
    made.start(id_);
    const std::string running = cgroup_of(child.pid());
    Child exec = made.exec({.id = id_, .args = {"/usr/bin/sleep", "100"}, .stdio = {-1, -1, -1}});
    const std::string joined = cgroup_of(exec.pid());
    end(made, id_, child, exec);
    return fmt::format("{} {} {} {}", here, running, joined, deleted(made));
  });
  EXPECT_EQ(seen, fmt::format("/tests {} {} {}", kExpected, kExpected, kNothing));
}

// Also when systemd has written them anew. Where the host has its controllers in v1, none is
// delegated.
TEST_F(OwnSystemd, KeepsTheLimitsThatAreDelegated) {
  if (!cgroup::Layout::detect().is_pure_v2()) GTEST_SKIP() << "this host has controllers in v1";
  const std::string seen = beside_own_systemd(Session::kInService, [&] {
    Runtime made = runtime();
    made.create(box(R"(, "resources": {"memory": {"limit": 64000000, "swap": 64000000},
        "pids": {"limit": 50}, "cpu": {"quota": 20000, "period": 100000, "shares": 512}})"));
    made.update(id_, {.pids_limit = 40});
    const auto look = [] {
      std::string all;
      for (const char* file :
           {"memory.max", "memory.swap.max", "pids.max", "cpu.max", "cpu.weight"}) {
        const std::string path = fmt::format("/sys/fs/cgroup{}/{}", kScope, file);
        if (std::filesystem::exists(path)) all += read_file(path);
      }
      std::ranges::replace(all, '\n', ';');
      return all;
    };
    const std::string before = look();
    const int status = std::system("/usr/bin/systemctl --user daemon-reload");
    cgroup::SystemdManager::connect(kSocket).set(kUnit, {{"IOWeight", std::uint64_t{50}}});
    const std::string after = look();
    return fmt::format("{}{};{} {}", before, status, after, deleted(made));
  });
  const std::string limits = "64000000;0;40;20000 100000;59;";
  EXPECT_EQ(seen, fmt::format("{}0;{} {}", limits, limits, kNothing));
}

TEST_F(OwnSystemd, RefusesALimitThatIsNotDelegated) {
  const std::string seen = beside_own_systemd(Session::kInService, [&] {
    Runtime made = runtime();
    const std::string created =
        failure_of([&] { made.create(box(R"(, "resources": {"cpu": {"cpus": "0"}})")); });
    const std::string nothing = fmt::format(
        "{} {}", made.list().size(),
        std::filesystem::exists(fmt::format("/sys/fs/cgroup{}/user.slice", kUserService)));
    made.create(box());
    spec::Resources more;
    more.unified = {{"hugetlb.2MB.max", "0"}};
    const std::string changed = failure_of([&] { made.update(id_, more); });
    return fmt::format("{}; {}; {}; {}", created, nothing, changed, deleted(made));
  });
  EXPECT_THAT(seen, AllOf(HasSubstr("linux.resources.cpu.cpus: needs the cgroup controller cpuset, "
                                    "which is not delegated to user 54321: /sys/fs/cgroup/"),
                          HasSubstr("; 0 false; "),
                          HasSubstr("linux.resources.unified.hugetlb.2MB.max: needs the cgroup "
                                    "controller hugetlb, which is not delegated"),
                          testing::EndsWith(kNothing)));
}

TEST_F(OwnSystemd, KeepsNothingOfARuntimeThatIsKilled) {
  const std::string seen = beside_own_systemd(Session::kInService, [&] {
    return kill_amid(
        runtime().root(), [&] { runtime().create(box()); },
        [&] {
          Runtime made = runtime(CgroupManager::kSelf);
          made.recover();
          made.remove(id_, true);
          // systemd hears of an empty scope by itself.
          std::string now;
          for (int i = 0; i < 500 && (now = deleted(made)) != kNothing; ++i) {
            std::this_thread::sleep_for(10ms);
          }
          return now == kNothing ? "" : now;
        });
  });
  EXPECT_EQ(seen, "");
}

TEST_F(OwnSystemd, IsNamedWhereItDoesNotListen) {
  const std::string seen = beside_own_systemd(Session::kInService, [&] {
    ::setenv("XDG_RUNTIME_DIR", "/run/user/none", 1);
    Runtime made = runtime();
    return failure_of([&] { made.create(box()); });
  });
  EXPECT_THAT(seen, HasSubstr("--systemd-cgroup: no systemd to ask for a cgroup: "
                              "/run/user/none/systemd/private: ENOENT"));
}

TEST_F(OwnSystemd, IsGivenNothingToRestore) {
  const std::string seen = beside_own_systemd(Session::kInService, [&] {
    Runtime made = runtime();
    box();
    return failure_of(
        [&] { made.restore({.id = id_, .bundle = dir_.path(), .criu = {.images = dir_.path()}}); });
  });
  EXPECT_THAT(seen, HasSubstr("checkpoints need privileges over the host"));
}

TEST_F(OwnSystemd, NeedsV2Alone) {
  if (cgroup::Layout::detect().is_pure_v2()) GTEST_SKIP() << "this host has v2 alone";
  ASSERT_EQ(::chown(dir_.path().c_str(), sys::kOrdinaryUser, sys::kOrdinaryUser), 0);
  const std::string refusal = sys::as_ordinary_user([&] {
    Runtime made = runtime();
    return failure_of([&] { made.create(box()); });
  });
  EXPECT_THAT(refusal, HasSubstr("--systemd-cgroup: as user 54321 it needs a host with cgroup v2 "
                                 "alone"));
}

}  // namespace
}  // namespace seatrial::runtime
