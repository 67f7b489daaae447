// Tests on the host's real v1 hierarchies, each in a cgroup path of its own.
#pragma once

#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/cgroup/cgroup.h"

namespace seatrial::cgroup {

inline Deadline in(std::chrono::milliseconds time) {
  return std::chrono::steady_clock::now() + time;
}

// A child process, killed and reaped at the end at the latest.
class TestChild {
 public:
  template <typename Body>
  explicit TestChild(Body body) : pid_(::fork()) {
    if (pid_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // a test that crashes leaves nobody behind
      body();
      ::_exit(0);
    }
  }
  TestChild(const TestChild&) = delete;
  TestChild& operator=(const TestChild&) = delete;
  ~TestChild() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }

  pid_t pid() const { return pid_; }
  int wait() {
    int status = 0;
    ::waitpid(pid_, &status, 0);
    pid_ = -1;
    return status;
  }

 private:
  pid_t pid_;
};

// Thaws when a test fails between freeze and thaw, so that its children can be killed.
class ThawAtEnd {
 public:
  explicit ThawAtEnd(const Cgroup& cgroup) : cgroup_(cgroup) {}
  ThawAtEnd(const ThawAtEnd&) = delete;
  ThawAtEnd& operator=(const ThawAtEnd&) = delete;
  ~ThawAtEnd() {
    // Not Cgroup::thaw(), which may be what the test finds broken.
    const std::filesystem::path top = cgroup_.identity().find("freezer")->directory;
    if (!std::filesystem::exists(top)) return;
    std::ofstream(top / "freezer.state") << "THAWED";
    for (const auto& each : std::filesystem::recursive_directory_iterator(top)) {
      if (each.is_directory()) std::ofstream(each.path() / "freezer.state") << "THAWED";
    }
  }

 private:
  const Cgroup& cgroup_;
};

class OnRealHierarchies : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root: makes cgroups";
    const Layout host = Layout::detect();
    if (host.is_pure_v2()) GTEST_SKIP() << "needs cgroup v1, this host has v2 alone";
    if (::access(host.hierarchies().front().mountpoint.c_str(), W_OK) != 0) {
      GTEST_SKIP() << host.hierarchies().front().mountpoint << " is not writable here";
    }
    layout_ = host;
    top_ = "/seatrial-test-" + std::to_string(::getpid()) + "-" +
           std::to_string(std::random_device()());
  }

  void TearDown() override {
    if (!layout_) return;
    for (const Cgroup& each : made_) {
      each.kill_all(in(std::chrono::seconds(5)));
      each.remove(in(std::chrono::seconds(5)));
    }
    for (const Hierarchy& each : layout_->hierarchies()) {
      EXPECT_FALSE(std::filesystem::exists(each.mountpoint + top_)) << each.mountpoint + top_;
    }
  }

  // A cgroup below this test's own path, removed at the end.
  const Cgroup& make(const std::string& name) {
    made_.reserve(16);
    return made_.emplace_back(Cgroup::create(*layout_, top_ + "/" + name, "unused"));
  }

  // Host path of a cgroup in one hierarchy.
  std::string path(std::string_view controller, const std::string& name) const {
    return layout_->find(controller)->mountpoint + top_ + "/" + name;
  }

  std::string content(std::string_view controller, const std::string& name,
                      const std::string& file) const {
    std::string text = read_file(path(controller, name) + "/" + file);
    if (text.ends_with('\n')) text.pop_back();
    return text;
  }

  void need(std::string_view controller) {
    if (layout_->find(controller) == nullptr) GTEST_SKIP() << controller << " is not mounted";
  }

  std::optional<Layout> layout_;
  std::string top_;
  std::vector<Cgroup> made_;
};

// what() of the Error that `body` throws.
template <typename Body>
std::string error_of(Body body) {
  try {
    body();
  } catch (const Error& failure) {
    return failure.what();
  }
  return "nothing was thrown";
}

}  // namespace seatrial::cgroup
