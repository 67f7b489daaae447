// Limits that few documents have, on the host's real v1 hierarchies.
#include <gmock/gmock.h>

#include "engine/cgroup/cgroup_fixture.h"
#include "engine/spec/parse_config.h"

namespace seatrial::cgroup {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;

class LimitsV1 : public OnRealHierarchies {
 protected:
  std::string refusal(const Cgroup& cgroup, std::string_view json, Kind kind = Kind::kUnsupported) {
    try {
      cgroup.apply_limits(spec::parse_resources(json));
    } catch (const Error& failure) {
      EXPECT_EQ(failure.kind(), kind) << failure.what();
      return failure.what();
    }
    return "nothing was thrown";
  }
};

TEST_F(LimitsV1, WeightIsTheSchedulers) {
  need("blkio");
  const Cgroup& cgroup = make("box");
  const bool bfq = fs::exists(path("blkio", "box") + "/blkio.bfq.weight");
  const bool cfq = fs::exists(path("blkio", "box") + "/blkio.weight");
  constexpr std::string_view kWeight = R"({"blockIO": {"weight": 300}})";
  if (!bfq && !cfq) {
    EXPECT_THAT(refusal(cgroup, kWeight), HasSubstr("linux.resources.blockIO.weight: 300"));
    return;
  }
  cgroup.apply_limits(spec::parse_resources(kWeight));
  EXPECT_THAT(content("blkio", "box", bfq ? "blkio.bfq.weight" : "blkio.weight"), HasSubstr("300"));
}

TEST_F(LimitsV1, WeightsThatTheKernelLacksAreRefusedByPath) {
  need("blkio");
  const Cgroup& cgroup = make("box");
  if (fs::exists(path("blkio", "box") + "/blkio.leaf_weight")) GTEST_SKIP() << "CFQ is there";
  EXPECT_THAT(refusal(cgroup, R"({"blockIO": {"leafWeight": 300}})"),
              AllOf(HasSubstr("linux.resources.blockIO.leafWeight: 300"),
                    HasSubstr("offers no blkio.leaf_weight")));
  EXPECT_THAT(
      refusal(cgroup,
              R"({"blockIO": {"weightDevice": [{"major": 8, "minor": 0, "leafWeight": 300}]}})"),
      HasSubstr("linux.resources.blockIO.weightDevice[0].leafWeight: 8:0 300"));
}

TEST_F(LimitsV1, AWeightOfAnAbsentDeviceIsRefusedByPath) {
  need("blkio");
  const Cgroup& cgroup = make("box");
  EXPECT_THAT(
      error_of([&] {
        cgroup.apply_limits(spec::parse_resources(
            R"({"blockIO": {"weightDevice": [{"major": 4095, "minor": 1, "weight": 300}]}})"));
      }),
      HasSubstr("linux.resources.blockIO.weightDevice[0].weight: 4095:1 300"));
}

TEST_F(LimitsV1, ControllersThatAreNotThereAreRefusedByPath) {
  const Cgroup& cgroup = make("box");
  struct Case {
    const char* controller;
    std::string_view json;
    const char* message;
  };
  for (const Case& each : std::initializer_list<Case>{
           {"net_cls", R"({"network": {"classID": 1048577}})",
            "linux.resources.network.classID: 1048577: the cgroup controller net_cls is not"},
           {"net_prio", R"({"network": {"priorities": [{"name": "lo", "priority": 5}]}})",
            "linux.resources.network.priorities[0]: lo 5: the cgroup controller net_prio is not"},
           {"rdma", R"({"rdma": {"mlx5_1": {"hcaHandles": 3}}})",
            "linux.resources.rdma.mlx5_1: mlx5_1 hca_handle=3: the cgroup controller rdma is not"},
       }) {
    if (layout_->find(each.controller) != nullptr) continue;
    EXPECT_THAT(refusal(cgroup, each.json), HasSubstr(each.message));
  }
}

TEST_F(LimitsV1, HugePagesAreLimitedWhenTouchedAndWhenReserved) {
  need("hugetlb");
  if (IsSkipped()) return;
  const Cgroup& cgroup = make("box");
  const std::string file = path("hugetlb", "box") + "/hugetlb.2MB.";
  if (!fs::exists(file + "limit_in_bytes")) GTEST_SKIP() << "no pages of 2 MB";
  cgroup.apply_limits(
      spec::parse_resources(R"({"hugepageLimits": [{"pageSize": "2MB", "limit": 4194304}]})"));
  EXPECT_EQ(read_file(file + "limit_in_bytes"), "4194304\n");
  if (fs::exists(file + "rsvd.limit_in_bytes")) {
    EXPECT_EQ(read_file(file + "rsvd.limit_in_bytes"), "4194304\n");
  }
}

TEST_F(LimitsV1, PacketsHaveTheClassAndThePriority) {
  need("net_cls");
  need("net_prio");
  if (IsSkipped()) return;
  const Cgroup& cgroup = make("box");
  cgroup.apply_limits(spec::parse_resources(
      R"({"network": {"classID": 1048577, "priorities": [{"name": "lo", "priority": 5}]}})"));
  EXPECT_EQ(content("net_cls", "box", "net_cls.classid"), "1048577");
  EXPECT_THAT(content("net_prio", "box", "net_prio.ifpriomap"), HasSubstr("lo 5"));
  EXPECT_THAT(error_of([&] {
                cgroup.apply_limits(spec::parse_resources(
                    R"({"network": {"priorities": [{"name": "nosuch0", "priority": 5}]}})"));
              }),
              HasSubstr("linux.resources.network.priorities[0]: nosuch0 5"));
}

TEST_F(LimitsV1, KernelMemoryIsLimitedOrToldToBeIgnored) {
  need("memory");
  const Cgroup& cgroup = make("box");
  const auto apply = [&](const char* json) {
    return cgroup.apply_limits(spec::parse_resources(json));
  };
  const std::vector<std::string> ignored = apply(R"({"memory": {"kernel": 33554432}})");
  if (ignored.empty()) {
    EXPECT_EQ(content("memory", "box", "memory.kmem.limit_in_bytes"), "33554432");
  } else {
    EXPECT_THAT(ignored, testing::ElementsAre(
                             HasSubstr("linux.resources.memory.kernel: 33554432: ignored: ")));
  }
  EXPECT_THAT(apply(R"({"memory": {"kernel": -1, "kernelTCP": 33554432}})"), testing::IsEmpty());
  EXPECT_EQ(content("memory", "box", "memory.kmem.tcp.limit_in_bytes"), "33554432");
}

TEST_F(LimitsV1, RealTimeIsGivenByTheParent) {
  need("cpu");
  const Cgroup& cgroup = make("box");
  if (!fs::exists(path("cpu", "box") + "/cpu.rt_runtime_us")) {
    EXPECT_THAT(refusal(cgroup, R"({"cpu": {"realtimeRuntime": 1000}})"),
                HasSubstr("linux.resources.cpu.realtimeRuntime: 1000"));
    return;
  }
  cgroup.apply_limits(
      spec::parse_resources(R"({"cpu": {"realtimeRuntime": 1000, "realtimePeriod": 500000}})"));
  EXPECT_EQ(content("cpu", "box", "cpu.rt_runtime_us"), "1000");
  EXPECT_EQ(content("cpu", "box", "cpu.rt_period_us"), "500000");
}

}  // namespace
}  // namespace seatrial::cgroup
