#include "harness/sentinel/host_snapshot.h"

#include <fcntl.h>
#include <gmock/gmock.h>

#include <algorithm>

#include "harness/sentinel/own_world.h"

namespace seatrial::sentinel {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

// Other programs may work on this host while the test runs, so these ask what is said of the test's
// own leaks alone.
class HostBracket : public InOwnWorld {
 protected:
  HostScope scope() const { return {.state_roots = {dir_.path()}, .ignored_cgroups = {}}; }

  std::vector<Leak> leaks(const HostSnapshot& before) const {
    return compare(before, HostSnapshot::take(before.scope()));
  }
};

auto names(LeakKind kind, const std::string& name) {
  return AllOf(Field(&Leak::kind, kind), Field(&Leak::name, name));
}

auto is_process(pid_t pid) {
  return AllOf(Field(&Leak::kind, LeakKind::kProcess),
               Field(&Leak::id, static_cast<std::uint64_t>(pid)));
}

TEST_F(HostBracket, ReportsAMount) {
  const std::string target = dir_.path() / "mnt";
  fs::create_directory(target);
  const HostSnapshot before = HostSnapshot::take(scope());
  EXPECT_THAT(leaks(before), Not(Contains(names(LeakKind::kMount, target))));
  ASSERT_EQ(::mount("leaky", target.c_str(), "tmpfs", 0, nullptr), 0);
  const std::vector<Leak> found = leaks(before);
  const auto leak = std::ranges::find(found, target, &Leak::name);
  ASSERT_NE(leak, found.end());
  clean(*leak);
  EXPECT_THAT(leaks(before), Not(Contains(names(LeakKind::kMount, target))));
}

TEST_F(HostBracket, ReportsACgroupAnywhereAndTheProcessInIt) {
  if (hierarchy().empty()) GTEST_SKIP() << "no writable cgroup hierarchy";
  const std::string box = hierarchy() + "/" + name_;
  const HostSnapshot before = HostSnapshot::take(scope());
  Sleeper child([] {});
  fs::create_directories(box + "/inner");
  write_all(open_file(box + "/inner/cgroup.procs", O_WRONLY).get(), std::to_string(child.pid()),
            box);
  const std::vector<Leak> found = leaks(before);
  ASSERT_THAT(found, Contains(names(LeakKind::kCgroup, box)));
  EXPECT_THAT(found, Not(Contains(names(LeakKind::kCgroup, box + "/inner"))));
  EXPECT_THAT(found, Contains(is_process(child.pid())));
  clean(*std::ranges::find(found, box, &Leak::name));
  EXPECT_FALSE(fs::exists(box));
}

TEST_F(HostBracket, LooksAwayFromIgnoredCgroups) {
  if (hierarchy().empty()) GTEST_SKIP() << "no writable cgroup hierarchy";
  const std::string box = hierarchy() + "/" + name_;
  const HostSnapshot before =
      HostSnapshot::take({.state_roots = {}, .ignored_cgroups = {"/" + name_}});
  fs::create_directories(box);
  EXPECT_THAT(leaks(before), Not(Contains(names(LeakKind::kCgroup, box))));
  fs::remove(box);
}

TEST_F(HostBracket, LooksAwayFromSiblingsOfOwnCgroup) {
  if (hierarchy().empty()) GTEST_SKIP() << "no writable cgroup hierarchy";
  const std::string top = hierarchy() + "/" + name_;
  fs::create_directories(top + "/own");
  const auto join = [](const std::string& path) {
    write_all(open_file(path + "/cgroup.procs", O_WRONLY).get(), std::to_string(::getpid()), path);
  };
  join(top + "/own");
  const HostSnapshot before = HostSnapshot::take(scope());
  fs::create_directory(top + "/sibling");
  fs::create_directory(top + "/own/below");
  const std::vector<Leak> found = leaks(before);
  EXPECT_THAT(found, Not(Contains(names(LeakKind::kCgroup, top + "/sibling"))));
  EXPECT_THAT(found, Contains(names(LeakKind::kCgroup, top + "/own/below")));
  join(hierarchy());
  for (const char* path : {"/own/below", "/own", "/sibling", ""}) fs::remove(top + path);
}

TEST_F(HostBracket, ReportsADescendantAndNotItsNamespaces) {
  const HostSnapshot before = HostSnapshot::take(scope());
  const Sleeper child([] { ::unshare(CLONE_NEWUTS); });
  const std::string uts =
      fs::read_symlink("/proc/" + std::to_string(child.pid()) + "/ns/uts").native();
  const std::vector<Leak> found = leaks(before);
  EXPECT_THAT(found, Contains(is_process(child.pid())));
  EXPECT_THAT(found, Not(Contains(names(LeakKind::kNamespace, uts))));
}

TEST_F(HostBracket, ReportsTheNamespacesOfAProcessItDoesNotReport) {
  // The child stood before and enters a namespace during the run.
  int gate[2];
  int done[2];
  ASSERT_EQ(::pipe2(gate, O_CLOEXEC), 0);
  ASSERT_EQ(::pipe2(done, O_CLOEXEC), 0);
  const pid_t pid = ::fork();
  if (pid == 0) {
    char byte = 0;
    if (::read(gate[0], &byte, 1) != 1 || ::unshare(CLONE_NEWUTS) != 0) ::_exit(1);
    if (::write(done[1], "x", 1) != 1) ::_exit(1);
    for (;;) ::pause();
  }
  const HostSnapshot before = HostSnapshot::take(scope());
  ASSERT_EQ(::write(gate[1], "x", 1), 1);
  char byte = 0;
  ASSERT_EQ(::read(done[0], &byte, 1), 1);
  const std::string uts = fs::read_symlink("/proc/" + std::to_string(pid) + "/ns/uts").native();
  EXPECT_THAT(leaks(before), Contains(names(LeakKind::kNamespace, uts)));
  ::kill(pid, SIGKILL);
  ::waitpid(pid, nullptr, 0);
  for (const int fd : {gate[0], gate[1], done[0], done[1]}) ::close(fd);
}

TEST_F(HostBracket, ReportsAStrangerWhoStandsInAStateRoot) {
  const HostSnapshot before = HostSnapshot::take(scope());
  // Not a descendant: the parent ends while this process is no subreaper.
  ASSERT_EQ(::prctl(PR_SET_CHILD_SUBREAPER, 0), 0);
  int report[2];
  ASSERT_EQ(::pipe2(report, O_CLOEXEC), 0);
  {
    const Sleeper parent([&] {
      const pid_t stranger = ::fork();
      if (stranger == 0) {
        if (::chdir(dir_.path().c_str()) != 0) ::_exit(1);
        const pid_t self = ::getpid();
        if (::write(report[1], &self, sizeof self) < 0) ::_exit(1);
        for (;;) ::pause();
      }
    });
  }
  ASSERT_EQ(::prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
  pid_t stranger = 0;
  ASSERT_EQ(::read(report[0], &stranger, sizeof stranger), static_cast<ssize_t>(sizeof stranger));
  const std::vector<Leak> found = leaks(before);
  EXPECT_THAT(found, Contains(is_process(stranger)));
  for (const Leak& leak : found) {
    if (leak.id == static_cast<std::uint64_t>(stranger)) clean(leak);
  }
  EXPECT_THAT(leaks(before), Not(Contains(is_process(stranger))));
  ::close(report[0]);
  ::close(report[1]);
}

TEST_F(HostBracket, SummaryCounts) {
  EXPECT_THAT(HostSnapshot::take(scope()).summary(),
              AllOf(HasSubstr(" mounts, 1 links, "), HasSubstr(" cgroups, "),
                    HasSubstr(" namespaces, "), HasSubstr(" processes")));
}

}  // namespace
}  // namespace seatrial::sentinel
