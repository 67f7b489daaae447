// linux.cgroupsPath and linux.resources, devices apart.
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "engine/base/files.h"
#include "harness/core/lack.h"
#include "harness/fixtures/case.h"
#include "harness/fixtures/case_site.h"

namespace {

namespace fs = std::filesystem;

// Where the process is in the hierarchies that limit anything: "pids:/path", "memory:/path"; on v2
// ":/path".
std::vector<std::string> places_of(pid_t pid) {
  std::istringstream lines(seatrial::read_file("/proc/" + std::to_string(pid) + "/cgroup"));
  std::vector<std::string> places;
  const auto is_limiting = [](const std::string& place) {
    for (const Hierarchy& hierarchy : mounted_hierarchies()) {
      if (hierarchy.controllers.empty()) continue;
      const std::string controllers = place.substr(0, place.find(':'));
      if (hierarchy.unified ? controllers.empty() : hierarchy.has(controllers)) return true;
    }
    return false;
  };
  for (std::string line; std::getline(lines, line);) {
    const std::string place = line.substr(line.find(':') + 1);
    if (is_limiting(place)) places.push_back(place);
  }
  return places;
}

Bundle holding() {
  return Bundle::minimal().probe({"hold"});
}

// The probe touches the memory in a child: it is that which dies.
Bundle exceeding() {
  return Bundle::minimal()
      .set_json("/linux/resources/memory", R"({"limit": 16777216, "swap": 16777216})")
      .probe({"alloc", "4"})
      .probe({"alloc", "32"});
}

void expect_ended(const Report& report) {
  EXPECT_THAT(report, Did("alloc", "4"));  // control
  EXPECT_FALSE(report.answer("alloc", "4").has("signal"));
  ASSERT_TRUE(report.answer("alloc", "32").has("signal"));
  EXPECT_THAT(report.answer("alloc", "32"), HasField("signal", SIGKILL));
}

}  // namespace

TRIAL(CgroupsPath, IsTakenFromTheRootOfTheHierarchyWhenAbsolute,
      Clauses{"runtime/cgroups/path-form", "runtime/cgroups/path-absolute"},
      Needs{Feature::kPidsCgroup}) {
  const std::string path = current_site().cgroup_parent + "/named";
  auto box = target().create(holding().set("/linux/cgroupsPath", path));
  EXPECT_THAT(places_of(box.pid()), AllOf(Not(IsEmpty()), Each(::testing::EndsWith(":" + path))));
  for (const Hierarchy& hierarchy : mounted_hierarchies()) {
    if (hierarchy.controllers.empty()) continue;
    EXPECT_TRUE(fs::exists(hierarchy.mountpoint.native() + path)) << hierarchy.mountpoint;
  }
}

// Where a relative path leads the engine chooses, but once for all.
TRIAL(CgroupsPath, LeadsToTheSamePlaceEveryTimeWhenRelative,
      Clauses{"runtime/cgroups/path-form", "runtime/cgroups/path-consistent"},
      Needs{Feature::kPidsCgroup}) {
  const std::string path = current_site().cgroup_parent.substr(1) + "-relative";
  const auto places = [&] {
    auto box = target().create(holding().set("/linux/cgroupsPath", path));
    return places_of(box.pid());
  };
  const auto first = places();
  EXPECT_THAT(first, Contains(ContainsRegex("/" + path + "$")));
  EXPECT_EQ(places(), first);
}

// The kernel takes no newline in the name of a cgroup, which would spoil /proc/PID/cgroup.
TRIAL(CgroupsPath, ThatCannotBeIsAnError,
      Clauses{"runtime/cgroups/path-invalid", "runtime/errors/no-trace"},
      Needs{Feature::kPidsCgroup}) {
  const auto named = [](const char* name) {
    return holding().set("/linux/cgroupsPath", current_site().cgroup_parent + "/" + name);
  };
  EXPECT_THAT(target().try_create(named("a b")), Succeeded());  // control
  auto box = target().try_create(named("a\nb"));
  EXPECT_THAT(box, Refused());
  EXPECT_FALSE(box.has_state_entry());
}

namespace {

struct Limit {
  std::string name;
  Clauses clauses;
  std::string resources;
  std::string controller;
  std::vector<std::pair<std::string, std::string>> files;  // and what they hold
  Needs needs;
};

const Limit kLimits[] = {
    {"CpuShares",
     {"runtime/resources/cpu-shares"},
     R"({"cpu": {"shares": 512}})",
     "cpu",
     {{"cpu.shares", "512"}},
     {Feature::kCpuCgroup, Feature::kCgroupV1}},
    {"CpuQuotaAndPeriod",
     {"runtime/resources/cpu-quota", "runtime/resources/cpu-period"},
     R"({"cpu": {"quota": 70000, "period": 50000}})",
     "cpu",
     {{"cpu.cfs_quota_us", "70000"}, {"cpu.cfs_period_us", "50000"}},
     {Feature::kCpuCgroup, Feature::kCgroupV1}},
    {"CpuQuotaAndPeriodV2",
     {"runtime/resources/cpu-quota", "runtime/resources/cpu-period"},
     R"({"cpu": {"quota": 70000, "period": 50000}})",
     "cpu",
     {{"cpu.max", "70000 50000"}},
     {Feature::kCpuCgroup, Feature::kCgroupV2}},
    {"CpuBurst",
     {"runtime/resources/cpu-burst"},
     R"({"cpu": {"quota": 70000, "period": 50000, "burst": 20000}})",
     "cpu",
     {{"cpu.cfs_burst_us", "20000"}},
     {Feature::kCpuCgroup, Feature::kCgroupV1, Feature::kSpec11}},
    {"CpuIdle",
     {"runtime/resources/cpu-idle"},
     R"({"cpu": {"idle": 1}})",
     "cpu",
     {{"cpu.idle", "1"}},
     {Feature::kCpuCgroup, Feature::kSpec11}},
    {"MemoryLimit",
     {"runtime/resources/memory-limit"},
     R"({"memory": {"limit": 67108864}})",
     "memory",
     {{"memory.limit_in_bytes", "67108864"}},
     {Feature::kMemoryCgroup, Feature::kCgroupV1}},
    {"MemoryLimitV2",
     {"runtime/resources/memory-limit"},
     R"({"memory": {"limit": 67108864}})",
     "memory",
     {{"memory.max", "67108864"}},
     {Feature::kMemoryCgroup, Feature::kCgroupV2}},
    {"MemoryReservation",
     {"runtime/resources/memory-reservation"},
     R"({"memory": {"limit": 67108864, "reservation": 33554432}})",
     "memory",
     {{"memory.soft_limit_in_bytes", "33554432"}},
     {Feature::kMemoryCgroup, Feature::kCgroupV1}},
    {"MemoryReservationV2",
     {"runtime/resources/memory-reservation"},
     R"({"memory": {"limit": 67108864, "reservation": 33554432}})",
     "memory",
     {{"memory.low", "33554432"}},
     {Feature::kMemoryCgroup, Feature::kCgroupV2}},
    {"MemorySwap",
     {"runtime/resources/memory-swap"},
     R"({"memory": {"limit": 67108864, "swap": 134217728}})",
     "memory",
     {{"memory.limit_in_bytes", "67108864"}, {"memory.memsw.limit_in_bytes", "134217728"}},
     {Feature::kMemorySwapCgroup, Feature::kCgroupV1}},
    {"MemorySwapUnlimited",
     {"runtime/resources/memory-swap"},
     R"({"memory": {"limit": 67108864, "swap": -1}})",
     "memory",
     {{"memory.limit_in_bytes", "67108864"},
      {"memory.memsw.limit_in_bytes", "9223372036854771712"}},
     {Feature::kMemorySwapCgroup, Feature::kCgroupV1}},
    {"MemorySwappiness",
     {"runtime/resources/memory-swappiness"},
     R"({"memory": {"swappiness": 13}})",
     "memory",
     {{"memory.swappiness", "13"}},
     {Feature::kMemoryCgroup, Feature::kCgroupV1}},
    {"PidsLimit",
     {"runtime/resources/pids-limit"},
     R"({"pids": {"limit": 64}})",
     "pids",
     {{"pids.max", "64"}},
     {Feature::kPidsCgroup}},
    {"PidsUnlimited",
     {"runtime/resources/pids-unlimited"},
     R"({"pids": {"limit": -1}})",
     "pids",
     {{"pids.max", "max"}},
     {Feature::kPidsCgroup, Feature::kSpec13}},
    {"UnifiedKey",
     {"runtime/resources/unified", "runtime/resources/unified-controllers"},
     R"({"unified": {"memory.high": "50331648"}})",
     "memory",
     {{"memory.high", "50331648"}},
     {Feature::kMemoryCgroup, Feature::kCgroupV2, Feature::kSpec11}},
};

}  // namespace

// Since Linux 5.11 there is nothing else.
TRIAL(MemoryHierarchy, IsThatOfTheConfiguration, Clauses{"runtime/resources/memory-use-hierarchy"},
      Needs{Feature::kMemoryCgroup, Feature::kCgroupV1}) {
  const auto hierarchy = [this](const char* memory) {
    auto box = target().create(holding().set_json("/linux/resources/memory", memory));
    return box.cgroup_file("memory", "memory.use_hierarchy");
  };
  EXPECT_EQ(hierarchy(R"({"limit": 67108864, "useHierarchy": true})"), "1");
  if (hierarchy(R"({"limit": 67108864})") == "1") {
    throw Lack("this kernel accounts memory hierarchically whether or not it is asked to");
  }
}

// Limits hold before the program can run: they are read back before start.
TRIAL_TABLE(ResourceLimit, kLimits) {
  auto box = target().create(holding().set_json("/linux/resources", row().resources));
  for (const auto& [file, value] : row().files) {
    EXPECT_EQ(box.cgroup_file(row().controller, file), value) << file;
  }
}

// On a host with both versions of cgroups, either may have the controller.
TRIAL(ResourceLimit, OfHugePages,
      Clauses{"runtime/resources/hugetlb-limit", "runtime/resources/hugetlb-reservation"},
      Needs{Feature::kHugetlbCgroup, Feature::kSpec11}) {
  auto box = target().create(holding().set_json("/linux/resources/hugepageLimits",
                                                R"([{"pageSize": "2MB", "limit": 4194304}])"));
  const std::string ending =
      std::filesystem::exists("/sys/fs/cgroup/hugetlb") ? "limit_in_bytes" : "max";
  EXPECT_EQ(box.cgroup_file("hugetlb", "hugetlb.2MB." + ending), "4194304");
  EXPECT_EQ(box.cgroup_file("hugetlb", "hugetlb.2MB.rsvd." + ending), "4194304");
}

TRIAL(ResourceLimit, HoldsBeforeTheProgramStarts,
      Clauses{"runtime/lifecycle/resources-created", "runtime/operations/create-applies"},
      Needs{Feature::kPidsCgroup}) {
  auto box = target().create(holding().set_json("/linux/resources", R"({"pids": {"limit": 64}})"));
  EXPECT_EQ(box.cgroup_file("pids", "pids.max"), "64");
  EXPECT_EQ(box.cgroup_file("pids", "cgroup.procs"), std::to_string(box.pid()));
  ASSERT_THAT(box.start(), Succeeded());
  ASSERT_TRUE(box.report().complete());
  EXPECT_EQ(box.cgroup_file("pids", "cgroup.procs"), std::to_string(box.pid()));
}

TRIAL(MemoryLimit, DisablesTheOomKiller, Clauses{"runtime/resources/memory-disable-oom-killer"},
      Needs{Feature::kMemoryCgroup, Feature::kCgroupV1}) {
  const auto control_of = [this](const char* memory) {
    auto box = target().create(holding().set_json("/linux/resources/memory", memory));
    return box.cgroup_file("memory", "memory.oom_control");
  };
  EXPECT_THAT(control_of(R"({"limit": 67108864, "disableOOMKiller": true})"),
              HasSubstr("oom_kill_disable 1"));
  EXPECT_THAT(control_of(R"({"limit": 67108864})"), HasSubstr("oom_kill_disable 0"));  // control
}

TRIAL(MemoryLimit, EndsAProcessThatExceedsIt, Clauses{"runtime/resources/memory-limit"},
      Needs{Feature::kMemorySwapCgroup, Feature::kCgroupV1}) {
  auto box = target().run(exceeding());
  expect_ended(box.report());
}

TRIAL(MemoryLimit, EndsAProcessThatExceedsItOnV2, Clauses{"runtime/resources/memory-limit"},
      Needs{Feature::kMemoryCgroup, Feature::kCgroupV2}) {
  auto box = target().run(exceeding());
  expect_ended(box.report());
}

TRIAL(PidsLimit, MakesForkFail, Clauses{"runtime/resources/pids-limit"},
      Needs{Feature::kPidsCgroup}) {
  const Bundle forking = Bundle::minimal().probe({"fork", "30"});
  auto box = target().run(Bundle(forking).set("/linux/resources/pids/limit", 20));
  EXPECT_EQ(box.report().answer("fork").error(), "EAGAIN");
  EXPECT_THAT(box.output(), HasSubstr("\"started\":19"));  // and the probe itself

  auto control = target().run(Bundle(forking).set("/linux/resources/pids/limit", 40));
  EXPECT_THAT(control.report().answer("fork"), HasField("started", 30));
}

// The first process is put into the cgroup, where a limit of 0 keeps it from having children.
TRIAL(PidsLimit, OfZeroIsZero, Clauses{"runtime/resources/pids-zero"},
      Needs{Feature::kPidsCgroup, Feature::kSpec13}) {
  auto box =
      target().run(Bundle::minimal().set("/linux/resources/pids/limit", 0).probe({"fork", "1"}));
  EXPECT_EQ(box.report().answer("fork").error(), "EAGAIN");
}

// A container that asks for no node has the only one of a machine all the same. On v2 its file says
// whether it asked; on v1 no process can be put into a cgroup before somebody has filled the file
// in, so that there only a machine of more nodes would tell.
TRIAL(Cpuset, KeepsTheContainerToItsCpusAndNodes,
      Clauses{"runtime/resources/cpu-cpus", "runtime/resources/cpu-mems"},
      Needs{Feature::kCpusetCgroup}) {
  auto box = target().run(Bundle::minimal()
                              .set_json("/linux/resources/cpu", R"({"cpus": "0", "mems": "0"})")
                              .probe({"scheduler"})
                              .probe({"hold"}));
  EXPECT_EQ(box.cgroup_file("cpuset", "cpuset.cpus"), "0");
  EXPECT_EQ(box.cgroup_file("cpuset", "cpuset.mems"), "0");
  EXPECT_THAT(box.report().answer("scheduler").numbers("cpus"), ElementsAre(0));
}

namespace {

// "7:0", the numbers of some disk of this host.
std::string any_disk() {
  for (const auto& entry : fs::directory_iterator("/sys/block")) {
    std::string numbers = seatrial::read_file(entry.path() / "dev");
    if (numbers.ends_with('\n')) numbers.pop_back();
    return numbers;
  }
  throw std::runtime_error("this host has no disk to limit");
}

Bundle throttled(const std::string& disk) {
  const std::string numbers = R"("major": )" + disk.substr(0, disk.find(':')) + R"(, "minor": )" +
                              disk.substr(disk.find(':') + 1);
  const auto at = [&](const char* rate) { return "[{" + numbers + R"(, "rate": )" + rate + "}]"; };
  return holding()
      .set_json("/linux/resources/blockIO/throttleReadBpsDevice", at("1048576"))
      .set_json("/linux/resources/blockIO/throttleWriteBpsDevice", at("2097152"))
      .set_json("/linux/resources/blockIO/throttleReadIOPSDevice", at("300"))
      .set_json("/linux/resources/blockIO/throttleWriteIOPSDevice", at("400"));
}

}  // namespace

TRIAL(BlockIo, IsThrottledAsConfigured,
      Clauses{"runtime/resources/blkio-throttle-bps", "runtime/resources/blkio-throttle-iops"},
      Needs{Feature::kBlkioCgroup, Feature::kCgroupV1}) {
  const std::string disk = any_disk();
  auto box = target().create(throttled(disk));
  EXPECT_EQ(box.cgroup_file("blkio", "blkio.throttle.read_bps_device"), disk + " 1048576");
  EXPECT_EQ(box.cgroup_file("blkio", "blkio.throttle.write_bps_device"), disk + " 2097152");
  EXPECT_EQ(box.cgroup_file("blkio", "blkio.throttle.read_iops_device"), disk + " 300");
  EXPECT_EQ(box.cgroup_file("blkio", "blkio.throttle.write_iops_device"), disk + " 400");
}

TRIAL(BlockIo, IsThrottledAsConfiguredOnV2,
      Clauses{"runtime/resources/blkio-throttle-bps", "runtime/resources/blkio-throttle-iops"},
      Needs{Feature::kBlkioCgroup, Feature::kCgroupV2}) {
  const std::string disk = any_disk();
  auto box = target().create(throttled(disk));
  EXPECT_EQ(box.cgroup_file("io", "io.max"),
            disk + " rbps=1048576 wbps=2097152 riops=300 wiops=400");
}
