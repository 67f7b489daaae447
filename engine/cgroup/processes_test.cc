#include <fcntl.h>
#include <gmock/gmock.h>

#include "engine/cgroup/cgroup_fixture.h"
#include "engine/cgroup/shared_counter.h"

namespace seatrial::cgroup {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class CgroupProcesses : public OnRealHierarchies {};
class CgroupFreeze : public OnRealHierarchies {};
class CgroupKill : public OnRealHierarchies {};

TEST_F(CgroupProcesses, ListsThoseBelowTooAndEachOnce) {
  const Cgroup& cgroup = make("box");
  const TestChild outer([] { ::pause(); });
  const TestChild inner([] { ::pause(); });
  const TestChild outsider([] { ::pause(); });
  cgroup.add(outer.pid());
  cgroup.add(inner.pid());
  const std::string below = cgroup.identity().find("pids")->directory + "/below";
  fs::create_directories(below);
  write_all(open_file(below + "/cgroup.procs", O_WRONLY).get(), std::to_string(inner.pid()), below);
  std::vector<pid_t> expected{outer.pid(), inner.pid()};
  std::ranges::sort(expected);
  EXPECT_EQ(cgroup.processes(), expected);
}

TEST_F(CgroupProcesses, OfADirectoryThatStoodBeforeAreNotOurs) {
  for (const Hierarchy& each : layout_->hierarchies()) {
    fs::create_directories(each.mountpoint + top_ + "/box");
  }
  const Cgroup& cgroup = make("box");
  const TestChild theirs([] { ::pause(); });
  const std::string directory = cgroup.identity().find("pids")->directory;
  write_all(open_file(directory + "/cgroup.procs", O_WRONLY).get(), std::to_string(theirs.pid()),
            directory);
  EXPECT_THAT(cgroup.processes(), IsEmpty());
  EXPECT_FALSE(cgroup.has_own());
  EXPECT_THAT(processes_in(directory), ElementsAre(theirs.pid()));
  cgroup.kill_all(in(1s));
  EXPECT_EQ(::kill(theirs.pid(), 0), 0);
  EXPECT_THAT(error_of([&] { cgroup.freeze(in(1s)); }), HasSubstr("not the container's own"));
  const std::string root = layout_->find("pids")->mountpoint;
  write_all(open_file(root + "/cgroup.procs", O_WRONLY).get(), std::to_string(theirs.pid()), root);
  for (const Hierarchy& each : layout_->hierarchies()) {
    fs::remove(each.mountpoint + top_ + "/box");
    fs::remove(each.mountpoint + top_);
  }
}

TEST_F(CgroupFreeze, StopsEveryTaskAndThawsAgain) {
  need("freezer");
  const Cgroup& cgroup = make("box");
  SharedCounter counter;
  const TestChild child([&] {
    for (;;) counter.count();
  });
  cgroup.add(child.pid());
  const ThawAtEnd thaw(cgroup);
  ASSERT_TRUE(counter.moves(2s));  // control: it runs
  EXPECT_FALSE(cgroup.frozen());
  cgroup.freeze(in(2s));
  EXPECT_TRUE(cgroup.frozen());
  EXPECT_FALSE(counter.moves(50ms));
  cgroup.thaw();
  EXPECT_FALSE(cgroup.frozen());
  EXPECT_TRUE(counter.moves(2s));
}

TEST_F(CgroupKill, LeavesNoProcess) {
  const Cgroup& cgroup = make("box");
  TestChild first([] { ::pause(); });
  TestChild second([] {
    ::signal(SIGTERM, SIG_IGN);
    for (;;) ::pause();
  });
  cgroup.add(first.pid());
  cgroup.add(second.pid());
  cgroup.kill_all(in(5s));
  EXPECT_THAT(cgroup.processes(), IsEmpty());
  EXPECT_EQ(WTERMSIG(first.wait()), SIGKILL);
  EXPECT_EQ(WTERMSIG(second.wait()), SIGKILL);
}

TEST_F(CgroupKill, KillsWhatIsFrozen) {
  need("freezer");
  const Cgroup& cgroup = make("box");
  TestChild child([] { ::pause(); });
  cgroup.add(child.pid());
  const ThawAtEnd thaw(cgroup);
  cgroup.freeze(in(2s));
  cgroup.kill_all(in(5s));
  EXPECT_THAT(cgroup.processes(), IsEmpty());
  EXPECT_EQ(WTERMSIG(child.wait()), SIGKILL);
}

TEST_F(CgroupKill, KillsWhatTheContainerFroze) {
  need("freezer");
  const Cgroup& cgroup = make("box");
  TestChild child([] { ::pause(); });
  cgroup.add(child.pid());
  const ThawAtEnd thaw(cgroup);
  const std::string below = cgroup.identity().find("freezer")->directory + "/below";
  fs::create_directories(below);
  write_all(open_file(below + "/cgroup.procs", O_WRONLY).get(), std::to_string(child.pid()), below);
  write_all(open_file(below + "/freezer.state", O_WRONLY).get(), "FROZEN", below);
  cgroup.kill_all(in(5s));
  EXPECT_EQ(WTERMSIG(child.wait()), SIGKILL);
}

TEST_F(CgroupKill, GetsAheadOfAForkBomb) {
  need("pids");
  const Cgroup& cgroup = make("box");
  spec::Resources resources;
  resources.pids_limit = 40;
  cgroup.apply_limits(resources);
  int gate[2];
  ASSERT_EQ(::pipe2(gate, O_CLOEXEC), 0);
  TestChild bomb([&] {
    ::signal(SIGCHLD, SIG_IGN);
    char byte = 0;
    if (::read(gate[0], &byte, 1) != 1) return;
    for (;;) ::fork();
  });
  cgroup.add(bomb.pid());
  ASSERT_EQ(::write(gate[1], "x", 1), 1);
  for (int i = 0; i < 2000 && cgroup.processes().size() < 10; ++i) ::usleep(1000);
  ASSERT_THAT(cgroup.processes(), SizeIs(testing::Ge(10U)));  // control: it does fork
  cgroup.kill_all(in(10s));
  EXPECT_THAT(cgroup.processes(), IsEmpty());
  bomb.wait();
  ::close(gate[0]);
  ::close(gate[1]);
}

}  // namespace
}  // namespace seatrial::cgroup
