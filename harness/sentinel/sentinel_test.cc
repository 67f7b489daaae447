// Leaks one of each kind on purpose: exactly that is reported, and clean() takes it away.
#include "harness/sentinel/sentinel.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/stat.h>

#include <cstring>
#include <fstream>

#include "engine/base/error.h"
#include "engine/base/undo.h"
#include "harness/sentinel/own_world.h"

namespace seatrial::sentinel {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using testing::AllOf;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

class Sentinel : public InOwnWorld {
 protected:
  Owned owned() const { return {.cgroup_parents = {"/" + name_}, .state_root = dir_.path()}; }

  // What differs from `before` right now.
  std::vector<Leak> leaks(const Snapshot& before) const {
    return compare(before, Snapshot::take(before.owned()));
  }

  // clean() takes all of it away.
  void expect_cleanable(const Snapshot& before) const {
    for (const Leak& leak : leaks(before)) clean(leak);
    EXPECT_THAT(compare_when_settled(before, 2s), IsEmpty());
  }
};

auto is_left(LeakKind kind, const std::string& name) {
  return AllOf(Field(&Leak::kind, kind), Field(&Leak::change, Change::kLeft),
               Field(&Leak::name, name), Field(&Leak::text, HasSubstr("left")));
}

// Adds a dummy link, or one end of a veth pair where the kernel has no dummies.
bool add_link(const std::string& name, const std::string& type) {
  struct {
    nlmsghdr header;
    ifinfomsg link;
    char attributes[256];
  } request{};
  request.header.nlmsg_type = RTM_NEWLINK;
  request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK;
  std::size_t used = 0;
  const auto put = [&](unsigned short kind, const void* data, std::size_t size) {
    auto* const attribute = reinterpret_cast<rtattr*>(request.attributes + used);
    attribute->rta_type = kind;
    attribute->rta_len = static_cast<unsigned short>(RTA_LENGTH(size));
    if (size > 0) std::memcpy(RTA_DATA(attribute), data, size);
    used += RTA_SPACE(size);
    return attribute;
  };
  put(IFLA_IFNAME, name.c_str(), name.size() + 1);
  const std::size_t start = used;
  rtattr* const info = put(IFLA_LINKINFO, nullptr, 0);
  put(IFLA_INFO_KIND, type.c_str(), type.size());
  info->rta_len = static_cast<unsigned short>(used - start);
  request.header.nlmsg_len = static_cast<unsigned>(NLMSG_LENGTH(sizeof(ifinfomsg)) + used);
  const UniqueFd socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  if (::send(socket.get(), &request, request.header.nlmsg_len, 0) < 0) return false;
  struct {
    nlmsghdr header;
    nlmsgerr error;
    char rest[1024];
  } answer{};
  return ::recv(socket.get(), &answer, sizeof answer, 0) > 0 && answer.error.error == 0;
}

TEST_F(Sentinel, QuietCaseLeavesNothing) {
  const Snapshot before = Snapshot::take(owned());
  {
    const TempDir scratch(fs::temp_directory_path());
    Sleeper child([] {});
    EXPECT_TRUE(child.started());
  }
  EXPECT_THAT(leaks(before), IsEmpty());
}

TEST_F(Sentinel, ReportsAMountOnce) {
  const std::string target = dir_.path() / "mnt";
  fs::create_directory(target);
  const Snapshot before = Snapshot::take(owned());
  ASSERT_EQ(::mount("leaky", target.c_str(), "tmpfs", 0, nullptr), 0);
  EXPECT_THAT(leaks(before), ElementsAre(is_left(LeakKind::kMount, target)));
  EXPECT_THAT(leaks(before).front().text, HasSubstr("tmpfs leaky on " + target));
  expect_cleanable(before);
}

TEST_F(Sentinel, ReportsInnerMountsBeforeOuterOnes) {
  const std::string outer = dir_.path() / "mnt";
  fs::create_directory(outer);
  const Snapshot before = Snapshot::take(owned());
  ASSERT_EQ(::mount("outer", outer.c_str(), "tmpfs", 0, nullptr), 0);
  fs::create_directory(outer + "/in");
  ASSERT_EQ(::mount("inner", (outer + "/in").c_str(), "tmpfs", 0, nullptr), 0);
  EXPECT_THAT(leaks(before), ElementsAre(is_left(LeakKind::kMount, outer + "/in"),
                                         is_left(LeakKind::kMount, outer)));
  expect_cleanable(before);
}

TEST_F(Sentinel, ReportsAMountThatIsGone) {
  const std::string target = dir_.path() / "mnt";
  fs::create_directory(target);
  ASSERT_EQ(::mount("kept", target.c_str(), "tmpfs", 0, nullptr), 0);
  const Snapshot before = Snapshot::take(owned());
  ASSERT_EQ(::umount2(target.c_str(), MNT_DETACH), 0);
  const std::vector<Leak> found = leaks(before);
  ASSERT_THAT(found, ElementsAre(AllOf(Field(&Leak::kind, LeakKind::kMount),
                                       Field(&Leak::change, Change::kGone))));
  EXPECT_THROW(clean(found.front()), Error);
}

TEST_F(Sentinel, DoesNotUnmountWhatCoversALeak) {
  const std::string target = dir_.path() / "mnt";
  fs::create_directory(target);
  const Snapshot before = Snapshot::take(owned());
  ASSERT_EQ(::mount("leaky", target.c_str(), "tmpfs", 0, nullptr), 0);
  const Leak leak = leaks(before).front();
  ASSERT_EQ(::mount("other", target.c_str(), "tmpfs", 0, nullptr), 0);
  EXPECT_THROW(clean(leak), Error);
  ASSERT_EQ(::umount2(target.c_str(), MNT_DETACH), 0);
  clean(leak);
  EXPECT_THAT(leaks(before), IsEmpty());
}

TEST_F(Sentinel, ReportsANetworkLink) {
  const Snapshot before = Snapshot::take(owned());
  if (!add_link("leaky0", "dummy") && !add_link("leaky0", "bridge")) {
    GTEST_SKIP() << "this kernel makes neither dummy nor bridge links";
  }
  EXPECT_THAT(leaks(before), ElementsAre(is_left(LeakKind::kLink, "leaky0")));
  expect_cleanable(before);
}

TEST_F(Sentinel, ReportsACgroupWithWhatItHolds) {
  const std::string parent = hierarchy() + "/" + name_;
  if (hierarchy().empty()) GTEST_SKIP() << "no writable cgroup hierarchy";
  fs::create_directory(parent);
  Sleeper child([] {});
  const Snapshot before = Snapshot::take(owned());
  fs::create_directories(parent + "/box/inner");
  write_all(open_file(parent + "/box/inner/cgroup.procs", O_WRONLY).get(),
            std::to_string(child.pid()), parent);
  const std::vector<Leak> found = leaks(before);
  ASSERT_THAT(found, ElementsAre(is_left(LeakKind::kCgroup, parent + "/box")));
  EXPECT_THAT(found.front().holders, ElementsAre(child.pid()));
  expect_cleanable(before);
  EXPECT_FALSE(fs::exists(parent + "/box"));
  fs::remove(parent);
}

TEST_F(Sentinel, CleansAFrozenCgroup) {
  const std::string parent = "/sys/fs/cgroup/freezer/" + name_;
  if (::access("/sys/fs/cgroup/freezer/cgroup.procs", W_OK) != 0) {
    GTEST_SKIP() << "no writable v1 freezer";
  }
  const Snapshot before = Snapshot::take(owned());
  Sleeper child([] {});
  fs::create_directories(parent + "/box");
  Undo thaw;  // should cleaning fail, the child could not be killed
  thaw.add([&] {
    if (fs::exists(parent)) std::ofstream(parent + "/box/freezer.state") << "THAWED";
  });
  write_all(open_file(parent + "/box/cgroup.procs", O_WRONLY).get(), std::to_string(child.pid()),
            parent);
  write_all(open_file(parent + "/box/freezer.state", O_WRONLY).get(), "FROZEN", parent);
  EXPECT_THAT(leaks(before), ElementsAre(Field(&Leak::kind, LeakKind::kCgroup),
                                         Field(&Leak::kind, LeakKind::kProcess)));
  expect_cleanable(before);
  fs::remove(parent);
}

TEST_F(Sentinel, KeepsALaterCgroupOfTheSameName) {
  if (hierarchy().empty()) GTEST_SKIP() << "no writable cgroup hierarchy";
  const std::string box = hierarchy() + "/" + name_ + "/box";
  const Snapshot before = Snapshot::take(owned());
  fs::create_directories(box);
  const Leak leak = leaks(before).front();
  fs::remove(box);
  fs::create_directory(box);
  clean(leak);
  EXPECT_TRUE(fs::exists(box));
  fs::remove(box);
  fs::remove(fs::path(box).parent_path());
}

TEST_F(Sentinel, ReportsTheTopOfAStateEntry) {
  write_file_atomically(dir_.path() / "before", "kept");
  const Snapshot before = Snapshot::take(owned());
  fs::create_directories(dir_.path() / "box/rootfs");
  write_file_atomically(dir_.path() / "box/state.json", "{}");
  EXPECT_THAT(leaks(before), ElementsAre(is_left(LeakKind::kStateEntry, dir_.path() / "box")));
  expect_cleanable(before);
  EXPECT_TRUE(fs::exists(dir_.path() / "before"));
}

TEST_F(Sentinel, ReportsAnEntryThatIsAMountPoint) {
  const Snapshot before = Snapshot::take(owned());
  const std::string target = dir_.path() / "mnt";
  fs::create_directory(target);
  ASSERT_EQ(::mount("leaky", target.c_str(), "tmpfs", 0, nullptr), 0);
  EXPECT_THAT(leaks(before), ElementsAre(is_left(LeakKind::kMount, target),
                                         is_left(LeakKind::kStateEntry, target)));
  expect_cleanable(before);
  EXPECT_FALSE(fs::exists(target));
}

TEST_F(Sentinel, ReportsADescriptor) {
  const Snapshot before = Snapshot::take(owned());
  const int fd = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  const std::vector<Leak> found = leaks(before);
  ASSERT_THAT(found, ElementsAre(is_left(LeakKind::kDescriptor, "/dev/null")));
  EXPECT_EQ(found.front().id, static_cast<std::uint64_t>(fd));
  expect_cleanable(before);
}

TEST_F(Sentinel, ReportsADescriptorThatWasClosed) {
  const int fd = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  const Snapshot before = Snapshot::take(owned());
  ::close(fd);
  EXPECT_THAT(leaks(before), ElementsAre(AllOf(Field(&Leak::kind, LeakKind::kDescriptor),
                                               Field(&Leak::change, Change::kGone))));
}

TEST_F(Sentinel, ReportsAProcessAndNotItsNamespacesAgain) {
  const Snapshot before = Snapshot::take(owned());
  const Sleeper child([] { ::unshare(CLONE_NEWUTS | CLONE_NEWIPC); });
  ASSERT_TRUE(child.started());
  const std::vector<Leak> found = leaks(before);
  ASSERT_THAT(found, ElementsAre(is_left(LeakKind::kProcess, "sentinel_test")));
  EXPECT_EQ(found.front().id, static_cast<std::uint64_t>(child.pid()));
  expect_cleanable(before);
}

TEST_F(Sentinel, ReportsADetachedGrandchild) {
  const Snapshot before = Snapshot::take(owned());
  {
    const Sleeper child([] {
      if (::fork() == 0) {
        ::setsid();
        for (;;) ::pause();
      }
    });
    ASSERT_TRUE(child.started());
  }
  EXPECT_THAT(leaks(before), ElementsAre(is_left(LeakKind::kProcess, "sentinel_test")));
  expect_cleanable(before);
}

TEST_F(Sentinel, ReportsAChildNobodyWaitedFor) {
  const Snapshot before = Snapshot::take(owned());
  const pid_t pid = ::fork();
  if (pid == 0) ::_exit(0);
  siginfo_t info{};
  ::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT);
  const std::vector<Leak> found = leaks(before);
  ASSERT_THAT(found, ElementsAre(Field(&Leak::kind, LeakKind::kProcess)));
  EXPECT_THAT(found.front().text, HasSubstr("was not waited for"));
  expect_cleanable(before);
}

TEST_F(Sentinel, ReportsANamespaceThatAnOlderProcessEntered) {
  int gate[2];
  ASSERT_EQ(::pipe2(gate, O_CLOEXEC), 0);
  int done[2];
  ASSERT_EQ(::pipe2(done, O_CLOEXEC), 0);
  const pid_t pid = ::fork();
  if (pid == 0) {
    char byte = 0;
    if (::read(gate[0], &byte, 1) != 1 || ::unshare(CLONE_NEWUTS) != 0) ::_exit(1);
    if (::write(done[1], "x", 1) != 1) ::_exit(1);
    for (;;) ::pause();
  }
  const Snapshot before = Snapshot::take(owned());
  ASSERT_EQ(::write(gate[1], "x", 1), 1);
  char byte = 0;
  ASSERT_EQ(::read(done[0], &byte, 1), 1);
  const std::vector<Leak> found = leaks(before);
  ASSERT_THAT(found, ElementsAre(AllOf(Field(&Leak::kind, LeakKind::kNamespace),
                                       Field(&Leak::name, StartsWith("uts:[")),
                                       Field(&Leak::holders, ElementsAre(pid)))));
  EXPECT_THROW(clean(found.front()), Error);
  ::kill(pid, SIGKILL);
  ::waitpid(pid, nullptr, 0);
  EXPECT_THAT(compare_when_settled(before, 2s), IsEmpty());
  for (const int fd : {gate[0], gate[1], done[0], done[1]}) ::close(fd);
}

TEST_F(Sentinel, DoesNotKillALaterProcessOfTheSameNumber) {
  const Snapshot before = Snapshot::take(owned());
  Sleeper child([] {});
  Leak leak = leaks(before).front();
  leak.start_time += 1;  // as if the number had gone to another process
  clean(leak);
  EXPECT_EQ(::kill(child.pid(), 0), 0);
  EXPECT_THAT(leaks(before), ElementsAre(is_left(LeakKind::kProcess, "sentinel_test")));
}

TEST_F(Sentinel, SettlesOnWhatGoesByItself) {
  const Snapshot before = Snapshot::take(owned());
  Sleeper child([] {});
  std::vector<Leak> found;
  ASSERT_THAT(leaks(before), ElementsAre(is_left(LeakKind::kProcess, "sentinel_test")));  // control
  ::signal(SIGCHLD, SIG_IGN);  // the kernel reaps, a moment later
  ::kill(child.pid(), SIGKILL);
  found = compare_when_settled(before, 5s);
  ::signal(SIGCHLD, SIG_DFL);
  EXPECT_THAT(found, IsEmpty());
}

}  // namespace
}  // namespace seatrial::sentinel
