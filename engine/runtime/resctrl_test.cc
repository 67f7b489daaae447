#include "engine/runtime/resctrl.h"

#include <gtest/gtest.h>

namespace seatrial::runtime {
namespace {

TEST(FindResctrl, TakesTheWholeFileSystemOnly) {
  const std::string other = "25 1 0:23 / /sys rw,relatime shared:7 - sysfs sysfs rw\n";
  const std::string part = "31 25 0:30 /gold /mnt/gold rw - resctrl resctrl rw\n";
  const std::string whole = "30 25 0:30 / /sys/fs/res\\040ctrl rw shared:9 - resctrl none rw\n";
  EXPECT_EQ(find_resctrl(other + part, "resctrl"), std::nullopt);
  EXPECT_EQ(find_resctrl(other + part + whole, "resctrl"), "/sys/fs/res ctrl");
  EXPECT_EQ(find_resctrl("", "resctrl"), std::nullopt);
}

// The type in the table and the number of statfs(2) must both say so.
TEST(FindResctrl, BelievesTheMountTableOnlyWithTheNumber) {
  constexpr long kProcSuperMagic = 0x9fa0;
  EXPECT_EQ(find_resctrl({.type = "proc", .magic = kProcSuperMagic}), "/proc");  // control
  EXPECT_EQ(find_resctrl({.type = "proc"}), std::nullopt);
  EXPECT_EQ(ResctrlKind{}.magic, 0x7655821);
}

TEST(Schemata, AreComparedDomainByDomainAndAsNumbers) {
  const Schemata present =
      parse_schemata(std::string_view("    MB:0= 100;1=  70\n    L3:0=07f0;1=1F\n"));
  const auto compare = [&](std::vector<std::string> wanted) {
    return difference(present, parse_schemata(wanted)).value_or("same");
  };
  EXPECT_EQ(compare({"L3:0=7f0;1=1f", "MB:0=100;1=70"}), "same");
  EXPECT_EQ(compare({"L3:01=01f"}), "same");  // 0 may be anything
  EXPECT_EQ(compare({"L3:0=7f"}), "L3:0=7f0, not L3:0=7f");
  EXPECT_EQ(compare({"MB:0=100;1=10"}), "MB:1=70, not MB:1=10");
  EXPECT_EQ(compare({"L3:2=f"}), "no L3:2");
  EXPECT_EQ(compare({"L2:0=f"}), "nothing of L2");
  EXPECT_EQ(compare({"L3:0=1", "L3:0=7f0"}), "same");  // the later one wins
}

}  // namespace
}  // namespace seatrial::runtime
