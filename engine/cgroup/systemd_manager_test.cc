#include "engine/cgroup/systemd_manager.h"

#include <gmock/gmock.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/sys/ordinary_user.h"

namespace seatrial::cgroup {
namespace {

class OwnSystemdSocket : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can become another user";
  }

  // As an ordinary user sees it where the host's socket belongs to `owner`.
  static std::string with_socket_of(uid_t owner, const char* runtime_directory) {
    return sys::in_child([&] {
      if (::unshare(CLONE_NEWNS) != 0 ||
          ::mount(nullptr, "/", nullptr, MS_PRIVATE | MS_REC, nullptr) != 0 ||
          ::mount("t", "/run", "tmpfs", 0, "mode=755") != 0) {
        throw sys_error(errno, "mount a tmpfs");
      }
      std::filesystem::create_directory("/run/systemd");
      write_file_atomically(kSystemdOfHost, "");
      if (::chown(kSystemdOfHost, owner, owner) != 0) throw sys_error(errno, "chown");
      sys::become_ordinary_user();
      return own_systemd(runtime_directory, 77);
    });
  }
};

TEST_F(OwnSystemdSocket, IsInTheRuntimeDirectory) {
  EXPECT_EQ(with_socket_of(0, "/run/mine"), "/run/mine/systemd/private");
}

TEST_F(OwnSystemdSocket, IsWherePamPutsItWithoutADirectory) {
  EXPECT_EQ(with_socket_of(0, nullptr), "/run/user/77/systemd/private");
  EXPECT_EQ(with_socket_of(0, ""), "/run/user/77/systemd/private");
  EXPECT_EQ(with_socket_of(0, "mine"), "/run/user/77/systemd/private");
}

TEST_F(OwnSystemdSocket, IsTheHostsWhereThatIsTheUsers) {
  EXPECT_EQ(with_socket_of(sys::kOrdinaryUser, "/run/mine"), kSystemdOfHost);
}

}  // namespace
}  // namespace seatrial::cgroup
