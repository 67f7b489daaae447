// For tests of containers that a user without privileges makes: root runs the tests, and pieces of
// them are carried out by that user. Without root they skip.
#pragma once

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/runtime/host_programs.h"
#include "engine/runtime/runtime.h"
#include "engine/sys/ordinary_user.h"

namespace seatrial::runtime {

// The part of config.json that a test chooses.
struct RootlessBundle {
  std::string command = "true";
  std::string uid_mappings = R"([{"containerID": 0, "hostID": 54321, "size": 1}])";
  std::string gid_mappings = R"([{"containerID": 0, "hostID": 54321, "size": 1}])";
  std::string user = R"({"uid": 0, "gid": 0})";
  std::string process = {};  // more members, each after a comma
  std::string section = {};  // of linux: the same
  std::string mounts = {};   // more, each ending with a comma
  std::string hooks = "{}";
  bool own_users = true;  // a user namespace with those mappings
  bool own_pids = true;
};

class RootlessTest : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can become another user";
    std::filesystem::create_directories(dir_.path() / "rootfs");
    for (const auto& each : {dir_.path(), dir_.path() / "rootfs"}) {
      ASSERT_EQ(::chown(each.c_str(), sys::kOrdinaryUser, sys::kOrdinaryUser), 0);
    }
  }

  static std::string config_text(const RootlessBundle& bundle) {
    const std::string users =
        bundle.own_users
            ? fmt::format(R"({{"type": "user"}}], "uidMappings": {}, "gidMappings": {})",
                          bundle.uid_mappings, bundle.gid_mappings)
            : R"({"type": "uts"}])";
    const std::string proc =
        bundle.own_pids ? R"({"destination": "/proc", "type": "proc", "source": "proc"})"
                        : R"({"destination": "/proc", "source": "/proc", "options": ["rbind"]})";
    return fmt::format(
        R"({{"ociVersion": "1.3.0", "root": {{"path": "rootfs"}},
        "process": {{"args": ["/usr/bin/sh", "-c", "{}"], "cwd": "/", "env": ["PATH=/usr/bin"],
                     "user": {}{}}},
        "mounts": [{}, {}
          {{"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["mode=755"]}},
          {}],
        "hooks": {},
        "linux": {{"namespaces": [{{"type": "mount"}}, {{"type": "ipc"}}, {} {}{}}}}})",
        bundle.command, bundle.user, bundle.process, proc, bundle.mounts, kHostPrograms,
        bundle.hooks, bundle.own_pids ? R"({"type": "pid"},)" : "", users, bundle.section);
  }

  CreateRequest request(const RootlessBundle& bundle) const {
    write_file_atomically(dir_.path() / "config.json", config_text(bundle));
    return {.id = id_, .bundle = dir_.path(), .stdio = {-1, -1, -1}};
  }

  Runtime runtime(Rootless rootless = Rootless::kDetect) const {
    return Runtime(dir_.path() / "state", rootless);
  }

  // What the container prints, then its exit status; the container is deleted.
  std::string output_of(const RootlessBundle& bundle, Rootless rootless = Rootless::kDetect) const {
    CreateRequest wanted = request(bundle);
    const std::string path = (dir_.path() / "output").native();
    const UniqueFd file = open_file(path, O_CREAT | O_TRUNC | O_WRONLY, 0600);
    wanted.stdio = {-1, file.get(), file.get()};
    Runtime made = runtime(rootless);
    Child child = made.run(wanted);
    const auto end = child.wait(std::chrono::seconds(10));
    made.remove(id_, true);
    return fmt::format("{}{}", read_file(path), end ? end->code : -1);
  }

  // What stays of containers: names in the state root.
  std::string left_behind() const {
    std::string names;
    if (!std::filesystem::exists(dir_.path() / "state")) return names;
    for (const auto& each : std::filesystem::directory_iterator(dir_.path() / "state")) {
      names += each.path().filename().native() + " ";
    }
    return names;
  }

  const std::string id_ = fmt::format("rootless-test-{}", ::getpid());
  TempDir dir_{std::filesystem::temp_directory_path()};
};

inline constexpr const char* kShowMaps =
    "cat /proc/self/uid_map /proc/self/gid_map /proc/self/setgroups | tr -s ' \\n' ' '; id -u";

// Each test leaves nothing.
class RootlessRuntime : public RootlessTest {
 protected:
  void TearDown() override { EXPECT_EQ(left_behind(), ""); }

  std::string output_as_user(const RootlessBundle& bundle) const {
    return sys::as_ordinary_user([&] { return output_of(bundle); });
  }
};

}  // namespace seatrial::runtime
