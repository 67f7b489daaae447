// linux.resources: what needs a kernel or a moment of its own.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <string>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "harness/core/lack.h"
#include "harness/fixtures/case.h"
#include "harness/fixtures/case_site.h"

namespace {

namespace fs = std::filesystem;

void write(const fs::path& file, const std::string& text) {
  seatrial::write_all(seatrial::open_file(file, O_WRONLY).get(), text, file.native());
}

std::string read(const fs::path& file) {
  std::string text = seatrial::read_file(file);
  if (text.ends_with('\n')) text.pop_back();
  return text;
}

fs::path made(const fs::path& directory) {
  if (::mkdir(directory.c_str(), 0755) != 0 && errno != EEXIST) {
    throw seatrial::sys_error(errno, "make {}", directory.native());
  }
  return directory;
}

// The case's own parent in the hierarchy of that controller, which its children have; it goes with
// the case.
fs::path parent_in(const std::string& controller) {
  for (const Hierarchy& hierarchy : mounted_hierarchies()) {
    if (!hierarchy.has(controller)) continue;
    fs::path parent = made(hierarchy.mountpoint.native() + current_site().cgroup_parent);
    if (hierarchy.unified) {
      if (!read(parent / "cgroup.controllers").contains(controller)) {
        throw Lack("the root of this host gives no cgroup the " + controller + " controller");
      }
      write(parent / "cgroup.subtree_control", "+" + controller);
    }
    return parent;
  }
  throw Lack("no hierarchy with the " + controller + " controller is mounted");
}

}  // namespace

// A cgroup has no more real-time budget than its parent, which has none by itself.
TRIAL(RealTimeBudget, IsTheOneOfTheConfiguration,
      Clauses{"runtime/resources/cpu-realtime-runtime", "runtime/resources/cpu-realtime-period"},
      Needs{Feature::kCpuCgroup, Feature::kCgroupV1}) {
  const fs::path parent = parent_in("cpu");
  if (!fs::exists(parent / "cpu.rt_runtime_us")) {
    throw Lack("this kernel does not schedule groups of real-time tasks");
  }
  write(parent / "cpu.rt_runtime_us", "4000");
  auto box = target().create(Bundle::minimal().set_json(
      "/linux/resources/cpu", R"({"realtimeRuntime": 1500, "realtimePeriod": 500000})"));
  EXPECT_EQ(box.cgroup_file("cpu", "cpu.rt_runtime_us"), "1500");
  EXPECT_EQ(box.cgroup_file("cpu", "cpu.rt_period_us"), "500000");
}

namespace {

// Of the cgroup that a case has made and limited before the container that has no limit came to it.
struct Unlimited {
  std::string name;
  Clauses clauses;
  std::string memory;
  std::string file;
  std::string before;
  std::string after;
  Needs needs;
};

const std::string kNoLimitOfV1 = "9223372036854771712";

const Unlimited kUnlimited[] = {
    {"Limit",
     {"runtime/resources/memory-limit"},
     R"({"limit": -1})",
     "memory.limit_in_bytes",
     "67108864",
     kNoLimitOfV1,
     {Feature::kMemoryCgroup, Feature::kCgroupV1}},
    {"Reservation",
     {"runtime/resources/memory-reservation"},
     R"({"reservation": -1})",
     "memory.soft_limit_in_bytes",
     "33554432",
     kNoLimitOfV1,
     {Feature::kMemoryCgroup, Feature::kCgroupV1}},
    {"LimitV2",
     {"runtime/resources/memory-limit"},
     R"({"limit": -1})",
     "memory.max",
     "67108864",
     "max",
     {Feature::kMemoryCgroup, Feature::kCgroupV2}},
};

// Goes with the case where the engine leaves alone what it has not made.
class OwnCgroup {
 public:
  explicit OwnCgroup(fs::path directory) : directory_(made(directory)) {}
  OwnCgroup(const OwnCgroup&) = delete;
  OwnCgroup& operator=(const OwnCgroup&) = delete;
  ~OwnCgroup() { ::rmdir(directory_.c_str()); }

  fs::path operator/(const std::string& file) const { return directory_ / file; }

 private:
  fs::path directory_;
};

}  // namespace

// In a new cgroup nobody could tell a limit of -1 from one that was never looked at.
TRIAL_TABLE(UnlimitedMemory, kUnlimited) {
  const OwnCgroup cgroup(parent_in("memory") / "limited");
  write(cgroup / row().file, row().before);
  ASSERT_EQ(read(cgroup / row().file), row().before);  // control
  auto box =
      target().create(Bundle::minimal()
                          .set("/linux/cgroupsPath", current_site().cgroup_parent + "/limited")
                          .set_json("/linux/resources/memory", row().memory));
  EXPECT_EQ(read(cgroup / row().file), row().after);
}

// The container goes on with the limit that it had. In v1 the kernel itself refuses what it cannot
// reclaim, so that who does not check is found in v2 alone: there the container would be killed.
TRIAL(UpdateOperation, RefusesALimitBelowTheMemoryInUse,
      Clauses{"runtime/resources/memory-check-before-update"},
      Needs{Feature::kCommandLine, Feature::kMemoryCgroup, Feature::kSpec11}) {
  auto box = target().run(Bundle::minimal()
                              .set("/linux/resources/memory/limit", 67108864)
                              .probe({"alloc_here", "32"})
                              .probe({"hold"}));
  ASSERT_TRUE(box.report().answer("alloc_here").ok());
  const auto update = [&](const char* limit) {
    const std::string file = scratch_file(
        "resources.json",
        std::string(R"({"memory": {"checkBeforeUpdate": true, "limit": )") + limit + "}}");
    return target().command({"update", "--resources", file, box.id()});
  };
  EXPECT_THAT(update("8388608"), Refused());
  EXPECT_EQ(box.state().status, "running");
  EXPECT_THAT(update("100663296"), Succeeded());  // control
}

TRIAL(NetworkClass, IsTheOneOfTheConfiguration, Clauses{"runtime/resources/network-class-id"},
      Needs{Feature::kNetClsCgroup}) {
  auto box = target().create(
      Bundle::minimal().set_json("/linux/resources/network", R"({"classID": 1048577})"));
  EXPECT_EQ(box.cgroup_file("net_cls", "net_cls.classid"), "1048577");
}

TRIAL(NetworkPriorities, AreThoseOfTheConfiguration,
      Clauses{"runtime/resources/network-priorities"}, Needs{Feature::kNetPrioCgroup}) {
  auto box = target().create(Bundle::minimal().set_json(
      "/linux/resources/network", R"({"priorities": [{"name": "lo", "priority": 7}]})"));
  EXPECT_EQ(box.cgroup_file("net_prio", "net_prio.ifpriomap"), "lo 7");
}
