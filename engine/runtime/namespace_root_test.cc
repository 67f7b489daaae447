// Containers of a root that is one in a user namespace only.
#include <gmock/gmock.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/syscall.h>

#include "engine/runtime/rootless_fixture.h"

namespace seatrial::runtime {
namespace {

using testing::HasSubstr;

void write_own_maps() {
  const auto write = [](const char* file, const char* text) {
    write_all(open_file(file, O_WRONLY).get(), text, file);
  };
  write("/proc/self/setgroups", "deny");
  write("/proc/self/uid_map", "0 54321 1");
  write("/proc/self/gid_map", "0 54321 1");
}

void drop_capability(unsigned number) {
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  __user_cap_data_struct data[2] = {};
  ::syscall(SYS_capget, &header, data);
  data[0].effective &= ~(1U << number);
  data[0].permitted &= ~(1U << number);
  if (::syscall(SYS_capset, &header, data) != 0) throw sys_error(errno, "capset");
}

std::string as_root_of_a_namespace(int more, const std::function<std::string()>& body) {
  return sys::as_ordinary_user([&] {
    if (::unshare(CLONE_NEWUSER | more) != 0) throw sys_error(errno, "unshare");
    write_own_maps();
    return body();
  });
}

class RootOfANamespace : public RootlessRuntime, public testing::WithParamInterface<int> {};

// With a mount namespace of its own it may clone its mounts; without one, the host's are not its.
INSTANTIATE_TEST_SUITE_P(, RootOfANamespace, testing::Values(0, CLONE_NEWNS));

TEST_P(RootOfANamespace, NeedsNoUserNamespaceForTheContainer) {
  EXPECT_EQ(
      as_root_of_a_namespace(GetParam(),
                             [&] {
                               return output_of({.command = "id -u; test -c /dev/null; echo $?",
                                                 .own_users = false});
                             }),
      "0\n0\n0");
}

// Who owns its mount namespace passes mounts on as the host's root does.
TEST_F(RootlessRuntime, SharesTheMountsOfANamespaceOfItsOwn) {
  const std::string source = (dir_.path() / "source").native();
  std::filesystem::create_directories(source + "/inside");
  ASSERT_EQ(::chown((source + "/inside").c_str(), sys::kOrdinaryUser, sys::kOrdinaryUser), 0);
  EXPECT_EQ(as_root_of_a_namespace(
                CLONE_NEWNS,
                [&] {
                  if (::mount(source.c_str(), source.c_str(), nullptr, MS_BIND, nullptr) != 0 ||
                      ::mount(nullptr, source.c_str(), nullptr, MS_SHARED, nullptr) != 0) {
                    throw sys_error(errno, "share {}", source);
                  }
                  const std::string printed =
                      output_of({.command = "mount -t tmpfs made /bound/inside; echo $?",
                                 .process = R"(, "capabilities": {"bounding": ["CAP_SYS_ADMIN"],
                          "permitted": ["CAP_SYS_ADMIN"], "effective": ["CAP_SYS_ADMIN"]})",
                                 .mounts = fmt::format(R"({{"destination": "/bound", "source": "{}",
                                                  "options": ["bind", "shared"]}},)",
                                                       source),
                                 .own_users = false});
                  const std::string mounts = read_file("/proc/self/mounts");
                  return printed + (mounts.find(source + "/inside") != mounts.npos ? " here" : "");
                }),
            "0\n0 here");
}

// A map of groups that is written without CAP_SETGID.
TEST_F(RootlessRuntime, MapsOwnersOfMountsWithoutTheRightToSetGroups) {
  const std::string source = (dir_.path() / "source").native();
  std::filesystem::create_directory(source);
  const std::string shown = as_root_of_a_namespace(CLONE_NEWNS, [&] {
    if (::mount("t", source.c_str(), "tmpfs", 0, nullptr) != 0) {
      throw sys_error(errno, "mount a tmpfs");
    }
    drop_capability(CAP_SETGID);
    const std::string map = R"([{"containerID": 0, "hostID": 0, "size": 1}])";
    return output_of({.command = "stat -c %u:%g /bound",
                      .mounts = fmt::format(
                          R"({{"destination": "/bound", "source": "{}", "options": ["bind",
                                "idmap"], "uidMappings": {}, "gidMappings": {}}},)",
                          source, map, map),
                      .own_users = false});
  });
  if (shown.find("its file system cannot map owners") != shown.npos) {
    GTEST_SKIP() << "a tmpfs maps owners since Linux 6.3";
  }
  EXPECT_EQ(shown, "0:0\n0");
}

// As podman has it for a user's container in the host's pid namespace, of which no procfs can be
// mounted.
TEST_P(RootOfANamespace, SetsParametersWithoutAPidNamespace) {
  EXPECT_EQ(as_root_of_a_namespace(
                GetParam(),
                [&] {
                  return output_of({.command = "cat /proc/sys/kernel/shm_rmid_forced",
                                    .section = R"(, "sysctl": {"kernel.shm_rmid_forced": "1"})",
                                    .own_users = false,
                                    .own_pids = false});
                }),
            "1\n0");
}

TEST_P(RootOfANamespace, MayNestOneMore) {
  EXPECT_EQ(
      as_root_of_a_namespace(
          GetParam(),
          [&] {
            return output_of({.command = kShowMaps,
                              .uid_mappings = R"([{"containerID": 0, "hostID": 0, "size": 1}])",
                              .gid_mappings = R"([{"containerID": 0, "hostID": 0, "size": 1}])"});
          }),
      " 0 0 1 0 0 1 deny 0\n0");
}

TEST_P(RootOfANamespace, IsToldWhichIdsItsOwnDoesNotMap) {
  EXPECT_THAT(
      as_root_of_a_namespace(
          GetParam(),
          [&] {
            return output_of({.uid_mappings = R"([{"containerID": 0, "hostID": 0, "size": 2}])",
                              .gid_mappings = R"([{"containerID": 0, "hostID": 0, "size": 1}])"});
          }),
      HasSubstr("linux.uidMappings[0]: the ids 0 to 1 are not mapped as a whole"));
}

TEST_F(RootlessRuntime, IsToldThatThereAreTooManyUserNamespaces) {
  EXPECT_THAT(as_root_of_a_namespace(
                  0,
                  [&] {
                    write_all(open_file("/proc/sys/user/max_user_namespaces", O_WRONLY).get(), "1",
                              "max_user_namespaces");
                    const std::string map = R"([{"containerID": 0, "hostID": 0, "size": 1}])";
                    Runtime made = runtime();
                    CreateRequest wanted = request(
                        {.command = "exec sleep 1000", .uid_mappings = map, .gid_mappings = map});
                    Child child = made.run(wanted);
                    std::string said;
                    try {
                      wanted.id += "-more";
                      made.run(wanted);
                    } catch (const Error& failure) {
                      said = failure.what();
                    }
                    made.remove(id_, true);
                    child.wait(std::chrono::seconds(10));
                    return said;
                  }),
              HasSubstr("too many user namespaces (/proc/sys/user/max_user_namespaces): ENOSPC"));
}

TEST_F(RootlessRuntime, IsToldWhereNoUserNamespaceCanBeMade) {
  EXPECT_THAT(
      as_root_of_a_namespace(
          0,
          [&] {
            write_all(open_file("/proc/sys/user/max_user_namespaces", O_WRONLY).get(), "0",
                      "max_user_namespaces");
            return output_of({.uid_mappings = R"([{"containerID": 0, "hostID": 0, "size": 1}])",
                              .gid_mappings = R"([{"containerID": 0, "hostID": 0, "size": 1}])"});
          }),
      HasSubstr("linux.namespaces: no user namespace can be made on this host: "
                "/proc/sys/user/max_user_namespaces is 0"));
}

}  // namespace
}  // namespace seatrial::runtime
