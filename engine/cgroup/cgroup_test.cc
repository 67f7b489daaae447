#include "engine/cgroup/cgroup.h"

#include <gmock/gmock.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "engine/cgroup/cgroup_fixture.h"

namespace seatrial::cgroup {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

class CgroupCreate : public OnRealHierarchies {};
class CgroupRemove : public OnRealHierarchies {};

TEST_F(CgroupCreate, MakesTheDirectoryInEveryHierarchy) {
  const Cgroup& cgroup = make("box");
  for (const Hierarchy& each : layout_->hierarchies()) {
    EXPECT_TRUE(fs::is_directory(each.mountpoint + top_ + "/box")) << each.mountpoint;
  }
  EXPECT_EQ(cgroup.identity().members.size(), layout_->hierarchies().size());
}

TEST_F(CgroupCreate, LeavesNothingWhenOneHierarchyRefuses) {
  // The last hierarchy's mountpoint does not exist, all before it work.
  std::string mounts = read_file("/proc/self/mountinfo");
  mounts += "9999 1 0:99 / /nonexistent/hierarchy rw - cgroup cgroup rw,imaginary\n";
  const std::string cgroups = read_file("/proc/self/cgroup") + "99:imaginary:/\n";
  const Layout broken = Layout::parse(mounts, cgroups);
  EXPECT_THAT(error_of([&] { Cgroup::create(broken, top_ + "/box", "x"); }),
              HasSubstr("create cgroup /nonexistent/hierarchy" + top_));
  for (const Hierarchy& each : layout_->hierarchies()) {
    EXPECT_FALSE(fs::exists(each.mountpoint + top_)) << each.mountpoint;
  }
}

TEST_F(CgroupCreate, CpusetTakesTasksAtOnce) {
  need("cpuset");
  make("deep/er/box");
  EXPECT_EQ(content("cpuset", "deep/er/box", "cpuset.cpus"),
            content("cpuset", "deep", "cpuset.cpus"));
  EXPECT_NE(content("cpuset", "deep/er/box", "cpuset.cpus"), "");
  EXPECT_NE(content("cpuset", "deep/er/box", "cpuset.mems"), "");
}

TEST_F(CgroupCreate, FillsACpusetThatStoodEmpty) {
  need("cpuset");
  fs::create_directories(path("cpuset", "box"));
  make("box");
  EXPECT_NE(content("cpuset", "box", "cpuset.cpus"), "");
  fs::remove(path("cpuset", "box"));
  fs::remove(path("cpuset", ""));
}

// In the hierarchies that are named, and in the others where it was.
TEST_F(CgroupCreate, OneMoreProcessMayBeSentFurtherDownInSomeHierarchies) {
  need("pids");
  need("freezer");
  const Cgroup& cgroup = make("box");
  for (const char* controller : {"pids", "freezer"}) {
    fs::create_directory(path(controller, "box/inner"));
  }
  const Identity place = cgroup.place_below(
      {{.controllers = {"pids"}, .path = "inner"}, {.controllers = {"freezer"}, .path = "/"}});
  EXPECT_EQ(place.find("pids")->directory, path("pids", "box/inner"));
  EXPECT_EQ(place.find("pids")->cgroup, top_ + "/box/inner");
  EXPECT_EQ(place.find("freezer")->directory, path("freezer", "box"));
  EXPECT_THAT(error_of([&] {
                cgroup.place_below({{.controllers = {"pids"}, .path = "inner"},
                                    {.controllers = {"pids"}, .path = "other"}});
              }),
              HasSubstr("cgroup pids:other: pids goes to inner already"));
  // Without a controller it is meant for all, and not all have one.
  EXPECT_THAT(error_of([&] { cgroup.place_below({{.path = "inner"}}); }),
              HasSubstr("cgroup inner: there is no "));
}

TEST_F(CgroupCreate, ProcessJoinsByTheJoinFiles) {
  const Cgroup& cgroup = make("box");
  const std::vector<std::string> files = cgroup.join_files();
  TestChild child([&] {
    for (const std::string& file : files) write_all(open_file(file, O_WRONLY).get(), "0", file);
    for (;;) ::pause();
  });
  for (int i = 0; i < 5000 && cgroup.processes().empty(); ++i) ::usleep(1000);
  EXPECT_THAT(cgroup.processes(), ElementsAre(child.pid()));
  std::string seen;
  for (int i = 0; i < 5000; ++i) {
    seen = read_file("/proc/" + std::to_string(child.pid()) + "/cgroup");
    const auto lines = std::ranges::count(seen, '\n');
    std::size_t joined = 0;
    for (std::size_t at = seen.find(top_); at != seen.npos; at = seen.find(top_, at + 1)) ++joined;
    if (static_cast<std::size_t>(lines) == joined) return;
    ::usleep(1000);
  }
  FAIL() << "not in every hierarchy: " << seen;
}

TEST_F(CgroupCreate, AddMovesAProcessIntoEveryHierarchy) {
  const Cgroup& cgroup = make("box");
  const TestChild child([] { ::pause(); });
  cgroup.add(child.pid());
  const std::string seen = read_file("/proc/" + std::to_string(child.pid()) + "/cgroup");
  for (const Hierarchy& each : layout_->hierarchies()) {
    EXPECT_THAT(seen, HasSubstr(":" + each.mount_options + ":" + top_ + "/box\n"));
  }
}

TEST_F(CgroupRemove, LeavesNothing) {
  const Cgroup& cgroup = make("a/b/box");
  cgroup.remove(in(1s));
  for (const Hierarchy& each : layout_->hierarchies()) {
    EXPECT_FALSE(fs::exists(each.mountpoint + top_)) << each.mountpoint;
  }
  EXPECT_NO_THROW(cgroup.remove(in(1s)));  // absent is fine
}

TEST_F(CgroupRemove, WorksFromTheRecordedIdentity) {
  const std::string text = print_identity(make("box").identity());
  Cgroup::open(parse_identity(text)).remove(in(1s));
  for (const Hierarchy& each : layout_->hierarchies()) {
    EXPECT_FALSE(fs::exists(each.mountpoint + top_)) << each.mountpoint;
  }
}

TEST_F(CgroupRemove, TakesWhatTheContainerMadeBelow) {
  const Cgroup& cgroup = make("box");
  const Membership& member = cgroup.identity().members.front();
  fs::create_directories(member.directory + "/inner/most");
  fs::create_directories(member.directory + "/other");
  cgroup.remove(in(1s));
  EXPECT_FALSE(fs::exists(member.directory));
}

TEST_F(CgroupRemove, KeepsWhatStoodBefore) {
  const std::string before = layout_->hierarchies().front().mountpoint + top_ + "/box";
  fs::create_directories(before + "/theirs");
  const Cgroup& cgroup = make("box");
  EXPECT_TRUE(cgroup.identity().members.front().made.empty());
  cgroup.remove(in(1s));
  EXPECT_TRUE(fs::exists(before + "/theirs"));
  EXPECT_FALSE(fs::exists(layout_->hierarchies().back().mountpoint + top_));
  fs::remove(before + "/theirs");
  fs::remove(before);
  fs::remove(fs::path(before).parent_path());
}

TEST_F(CgroupRemove, KeepsALaterDirectoryOfTheSameName) {
  const Cgroup& cgroup = make("box");
  const std::string directory = cgroup.identity().members.front().directory;
  ASSERT_EQ(::rmdir(directory.c_str()), 0);
  ASSERT_EQ(::mkdir(directory.c_str(), 0755), 0);
  cgroup.remove(in(1s));
  EXPECT_TRUE(fs::exists(directory));
  fs::remove(directory);
  fs::remove(fs::path(directory).parent_path());
}

TEST_F(CgroupRemove, AncestorStaysForAnotherAndGoesWithTheLast) {
  const Cgroup& first = make("pod/first");
  const Cgroup& second = make("pod/second");
  first.remove(in(1s));
  for (const Hierarchy& each : layout_->hierarchies()) {
    EXPECT_FALSE(fs::exists(each.mountpoint + top_ + "/pod/first"));
    EXPECT_TRUE(fs::exists(each.mountpoint + top_ + "/pod/second"));
  }
  second.remove(in(1s));
  for (const Hierarchy& each : layout_->hierarchies()) {
    EXPECT_FALSE(fs::exists(each.mountpoint + top_)) << each.mountpoint;
  }
}

TEST_F(CgroupRemove, NamesTheDirectoryThatIsBusy) {
  const Cgroup& cgroup = make("box");
  const TestChild child([] { ::pause(); });
  cgroup.add(child.pid());
  try {
    cgroup.remove(in(30ms));
    FAIL() << "nothing was thrown";
  } catch (const Error& failure) {
    EXPECT_EQ(failure.kind(), Kind::kTimeout);
    EXPECT_THAT(failure.what(), HasSubstr(top_ + "/box"));
  }
}

}  // namespace
}  // namespace seatrial::cgroup
