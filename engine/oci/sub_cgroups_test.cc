#include "engine/oci/sub_cgroups.h"

#include <gmock/gmock.h>

#include "engine/base/error.h"

namespace seatrial::oci {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::string refusal(const std::vector<std::string>& words) {
  try {
    parse_sub_cgroups(words);
  } catch (const Error& failure) {
    return failure.what();
  }
  return "";
}

TEST(SubCgroups, AreOnePathOrPathsOfControllers) {
  EXPECT_THAT(parse_sub_cgroups({}), IsEmpty());
  const auto all = parse_sub_cgroups({"a/b"});
  ASSERT_EQ(all.size(), 1U);
  EXPECT_THAT(all[0].controllers, IsEmpty());
  EXPECT_EQ(all[0].path, "a/b");
  const auto some = parse_sub_cgroups({"cpu,cpuacct:/a", "name=systemd:b:c"});
  ASSERT_EQ(some.size(), 2U);
  EXPECT_THAT(some[0].controllers, ElementsAre("cpu", "cpuacct"));
  EXPECT_EQ(some[0].path, "/a");
  EXPECT_THAT(some[1].controllers, ElementsAre("name=systemd"));
  EXPECT_EQ(some[1].path, "b:c");
}

TEST(SubCgroups, AreRefusedByTheWord) {
  EXPECT_THAT(refusal({":a"}), HasSubstr("--cgroup: :a: a controller is missing"));
  EXPECT_THAT(refusal({"cpu,:a"}), HasSubstr("--cgroup: cpu,:a"));
  EXPECT_THAT(refusal({"cpu:a", "b"}), HasSubstr("--cgroup: b: needs CONTROLLER:"));
}

}  // namespace
}  // namespace seatrial::oci
