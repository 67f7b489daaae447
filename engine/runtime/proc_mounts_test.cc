#include "engine/runtime/proc_mounts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/runtime/runtime_fixture.h"

namespace seatrial::runtime {
namespace {

using testing::HasSubstr;

// What is said of a configuration with that mount behind another; empty where it may be.
std::string said_of(spec::Mount mount) {
  spec::Config config;
  config.mounts = {{.destination = "/x", .type = "tmpfs", .source = "tmpfs", .options = {}},
                   std::move(mount)};
  try {
    check_proc_mounts(config);
    return "";
  } catch (const Error& failure) {
    EXPECT_EQ(failure.kind(), Kind::kInvalidArgument);
    return failure.what();
  }
}

std::string said_of_bind(const std::string& destination, const std::string& source) {
  return said_of({.destination = destination, .source = source, .options = {.bind = true}});
}

std::string said_of_new(const std::string& destination, const std::string& type) {
  return said_of({.destination = destination, .type = type, .source = type, .options = {}});
}

TEST(ProcMounts, OnlyAProcfsStandsOnProc) {
  for (const char* destination : {"/proc", "proc", "/proc/", "//proc", "/a/../proc/."}) {
    EXPECT_THAT(said_of_bind(destination, "/tmp"),
                HasSubstr("mounts[1].destination: \"" + std::string(destination) +
                          "\" cannot be mounted because it is not of type proc"));
    EXPECT_EQ(said_of_bind(destination, "/proc"), "");
    EXPECT_EQ(said_of_new(destination, "proc"), "");
  }
  EXPECT_THAT(said_of_bind("/proc", "/proc/sys"), HasSubstr("not of type proc"));
  EXPECT_THAT(said_of_new("/proc", "tmpfs"), HasSubstr("not of type proc"));
  EXPECT_EQ(said_of_bind("/process", "/tmp"), "");
  EXPECT_EQ(said_of_bind("/proc/../other", "/tmp"), "");
}

TEST(ProcMounts, BindsInsideAreOfAProcfsOrOfFilesThatTellLimits) {
  const TempDir dir("/tmp");
  for (const char* destination : {"/proc/sys", "/proc/version", "proc/x", "/proc/cpuinfo/x"}) {
    EXPECT_THAT(said_of_bind(destination, dir.path()),
                HasSubstr("cannot be mounted because it is inside /proc"));
  }
  EXPECT_EQ(said_of_bind("/proc/sys", "/proc/sys"), "");
  EXPECT_EQ(said_of_bind("/proc/cpuinfo", dir.path()), "");
  EXPECT_EQ(said_of_bind("/proc//net/dev", dir.path()), "");
  EXPECT_EQ(said_of_new("/proc/acpi", "tmpfs"), "");
  EXPECT_EQ(said_of_new("/proc/sys", "proc"), "");
}

TEST(ProcMounts, ASourceThatIsNotThereIsTheBindsToTell) {
  EXPECT_EQ(said_of_bind("/proc", "/no/such"), "");
  EXPECT_EQ(said_of_bind("/proc/sys", "/no/such"), "");
}

class ProcMountsOfContainers : public RuntimeTest {};

TEST_F(ProcMountsOfContainers, AreRefusedBeforeAnythingIsMade) {
  const auto run = [&](const char* destination) {
    runtime_->run(request({.mounts = fmt::format(R"({{"destination": "{}", "type": "bind",
                                                      "source": "/usr", "options": ["bind"]}},)",
                                                 destination)}));
  };
  EXPECT_THAT(failure_of([&] { run("/proc/sys"); }), HasSubstr("because it is inside /proc"));
  EXPECT_THAT(failure_of([&] { run("/proc"); }), HasSubstr("because it is not of type proc"));
  EXPECT_TRUE(runtime_->list().empty());
}

}  // namespace
}  // namespace seatrial::runtime
