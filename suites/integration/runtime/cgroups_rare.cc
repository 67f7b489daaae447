// linux.resources: what needs a kernel or a moment of its own.
#include <fcntl.h>
#include <sys/stat.h>

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

// The case's own parent in the v1 hierarchy of that controller; it goes with the case.
fs::path parent_in(const char* controller) {
  for (const Hierarchy& hierarchy : mounted_hierarchies()) {
    if (hierarchy.unified || !hierarchy.has(controller)) continue;
    fs::path parent = hierarchy.mountpoint.native() + current_site().cgroup_parent;
    if (::mkdir(parent.c_str(), 0755) != 0 && errno != EEXIST) {
      throw seatrial::sys_error(errno, "make {}", parent.native());
    }
    return parent;
  }
  throw Lack(std::string("no hierarchy with the ") + controller + " controller is mounted");
}

void write(const fs::path& file, const std::string& text) {
  seatrial::write_all(seatrial::open_file(file, O_WRONLY).get(), text, file.native());
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

// How a weight is converted is the engine's: what counts is which one weighs more.
TRIAL(BlockIoWeight, WeighsMoreWhereItIsGreater, Clauses{"runtime/resources/blkio-weight"},
      Needs{Feature::kIoWeight}) {
  const auto weight_of = [&](const char* block_io) {
    auto box = target().create(Bundle::minimal().set_json("/linux/resources/blockIO", block_io));
    const std::string text = box.cgroup_file("io", "io.weight");  // "default 100"
    return std::stoi(text.substr(text.find(' ') + 1));
  };
  const int light = weight_of(R"({"weight": 10})");
  const int usual = weight_of("{}");
  const int heavy = weight_of(R"({"weight": 1000})");
  EXPECT_LT(light, usual);
  EXPECT_LT(usual, heavy);
}
