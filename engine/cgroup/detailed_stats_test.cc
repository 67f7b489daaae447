#include "engine/cgroup/detailed_stats.h"

#include <gmock/gmock.h>

#include "engine/cgroup/fake_tree.h"

namespace seatrial::cgroup {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

TEST(DeviceCounts, OfV1AreThoseOfDevices) {
  EXPECT_THAT(device_counts_v1("8:0 Read 5\n8:0 Write 6\n253:16 Read 7\nTotal 18\n"),
              ElementsAre(DeviceCount{8, 0, "Read", 5}, DeviceCount{8, 0, "Write", 6},
                          DeviceCount{253, 16, "Read", 7}));
  EXPECT_THAT(device_counts_v1("8:0 Read\nx:0 Read 1\n8 Read 1\n\n"), IsEmpty());
}

TEST(DeviceCounts, OfV2AreTheKeysAskedFor) {
  EXPECT_THAT(
      device_counts_v2("8:0 rbytes=5 wbytes=6 rios=1 wios=2 dbytes=0\n8:16 \n", "rios", "wios"),
      ElementsAre(DeviceCount{8, 0, "Read", 1}, DeviceCount{8, 0, "Write", 2}));
}

TEST(NumbersOfAList, AreThoseOfItsRanges) {
  EXPECT_THAT(numbers_of_list("0-2,5"), ElementsAre(0U, 1U, 2U, 5U));
  EXPECT_THAT(numbers_of_list(""), IsEmpty());
  EXPECT_THAT(numbers_of_list("x,1-y,3-99999999"), IsEmpty());
}

TEST(DetailedStats, OfV1HaveWhatItCountsApart) {
  const TempDir dir(std::filesystem::temp_directory_path());
  const auto file = [&](const char* name, const char* text) {
    write_file_atomically(dir.path() / name, text);
  };
  file("cpuacct.usage_percpu", "40 60 \n");
  file("cpuacct.usage_all", "cpu user system\n0 10 30\n1 20 40\n");
  file("cpuset.cpus", "0-1\n");
  file("cpuset.mems", "0\n");
  file("cpuset.cpu_exclusive", "0\n");
  file("cpuset.sched_relax_domain_level", "-1\n");
  file("memory.kmem.usage_in_bytes", "5\n");
  file("memory.kmem.tcp.failcnt", "6\n");
  const DetailedStats stats = detailed_stats(
      Cgroup::open({.members = {{.hierarchy = "cpuset,cpuacct,memory", .directory = dir.path()}}}));
  EXPECT_THAT(stats.cpu_each_ns, ElementsAre(40U, 60U));
  EXPECT_THAT(stats.cpu_each_user_ns, ElementsAre(10U, 20U));
  EXPECT_THAT(stats.cpu_each_kernel_ns, ElementsAre(30U, 40U));
  ASSERT_TRUE(stats.cpuset);
  EXPECT_THAT(stats.cpuset->cpus, ElementsAre(0U, 1U));
  EXPECT_THAT(stats.cpuset->mems, ElementsAre(0U));
  EXPECT_THAT(stats.cpuset->settings,
              ElementsAre(Pair("cpu_exclusive", 0), Pair("sched_relax_domain_level", -1)));
  EXPECT_EQ(stats.kernel_memory->usage, 5U);
  EXPECT_EQ(stats.kernel_tcp_memory->fail_count, 6U);
}

TEST(DetailedStats, OfV2AreReadFromItsFiles) {
  const FakeTree tree("cpu memory io hugetlb");
  tree.control("cpu.stat", "usage_usec 9\nuser_usec 5\nsystem_usec 4\n");
  tree.control("memory.stat", "anon 11\nfile 12\n");
  tree.control("memory.swap.current", "13\n");
  tree.control("memory.swap.max", "max\n");
  tree.control("io.stat", "8:0 rbytes=5 wbytes=6 rios=1 wios=2\n");
  tree.control("hugetlb.2MB.current", "2097152\n");
  tree.control("hugetlb.2MB.events", "max 3\n");
  tree.control("hugetlb.2MB.rsvd.current", "1\n");
  const DetailedStats stats = detailed_stats(tree.cgroup());
  EXPECT_EQ(stats.sums.cpu_usage_ns, 9000U);
  EXPECT_EQ(stats.cpu_user_ns, 5000U);
  EXPECT_EQ(stats.cpu_kernel_ns, 4000U);
  EXPECT_THAT(stats.memory, ElementsAre(Pair("anon", 11U), Pair("file", 12U)));
  EXPECT_EQ(stats.swap_usage, 13U);
  EXPECT_EQ(stats.swap_limit, std::nullopt);
  EXPECT_THAT(stats.io_bytes,
              ElementsAre(DeviceCount{8, 0, "Read", 5}, DeviceCount{8, 0, "Write", 6}));
  EXPECT_THAT(stats.huge_pages, ElementsAre(Pair("2MB", ::testing::_)));
  EXPECT_EQ(stats.huge_pages.at("2MB").usage, 2097152U);
  EXPECT_EQ(stats.huge_pages.at("2MB").fail_count, 3U);
}

TEST(DetailedStats, OfACgroupThatHasGoneAreEmpty) {
  const DetailedStats stats =
      detailed_stats(Cgroup::open({.members = {{.directory = "/tmp/no/such/cgroup", .v2 = true}}}));
  EXPECT_EQ(stats.cpu_user_ns, std::nullopt);
  EXPECT_THAT(stats.memory, IsEmpty());
  EXPECT_THAT(stats.huge_pages, IsEmpty());
}

}  // namespace
}  // namespace seatrial::cgroup
