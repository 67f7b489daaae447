#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <atomic>

#include "engine/cgroup/cgroup_fixture.h"
#include "engine/cgroup/device_rule_fixture.h"

namespace seatrial::cgroup {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr std::int64_t kMiB = 1 << 20;

class CgroupLimits : public OnRealHierarchies {
 protected:
  std::string memory(const std::string& file) { return content("memory", "box", file); }
  std::string cpu(const std::string& file) { return content("cpu", "box", file); }
};
class CgroupDevices : public OnRealHierarchies {};

spec::Resources with_memory(spec::MemoryLimits memory) {
  spec::Resources resources;
  resources.memory = memory;
  return resources;
}

spec::Resources with_cpu(spec::CpuLimits cpu) {
  spec::Resources resources;
  resources.cpu = std::move(cpu);
  return resources;
}

TEST_F(CgroupLimits, MemoryIsWhatWasAskedFor) {
  need("memory");
  const Cgroup& cgroup = make("box");
  spec::MemoryLimits limits;
  limits.limit = 64 * kMiB;
  limits.swap = 96 * kMiB;
  limits.reservation = 32 * kMiB;
  limits.kernel_tcp = 8 * kMiB;
  limits.swappiness = 7;
  limits.disable_oom_killer = true;
  limits.use_hierarchy = true;
  cgroup.apply_limits(with_memory(limits));
  EXPECT_EQ(memory("memory.limit_in_bytes"), std::to_string(64 * kMiB));
  EXPECT_EQ(memory("memory.memsw.limit_in_bytes"), std::to_string(96 * kMiB));
  EXPECT_EQ(memory("memory.soft_limit_in_bytes"), std::to_string(32 * kMiB));
  EXPECT_EQ(memory("memory.kmem.tcp.limit_in_bytes"), std::to_string(8 * kMiB));
  EXPECT_EQ(memory("memory.swappiness"), "7");
  EXPECT_THAT(memory("memory.oom_control"), HasSubstr("oom_kill_disable 1"));
}

TEST_F(CgroupLimits, MemoryAndSwapMoveUpAndDownTogether) {
  need("memory");
  const Cgroup& cgroup = make("box");
  for (const std::int64_t size : {64 * kMiB, 256 * kMiB, 32 * kMiB}) {
    spec::MemoryLimits limits;
    limits.limit = size;
    limits.swap = size;
    cgroup.apply_limits(with_memory(limits));
    EXPECT_EQ(memory("memory.limit_in_bytes"), std::to_string(size));
    EXPECT_EQ(memory("memory.memsw.limit_in_bytes"), std::to_string(size));
  }
  spec::MemoryLimits unlimited;
  unlimited.limit = -1;
  cgroup.apply_limits(with_memory(unlimited));
  EXPECT_GT(std::stoull(memory("memory.limit_in_bytes")), 1ULL << 60);
  EXPECT_GT(std::stoull(memory("memory.memsw.limit_in_bytes")), 1ULL << 60);
}

TEST_F(CgroupLimits, SwapBelowMemoryIsRefused) {
  need("memory");
  const Cgroup& cgroup = make("box");
  spec::MemoryLimits limits;
  limits.limit = 64 * kMiB;
  limits.swap = 32 * kMiB;
  EXPECT_THAT(error_of([&] { cgroup.apply_limits(with_memory(limits)); }),
              HasSubstr("linux.resources.memory.swap: 33554432"));
}

TEST_F(CgroupLimits, CheckBeforeUpdateRefusesWhatIsInUse) {
  need("memory");
  const Cgroup& cgroup = make("box");
  const TestChild child([] { ::pause(); });
  cgroup.add(child.pid());
  const TestChild eater([&] {
    cgroup.add(::getpid());
    const std::vector<char> held(4 * kMiB, 'x');
    for (;;) ::pause();
  });
  for (int i = 0; i < 5000 && std::stoll(memory("memory.usage_in_bytes")) < 4 * kMiB; ++i) {
    ::usleep(1000);
  }
  spec::MemoryLimits limits;
  limits.limit = kMiB;
  limits.check_before_update = true;
  EXPECT_THAT(error_of([&] { cgroup.apply_limits(with_memory(limits)); }),
              AllOf(HasSubstr("linux.resources.memory.limit: 1048576"), HasSubstr("in use")));
}

TEST_F(CgroupLimits, CpuIsWhatWasAskedFor) {
  need("cpu");
  const Cgroup& cgroup = make("box");
  spec::CpuLimits limits;
  limits.shares = 512;
  limits.quota = 40000;
  limits.period = 80000;
  limits.burst = 10000;
  cgroup.apply_limits(with_cpu(limits));
  EXPECT_EQ(cpu("cpu.shares"), "512");
  EXPECT_EQ(cpu("cpu.cfs_quota_us"), "40000");
  EXPECT_EQ(cpu("cpu.cfs_period_us"), "80000");
  if (fs::exists(path("cpu", "box") + "/cpu.cfs_burst_us")) {
    EXPECT_EQ(cpu("cpu.cfs_burst_us"), "10000");
  }
  spec::CpuLimits lower;
  lower.quota = 5000;
  lower.burst = 1000;
  cgroup.apply_limits(with_cpu(lower));
  EXPECT_EQ(cpu("cpu.cfs_quota_us"), "5000");
  spec::CpuLimits none;
  none.quota = -1;
  cgroup.apply_limits(with_cpu(none));
  EXPECT_EQ(cpu("cpu.cfs_quota_us"), "-1");
}

TEST_F(CgroupLimits, QuotaAndPeriodStayWithinTheParents) {
  need("cpu");
  const Cgroup& parent = make("pod");
  spec::CpuLimits half;
  half.quota = 50000;
  half.period = 100000;
  parent.apply_limits(with_cpu(half));
  const Cgroup& cgroup = make("pod/box");
  spec::CpuLimits first;
  first.quota = 50000;
  first.period = 100000;
  cgroup.apply_limits(with_cpu(first));
  // Half the period before half the quota would be more than the parent's ratio for a moment.
  spec::CpuLimits second;
  second.quota = 25000;
  second.period = 50000;
  cgroup.apply_limits(with_cpu(second));
  EXPECT_EQ(content("cpu", "pod/box", "cpu.cfs_quota_us"), "25000");
  EXPECT_EQ(content("cpu", "pod/box", "cpu.cfs_period_us"), "50000");
  cgroup.remove(in(std::chrono::seconds(1)));
}

TEST_F(CgroupLimits, IdleGoesWithSharesInBothDirections) {
  need("cpu");
  const Cgroup& cgroup = make("box");
  if (!fs::exists(path("cpu", "box") + "/cpu.idle")) GTEST_SKIP() << "this kernel has no cpu.idle";
  spec::CpuLimits limits;
  limits.shares = 300;
  limits.idle = 1;
  cgroup.apply_limits(with_cpu(limits));
  EXPECT_EQ(cpu("cpu.idle"), "1");
  limits.idle = 0;
  cgroup.apply_limits(with_cpu(limits));
  EXPECT_EQ(cpu("cpu.idle"), "0");
  EXPECT_EQ(cpu("cpu.shares"), "300");
}

TEST_F(CgroupLimits, CpusetAndPidsAreWhatWasAskedFor) {
  need("cpuset");
  need("pids");
  const Cgroup& cgroup = make("box");
  spec::Resources resources;
  resources.pids_limit = 17;
  resources.cpu = spec::CpuLimits{};
  resources.cpu->cpus = "0";
  resources.cpu->mems = "0";
  cgroup.apply_limits(resources);
  EXPECT_EQ(content("cpuset", "box", "cpuset.cpus"), "0");
  EXPECT_EQ(content("pids", "box", "pids.max"), "17");
  EXPECT_EQ(cgroup.stats().pids_max, 17U);
  resources.pids_limit = -1;
  cgroup.apply_limits(resources);
  EXPECT_EQ(content("pids", "box", "pids.max"), "max");
  EXPECT_EQ(cgroup.stats().pids_max, std::nullopt);
}

TEST_F(CgroupLimits, RatesOfBlockDevicesAreWhatWasAskedFor) {
  need("blkio");
  std::string disk;
  for (const auto& entry : std::filesystem::directory_iterator("/sys/block")) {
    disk = read_file(entry.path() / "dev");
  }
  if (disk.empty()) GTEST_SKIP() << "this host has no block device";
  disk.pop_back();
  const std::int64_t major = std::stol(disk), minor = std::stol(disk.substr(disk.find(':') + 1));
  const auto rate = [&](std::uint64_t number) {
    return std::vector<spec::DeviceRate>{{.major = major, .minor = minor, .rate = number}};
  };
  const Cgroup& cgroup = make("box");
  spec::Resources resources;
  resources.block_io = spec::BlockIoLimits{
      .read_bps = rate(4096), .write_bps = rate(8192), .read_iops = rate(7), .write_iops = rate(9)};
  cgroup.apply_limits(resources);
  EXPECT_EQ(content("blkio", "box", "blkio.throttle.read_bps_device"), disk + " 4096");
  EXPECT_EQ(content("blkio", "box", "blkio.throttle.write_bps_device"), disk + " 8192");
  EXPECT_EQ(content("blkio", "box", "blkio.throttle.read_iops_device"), disk + " 7");
  EXPECT_EQ(content("blkio", "box", "blkio.throttle.write_iops_device"), disk + " 9");
  resources.block_io = spec::BlockIoLimits{.write_bps = rate(0)};
  cgroup.apply_limits(resources);
  EXPECT_EQ(content("blkio", "box", "blkio.throttle.write_bps_device"), "");
  resources.block_io = spec::BlockIoLimits{.write_bps = {{.major = 4095, .minor = 1, .rate = 1}}};
  EXPECT_THAT(error_of([&] { cgroup.apply_limits(resources); }),
              HasSubstr("linux.resources.blockIO.throttleWriteBpsDevice: 4095:1 1"));
}

TEST_F(CgroupLimits, RefusalNamesPathAndValue) {
  need("cpu");
  need("cpuset");
  const Cgroup& cgroup = make("box");
  spec::CpuLimits shares;
  shares.shares = 1;
  EXPECT_THAT(error_of([&] { cgroup.apply_limits(with_cpu(shares)); }),
              HasSubstr("linux.resources.cpu.shares: 1: 2 to 262144"));
  spec::CpuLimits period;
  period.period = 5;
  EXPECT_THAT(error_of([&] { cgroup.apply_limits(with_cpu(period)); }),
              AllOf(HasSubstr("linux.resources.cpu.period: 5"), HasSubstr("EINVAL")));
  spec::CpuLimits burst;
  burst.quota = 10000;
  burst.burst = 20000;
  EXPECT_THAT(error_of([&] { cgroup.apply_limits(with_cpu(burst)); }),
              HasSubstr("linux.resources.cpu.burst: 20000"));
  spec::CpuLimits cpus;
  cpus.cpus = "4000";
  EXPECT_THAT(error_of([&] { cgroup.apply_limits(with_cpu(cpus)); }),
              HasSubstr("linux.resources.cpu.cpus: 4000"));
}

TEST_F(CgroupLimits, UnmountedControllerIsRefusedByName) {
  const Cgroup nothing = Cgroup::open({});
  const Cgroup other = Cgroup::open({.members = {{.hierarchy = "none-such"}}});
  spec::Resources resources;
  resources.pids_limit = 5;
  EXPECT_THAT(
      error_of([&] { other.apply_limits(resources); }),
      HasSubstr("linux.resources.pids.limit: 5: the cgroup controller pids is not mounted"));
  EXPECT_THAT(error_of([&] { nothing.apply_limits(resources); }),
              HasSubstr("linux.resources.pids.limit: 5: the container has no cgroup of its own"));
  resources = {};
  resources.devices.resize(1);
  EXPECT_THAT(error_of([&] { nothing.apply(resources); }), HasSubstr("linux.resources.devices"));
  EXPECT_EQ(error_of([&] { nothing.apply({}); }), "nothing was thrown");  // control
}

TEST_F(CgroupLimits, StatsCountWhatRuns) {
  need("cpuacct");
  need("memory");
  const Cgroup& cgroup = make("box");
  const TestChild child([&] {
    cgroup.add(::getpid());
    for (std::atomic<long> spin = 0;; ++spin) {
    }
  });
  for (int i = 0; i < 5000 && cgroup.stats().cpu_usage_ns < 5'000'000U; ++i) ::usleep(1000);
  const Stats stats = cgroup.stats();
  EXPECT_GE(stats.cpu_usage_ns, 5'000'000U);
  EXPECT_EQ(stats.pids_current, 1U);
  EXPECT_TRUE(stats.memory_usage.has_value());
  EXPECT_GE(stats.memory_max_usage, stats.memory_usage);
  EXPECT_TRUE(stats.memory_inactive_file.has_value());
}

// "r" and "w" as the process inside the cgroup may open the device, "-" else; made outside, so that
// only the device list decides.
std::string access_inside(const Cgroup& cgroup, unsigned major, unsigned minor) {
  const TempDir dir("/dev");  // where nodes are devices on any host
  const std::string node = dir.path() / "node";
  if (::mknod(node.c_str(), S_IFCHR | 0666, ::makedev(major, minor)) != 0) return "no node";
  TestChild child([&] {
    cgroup.add(::getpid());
    const int r = ::open(node.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY) >= 0 || errno != EPERM;
    const int w = ::open(node.c_str(), O_WRONLY | O_NONBLOCK | O_NOCTTY) >= 0 || errno != EPERM;
    ::_exit(r * 1 + w * 2);
  });
  const int code = WEXITSTATUS(child.wait());
  return std::string(code & 1 ? "r" : "-") + (code & 2 ? "w" : "-");
}

TEST_F(CgroupDevices, OnlyTheDefaultsWithoutRules) {
  need("devices");
  const Cgroup& open = make("open");
  EXPECT_EQ(access_inside(open, 1, 11), "rw");  // control: kmsg, before the list is applied
  const Cgroup& cgroup = make("box");
  cgroup.apply_devices({});
  EXPECT_EQ(access_inside(cgroup, 1, 3), "rw");
  EXPECT_EQ(access_inside(cgroup, 1, 9), "rw");
  EXPECT_EQ(access_inside(cgroup, 5, 2), "rw");
  EXPECT_EQ(access_inside(cgroup, 1, 11), "--");
  EXPECT_EQ(access_inside(cgroup, 1, 1), "--");
  EXPECT_EQ(access_inside(cgroup, 5, 1), "--");
  EXPECT_THAT(content("devices", "box", "devices.list"),
              AllOf(HasSubstr("c *:* m"), Not(HasSubstr("a *:*"))));
}

TEST_F(CgroupDevices, RulesApplyInOrder) {
  need("devices");
  const Cgroup& cgroup = make("box");
  cgroup.apply_devices({rule(false), rule(true, 'c', 1, 11), rule(false, 'c', 1, 11, "wm"),
                        rule(true, 'c', 10, std::nullopt, "rm")});
  EXPECT_EQ(access_inside(cgroup, 1, 11), "r-");
  EXPECT_EQ(access_inside(cgroup, 10, 229), "r-");
  EXPECT_EQ(access_inside(cgroup, 1, 3), "rw");
}

TEST_F(CgroupDevices, ARuleTakesBackNarrowerOnes) {
  need("devices");
  const Cgroup& cgroup = make("box");
  cgroup.apply_devices({rule(true, 'c', 1, 11), rule(false, 'c', 1)});
  EXPECT_EQ(access_inside(cgroup, 1, 11), "--");
}

TEST_F(CgroupDevices, CompletingEndsTheMakingOfAnyNode) {
  need("devices");
  const Cgroup& cgroup = make("box");
  const std::vector<spec::DeviceRule> rules{rule(true, 'c', std::nullopt, std::nullopt, "r"),
                                            rule(true, 'b', std::nullopt, std::nullopt, "m")};
  cgroup.apply_devices(rules);
  cgroup.complete_devices(rules);
  EXPECT_THAT(content("devices", "box", "devices.list"),
              AllOf(HasSubstr("b *:* m"), HasSubstr("c *:* r"), Not(HasSubstr("c *:* rm"))));
}

// Not by beginning anew: what both lists allow must not be missing for a moment, and the kernel
// refuses that where there are cgroups below.
TEST_F(CgroupDevices, AnUpdateTakesThePlaceOfTheOldRules) {
  need("devices");
  const Cgroup& cgroup = make("box");
  cgroup.apply_devices({rule(true, 'c', 1, 11), rule(true, 'c', 10, std::nullopt, "rw")},
                       Nodes::kDefaults);
  fs::create_directory(path("devices", "box/below"));
  cgroup.update_devices({rule(true, 'c', 1, 1, "r"), rule(true, 'c', 10, std::nullopt, "r")});
  EXPECT_EQ(access_inside(cgroup, 1, 11), "--");
  EXPECT_EQ(access_inside(cgroup, 1, 1), "r-");
  EXPECT_EQ(access_inside(cgroup, 10, 229), "r-");
  EXPECT_EQ(access_inside(cgroup, 1, 3), "rw");
  EXPECT_THAT(content("devices", "box", "devices.list"),
              AllOf(HasSubstr("c 10:* r\n"), Not(HasSubstr("c 1:11"))));
}

TEST_F(CgroupDevices, AnUpdateMayAllowByDefaultAndNoLonger) {
  need("devices");
  const Cgroup& cgroup = make("box");
  cgroup.apply_devices({}, Nodes::kDefaults);
  cgroup.update_devices({rule(true)});
  EXPECT_EQ(access_inside(cgroup, 1, 11), "rw");
  cgroup.update_devices({rule(false)});
  EXPECT_EQ(access_inside(cgroup, 1, 11), "--");
  EXPECT_EQ(access_inside(cgroup, 1, 3), "rw");
}

TEST_F(CgroupLimits, AProcessCanBeMadeUntilALimitOfNoneIsCompleted) {
  need("pids");
  const Cgroup& cgroup = make("box");
  spec::Resources resources;
  resources.pids_limit = 0;
  cgroup.apply(resources);
  EXPECT_EQ(content("pids", "box", "pids.max"), "max");
  cgroup.complete(resources);
  EXPECT_EQ(content("pids", "box", "pids.max"), "0");
}

TEST_F(CgroupDevices, AllowAllOpensEverything) {
  need("devices");
  const Cgroup& cgroup = make("box");
  cgroup.apply_devices({rule(true)});
  EXPECT_EQ(content("devices", "box", "devices.list"), "a *:* rwm");
  EXPECT_EQ(access_inside(cgroup, 1, 11), "rw");
}

TEST_F(CgroupDevices, ANarrowRuleForBothTypesDoesNotOpenEverything) {
  need("devices");
  const Cgroup& cgroup = make("box");
  cgroup.apply_devices({rule(true, 'a', 1, 11, "rm")});
  EXPECT_EQ(access_inside(cgroup, 1, 11), "r-");
  EXPECT_EQ(access_inside(cgroup, 10, 229), "--");
}

}  // namespace
}  // namespace seatrial::cgroup
