#include "harness/lane/lane.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/base/error.h"
#include "harness/lane/machine.h"

namespace seatrial::lane {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::IsSupersetOf;
using testing::Not;

std::string refusal(const std::string& name) {
  try {
    parse_lane_name(name);
  } catch (const Error& failure) {
    return failure.what();
  }
  return "";
}

TEST(MemoryOfALane, GrowsWithWhatItTakesAlong) {
  constexpr std::uint64_t kMib = 1 << 20;
  EXPECT_EQ(memory_for(0, 50 * kMib), 2048);
  EXPECT_EQ(memory_for(0, 700 * kMib), 2740);
  EXPECT_EQ(memory_for(300, 50 * kMib), 300);
  EXPECT_THROW(memory_for(2048, 700 * kMib), Error);
}

TEST(LaneName, HasKernelGroupsAndModule) {
  const LaneName plain = parse_lane_name("6.1-hybrid");
  EXPECT_EQ(plain.kernel, "6.1");
  EXPECT_EQ(plain.cgroup, CgroupLayout::kHybrid);
  EXPECT_EQ(plain.security, SecurityModule::kNone);
  EXPECT_EQ(parse_lane_name("6.1-v1").cgroup, CgroupLayout::kV1);
  EXPECT_EQ(parse_lane_name("6.1-v2-apparmor").security, SecurityModule::kAppArmor);
}

TEST(LaneName, RefusesByName) {
  EXPECT_THAT(refusal("6.1"), HasSubstr("lane \"6.1\": a lane is called"));
  EXPECT_THAT(refusal("6.1-v2-apparmor-x"), HasSubstr("a lane is called"));
  EXPECT_THAT(refusal("6.1-v3"), HasSubstr("\"v3\" is no layout of control groups"));
  EXPECT_THAT(refusal("5.10-v2"), HasSubstr("not with \"5.10\""));
  EXPECT_EQ(parse_lane_name("6.1-v2-selinux").security, SecurityModule::kSelinux);
  EXPECT_THAT(refusal("6.1-v2-smack"), HasSubstr("\"smack\" is no security module"));
}

TEST(PrintJob, EndsEachRecordWithANull) {
  using namespace std::string_literals;
  EXPECT_EQ(print_job({.args = {"/bin/sh", ""},
                       .env = {"A=B=C"},
                       .directory = "/w",
                       .collect = {"/out"},
                       .cgroup = CgroupLayout::kHybrid}),
            "arg=/bin/sh\0arg=\0env=A=B=C\0collect=/out\0cwd=/w\0cgroup=hybrid\0"s);
}

TEST(PrintJob, RefusesANullWithinAValue) {
  EXPECT_THROW(print_job({.args = {std::string("a\0b", 3)}}), Error);
}

TEST(MachineCommand, HasNeitherNetworkNorDisk) {
  const auto words = machine_command({.kernel = "/k/vmlinuz", .memory_mib = 512, .cpus = 1});
  EXPECT_THAT(words, IsSupersetOf({"-nodefaults", "-no-reboot", "-nic", "none", "512", "/k/vmlinuz",
                                   "pc,accel=tcg", "max", "/proc/self/fd/5"}));
  EXPECT_THAT(words, Not(Contains(HasSubstr("-drive"))));
  EXPECT_THAT(words, Contains(AllOf(HasSubstr("panic=-1"), Not(HasSubstr("apparmor")))));
}

TEST(MachineCommand, AsksForWhatTheLaneSays) {
  const auto words = machine_command({.kernel = "/k/vmlinuz",
                                      .security = SecurityModule::kAppArmor,
                                      .accelerator = Accelerator::kKvm});
  EXPECT_THAT(words, IsSupersetOf({"pc,accel=kvm", "host"}));
  EXPECT_THAT(
      words,
      Contains(HasSubstr(" lsm=lockdown,landlock,yama,loadpin,safesetid,integrity,apparmor,bpf")));
}

}  // namespace
}  // namespace seatrial::lane
