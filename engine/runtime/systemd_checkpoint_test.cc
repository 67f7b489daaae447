// Containers in scopes of systemd's that go through checkpoint and restore. What needs CRIU's real
// work is tried in a lane (lane.systemd); the rest has a script say what CRIU would.
#include <gmock/gmock.h>
#include <sys/wait.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <thread>

#include "engine/cgroup/systemd_manager.h"
#include "engine/runtime/criu.h"
#include "engine/runtime/systemd_fixture.h"

namespace seatrial::runtime {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr const char* kPath = "system.slice:test:box";
// In a shell below: CRIU cannot stop one that waits in vfork(2) until its child executes.
constexpr const char* kCounting =
    "i=0; while :; do i=$((i+1)); echo $i > /counter; (exec /usr/bin/sleep 0.05); done";

std::string unit_of(const std::string& name) {
  return fmt::format("test-{}.scope", name);
}

std::string cgroup_of(const std::string& name) {
  return "/system.slice/" + unit_of(name);
}

bool has_unit(const std::string& name) {
  cgroup::SystemdManager manager = cgroup::SystemdManager::connect(cgroup::kSystemdOfHost);
  return manager.description(unit_of(name)).has_value();
}

// What is left of the scope: nothing, at best. systemd hears a moment later that one is empty.
std::string left(const std::string& name = "box") {
  for (int i = 0; i < 500 && has_unit(name); ++i) std::this_thread::sleep_for(10ms);
  std::string all = has_unit(name) ? "unit " : "";
  const cgroup::Layout layout = cgroup::Layout::detect();
  for (const cgroup::Hierarchy& each : layout.hierarchies()) {
    if (fs::exists(each.mountpoint + cgroup_of(name))) all += each.mountpoint + " ";
  }
  return all;
}

class SystemdCheckpoint : public SystemdTest {
 protected:
  Runtime runtime(CgroupManager manager = CgroupManager::kSystemd) const {
    return Runtime(dir_.path() / "state", Rootless::kDetect, manager);
  }

  RestoreRequest restoring(const CriuRequest& criu) const {
    return {
        .id = id_, .bundle = dir_.path(), .criu = criu, .stdio = {-1, -1, -1}, .detached = true};
  }

  // A script in CRIU's place that says that it works and does `work`, descriptor 3 being the
  // conversation; and images that the runtime takes for some.
  CriuRequest instead_of_criu(const std::string& work) const {
    fs::create_directories(images_);
    write_file_atomically(images_ / "descriptors.json", "[]");
    const fs::path program = dir_.path() / "criu";
    write_file_atomically(
        program, fmt::format("#!/bin/sh\nif [ $1 = check ]; then exit 0; fi\n{}\n", work), 0755);
    return {.program = program, .images = images_};
  }

  static std::string lack_of_criu() {
    try {
      criu::require_program({});
      return {};
    } catch (const Error& lack) {
      return lack.what();
    }
  }

  // What stays of a restore that was killed.
  std::string cleaned() const {
    Runtime later = runtime(CgroupManager::kSelf);
    later.recover();
    later.remove(id_, true);
    return left();
  }

  int counted() const { return fs::exists(counter_) ? std::atoi(read_file(counter_).c_str()) : 0; }

  bool counts_beyond(int number) const {
    for (int i = 0; i < 6000 && counted() <= number; ++i) std::this_thread::sleep_for(10ms);
    return counted() > number;
  }

  // What systemd says of the unit.
  std::string shown(const std::string& name) const {
    const bool v2 = cgroup::Layout::detect().is_pure_v2();
    const fs::path file = dir_.path() / "shown";
    const std::string command =
        fmt::format("/usr/bin/systemctl show -p ActiveState -p Description -p {} {} >{}",
                    v2 ? "MemoryMax" : "MemoryLimit", unit_of(name), file.native());
    return std::system(command.c_str()) == 0 ? read_file(file) : "systemctl fails";
  }

  const fs::path images_ = dir_.path() / "images";
  const fs::path counter_ = dir_.path() / "rootfs/counter";
};

// "whole" where the process is in the scope in each hierarchy that has one; else where it is.
std::string membership(pid_t pid, const std::string& name = "box") {
  const std::string text = read_file(fmt::format("/proc/{}/cgroup", pid));
  const cgroup::Layout layout = cgroup::Layout::detect();
  std::size_t here = 0;
  const std::string place = fmt::format(":{}\n", cgroup_of(name));
  for (std::size_t at = 0; (at = text.find(place, at)) != text.npos; ++at) {
    ++here;
  }
  return here == layout.hierarchies().size() ? "whole" : text;
}

// With CRIU's real work: once under the name that it had, once under another.
TEST_F(SystemdCheckpoint, GoesOnInAScopeOfItsOwn) {
  if (const std::string lack = lack_of_criu(); !lack.empty()) GTEST_SKIP() << lack;
  const std::string limit = R"(, "resources": {"memory": {"limit": 104857600}})";
  const std::string seen = beside_systemd([&] {
    Runtime made = runtime();
    CreateRequest wanted = request(kCounting, "system.slice:test:first", limit);
    wanted.detached = true;
    Child first = made.run(wanted);
    if (!counts_beyond(20)) return std::string("it does not count");
    runtime(CgroupManager::kSelf).checkpoint({.id = id_, .criu = {.images = images_}});
    first.wait(5s);
    std::string all = fmt::format("{}{}", left("first"), made.list().size());
    const int last = counted();
    for (const std::string name : {"first", "box"}) {
      fs::remove(counter_);
      request(kCounting, "system.slice:test:" + name, limit);
      // systemd has made the directories, for this container: none was there before.
      Child child = made.restore(restoring({.images = images_, .manage_cgroups = "strict"}));
      all += fmt::format("; {} {}", membership(child.pid(), name), shown(name));
      all += counts_beyond(0) && counted() > last ? "counts" : "does not go on";
      made.remove(id_, true);
      child.wait(5s);
      all += left(name);
    }
    return all;
  });
  const std::string each = fmt::format(
      "; whole Memory(Max|Limit)=104857600\nDescription=container {}, created "
      "2[^\n]*\nActiveState=active\ncounts",
      id_);
  EXPECT_THAT(seen, testing::MatchesRegex("0" + each + each));
}

TEST_F(SystemdCheckpoint, LeavesNothingOfARestoreThatFails) {
  const std::string seen = beside_systemd([&] {
    request("true", kPath);
    const fs::path where = dir_.path() / "where";
    // In the scope, and alone: who held the place for it has gone.
    const CriuRequest criu = instead_of_criu(fmt::format(
        "head -c 1 <&3 >/dev/null; here=$(cat /sys/fs/cgroup{0}/cgroup.procs "
        "/sys/fs/cgroup/*{0}/cgroup.procs); for each in $here; do cat /proc/$each/comm; "
        "done >{1}; exit 7",
        cgroup_of("box"), where.native()));
    Runtime made = runtime();
    const std::string failure = failure_of([&] { made.restore(restoring(criu)); });
    return fmt::format("{}; {}; {}{}", failure, read_file(where), left(), made.list().size());
  });
  EXPECT_THAT(seen, testing::MatchesRegex("restore .*: criu hung up without a word; (criu\n)+; 0"));
}

TEST_F(SystemdCheckpoint, IsRefusedWhereTheUnitIsSomebodyElses) {
  const std::string seen = beside_systemd([&] {
    Runtime made = runtime();
    CreateRequest wanted = request("exec sleep 100", kPath);
    wanted.detached = true;
    const Child first = made.create(wanted);
    RestoreRequest restore = restoring(instead_of_criu("exit 7"));
    restore.id = "second";
    const std::string refusal = failure_of([&] { made.restore(restore); });
    const std::string still = membership(first.pid());
    const std::size_t count = made.list().size();
    made.remove(id_, true);
    return fmt::format("{}; {}; {}", refusal, still, count);
  });
  EXPECT_EQ(
      seen,
      "restore second: linux.cgroupsPath: systemd has a unit test-box.scope already; whole; 1");
}

// Wherever it is just then, last when CRIU has begun, which does not end by itself.
TEST_F(SystemdCheckpoint, GoesWithARuntimeThatIsKilled) {
  const std::string seen = beside_systemd([&] {
    request("true", kPath);
    const fs::path begun = dir_.path() / "begun";
    const CriuRequest criu =
        instead_of_criu(fmt::format("echo >{}; exec cat <&3 >/dev/null", begun.native()));
    std::string all;
    std::chrono::microseconds delay{};
    for (; !fs::exists(begun) && delay < 60s; delay += delay / 4 + 1ms) {
      const pid_t killed = ::fork();
      if (killed == 0) {
        runtime().restore(restoring(criu));
        ::_exit(0);
      }
      std::this_thread::sleep_for(delay);
      ::kill(killed, SIGKILL);
      ::waitpid(killed, nullptr, 0);
      all += cleaned();
    }
    return all + (fs::exists(begun) ? "" : "it does not begin");
  });
  EXPECT_EQ(seen, "");
}

TEST_F(SystemdCheckpoint, GoesWithARuntimeThatIsKilledWhileCriuRestores) {
  if (const std::string lack = lack_of_criu(); !lack.empty()) GTEST_SKIP() << lack;
  const std::string seen = beside_systemd([&] {
    Runtime made = runtime();
    CreateRequest wanted = request(kCounting, kPath);
    wanted.detached = true;
    Child first = made.run(wanted);
    if (!counts_beyond(0)) return std::string("it does not count");
    made.checkpoint({.id = id_, .criu = {.images = images_}});
    first.wait(5s);
    return kill_amid(
        made.root(), [&] { runtime().restore(restoring({.images = images_})); },
        [&] { return cleaned(); });
  });
  EXPECT_EQ(seen, "");
}

}  // namespace
}  // namespace seatrial::runtime
