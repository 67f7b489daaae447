#include "engine/runtime/criu_images.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/runtime/criu.h"
#include "engine/runtime/criu_mounts.h"
#include "engine/spec/parse_config.h"

namespace seatrial::runtime::criu {
namespace {

using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

std::string failure_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& failure) {
    return failure.what();
  }
  return "(it did not fail)";
}

TEST(Descriptors, AreWhatRuncWrites) {
  EXPECT_EQ(print_descriptors({{.link = "/dev/null"},
                               {.link = "pipe:[4711]"},
                               {.link = "/var/log/x", .external_key = "file[1f:2a]"}}),
            R"(["/dev/null","pipe:[4711]","file[1f:2a]"])");
}

TEST(Descriptors, TellWhatIsInheritedByWhichNumber) {
  EXPECT_THAT(
      inherited_stdio(R"(["/dev/null","pipe:[7]","file[1f:2a]"])"),
      ElementsAre(AllOf(Field(&InheritedFd::key, "pipe:[7]"), Field(&InheritedFd::fd, 1)),
                  AllOf(Field(&InheritedFd::key, "file[1f:2a]"), Field(&InheritedFd::fd, 2))));
}

TEST(Descriptors, OfATerminalOutsideAreOne) {
  EXPECT_THAT(
      inherited_stdio(R"(["tty[8800:15]","tty[8800:15]","/dev/pts/0"])"),
      ElementsAre(AllOf(Field(&InheritedFd::key, "tty[8800:15]"), Field(&InheritedFd::fd, 0))));
}

// CRIU takes each pipe once; both descriptors are then of the first's.
TEST(Descriptors, OneThatStandsTwiceIsInheritedOnce) {
  EXPECT_THAT(inherited_stdio(R"(["pipe:[6]","pipe:[7]","pipe:[7]"])"),
              ElementsAre(Field(&InheritedFd::fd, 0), Field(&InheritedFd::fd, 1)));
  EXPECT_THAT(failure_of([] { inherited_stdio(R"({"a": 1})"); }), HasSubstr("descriptors.json"));
}

TEST(CgroupRoots, LeaveOutWhatStoodBefore) {
  cgroup::Identity identity{
      .members = {{.hierarchy = "cpu,cpuacct", .cgroup = "/a", .made = {{"/sys/fs/cgroup/cpu/a"}}},
                  {.hierarchy = "name=systemd", .cgroup = "/b"},
                  {.cgroup = "/c", .v2 = true, .made = {{"/sys/fs/cgroup/c"}}}}};
  EXPECT_THAT(roots_of(identity, Roots::kMade),
              ElementsAre(Pair("cpu", "/a"), Pair("cpuacct", "/a"), Pair("", "/c")));
  EXPECT_THAT(roots_of(identity, Roots::kAll),
              ElementsAre(Pair("cpu", "/a"), Pair("cpuacct", "/a"), Pair("name=systemd", "/b"),
                          Pair("", "/c")));
}

TEST(Descriptors, OfAProcessShowItsPipes) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    ::dup2(ends[1], 1);
    ::close(2);
    if (::write(1, "!", 1) == 1) ::pause();
    ::_exit(0);
  }
  char ready = 0;
  ASSERT_EQ(::read(ends[0], &ready, 1), 1);
  const std::string pipe = std::filesystem::read_symlink(fmt::format("/proc/self/fd/{}", ends[1]));
  const std::vector<StdioFile> files = stdio_of(child);
  EXPECT_EQ(files[1].link, pipe);
  EXPECT_EQ(files[2].link, "/dev/null");
  EXPECT_THAT(files[1].external_key, IsEmpty());
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST(CriuOptions, TakeWordsAndRefuseOthers) {
  const spec::Config config;
  EXPECT_EQ(options_of({}, config).cgroups, CgroupMode::kSoft);
  EXPECT_EQ(options_of({.manage_cgroups = "strict"}, config).cgroups, CgroupMode::kStrict);
  EXPECT_EQ(options_of({}, config).config_file, "/etc/criu/runc.conf");
  EXPECT_THAT(failure_of([&] { options_of({.manage_cgroups = "hard"}, config); }),
              HasSubstr("hard is no mode"));
  EXPECT_THAT(failure_of([&] { options_of({.empty_namespaces = {"ipc"}}, config); }),
              HasSubstr("ipc is no namespace"));
  spec::Config other;
  other.annotations["org.criu.config"] = "/etc/mine";
  EXPECT_EQ(options_of({}, other).config_file, "/etc/mine");
}

TEST(CriuOptions, NamespacesHaveTheNamesOfRunc) {
  EXPECT_EQ(namespace_key("net"), "extRootNetNS");
  EXPECT_EQ(namespace_key("pid"), "extRootPidNS");
}

TEST(CriuConfig, WhatWouldBeLostIsRefusedByName) {
  const spec::Config config;
  EXPECT_NO_THROW(check_config(config));
  spec::Config idmapped;
  idmapped.mounts.resize(2);
  idmapped.mounts[1].destination = "/data";
  idmapped.mounts[1].options.idmap = true;
  EXPECT_THAT(failure_of([&] { check_config(idmapped); }),
              HasSubstr("mounts[1]: /data is an idmapped mount"));
  spec::Config user;
  user.linux_.namespaces = {{.type = spec::NamespaceType::kUser}};
  EXPECT_THAT(failure_of([&] { check_config(user); }), HasSubstr("user namespace"));
  spec::Config memory;
  memory.linux_.memory_policy.emplace();
  EXPECT_THAT(failure_of([&] { check_config(memory); }), HasSubstr("linux.memoryPolicy"));
  spec::Config devices;
  devices.linux_.net_devices["eth1"] = "eth0";
  EXPECT_THAT(failure_of([&] { check_config(devices); }), HasSubstr("linux.netDevices"));
  spec::Config listener;
  listener.linux_.seccomp.emplace().listener_path = "/run/agent.sock";
  EXPECT_THAT(failure_of([&] { check_config(listener); }), HasSubstr("listenerPath"));
}

TEST(Complaint, IsTheCauseAndWhatWasBeingDone) {
  EXPECT_EQ(complaint_of("(00.1) Dumping opened files (pid: 128)\n"
                         "(00.430) Error (criu/files-reg.c:1710): Can't lookup mount=21 for fd=2\n"
                         "(00.431) Error (criu/cr-dump.c:1635): Dump files (pid: 128) failed\n"
                         "(00.5) Unlock network\n"
                         "(00.52) Error (criu/util.c:642): exited, status=4\n"
                         "(00.66) Error (criu/cr-dump.c:2053): Dumping FAILED.\n"),
            "Error (criu/files-reg.c:1710): Can't lookup mount=21 for fd=2; "
            "Error (criu/cr-dump.c:1635): Dump files (pid: 128) failed");
  EXPECT_EQ(complaint_of("(00.1)      1: Error (criu/image.c:475): Unable to open tty-info.img\n"
                         "(00.2) Error (criu/cr-restore.c:2537): Restoring FAILED.\n"),
            "Error (criu/image.c:475): Unable to open tty-info.img");
  EXPECT_EQ(complaint_of("Error (criu/a): 1\nError (criu/b): 2\nError (criu/c): 3\n"
                         "Error (criu/d): 4"),
            "Error (criu/a): 1; Error (criu/b): 2; Error (criu/c): 3");
  EXPECT_EQ(complaint_of("(00.1) Looks good.\n"), "");
}

// Nothing else speaks of the failure then.
TEST(Complaint, IsThatOfTheEndWhereThereIsNoOther) {
  EXPECT_EQ(complaint_of("(00.66) Error (criu/cr-dump.c:2053): Dumping FAILED.\n"),
            "Error (criu/cr-dump.c:2053): Dumping FAILED.");
}

TEST(MountPoints, AreReadWithTheirEscapes) {
  EXPECT_THAT(mount_points("22 1 0:20 / / rw - ext4 /dev/x rw\n"
                           "23 22 0:21 /a /mnt/a\\040b\\134c rw shared:1 - tmpfs t rw\n"),
              ElementsAre("/", "/mnt/a b\\c"));
}

class Supplied : public testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::create_directories(rootfs_ / "run");
    std::filesystem::create_directories(stage_);
    std::filesystem::create_directory_symlink("/run", rootfs_ / "lib");
    write_file_atomically(dir_.path() / "file", "");
  }

  static spec::Mount mount(const std::string& destination, const std::string& type) {
    spec::Mount mount;
    mount.destination = destination;
    mount.type = mount.source = type;
    return mount;
  }

  static spec::Mount bind(const std::string& destination, const std::string& source) {
    spec::Mount mount;
    mount.destination = destination;
    mount.source = source;
    mount.options.bind = true;
    return mount;
  }

  const TempDir dir_{std::filesystem::temp_directory_path()};
  const std::filesystem::path rootfs_ = dir_.path() / "rootfs";
  const std::filesystem::path stage_ = dir_.path() / "stage";
};

TEST_F(Supplied, EachBindIsStagedWithItsAttributes) {
  spec::Config config;
  config.root.readonly = true;
  config.mounts = {bind("/lib", "/usr"), bind("/hosts", dir_.path() / "file")};
  config.mounts[1].options.attributes_set = 1;
  config.linux_.masked_paths = {"/proc/keys"};
  const Supply supply = supply_mounts(config, rootfs_, {}, stage_);
  ASSERT_EQ(supply.binds.size(), 4u);
  EXPECT_EQ(supply.binds[0].source, rootfs_);
  EXPECT_TRUE(supply.binds[0].recursive);
  EXPECT_EQ(supply.binds[0].set, 1u);
  EXPECT_EQ(supply.binds[1].source, "/usr");
  EXPECT_EQ(supply.binds[2].set, 1u);
  EXPECT_TRUE(std::filesystem::is_directory(supply.binds[1].target));
  EXPECT_TRUE(std::filesystem::is_regular_file(supply.binds[2].target));
  // The first through the link that stands in the root file system, as create mounts it.
  EXPECT_THAT(supply.mounts,
              testing::IsSupersetOf({std::pair<std::string, std::string>{"/run", stage_ / "1"},
                                     {"/hosts", stage_ / "2"},
                                     {"/proc/keys", stage_ / "3"},
                                     {"/dev/null", "/dev/null"}}));
}

TEST_F(Supplied, ASourceThatIsNotThereIsNamed) {
  spec::Config config;
  config.mounts = {mount("/dev", "tmpfs"), bind("/hosts", dir_.path() / "file")};
  EXPECT_NO_THROW(check_sources(config));
  config.mounts.push_back(bind("/data", "/nonexistent/data"));
  EXPECT_THAT(failure_of([&] { check_sources(config); }),
              HasSubstr("mounts[2]: the source of /data, /nonexistent/data: ENOENT"));
}

TEST_F(Supplied, CgroupsAreBindsWithoutANamespace) {
  spec::Config config;
  config.mounts = {mount("/sys/fs/cgroup", "cgroup")};
  const cgroup::Membership v2{.directory = "/sys/fs/cgroup/c", .cgroup = "/c", .v2 = true};
  EXPECT_THAT(supply_mounts(config, rootfs_, {.members = {v2}}, stage_).mounts,
              testing::Contains(Pair("/sys/fs/cgroup", "/sys/fs/cgroup/c")));
  std::filesystem::remove_all(stage_);
  std::filesystem::create_directory(stage_);
  const cgroup::Membership pids{
      .hierarchy = "pids", .directory = "/sys/fs/cgroup/pids/c", .cgroup = "/c"};
  EXPECT_THAT(supply_mounts(config, rootfs_, {.members = {pids, v2}}, stage_).mounts,
              testing::Contains(Pair("/sys/fs/cgroup/pids", "/sys/fs/cgroup/pids/c")));
  config.linux_.namespaces = {{.type = spec::NamespaceType::kCgroup}};
  std::filesystem::remove_all(stage_);
  std::filesystem::create_directory(stage_);
  EXPECT_THAT(supply_mounts(config, rootfs_, {.members = {v2}}, stage_).mounts,
              testing::Not(testing::Contains(Pair("/sys/fs/cgroup", testing::_))));
}

TEST_F(Supplied, MountPointsAreMadeWhereTheRootLacksThem) {
  spec::Config config;
  config.mounts = {mount("/dev", "tmpfs"), mount("/dev/pts", "devpts"),
                   bind("/etc/hosts", dir_.path() / "file"), bind("/lib/deep/er", "/usr")};
  make_mount_points(config, rootfs_);
  EXPECT_TRUE(std::filesystem::is_directory(rootfs_ / "dev"));
  EXPECT_FALSE(std::filesystem::exists(rootfs_ / "dev/pts"));
  EXPECT_TRUE(std::filesystem::is_regular_file(rootfs_ / "etc/hosts"));
  EXPECT_TRUE(std::filesystem::is_directory(rootfs_ / "run/deep/er"));
  EXPECT_FALSE(std::filesystem::exists(rootfs_ / "tmp"));
  config.root.readonly = true;
  make_mount_points(config, rootfs_);
  EXPECT_TRUE(std::filesystem::is_directory(rootfs_ / "tmp"));
}

}  // namespace
}  // namespace seatrial::runtime::criu
