#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/base/error.h"
#include "engine/cgroup/cgroup.h"

namespace seatrial::cgroup {
namespace {

TEST(Identity, ComesBackFromItsText) {
  const Identity identity{
      {{.hierarchy = "cpu,cpuacct",
        .directory = "/sys/fs/cgroup/cpu,cpuacct/a/b",
        .cgroup = "/a/b",
        .v2 = false,
        .made = {{"/sys/fs/cgroup/cpu,cpuacct/a", 7}, {"/sys/fs/cgroup/cpu,cpuacct/a/b", 8}}},
       {.hierarchy = "",
        .directory = "/sys/fs/cgroup/unified/odd\tname 100%",
        .cgroup = "/odd\tname 100%",
        .v2 = true,
        .made = {}}}};
  const std::string text = print_identity(identity);
  const Identity again = parse_identity(text);
  ASSERT_EQ(again.members.size(), 2U);
  EXPECT_EQ(again.members[0].made.at(1).path, "/sys/fs/cgroup/cpu,cpuacct/a/b");
  EXPECT_EQ(again.members[0].made.at(1).inode, 8U);
  EXPECT_FALSE(again.members[0].v2);
  EXPECT_TRUE(again.members[1].v2);
  EXPECT_EQ(again.members[1].cgroup, "/odd\tname 100%");
  EXPECT_EQ(print_identity(again), text);
}

TEST(Identity, BrokenTextIsRefused) {
  for (const char* text :
       {"v1\tcpu\t/d\t/c", "v3\tcpu\t/d\t/c\n", "v1\tcpu\t/d\n", "v1\tcpu\t/d\t/c\t12\n",
        "v1\tcpu\t/d\t/c\tx\t/d\n", "v1\tcpu\t/d%41\t/c\n", "v1\tcpu\td\t/c\n"}) {
    EXPECT_THROW(parse_identity(text), Error) << text;
  }
  EXPECT_EQ(parse_identity("v1\tcpu\t/d\t/c\t12\t/d\n").members.size(), 1U);  // control
}

TEST(Identity, FindsTheMemberOfAController) {
  const Identity identity{{{.hierarchy = "cpu,cpuacct", .directory = "/d", .cgroup = "/c"},
                           {.hierarchy = "name=systemd", .directory = "/e", .cgroup = "/c"}}};
  EXPECT_EQ(identity.find("cpuacct"), &identity.members[0]);
  EXPECT_EQ(identity.find("name=systemd"), &identity.members[1]);
  EXPECT_EQ(identity.find("cpua"), nullptr);
}

}  // namespace
}  // namespace seatrial::cgroup
