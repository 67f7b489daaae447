#include "harness/sentinel/facts.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include "engine/base/error.h"
#include "engine/base/files.h"

namespace seatrial::sentinel {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::Field;
using testing::IsEmpty;
using testing::SizeIs;

TEST(MountFacts, EachHierarchyCountsOnce) {
  const auto mounts = parse_mounts(
      "1 0 0:1 / /a rw - cgroup cgroup rw,cpu\n"
      "2 0 0:1 / /b rw - cgroup cgroup rw,cpu\n"
      "3 0 0:2 / /c rw - cgroup2 cgroup2 rw\n");
  EXPECT_THAT(cgroup_mountpoints(mounts), ElementsAre("/a", "/c"));
}

TEST(ProcessFacts, DescendantsComeParentsFirst) {
  const std::vector<ProcessFact> all{{.pid = 4, .parent = 3, .command = "grandchild"},
                                     {.pid = 3, .parent = 2, .command = "child"},
                                     {.pid = 5, .parent = 1, .command = "stranger"},
                                     {.pid = 2, .parent = 1, .command = "self"}};
  EXPECT_THAT(descendants(all, 2),
              ElementsAre(Field(&ProcessFact::pid, 3), Field(&ProcessFact::pid, 4)));
  EXPECT_THAT(descendants(all, 5), IsEmpty());
}

TEST(ProcessFacts, DescendantsOfAChildlessProcessAreNone) {
  EXPECT_THAT(read_descendants(), IsEmpty());
}

TEST(ProcessFacts, ThisProcessIsAmongAll) {
  const auto all = read_processes();
  const auto self = std::ranges::find(all, ::getpid(), &ProcessFact::pid);
  ASSERT_NE(self, all.end());
  EXPECT_EQ(self->parent, ::getppid());
  EXPECT_GT(self->start_time, 0U);
  EXPECT_EQ(self->command, "sentinel_test");
}

TEST(TreeFacts, EntriesOfAnAbsentDirectoryAreNone) {
  EXPECT_THAT(read_entries("/nonexistent/state"), IsEmpty());
  EXPECT_THAT(read_cgroups("/sys/fs/cgroup/nonexistent", "/a"), IsEmpty());
}

TEST(TreeFacts, EntriesAreListedOuterFirst) {
  const TempDir dir(std::filesystem::temp_directory_path());
  std::filesystem::create_directories(dir.path() / "a/b");
  const auto entries = read_entries(dir.path());
  ASSERT_THAT(entries, SizeIs(2));
  EXPECT_EQ(entries[0].path, dir.path() / "a");
  EXPECT_EQ(entries[1].path, dir.path() / "a/b");
}

TEST(LinkFacts, LoopbackIsThere) {
  EXPECT_THAT(read_links(), Contains(Field(&LinkFact::name, "lo")));
}

}  // namespace
}  // namespace seatrial::sentinel
