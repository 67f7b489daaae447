#include "engine/cgroup/device_list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/base/error.h"
#include "engine/cgroup/device_rule_fixture.h"

namespace seatrial::cgroup {
namespace {

using spec::DeviceRule;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr auto kAll = std::nullopt;

std::vector<std::string> lines(const DeviceList& list) {
  std::vector<std::string> all;
  for (const DeviceException& exception : list.exceptions) {
    EXPECT_NE(exception.rule.allow, list.allows_by_default);
    all.push_back(device_line(exception.rule));
  }
  return all;
}

TEST(DeviceList, DeniesEverythingByDefault) {
  const DeviceList list = resolve_devices({});
  EXPECT_FALSE(list.allows_by_default);
  EXPECT_THAT(lines(list), IsEmpty());
}

TEST(DeviceList, ALaterRuleTakesBackWhatItCovers) {
  EXPECT_THAT(lines(resolve_devices({rule(true, 'c', 1, 2), rule(true, 'b', 1, 2),
                                     rule(true, 'c', 2, 2), rule(false, 'c', 1, kAll, "wm")})),
              ElementsAre("c 1:2 r", "b 1:2 rwm", "c 2:2 rwm"));
  EXPECT_THAT(lines(resolve_devices({rule(true, 'c', 1, 2), rule(false, 'a', kAll, 2)})),
              IsEmpty());
}

TEST(DeviceList, ARuleForEverythingBeginsAnew) {
  const DeviceList list = resolve_devices({rule(true, 'c', 1, 2), rule(true, 'a', kAll, kAll),
                                           rule(false, 'a', 3, 4), rule(true, 'c', 3, 4, "r")});
  EXPECT_TRUE(list.allows_by_default);
  EXPECT_EQ(list.default_index, 1U);
  EXPECT_THAT(lines(list), ElementsAre("b 3:4 rwm", "c 3:4 wm"));
}

TEST(DeviceList, RefusesToTakeAPartOutOfAWiderRule) {
  try {
    resolve_devices(
        {rule(false, 'a', kAll, kAll), rule(true, 'c', 240, kAll), rule(false, 'c', 240, 2, "w")});
    FAIL() << "nothing was thrown";
  } catch (const Error& failure) {
    EXPECT_EQ(failure.kind(), Kind::kUnsupported);
    EXPECT_THAT(failure.what(), HasSubstr("linux.resources.devices[2]: cgroup v1 cannot take "
                                          "\"c 240:2 w\" out of \"c 240:* rwm\""));
  }
  // What they do not have in common is no matter.
  resolve_devices({rule(true, 'c', 240, kAll, "r"), rule(false, 'c', 240, 2, "wm")});
}

TEST(DeviceList, KnowsWhetherAnyNodeMayBeMade) {
  const DeviceList list =
      resolve_devices({rule(true, 'c', kAll, kAll, "m"), rule(true, 'b', 7, kAll, "m")});
  EXPECT_TRUE(list.allows_all_nodes('c'));
  EXPECT_FALSE(list.allows_all_nodes('b'));
  EXPECT_TRUE(resolve_devices({rule(true, 'a', kAll, kAll)}).allows_all_nodes('b'));
}

}  // namespace
}  // namespace seatrial::cgroup
