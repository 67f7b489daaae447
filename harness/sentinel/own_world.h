// For tests that leak on purpose: mount and network namespaces of the test program's own, so that
// neither the host nor other programs' mounts come into it.
#pragma once

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <ostream>
#include <random>
#include <string>

#include "engine/base/files.h"
#include "harness/sentinel/leak.h"

namespace seatrial::sentinel {

class InOwnWorld : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root: mounts, links and cgroups";
    static const bool entered = enter();
    if (!entered) GTEST_SKIP() << "needs namespaces of its own, which this host refuses";
    name_ = "seatrial-test-" + std::to_string(::getpid()) + "-" +
            std::to_string(std::random_device()());
  }

  // A v1 or v2 hierarchy of this host; empty where none is writable.
  static std::string hierarchy() {
    for (const char* path : {"/sys/fs/cgroup/pids", "/sys/fs/cgroup"}) {
      if (::access((std::string(path) + "/cgroup.procs").c_str(), W_OK) == 0) return path;
    }
    return {};
  }

  std::string name_;  // unique to this test
  TempDir dir_{std::filesystem::temp_directory_path()};

 private:
  static bool enter() {
    return ::unshare(CLONE_NEWNS | CLONE_NEWNET) == 0 &&
           ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
           ::prctl(PR_SET_CHILD_SUBREAPER, 1) == 0;
  }
};

// How gtest shows a leak in a failure.
inline void PrintTo(const Leak& leak, std::ostream* out) {
  *out << leak.text;
}

// A child that waits to be killed, reaped at the end at the latest.
class Sleeper {
 public:
  template <typename Before>
  explicit Sleeper(Before before) {
    int ready[2];
    if (::pipe2(ready, O_CLOEXEC) != 0) return;
    pid_ = ::fork();
    if (pid_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // a test that crashes leaves nobody behind
      before();
      if (::write(ready[1], "x", 1) != 1) ::_exit(1);
      for (;;) ::pause();
    }
    ::close(ready[1]);
    char byte = 0;
    started_ = ::read(ready[0], &byte, 1) == 1;
    ::close(ready[0]);
  }
  Sleeper(const Sleeper&) = delete;
  Sleeper& operator=(const Sleeper&) = delete;
  ~Sleeper() { end(); }

  void end() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }
  bool started() const { return started_; }
  pid_t pid() const { return pid_; }

 private:
  pid_t pid_ = -1;
  bool started_ = false;
};

}  // namespace seatrial::sentinel
