// Containers whose cgroups systemd makes, beside a systemd of the test's own.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <future>
#include <thread>

#include "engine/cgroup/device_rule_fixture.h"
#include "engine/cgroup/systemd_manager.h"
#include "engine/runtime/record.h"
#include "engine/runtime/systemd_fixture.h"
#include "engine/sys/ordinary_user.h"

namespace seatrial::runtime {
namespace {

using namespace std::chrono_literals;
using cgroup::SystemdManager;
using testing::AllOf;
using testing::HasSubstr;

constexpr const char* kUnit = "test-box.scope";

class SystemdCgroup : public SystemdTest {
 protected:
  Runtime runtime(CgroupManager manager = CgroupManager::kSystemd) const {
    return Runtime(dir_.path() / "state", Rootless::kDetect, manager);
  }
};

// The container's directories that stand, by the names of their hierarchies.
std::string standing(std::string_view cgroup) {
  std::string names;
  const cgroup::Layout layout = cgroup::Layout::detect();
  for (const cgroup::Hierarchy& each : layout.hierarchies()) {
    if (std::filesystem::exists(fmt::format("{}{}", each.mountpoint, cgroup))) {
      names += (each.v2 ? "v2" : each.name) + " ";
    }
  }
  return names;
}

// "whole" where the process is in this cgroup in each hierarchy; else where it is.
std::string membership(pid_t pid, std::string_view cgroup) {
  const std::string text = read_file(fmt::format("/proc/{}/cgroup", pid));
  const auto lines = std::ranges::count(text, '\n');
  std::ptrdiff_t here = 0;
  for (std::size_t at = 0; (at = text.find(fmt::format(":{}\n", cgroup), at)) != text.npos; ++at) {
    ++here;
  }
  // Where v1 is at work, the tree of v2 is not shown here.
  const bool hybrid = text.find("\n0::/") != text.npos;
  return here >= lines - (hybrid ? 1 : 0) ? "whole" : text;
}

constexpr const char* kRaceScope = "race.slice:test:box";
constexpr const char* kFirstStays = "running whole known, 1 listed";

// What there is of the container that came first, which then goes.
std::string end_of_race(Runtime& made, const std::string& id, const Child& first) {
  const std::string seen = fmt::format(
      "{} {} {}, {} listed", spec::to_string(made.state(id).status),
      membership(first.pid(), "/race.slice/test-box.scope"),
      SystemdManager::connect(cgroup::kSystemdOfHost).description(kUnit) ? "known" : "unknown",
      made.list().size());
  made.remove(id, true);
  return seen;
}

TEST_F(SystemdCgroup, IsAScopeThatTheContainerIsWhollyIn) {
  const std::string seen = beside_systemd([&] {
    Runtime made = runtime();
    CreateRequest wanted = request("exec sleep 100", "system.slice:test:box",
                                   R"(, "resources": {"pids": {"limit": 50}})");
    wanted.detached = true;
    Child child = made.create(wanted);
    const std::string created = membership(child.pid(), "/system.slice/test-box.scope");
    made.start(id_);
    const bool known =
        cgroup::SystemdManager::connect(cgroup::kSystemdOfHost).description(kUnit).has_value();
    const std::string running = membership(child.pid(), "/system.slice/test-box.scope");
    // Later commands know it without being told.
    Runtime later = runtime(CgroupManager::kSelf);
    later.update(id_, {.pids_limit = 40});
    const auto limit = later.stats(id_).pids_max;
    later.kill(id_, SIGKILL);
    child.wait();
    later.remove(id_);
    return fmt::format(
        "{} {} {} {}; {}{}", created, running, known, limit.value_or(0),
        cgroup::SystemdManager::connect(cgroup::kSystemdOfHost).description(kUnit).has_value(),
        standing("/system.slice/test-box.scope"));
  });
  EXPECT_EQ(seen, "whole whole true 40; false");
}

TEST_F(SystemdCgroup, OfARunInTheForeground) {
  const std::string seen = beside_systemd([&] {
    Runtime made = runtime();
    const UniqueFd file = open_file(dir_.path() / "out", O_CREAT | O_WRONLY, 0600);
    CreateRequest wanted = request("grep -c :/system.slice/seatrial- /proc/self/cgroup", "");
    wanted.stdio = {-1, file.get(), -1};
    Child child = made.run(wanted);
    child.wait();
    made.remove(id_);
    return read_file(dir_.path() / "out") +
           standing(fmt::format("/system.slice/seatrial-{}.scope", id_));
  });
  EXPECT_THAT(seen, testing::MatchesRegex("[1-9][0-9]*\n"));
}

// systemd writes a unit's files anew now and then, as on daemon-reload: limits and devices stay.
TEST_F(SystemdCgroup, KeepsWhatSystemdWritesAnew) {
  const std::string seen = beside_systemd([&] {
    Runtime made = runtime();
    CreateRequest wanted = request("exec sleep 100", "system.slice:test:box", R"(, "resources": {
      "devices": [{"allow": false, "access": "rwm"},
                  {"allow": true, "type": "c", "major": 10, "minor": 229, "access": "rw"}],
      "pids": {"limit": 50}, "cpu": {"quota": 20000, "period": 100000}})");
    wanted.detached = true;
    made.create(wanted);
    const auto look = [] {
      std::string all;
      const std::string scope = "/system.slice/test-box.scope";
      for (const char* file : {"pids%/pids.max", "cpu%/cpu.cfs_quota_us", "devices%/devices.list",
                               "%/pids.max", "%/cpu.max"}) {
        std::string path = fmt::format("/sys/fs/cgroup/{}", file);
        path.replace(path.find('%'), 1, scope);
        if (std::filesystem::exists(path)) all += read_file(path);
      }
      return all;
    };
    const std::string before = look();
    const int status = std::system("/usr/bin/systemctl daemon-reload");
    cgroup::SystemdManager::connect(cgroup::kSystemdOfHost)
        .set(kUnit, {{"CPUWeight", std::uint64_t{50}}});
    const std::string after = look();
    made.remove(id_, true);
    return before == after ? fmt::format("kept {}\n{}", status, before) : before + "->\n" + after;
  });
  EXPECT_THAT(seen, AllOf(testing::StartsWith("kept 0\n"), HasSubstr("50\n"),
                          testing::AnyOf(HasSubstr("c 10:229 rw\n"), HasSubstr("20000 100000"))));
}

// Whom the kernel keeps out is told apart from whom no driver answers.
std::string opening(Runtime& made, const std::string& id, const std::string& node) {
  const TempDir dir(std::filesystem::temp_directory_path());
  const UniqueFd file = open_file(dir.path() / "said", O_CREAT | O_WRONLY, 0600);
  made.exec({.id = id,
             .args = {"/usr/bin/sh", "-c", ": <" + node},
             .stdio = {-1, file.get(), file.get()}})
      .wait();
  const std::string said = read_file(dir.path() / "said");
  return node + (said.find("not permitted") != said.npos ? " is kept out" : " is let in");
}

std::string devices_in_systemd() {
  const TempDir dir(std::filesystem::temp_directory_path());
  const std::filesystem::path file = dir.path() / "said";
  const int status = std::system(
      fmt::format("/usr/bin/systemctl show -p DeviceAllow {} >{}", kUnit, file.native()).c_str());
  const std::string said = status == 0 ? read_file(file) : "systemctl fails";
  std::string found;
  for (const char* number : {"10:229", "10:237"}) {
    if (said.find(fmt::format("/{} ", number)) != said.npos) found += fmt::format(" {}", number);
  }
  return found.empty() ? said : "systemd has" + found;
}

// systemd adds to the devices that it has, and writes them all when it writes a unit's files anew.
TEST_F(SystemdCgroup, ForgetsADeviceThatAnUpdateLeavesOut) {
  if (cgroup::Layout::detect().find("devices") == nullptr) {
    GTEST_SKIP() << "this host has no devices of v1";
  }
  for (const auto& [name, minor] : {std::pair{"old", 229U}, {"new", 237U}}) {
    const std::filesystem::path node = dir_.path() / "rootfs" / name;
    ASSERT_EQ(::mknod(node.c_str(), S_IFCHR | 0600, ::makedev(10, minor)), 0);
  }
  const std::string seen = beside_systemd([&] {
    Runtime made = runtime();
    CreateRequest wanted = request("exec sleep 100", "system.slice:test:box", R"(, "resources": {
      "devices": [{"allow": false, "access": "rwm"},
                  {"allow": true, "type": "c", "major": 10, "minor": 229, "access": "rwm"}]})");
    wanted.detached = true;
    made.run(wanted);
    const auto look = [&] {
      return fmt::format("{}, {}, {}; ", opening(made, id_, "/old"), opening(made, id_, "/new"),
                         devices_in_systemd());
    };
    std::string all = look();
    spec::Resources changed;
    changed.devices = {cgroup::rule(false), cgroup::rule(true, 'c', 10, 237)};
    made.update(id_, changed);
    all += look();
    const int status = std::system("/usr/bin/systemctl daemon-reload");
    SystemdManager::connect(cgroup::kSystemdOfHost).set(kUnit, {{"CPUWeight", std::uint64_t{50}}});
    all += fmt::format("{}: {}", status, look());
    made.remove(id_, true);
    return all;
  });
  EXPECT_EQ(seen,
            "/old is let in, /new is kept out, systemd has 10:229; "
            "/old is kept out, /new is let in, systemd has 10:237; "
            "0: /old is kept out, /new is let in, systemd has 10:237; ");
}

TEST_F(SystemdCgroup, IsRefusedWhereTheUnitIsSomebodyElses) {
  const std::string seen = beside_systemd([&] {
    Runtime made = runtime();
    CreateRequest wanted = request("exec sleep 100", "system.slice:test:box");
    wanted.detached = true;
    const Child first = made.create(wanted);
    wanted.id = "second";
    const std::string refusal = failure_of([&] { made.create(wanted); });
    const std::string still = membership(first.pid(), "/system.slice/test-box.scope");
    made.remove(id_, true);
    return fmt::format("{}; {}; {}", refusal, still, made.list().size());
  });
  EXPECT_EQ(
      seen,
      "create second: linux.cgroupsPath: systemd has a unit test-box.scope already; whole; 0");
}

// Both have looked by then, and found neither unit nor slice.
TEST_F(SystemdCgroup, StaysWithTheFirstOfTwo) {
  const std::string seen = beside_systemd([&] {
    CreateRequest wanted = request("exec sleep 100", kRaceScope);
    wanted.detached = true;
    CreateRequest late = wanted;
    late.id = "second";
    InPlaceOfSystemd between;
    auto refusal =
        std::async(std::launch::async, [&] { return failure_of([&] { runtime().create(late); }); });
    Runtime made = runtime();
    std::optional<Child> first;
    between.serve([&] { first = made.run(wanted); });
    const std::string second = refusal.get();
    return fmt::format("{}; {}", second, end_of_race(made, id_, *first));
  });
  EXPECT_THAT(seen, AllOf(HasSubstr("create second: systemd, asked for StartTransientUnit: "),
                          HasSubstr(kUnit), testing::EndsWith(kFirstStays)));
}

// The record of the one that was killed names what it meant to make, and others have made.
class SystemdCgroupOfAKilledSecond : public SystemdCgroup {
 protected:
  std::string clean(const std::function<void(Runtime&, const std::string& second)>& act) {
    return beside_systemd([&] {
      CreateRequest wanted = request("exec sleep 100", kRaceScope);
      wanted.detached = true;
      CreateRequest late = wanted;
      late.id = "second";
      InPlaceOfSystemd between;
      const pid_t killed = ::fork();
      if (killed == 0) {
        runtime().create(late);
        ::_exit(0);
      }
      Runtime made = runtime();
      std::optional<Child> first;
      between.serve([&] {
        first = made.run(wanted);
        ::kill(killed, SIGKILL);
        ::waitpid(killed, nullptr, 0);
      });
      const std::size_t before = made.list().size();
      act(made, late.id);
      return fmt::format("{}; {}", before, end_of_race(made, id_, *first));
    });
  }
};

TEST_F(SystemdCgroupOfAKilledSecond, StaysWithTheFirstInRecover) {
  EXPECT_EQ(clean([](Runtime& made, const std::string&) { made.recover(); }),
            fmt::format("2; {}", kFirstStays));
}

TEST_F(SystemdCgroupOfAKilledSecond, StaysWithTheFirstInDelete) {
  EXPECT_EQ(clean([](Runtime& made, const std::string& second) { made.remove(second, true); }),
            fmt::format("2; {}", kFirstStays));
}

// A limit that cannot be kept makes create fail after systemd has made the scope.
TEST_F(SystemdCgroup, GoesWithACreateThatFails) {
  const std::string seen = beside_systemd([&] {
    Runtime made = runtime();
    CreateRequest wanted =
        request("true", "system.slice:test:box", R"(, "resources": {"cpu": {"cpus": "4000"}})");
    wanted.detached = true;
    const std::string refusal = failure_of([&] { made.create(wanted); });
    return fmt::format(
        "{}; {}{}", refusal,
        cgroup::SystemdManager::connect(cgroup::kSystemdOfHost).description(kUnit).has_value(),
        standing("/system.slice/test-box.scope"));
  });
  EXPECT_THAT(seen,
              AllOf(HasSubstr("linux.resources.cpu.cpus: 4000"), testing::EndsWith("; false")));
}

// Killed between the scope's making and the record of what was made: what is left is found.
TEST_F(SystemdCgroup, GoesWithARuntimeThatIsKilled) {
  const std::string seen = beside_systemd([&] {
    CreateRequest wanted = request("exec sleep 100", "system.slice:test:box");
    wanted.detached = true;
    return kill_amid(
        runtime().root(), [&] { runtime().create(wanted); },
        [&] {
          Runtime made = runtime(CgroupManager::kSelf);
          made.recover();
          made.remove(id_, true);
          const auto is_known = [] {
            return SystemdManager::connect(cgroup::kSystemdOfHost).description(kUnit).has_value();
          };
          // systemd hears of an empty scope by itself.
          for (int i = 0; i < 500 && is_known(); ++i) std::this_thread::sleep_for(10ms);
          return (is_known() ? "unit " : "") + standing("/system.slice/test-box.scope");
        });
  });
  EXPECT_EQ(seen, "");
}

// In hierarchies of v1 that systemd leaves alone, the slice is the runtime's own making.
TEST_F(SystemdCgroup, LeavesNoEmptySliceOfARuntimeThatIsKilled) {
  const cgroup::Layout layout = cgroup::Layout::detect();
  const cgroup::Hierarchy* const freezer = layout.find("freezer");
  if (freezer == nullptr) GTEST_SKIP() << "this host has no freezer of v1";
  const std::string slice = fmt::format("{}/{}.slice", freezer->mountpoint, id_);
  const std::string other = fmt::format("{}/{}-other.slice", freezer->mountpoint, id_);
  const Record record{
      .phase = Phase::kCreating,
      .boot = read_file("/proc/sys/kernel/random/boot_id").substr(0, 36),
      .planned_cgroups = {slice, slice + "/test-box.scope", other, other + "/test-box.scope"},
      .scope = kUnit,
      .systemd = "/none"};
  const std::filesystem::path state = dir_.path() / "state" / id_;
  std::filesystem::create_directories(state);
  write_file_atomically(state / "record.jsonl", print_record(record) + "\n");
  std::filesystem::create_directories(slice + "/test-box.scope");
  std::filesystem::create_directories(other + "/somebody");
  EXPECT_THAT(runtime().recover(), testing::ElementsAre(id_));
  EXPECT_FALSE(std::filesystem::exists(slice));
  EXPECT_TRUE(std::filesystem::exists(other + "/somebody"));
  ::rmdir((other + "/somebody").c_str());
  ::rmdir(other.c_str());
}

TEST_F(SystemdCgroup, NeedsASystemd) {
  const std::string refusal = sys::in_child([&] {
    if (::unshare(CLONE_NEWNS) != 0 ||
        ::mount(nullptr, "/", nullptr, MS_PRIVATE | MS_REC, nullptr) != 0 ||
        ::mount("t", "/run", "tmpfs", 0, nullptr) != 0) {
      throw sys_error(errno, "mount a tmpfs");
    }
    Runtime made = runtime();
    return failure_of([&] { made.run(request("true", "system.slice:test:box")); });
  });
  EXPECT_THAT(refusal, HasSubstr("--systemd-cgroup: no systemd to ask for a cgroup: "
                                 "/run/systemd/private: ENOENT"));
}

TEST_F(SystemdCgroup, IsInThePlan) {
  request("true", "a-b.slice:test:box");
  EXPECT_THAT(plan_text(dir_.path(), CgroupManager::kSystemd),
              HasSubstr("/a.slice/a-b.slice/test-box.scope"));
}

TEST_F(SystemdCgroup, WantsAPathInThreeParts) {
  Runtime made = runtime();
  EXPECT_THAT(failure_of([&] { made.run(request("true", "/a/b")); }),
              HasSubstr("linux.cgroupsPath: /a/b: it does not have three parts; with "
                        "--systemd-cgroup it is SLICE:PREFIX:NAME"));
}

}  // namespace
}  // namespace seatrial::runtime
