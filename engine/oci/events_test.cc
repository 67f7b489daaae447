#include "engine/oci/events.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "engine/base/error.h"

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
  stats.memory = {{"cache", 3}, {"rss", 4}};
  stats.io_bytes = {{8, 0, "Read", 6}};
  stats.huge_pages["2MB"] = {.usage = 1, .max_usage = 2, .fail_count = 3};
  const std::string line = stats_event("box", stats);
  EXPECT_EQ(std::count(line.begin(), line.end(), '\n'), 1);
  EXPECT_THAT(line, EndsWith("\n"));
  EXPECT_EQ(json::parse(line).at("type"), "stats");
  EXPECT_EQ(json::parse(line).at("id"), "box");
  const json data = data_of(stats);
  EXPECT_EQ(data["cpu"]["usage"],
            (json{{"total", 9}, {"percpu", {4, 5}}, {"kernel", 0}, {"user", 5}}));
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

}  // namespace
}  // namespace seatrial::oci
