// linux.resources where cgroup v2 is all there is: what is converted, what is written as it is, and
// whose the cgroup is.
#include <sys/stat.h>

#include <string>
#include <utility>
#include <vector>

#include "engine/base/files.h"
#include "harness/core/engine_failure.h"
#include "harness/core/lack.h"
#include "harness/fixtures/case.h"
#include "harness/fixtures/case_site.h"
#include "harness/fixtures/host_mount.h"

namespace {

namespace fs = std::filesystem;

Bundle holding() {
  return Bundle::minimal().probe({"hold"});
}

struct Conversion {
  std::string name;
  Clauses clauses;
  std::string resources;
  std::string controller;
  std::string file;
  std::string value;
  Needs needs;
};

// Runtimes differ in the curve between them, and agree on its ends.
const Conversion kConversions[] = {
    {"LeastCpuShares",
     {"runtime/resources/cpu-shares"},
     R"({"cpu": {"shares": 2}})",
     "cpu",
     "cpu.weight",
     "1",
     {Feature::kCpuCgroup, Feature::kCgroupV2}},
    {"MostCpuShares",
     {"runtime/resources/cpu-shares"},
     R"({"cpu": {"shares": 262144}})",
     "cpu",
     "cpu.weight",
     "10000",
     {Feature::kCpuCgroup, Feature::kCgroupV2}},
    {"CpuBurst",
     {"runtime/resources/cpu-burst"},
     R"({"cpu": {"quota": 70000, "period": 50000, "burst": 20000}})",
     "cpu",
     "cpu.max.burst",
     "20000",
     {Feature::kCpuCgroup, Feature::kCgroupV2, Feature::kSpec11}},
    {"NoCpuQuota",
     {"runtime/resources/cpu-quota", "runtime/resources/cpu-period"},
     R"({"cpu": {"quota": -1, "period": 50000}})",
     "cpu",
     "cpu.max",
     "max 50000",
     {Feature::kCpuCgroup, Feature::kCgroupV2}},
    {"SwapBeyondMemory",
     {"runtime/resources/memory-swap"},
     R"({"memory": {"limit": 67108864, "swap": 100663296}})",
     "memory",
     "memory.swap.max",
     "33554432",
     {Feature::kMemoryCgroup, Feature::kCgroupV2}},
    {"NoSwapBeyondMemory",
     {"runtime/resources/memory-swap"},
     R"({"memory": {"limit": 67108864, "swap": 67108864}})",
     "memory",
     "memory.swap.max",
     "0",
     {Feature::kMemoryCgroup, Feature::kCgroupV2}},
    {"UnlimitedSwap",
     {"runtime/resources/memory-swap"},
     R"({"memory": {"limit": 67108864, "swap": -1}})",
     "memory",
     "memory.swap.max",
     "max",
     {Feature::kMemoryCgroup, Feature::kCgroupV2}},
    {"UnknownUnifiedKey",
     {"runtime/resources/unified", "runtime/resources/unified-unknown"},
     R"({"unified": {"memory.oom.group": "1"}})",
     "memory",
     "memory.oom.group",
     "1",
     {Feature::kMemoryCgroup, Feature::kCgroupV2, Feature::kSpec11}},
};

}  // namespace

TRIAL_TABLE(Conversion, kConversions) {
  auto box = target().create(holding().set_json("/linux/resources", row().resources));
  EXPECT_EQ(box.cgroup_file(row().controller, row().file), row().value);
}

TRIAL(UnifiedKey, OfAnAbsentControllerIsRefused,
      Clauses{"runtime/resources/unified-missing-controller"},
      Needs{Feature::kMemoryCgroup, Feature::kCgroupV2, Feature::kSpec11}) {
  const auto with = [&](const char* unified) {
    return target().try_create(holding().set_json("/linux/resources/unified", unified));
  };
  EXPECT_THAT(with(R"({"nosuch.max": "1"})"), Refused());
  EXPECT_TRUE(with(R"({"memory.high": "50331648"})").outcome().succeeded());  // control
}

TRIAL(SettingOfV1, ThatCannotBeConvertedIsRefused,
      Clauses{"runtime/resources/unified-conversion-error"},
      Needs{Feature::kMemoryCgroup, Feature::kCgroupV2, Feature::kSpec11}) {
  const auto with = [&](const char* memory) {
    return target().try_create(holding().set_json("/linux/resources/memory", memory));
  };
  EXPECT_THAT(with(R"({"limit": 67108864, "swappiness": 13})"), Refused());
  EXPECT_TRUE(with(R"({"limit": 67108864})").outcome().succeeded());  // control
}

namespace {

constexpr const char* kKernelsList = "/sys/kernel/cgroup";

// A container that is to own its cgroup: a cgroup namespace, a writable mount, a user of its own.
Bundle owning(std::vector<std::string> more_options = {}) {
  std::vector<std::string> options = {"nosuid", "nodev", "noexec"};
  options.insert(options.end(), more_options.begin(), more_options.end());
  return holding()
      .with_namespace("cgroup")
      .user(1000, 1000)
      .with_dir("/sys/fs/cgroup")
      .mount({.destination = "/sys/fs/cgroup",
              .type = "cgroup",
              .source = "cgroup",
              .options = std::move(options)});
}

// Whose a file of the container's cgroup is; "" is the directory.
uid_t owner_of(const Box& box, const std::string& file) {
  for (const Hierarchy& hierarchy : mounted_hierarchies()) {
    if (!hierarchy.unified) continue;
    const fs::path path =
        hierarchy.mountpoint.native() + current_site().cgroup_parent + "/" + box.id() + "/" + file;
    struct stat status{};
    if (::stat(path.c_str(), &status) != 0) throw EngineFailure(path.native() + " is not there");
    return status.st_uid;
  }
  throw Lack("no cgroup v2 is mounted");
}

}  // namespace

TRIAL(CgroupOwner, IsTheUserEvenWhereAListedFileIsMissing,
      Clauses{"runtime/cgroups/ownership-missing-files", "runtime/cgroups/ownership-existing-files",
              "runtime/cgroups/ownership-if-writable", "runtime/cgroups/ownership-only-delegated",
              "runtime/cgroups/ownership-nothing-else"},
      Needs{Feature::kCgroupV2, Feature::kMemoryCgroup, Feature::kSpec11}) {
  const HostMount list = HostMount::tmpfs(kKernelsList);
  seatrial::write_file_atomically(fs::path(kKernelsList) / "delegate",
                                  "cgroup.no_such_file\ncgroup.procs\n");
  auto box = target().create(owning());
  EXPECT_EQ(owner_of(box, ""), 1000U);
  EXPECT_EQ(owner_of(box, "cgroup.procs"), 1000U);
  EXPECT_EQ(owner_of(box, "cgroup.threads"), 0U);
  EXPECT_EQ(owner_of(box, "memory.max"), 0U);
}

TRIAL(CgroupOwner, HasThreeFilesWhereTheKernelListsNone,
      Clauses{"runtime/cgroups/ownership-fallback-list"},
      Needs{Feature::kCgroupV2, Feature::kSpec11}) {
  const HostMount list = HostMount::tmpfs(kKernelsList);
  auto box = target().create(owning());
  for (const char* file : {"cgroup.procs", "cgroup.subtree_control", "cgroup.threads"}) {
    EXPECT_EQ(owner_of(box, file), 1000U) << file;
  }
}

TRIAL(CgroupOwner, IsNotChangedWithoutANamespaceOrAWritableMount,
      Clauses{"runtime/cgroups/ownership-needs-namespace",
              "runtime/cgroups/ownership-not-if-readonly"},
      Needs{Feature::kCgroupV2, Feature::kSpec11}) {
  EXPECT_EQ(owner_of(target().create(owning()), ""), 1000U);  // control
  EXPECT_EQ(owner_of(target().create(owning({"ro"})), ""), 0U);
  EXPECT_EQ(owner_of(target().create(owning().without_namespace("cgroup")), ""), 0U);
}
