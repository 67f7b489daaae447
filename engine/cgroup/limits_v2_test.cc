// linux.resources on a tree of v2: what is written to which file, and what is refused.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

#include "engine/base/error.h"
#include "engine/cgroup/cgroup.h"
#include "engine/cgroup/fake_tree.h"
#include "engine/cgroup/limits.h"
#include "engine/spec/parse_config.h"

namespace seatrial::cgroup {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

class LimitsV2 : public testing::Test {
 protected:
  std::vector<std::string> apply(std::string_view json) {
    return tree_.cgroup().apply_limits(spec::parse_resources(json));
  }

  // What the refusal says; fails when there is none, or when it is of another kind.
  std::string refusal(std::string_view json, Kind kind = Kind::kUnsupported) {
    try {
      apply(json);
    } catch (const Error& failure) {
      EXPECT_EQ(failure.kind(), kind) << failure.what();
      return failure.what();
    }
    ADD_FAILURE() << json << " was accepted";
    return {};
  }

  FakeTree tree_{"cpu cpuset io memory hugetlb pids rdma"};
};

TEST_F(LimitsV2, SharesBecomeAWeight) {
  tree_.control("cpu.weight");
  apply(R"({"cpu": {"shares": 1024}})");
  EXPECT_EQ(tree_.written("cpu.weight"), "100");
  EXPECT_THAT(refusal(R"({"cpu": {"shares": 1}})", Kind::kInvalidArgument),
              HasSubstr("linux.resources.cpu.shares: 1: 2 to 262144"));
}

// What dockerd writes for a container without limits, and updates it with.
TEST_F(LimitsV2, ZeroIsNoLimit) {
  apply(
      R"({"cpu": {"shares": 0, "quota": 0, "period": 0, "realtimeRuntime": 0, "realtimePeriod": 0},
            "memory": {"limit": 0, "reservation": 0, "swap": 0, "kernel": 0, "kernelTCP": 0},
            "blockIO": {"weight": 0, "leafWeight": 0}})");  // there is no file to write
  EXPECT_THAT(refusal(R"({"memory": {"limit": 4096}})"), HasSubstr("memory.limit"));  // control
}

TEST_F(LimitsV2, QuotaAndPeriodShareAFile) {
  struct Case {
    std::string_view json;
    std::string_view before;
    std::string_view after;
  };
  for (const Case& each : std::initializer_list<Case>{
           {R"({"cpu": {"quota": 40000, "period": 80000}})", "", "40000 80000"},
           {R"({"cpu": {"quota": -1, "period": 80000}})", "", "max 80000"},
           {R"({"cpu": {"quota": 40000}})", "", "40000"},
           {R"({"cpu": {"quota": -1}})", "", "max"},
           {R"({"cpu": {"period": 50000}})", "max 10000", "max 50000 "},
           {R"({"cpu": {"period": 50000}})", "30000 10000", "30000 50000 "},
           {R"({"cpu": {"quota": 0}})", "max 100000", "max 100000"},
       }) {
    tree_.control("cpu.max", std::string(each.before));
    apply(each.json);
    // A plain file keeps what was longer before; the kernel's does not.
    EXPECT_THAT(tree_.written("cpu.max") + " ", StartsWith(std::string(each.after))) << each.json;
  }
}

TEST_F(LimitsV2, IdleBurstAndCpusetHaveFilesOfTheirOwn) {
  for (const char* file : {"cpu.idle", "cpu.max", "cpu.max.burst", "cpuset.cpus", "cpuset.mems"}) {
    tree_.control(file);
  }
  apply(R"({"cpu": {"idle": 1, "quota": 20000, "burst": 9000, "cpus": "0-1", "mems": "0"}})");
  EXPECT_EQ(tree_.written("cpu.idle"), "1");
  EXPECT_EQ(tree_.written("cpu.max"), "20000");
  EXPECT_EQ(tree_.written("cpu.max.burst"), "9000");
  EXPECT_EQ(tree_.written("cpuset.cpus"), "0-1");
  EXPECT_EQ(tree_.written("cpuset.mems"), "0");
  EXPECT_THAT(refusal(R"({"cpu": {"quota": 1000, "burst": 1001}})", Kind::kInvalidArgument),
              HasSubstr("linux.resources.cpu.burst: 1001"));
}

TEST_F(LimitsV2, MemoryIsConverted) {
  for (const char* file : {"memory.max", "memory.swap.max", "memory.low"}) tree_.control(file);
  apply(R"({"memory": {"limit": 67108864, "swap": 100663296, "reservation": 33554432,
                       "kernel": -1, "kernelTCP": -1, "disableOOMKiller": false,
                       "useHierarchy": true}})");
  EXPECT_EQ(tree_.written("memory.max"), "67108864");
  EXPECT_EQ(tree_.written("memory.swap.max"), "33554432");
  EXPECT_EQ(tree_.written("memory.low"), "33554432");
}

TEST_F(LimitsV2, SwapIsCountedFromTheLimitInForce) {
  tree_.control("memory.max", "4096\n");
  tree_.control("memory.swap.max");
  apply(R"({"memory": {"swap": 8192}})");
  EXPECT_EQ(tree_.written("memory.swap.max"), "4096");
  tree_.control("memory.max", "max\n");
  EXPECT_THAT(refusal(R"({"memory": {"swap": 8192}})", Kind::kInvalidArgument),
              AllOf(HasSubstr("linux.resources.memory.swap: 8192"),
                    HasSubstr("linux.resources.memory.limit")));
  tree_.control("memory.swap.max");
  apply(R"({"memory": {"swap": -1}})");
  EXPECT_EQ(tree_.written("memory.swap.max"), "max");
}

TEST_F(LimitsV2, UnlimitedMemoryMeansUnlimitedSwap) {
  tree_.control("memory.max");
  tree_.control("memory.swap.max");
  tree_.control("memory.low");
  apply(R"({"memory": {"limit": -1, "reservation": -1}})");
  EXPECT_EQ(tree_.written("memory.max"), "max");
  EXPECT_EQ(tree_.written("memory.swap.max"), "max");
  EXPECT_EQ(tree_.written("memory.low"), "0");
}

TEST_F(LimitsV2, SwapThatIsNotAccountedCannotBeLimited) {
  tree_.control("memory.max");
  apply(R"({"memory": {"limit": -1}})");  // control: nothing is to be limited
  EXPECT_THAT(
      refusal(R"({"memory": {"limit": 4096, "swap": 8192}})"),
      HasSubstr("linux.resources.memory.swap: 4096: this kernel offers no memory.swap.max"));
}

TEST_F(LimitsV2, CheckBeforeUpdateRefusesWhatIsInUse) {
  tree_.control("memory.max");
  tree_.control("memory.current", "5000\n");
  EXPECT_THAT(
      refusal(R"({"memory": {"limit": 4096, "checkBeforeUpdate": true}})", Kind::kConflict),
      AllOf(HasSubstr("linux.resources.memory.limit: 4096"), HasSubstr("5000 bytes are in use")));
  apply(R"({"memory": {"limit": 8192, "checkBeforeUpdate": true}})");
  EXPECT_EQ(tree_.written("memory.max"), "8192");
}

// The specification advises against them, and v2 counts all memory in one limit.
TEST_F(LimitsV2, TheKernelsMemoryIsToldToBeIgnored) {
  tree_.control("memory.max");
  EXPECT_THAT(apply(R"({"memory": {"kernel": 4096, "kernelTCP": 1}})"),
              ElementsAre(HasSubstr("linux.resources.memory.kernel: 4096: ignored: "),
                          HasSubstr("linux.resources.memory.kernelTCP: 1: ignored: ")));
  EXPECT_THAT(apply(R"({"memory": {"kernel": -1, "limit": 8192}})"), IsEmpty());
  EXPECT_EQ(tree_.written("memory.max"), "8192");
}

TEST_F(LimitsV2, WhatV2HasNoWordForIsRefusedByPath) {
  tree_.control("memory.max");
  tree_.control("cpu.max");
  tree_.control("io.weight");
  struct Case {
    std::string_view json;
    std::string_view message;
  };
  for (const Case& each : std::initializer_list<Case>{
           {R"({"memory": {"swappiness": 0}})", "linux.resources.memory.swappiness: 0"},
           {R"({"memory": {"disableOOMKiller": true}})", "linux.resources.memory.disableOOMKiller"},
           {R"({"memory": {"useHierarchy": false}})", "linux.resources.memory.useHierarchy: false"},
           {R"({"cpu": {"realtimeRuntime": 950000}})", "linux.resources.cpu.realtimeRuntime"},
           {R"({"cpu": {"realtimePeriod": 1000000}})", "linux.resources.cpu.realtimePeriod"},
           {R"({"blockIO": {"leafWeight": 10}})", "linux.resources.blockIO.leafWeight: 10"},
           {R"({"blockIO": {"weightDevice": [{"major": 8, "minor": 0, "leafWeight": 10}]}})",
            "linux.resources.blockIO.weightDevice[0].leafWeight: 10"},
           {R"({"network": {"classID": 5}})", "linux.resources.network.classID: 5"},
           {R"({"network": {"priorities": [{"name": "lo", "priority": 1}]}})",
            "linux.resources.network.priorities[0]: lo 1"},
       }) {
    EXPECT_THAT(refusal(each.json), HasSubstr(std::string(each.message)));
  }
}

TEST_F(LimitsV2, BlockIoGoesToIoMax) {
  const auto io_max = [&](std::string_view json) {
    tree_.control("io.max");
    apply(json);
    return tree_.written("io.max");
  };
  EXPECT_EQ(io_max(R"({"blockIO": {"throttleReadBpsDevice":
                      [{"major": 8, "minor": 16, "rate": 1024}]}})"),
            "8:16 rbps=1024");
  EXPECT_EQ(io_max(R"({"blockIO": {"throttleWriteBpsDevice":
                      [{"major": 8, "minor": 16, "rate": 0}]}})"),
            "8:16 wbps=max");
  EXPECT_EQ(io_max(R"({"blockIO": {"throttleReadIOPSDevice":
                      [{"major": 8, "minor": 0, "rate": 7}]}})"),
            "8:0 riops=7");
  EXPECT_EQ(io_max(R"({"blockIO": {"throttleWriteIOPSDevice":
                      [{"major": 8, "minor": 0, "rate": 9}]}})"),
            "8:0 wiops=9");
}

TEST_F(LimitsV2, WeightsGoToEachSchedulerThatIsThere) {
  constexpr std::string_view kWeight = R"({"blockIO": {"weight": 500}})";
  EXPECT_THAT(refusal(kWeight), HasSubstr("linux.resources.blockIO.weight: 500: this kernel "
                                          "offers no io.weight"));
  tree_.control("io.bfq.weight");
  apply(kWeight);
  EXPECT_EQ(tree_.written("io.bfq.weight"), "default 500");
  tree_.control("io.weight");
  apply(kWeight);
  EXPECT_EQ(tree_.written("io.weight"), "default 4950");
  tree_.control("io.weight");
  apply(R"({"blockIO": {"weightDevice": [{"major": 8, "minor": 0, "weight": 10}]}})");
  EXPECT_EQ(tree_.written("io.weight"), "8:0 1");
  EXPECT_THAT(refusal(R"({"blockIO": {"weight": 9}})", Kind::kInvalidArgument),
              HasSubstr("linux.resources.blockIO.weight: 9: 10 to 1000"));
}

// A disk with BFQ and without a cost model takes the one file and has EOPNOTSUPP for the other;
// files of a real tree alone answer that.
TEST_F(LimitsV2, AWeightIsWrittenWhereTheDeviceTakesIt) {
  for (const int failure : {0, ENOENT, EOPNOTSUPP}) EXPECT_TRUE(v2::is_weight_answer(failure));
  for (const int failure : {EINVAL, ENODEV, ENOSPC}) EXPECT_FALSE(v2::is_weight_answer(failure));
  constexpr std::string_view kDevice =
      R"({"blockIO": {"weightDevice": [{"major": 8, "minor": 0, "weight": 10}]}})";
  tree_.control("io.bfq.weight");
  apply(kDevice);
  EXPECT_EQ(tree_.written("io.bfq.weight"), "8:0 10");
  std::filesystem::create_symlink("/dev/full", tree_.path("/pod/box/io.weight"));
  EXPECT_THAT(refusal(kDevice, Kind::kExhausted),
              HasSubstr("linux.resources.blockIO.weightDevice[0].weight: 8:0 1: write io.weight"));
}

TEST_F(LimitsV2, PidsHugePagesAndRdmaAreWrittenAsTheyAre) {
  for (const char* file : {"pids.max", "hugetlb.2MB.max", "hugetlb.2MB.rsvd.max", "rdma.max"}) {
    tree_.control(file);
  }
  apply(R"({"pids": {"limit": 17}, "hugepageLimits": [{"pageSize": "2MB", "limit": 4194304}],
            "rdma": {"mlx5_1": {"hcaHandles": 3, "hcaObjects": 4}}})");
  EXPECT_EQ(tree_.written("pids.max"), "17");
  EXPECT_EQ(tree_.written("hugetlb.2MB.max"), "4194304");
  EXPECT_EQ(tree_.written("hugetlb.2MB.rsvd.max"), "4194304");
  EXPECT_EQ(tree_.written("rdma.max"), "mlx5_1 hca_handle=3 hca_object=4");
  EXPECT_THAT(
      refusal(R"({"hugepageLimits": [{"pageSize": "3MB", "limit": 1}]})"),
      HasSubstr("linux.resources.hugepageLimits[0].limit: 1: this kernel offers no hugetlb.3MB"));
}

TEST_F(LimitsV2, AControllerThatIsNotThereIsRefusedByPath) {
  const FakeTree bare("cpu");
  const auto refusal_of = [&](std::string_view json) {
    try {
      bare.cgroup().apply_limits(spec::parse_resources(json));
    } catch (const Error& failure) {
      EXPECT_EQ(failure.kind(), Kind::kUnsupported);
      return std::string(failure.what());
    }
    return std::string("nothing was thrown");
  };
  EXPECT_EQ(refusal_of(R"({"memory": {"limit": 5}})"),
            "linux.resources.memory.limit: 5: the cgroup controller memory is not mounted on this "
            "host");
  EXPECT_EQ(refusal_of(R"({"unified": {"memory.high": "5"}})"),
            "linux.resources.unified.memory.high: the cgroup controller memory is not in the tree "
            "of cgroup v2");
}

TEST_F(LimitsV2, UnifiedIsWrittenAsItIs) {
  tree_.control("memory.high");
  tree_.control("cgroup.max.depth");
  tree_.control("memory.newer_than_this");
  apply(R"({"unified": {"memory.high": "50331648", "cgroup.max.depth": "3",
                        "memory.newer_than_this": "a b  c"}})");
  EXPECT_EQ(tree_.written("memory.high"), "50331648");
  EXPECT_EQ(tree_.written("cgroup.max.depth"), "3");
  EXPECT_EQ(tree_.written("memory.newer_than_this"), "a b  c");
}

TEST_F(LimitsV2, UnifiedOverridesWhatWasConverted) {
  tree_.control("pids.max");
  apply(R"({"pids": {"limit": 17}, "unified": {"pids.max": "23"}})");
  EXPECT_EQ(tree_.written("pids.max"), "23");
}

TEST_F(LimitsV2, UnifiedRefusesByPath) {
  EXPECT_THAT(refusal(R"({"unified": {"memory.nothing": "1"}})"),
              HasSubstr("linux.resources.unified.memory.nothing: 1: this kernel offers no "
                        "memory.nothing"));
  EXPECT_THAT(refusal(R"({"unified": {"misc.max": "1"}})"), HasSubstr("controller misc"));
  EXPECT_THAT(refusal(R"({"unified": {"a": "b"}})"), HasSubstr("linux.resources.unified.a"));
  for (const char* file : {"cgroup.procs", "cgroup.threads", "cgroup.kill", "cgroup.freeze"}) {
    tree_.control(file);
    const std::string json = std::string(R"({"unified": {")") + file + R"(": "1"}})";
    EXPECT_THAT(refusal(json, Kind::kInvalidArgument), HasSubstr(file));
    EXPECT_EQ(tree_.written(file), "");
  }
}

TEST_F(LimitsV2, OnV1AloneUnifiedIsRefusedByPath) {
  const Cgroup v1 = Cgroup::open({});
  try {
    v1.apply_limits(spec::parse_resources(R"({"unified": {"memory.high": "1"}})"));
    FAIL() << "nothing was thrown";
  } catch (const Error& failure) {
    EXPECT_EQ(failure.kind(), Kind::kUnsupported);
    EXPECT_STREQ(failure.what(),
                 "linux.resources.unified.memory.high: cgroup v2 is not mounted on this host");
  }
}

TEST_F(LimitsV2, ALimitOfOneProcessWaitsForInit) {
  tree_.control("pids.max");
  tree_.file("devices.allow");  // a list of v1, which plain files can be
  tree_.file("devices.deny");
  const Cgroup cgroup = Cgroup::open(
      {.members = {tree_.member(), {.hierarchy = "devices", .directory = tree_.path()}}});
  const spec::Resources resources = spec::parse_resources(R"({"unified": {"pids.max": "1\n"}})");
  EXPECT_TRUE(Cgroup::leaves_something(resources, Nodes::kDefaults));
  cgroup.apply(resources, Nodes::kDefaults);
  EXPECT_EQ(tree_.written("pids.max"), "");
  cgroup.complete(resources, Nodes::kDefaults);
  EXPECT_EQ(tree_.written("pids.max"), "1");
}

TEST_F(LimitsV2, StatsComeFromTheFilesOfV2) {
  tree_.control("cpu.stat",
                "usage_usec 7\nuser_usec 1\nnr_periods 5\nnr_throttled 2\nthrottled_usec 3\n");
  tree_.control("memory.current", "4096\n");
  tree_.control("memory.peak", "8192\n");
  tree_.control("memory.max", "max\n");
  tree_.control("memory.events", "low 0\nhigh 0\nmax 9\noom 1\noom_kill 2\noom_group_kill 0\n");
  tree_.control("memory.stat", "file 2048\ninactive_file 1024\nactive_file 1024\n");
  tree_.control("io.stat",
                "8:16 rbytes=10 wbytes=2 rios=1 wios=1 dbytes=7 dios=1\n"
                "8:0 rbytes=30 wbytes=4 rios=1 wios=1 dbytes=0 dios=0\n");
  tree_.control("pids.current", "3\n");
  tree_.control("pids.max", "11\n");
  const Stats stats = tree_.cgroup().stats();
  EXPECT_EQ(stats.cpu_usage_ns, 7000U);
  EXPECT_EQ(stats.cpu_periods, 5U);
  EXPECT_EQ(stats.cpu_throttled_periods, 2U);
  EXPECT_EQ(stats.cpu_throttled_ns, 3000U);
  EXPECT_EQ(stats.memory_usage, 4096U);
  EXPECT_EQ(stats.memory_max_usage, 8192U);
  EXPECT_EQ(stats.memory_inactive_file, 1024U);
  EXPECT_EQ(stats.io_read, 40U);
  EXPECT_EQ(stats.io_written, 6U);
  EXPECT_EQ(stats.memory_limit, std::nullopt);
  EXPECT_EQ(stats.memory_fail_count, 9U);
  EXPECT_EQ(stats.oom_kills, 2U);
  EXPECT_EQ(stats.pids_current, 3U);
  EXPECT_EQ(stats.pids_max, 11U);
  EXPECT_EQ(tree_.cgroup().oom_kills(), 2U);
}

}  // namespace
}  // namespace seatrial::cgroup
