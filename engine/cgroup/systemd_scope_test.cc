#include "engine/cgroup/systemd_scope.h"

#include <gmock/gmock.h>

#include "engine/base/error.h"

namespace seatrial::cgroup {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::uint64_t kNoLimit = ~std::uint64_t{0};

TEST(Scope, OfAPath) {
  const Scope scope = parse_scope("user-1000.slice:docker:7f3a", "x");
  EXPECT_EQ(scope.unit, "docker-7f3a.scope");
  EXPECT_EQ(scope.cgroup(), "/user.slice/user-1000.slice/docker-7f3a.scope");
  EXPECT_EQ(parse_scope("a-b-c.slice::n", "x").cgroup(), "/a.slice/a-b.slice/a-b-c.slice/n.scope");
  EXPECT_EQ(parse_scope("-.slice:p:n", "x").cgroup(), "/p-n.scope");
  EXPECT_EQ(parse_scope(":p:n", "x").cgroup(), "/system.slice/p-n.scope");
  EXPECT_EQ(parse_scope("", "box").cgroup(), "/system.slice/seatrial-box.scope");
}

TEST(Scope, OfAUsersOwnSystemd) {
  Scope scope = parse_scope("", "box", "user.slice");
  scope.root = "/user.slice/user-7.slice/user@7.service";
  EXPECT_EQ(scope.cgroup(), scope.root + "/user.slice/seatrial-box.scope");
  EXPECT_EQ(parse_scope(":p:n", "x", "user.slice").slice, "user.slice");
  EXPECT_EQ(parse_scope("app.slice:p:n", "x", "user.slice").slice, "app.slice");
}

TEST(Scope, RefusesOtherPaths) {
  for (const char* path : {"/docker/7f3a", "a.slice:n", "a.slice:p:n:m", "a:p:n", ".slice:p:n",
                           "a/b.slice:p:n", "a--b.slice:p:n", "-a.slice:p:n", "a-.slice:p:n",
                           "a.slice:p:", "a.slice:p:n/m", "a.slice:p/q:n", "a.slice:p:b.slice"}) {
    try {
      parse_scope(path, "x");
      ADD_FAILURE() << path << " was taken";
    } catch (const Error& refusal) {
      EXPECT_THAT(refusal.what(), HasSubstr(std::string("linux.cgroupsPath: ") + path + ": "));
    }
  }
}

TEST(Scope, LimitsAreProperties) {
  spec::Resources resources;
  resources.cpu = spec::CpuLimits{.shares = 1024, .quota = 12345, .period = 50000};
  resources.memory = spec::MemoryLimits{.limit = 1000, .reservation = 500, .swap = 1500};
  resources.pids_limit = -1;
  resources.block_io = spec::BlockIoLimits{.weight = 10};
  using P = UnitProperty;
  EXPECT_THAT(
      limits_as_properties(resources, true),
      ElementsAre(P{"CPUWeight", std::uint64_t{100}}, P{"CPUQuotaPeriodUSec", std::uint64_t{50000}},
                  P{"CPUQuotaPerSecUSec", std::uint64_t{250000}},
                  P{"MemoryMax", std::uint64_t{1000}}, P{"MemoryLow", std::uint64_t{500}},
                  P{"MemorySwapMax", std::uint64_t{500}}, P{"TasksMax", kNoLimit},
                  P{"IOWeight", std::uint64_t{1}}));
  EXPECT_THAT(limits_as_properties(resources, false),
              ElementsAre(P{"CPUShares", std::uint64_t{1024}},
                          P{"CPUQuotaPeriodUSec", std::uint64_t{50000}},
                          P{"CPUQuotaPerSecUSec", std::uint64_t{250000}},
                          P{"MemoryLimit", std::uint64_t{1000}}, P{"TasksMax", kNoLimit},
                          P{"BlockIOWeight", std::uint64_t{10}}));
  EXPECT_THAT(limits_as_properties({}, true), ElementsAre());
}

TEST(Scope, DevicesArePaths) {
  const std::vector<UnitProperty> devices =
      devices_as_properties({{.allow = false},
                             {.allow = true, .type = 'b', .major = 8, .minor = 1, .mknod = false},
                             {.allow = true, .type = 'c', .major = 10}});
  ASSERT_EQ(devices.size(), 2U);
  EXPECT_EQ(devices[0], (UnitProperty{"DevicePolicy", "strict"}));
  const auto& pairs = std::get<UnitProperty::Pairs>(devices[1].value);
  using Pair = std::pair<std::string, std::string>;
  ASSERT_EQ(pairs.size(), 10U);
  EXPECT_EQ(pairs[0], Pair("/dev/block/8:1", "rw"));
  EXPECT_EQ(pairs[1], Pair("char-10", "rwm"));
  EXPECT_EQ(pairs[2], Pair("/dev/char/1:3", "rwm"));
  EXPECT_EQ(pairs[9], Pair("char-136", "rwm"));
  const std::vector<UnitProperty> all = devices_as_properties({{.allow = true}});
  EXPECT_EQ(std::get<UnitProperty::Pairs>(all[1].value)[0], Pair("char-*", "rwm"));
}

TEST(Scope, RefusesDevicesThatSystemdHasNoWordFor) {
  for (const auto& rules : std::vector<std::vector<spec::DeviceRule>>{
           {{.allow = true}, {.allow = false, .type = 'c', .major = 1, .minor = 3}},
           {{.allow = false}, {.allow = true, .type = 'c', .minor = 3}}}) {
    try {
      devices_as_properties(rules);
      ADD_FAILURE() << "they were taken";
    } catch (const Error& refusal) {
      EXPECT_THAT(refusal.what(), HasSubstr("linux.resources.devices[1]: with --systemd-cgroup"));
    }
  }
}

}  // namespace
}  // namespace seatrial::cgroup
