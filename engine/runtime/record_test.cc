#include "engine/runtime/record.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "engine/base/error.h"

namespace seatrial::runtime {
namespace {

Record full_record() {
  return {.phase = Phase::kCreated,
          .boot = "5d1a",
          .creator = {.pid = 10, .start_time = 100},
          .init = {.pid = 11, .start_time = 101},
          .monitor = {.pid = 12, .start_time = 102},
          .monitor_directory = "/run/m",
          .oci_version = "1.3.0",
          .bundle = "/b",
          .rootfs = "/b/root \"fs\"",
          .created = "2025-11-02T09:30:05.000000007Z",
          .annotations = {{"key", "value"}},
          .planned_cgroups = {"/sys/fs/cgroup/cpu/a"},
          .cgroups = "v1\tcpu\n",
          .own_pid_namespace = true,
          .has_poststart = true,
          .has_poststop = true};
}

TEST(Record, ReadsBackWhatItPrints) {
  const Record record = full_record();
  const Record again = parse_record(print_record(record));
  EXPECT_EQ(print_record(again), print_record(record));
  EXPECT_EQ(again.phase, Phase::kCreated);
  EXPECT_EQ(again.init.start_time, 101U);
  EXPECT_EQ(again.monitor.start_time, 102U);
  EXPECT_EQ(again.monitor_directory, record.monitor_directory);
  EXPECT_EQ(again.rootfs, record.rootfs);
  EXPECT_EQ(again.planned_cgroups, record.planned_cgroups);
  EXPECT_TRUE(again.has_poststop);
}

TEST(Record, KnowsWhoWritesACheckpoint) {
  Record record = full_record();
  EXPECT_EQ(parse_record(print_record(record)).checkpointer.pid, 0);
  record.checkpointer = {.pid = 13, .start_time = 103};
  EXPECT_EQ(parse_record(print_record(record)).checkpointer.pid, 13);
  EXPECT_EQ(parse_record(print_record(record)).checkpointer.start_time, 103U);
}

TEST(Record, KnowsThePlaceInResctrl) {
  Record record = full_record();
  EXPECT_EQ(parse_record(print_record(record)).rdt.directory, "");
  record.rdt = {.directory = "/sys/fs/resctrl/box",
                .own_class = true,
                .to_be_made = true,
                .inode = 0x8000000000000005,
                .monitoring = "/sys/fs/resctrl/box/mon_groups/box",
                .monitoring_inode = 7};
  const RdtPlace again = parse_record(print_record(record)).rdt;
  EXPECT_EQ(again.directory, record.rdt.directory);
  EXPECT_TRUE(again.own_class);
  EXPECT_TRUE(again.to_be_made);
  EXPECT_EQ(again.inode, 0x8000000000000005);
  EXPECT_EQ(again.monitoring, record.rdt.monitoring);
  EXPECT_EQ(again.monitoring_inode, 7U);
}

TEST(Record, KnowsTheDevicesThatAreToBeMoved) {
  Record record = full_record();
  EXPECT_TRUE(parse_record(print_record(record)).lent.devices.empty());
  record.lent = {
      .devices = {{.name = "a", .wanted = "b%d", .index = 3, .flags = 0xffffffff, .master = 9}},
      .there_before = {1, 4},
      .home = 4026531840};
  const LentDevices again = parse_record(print_record(record)).lent;
  ASSERT_EQ(again.devices.size(), 1U);
  EXPECT_EQ(again.devices[0].name, "a");
  EXPECT_EQ(again.devices[0].wanted, "b%d");
  EXPECT_EQ(again.devices[0].index, 3);
  EXPECT_EQ(again.devices[0].flags, 0xffffffff);
  EXPECT_EQ(again.devices[0].master, 9U);
  EXPECT_EQ(again.there_before, (std::vector{1, 4}));
  EXPECT_EQ(again.home, 4026531840U);
}

TEST(Record, RefusesAnythingElse) {
  EXPECT_THROW(parse_record(""), Error);
  EXPECT_THROW(parse_record("{}"), Error);
  std::string text = print_record(full_record());
  text.replace(text.find("\"created\""), 9, "\"paused!\"");
  EXPECT_THROW(parse_record(text), Error);
}

TEST(ProcessIdentity, AProcessThatTookTheNumberOverIsAnother) {
  ProcessIdentity self = identify(::getpid());
  EXPECT_TRUE(self.is_alive());
  ++self.start_time;
  EXPECT_FALSE(self.is_alive());
  EXPECT_FALSE(ProcessIdentity{}.is_alive());
}

}  // namespace
}  // namespace seatrial::runtime
