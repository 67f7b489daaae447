#include "engine/oci/events.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include <csignal>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/runtime/container_fixture.h"

namespace seatrial::oci {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using ::testing::EndsWith;

json data_of(const cgroup::DetailedStats& stats) {
  return json::parse(stats_event("box", stats)).at("data");
}

TEST(StatsEvent, IsOneLineWithRuncsWords) {
  cgroup::DetailedStats stats;
  stats.sums.cpu_usage_ns = 9;
  stats.sums.memory_usage = 7;
  stats.sums.memory_limit = 8;
  stats.sums.pids_current = 2;
  stats.cpu_user_ns = 5;
  stats.cpu_each_ns = {4, 5};
  stats.cpu_each_user_ns = {1, 2};
  stats.cpu_each_kernel_ns = {3, 3};
  stats.cpuset = {.cpus = {0, 1}, .mems = {0}, .settings = {{"sched_relax_domain_level", -1}}};
  stats.kernel_memory = {.usage = 6, .max_usage = 7, .limit = 8, .fail_count = 9};
  stats.memory = {{"cache", 3}, {"rss", 4}};
  stats.io_bytes = {{8, 0, "Read", 6}};
  stats.huge_pages["2MB"] = {.usage = 1, .max_usage = 2, .fail_count = 3};
  const std::string line = stats_event("box", stats);
  EXPECT_EQ(std::count(line.begin(), line.end(), '\n'), 1);
  EXPECT_THAT(line, EndsWith("\n"));
  EXPECT_EQ(json::parse(line).at("type"), "stats");
  EXPECT_EQ(json::parse(line).at("id"), "box");
  const json data = data_of(stats);
  EXPECT_EQ(data["cpu"]["usage"], (json{{"total", 9},
                                        {"percpu", {4, 5}},
                                        {"percpu_kernel", {3, 3}},
                                        {"percpu_user", {1, 2}},
                                        {"kernel", 0},
                                        {"user", 5}}));
  EXPECT_EQ(data["cpuset"],
            (json{{"cpus", {0, 1}}, {"mems", {0}}, {"sched_relax_domain_level", -1}}));
  EXPECT_EQ(data["memory"]["kernel"],
            (json{{"limit", 8}, {"usage", 6}, {"max", 7}, {"failcnt", 9}}));
  EXPECT_FALSE(data["memory"].contains("kernelTCP"));
  EXPECT_EQ(data["memory"]["usage"],
            (json{{"limit", 8}, {"usage", 7}, {"max", 0}, {"failcnt", 0}}));
  EXPECT_EQ(data["memory"]["cache"], 3);
  EXPECT_EQ(data["memory"]["raw"], (json{{"cache", 3}, {"rss", 4}}));
  EXPECT_EQ(data["pids"], (json{{"current", 2}, {"limit", 0}}));
  EXPECT_EQ(data["blkio"]["ioServiceBytesRecursive"],
            (json{{{"major", 8}, {"minor", 0}, {"op", "Read"}, {"value", 6}}}));
  EXPECT_EQ(data["hugetlb"]["2MB"], (json{{"usage", 1}, {"max", 2}, {"failcnt", 3}}));
}

TEST(StatsEvent, WithoutALimitOfMemoryHasTheLargestNumber) {
  EXPECT_EQ(data_of({})["memory"]["usage"]["limit"], std::numeric_limits<std::uint64_t>::max());
}

TEST(OomEvent, NamesTheContainer) {
  EXPECT_EQ(json::parse(oom_event("box")), (json{{"type", "oom"}, {"id", "box"}}));
}

TEST(Interval, IsANumberAndItsUnit) {
  EXPECT_EQ(parse_interval("5s"), 5s);
  EXPECT_EQ(parse_interval("250ms"), 250ms);
  EXPECT_EQ(parse_interval("2m"), 2min);
  for (const char* wrong : {"", "5", "0s", "-1s", "s", "5d", "1000000000h", "5s5"}) {
    EXPECT_THROW(parse_interval(wrong), Error) << wrong;
  }
}

// With a real container: needs root, else skips.
class FollowEvents : public runtime::ContainerTest {
 protected:
  // One that waits for start, below a limit of 16 MiB.
  runtime::Child create(const std::string& script) {
    const json limits{{"memory", {{"limit", 16 << 20}, {"swap", 16 << 20}}}};
    json config{
        {"ociVersion", "1.3.0"},
        {"root", {{"path", "rootfs"}}},
        {"process",
         {{"args", {"/usr/bin/sh", "-c", script}}, {"cwd", "/"}, {"env", {"PATH=/usr/bin"}}}},
        {"linux",
         {{"namespaces", {{{"type", "pid"}}, {{"type", "mount"}}}}, {"resources", limits}}}};
    config["mounts"].push_back({{"destination", "/dev"}, {"type", "tmpfs"}, {"source", "tmpfs"}});
    for (const char* path : {"/usr", "/lib", "/lib64"}) {
      config["mounts"].push_back(
          {{"destination", path}, {"source", path}, {"options", {"rbind", "ro"}}});
    }
    write_file_atomically(dir_.path() / "config.json", config.dump());
    return runtime_->create({.id = id_, .bundle = dir_.path(), .stdio = {-1, 1, 2}});
  }
};

TEST_F(FollowEvents, TellsStatsAndTheLackOfMemoryUntilTheEnd) {
  if (!cgroup::Layout::detect().find("memory")) GTEST_SKIP() << "memory is not mounted";
  runtime::Child child = create("cat /dev/zero | tail -c 100m > /dev/null; exec sleep 1000");
  std::vector<std::string> told;
  bool oom = false;
  std::size_t stats_after = 0;
  // The first stats come before anything has happened: the container waits for start.
  follow_events(*runtime_, id_, 50ms, [&](std::string_view line) {
    const std::string type = json::parse(line).at("type");
    if (told.empty()) {
      EXPECT_EQ(type, "stats");
      runtime_->start(id_);
    }
    told.push_back(type);
    oom = oom || type == "oom";
    stats_after += oom && type == "stats" ? 1U : 0U;
    if (stats_after == 2 || told.size() == 200) runtime_->kill(id_, SIGKILL);
  });
  EXPECT_TRUE(oom);
  EXPECT_EQ(child.wait(10s).value().code, 128 + SIGKILL);
  EXPECT_THROW(follow_events(*runtime_, id_, 50ms, [](std::string_view) {}), Error);
  runtime_->remove(id_);
}

}  // namespace
}  // namespace seatrial::oci
