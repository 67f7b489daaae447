// An engine with a root of its own, in mount and network namespaces of the test program's own, and
// an image made from one static program. Needs root, else skips.
#pragma once

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/core/engine.h"
#include "engine/core/testing/box_archive.h"
#include "engine/sys/memfd.h"
#include "engine/sys/network_namespace.h"

namespace seatrial::core::testing {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

class EngineTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    if (::geteuid() != 0) return;
    // Once for the program; the tests run in one thread.
    static const bool unshared = [] {
      const bool done = ::unshare(CLONE_NEWNS | CLONE_NEWNET) == 0 &&
                        ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
      if (done) sys::bring_up_loopback(sys::own_network_namespace().get());
      return done;
    }();
    ASSERT_TRUE(unshared);
  }

  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "containers are made by root here";
    dir_.emplace("/dev/shm");
    engine_.emplace(options());
    const std::string archive = box_archive();
    image_ = engine_->import(sys::sealed_memfd("box", archive).get(), "box",
                             {"ENTRYPOINT [\"/box\"]", "ENV FROM=image"});
  }

  void TearDown() override {
    if (!engine_) return;
    for (const ContainerSummary& each : engine_->list({.all = true})) {
      engine_->remove(each.id, true, true);
    }
    EXPECT_THAT(leftovers_at_rest(), ::testing::IsEmpty());
    for (const NetworkInfo& network : engine_->networks({{"type", {"custom"}}})) {
      engine_->remove_network(network.id);
    }
  }

  EngineOptions options() const {
    return {.root = dir_->path() / "root",
            .run = dir_->path() / "run",
            .cgroup_parent = "/seatrial-test-" + std::to_string(::getpid())};
  }

  static std::vector<std::string> names_in(const fs::path& directory) {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(directory)) {
      names.push_back(entry.path().filename());
    }
    return names;
  }

  // What containers that are gone have left: directories, mounts, links.
  std::vector<std::string> leftovers() const {
    std::vector<std::string> left;
    const auto add = [&](const fs::path& path) {
      for (const std::string& name : names_in(path)) {
        if (!name.starts_with('@')) left.push_back(path / name);  // a cache, not a container
      }
    };
    add(options().root / "containers");
    add(options().run / "containers");
    add(options().run / "runtime");
    for (const std::string& name : names_in(options().root / "snapshots")) {
      if (name.size() == 64) left.push_back("snapshot " + name);
    }
    const std::string mounts = read_file("/proc/self/mountinfo");
    if (mounts.find(dir_->path().native()) != std::string::npos) left.emplace_back("a mount");
    for (const std::string& line : lines(read_file("/proc/net/dev"))) {
      const std::string name = line.substr(line.find_first_not_of(' '));
      if (name.starts_with("sv") || name.starts_with("veth")) left.push_back("link " + name);
    }
    return left;
  }

  // The link of a container that ended goes with its network namespace, which the kernel takes down
  // in its own time, some milliseconds later.
  std::vector<std::string> leftovers_at_rest() const {
    const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds(5);
    std::vector<std::string> left = leftovers();
    while (!left.empty() && std::chrono::steady_clock::now() < patience) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
      left = leftovers();
    }
    return left;
  }

  static std::vector<std::string> lines(const std::string& text) {
    std::vector<std::string> result(1);
    for (const char c : text) {
      if (c == '\n') {
        result.emplace_back();
      } else {
        result.back() += c;
      }
    }
    if (result.back().empty()) result.pop_back();
    return result;
  }

  static ContainerRequest box(std::vector<std::string> verbs) {
    return {.image = "box", .cmd = std::move(verbs), .network_mode = "none"};
  }

  // The log's text of one stream, the container having ended or not.
  std::string log_of(const std::string& id, const std::string& stream = "stdout") {
    std::string text;
    engine_->logs(id, {}, [&](const LogEntry& entry) {
      if (entry.stream == stream) text += entry.text;
      return true;
    });
    return text;
  }

  // Waits until the container has written `text`.
  void await_output(const std::string& id, const std::string& text) {
    std::string seen;
    engine_->logs(id, {.follow = true}, [&](const LogEntry& entry) {
      seen += entry.text;
      return seen.find(text) == std::string::npos;
    });
    ASSERT_THAT(seen, ::testing::HasSubstr(text));
  }

  int run_to_end(const ContainerRequest& request, std::string* id = nullptr) {
    const std::string made = engine_->run(request);
    if (id != nullptr) *id = made;
    return engine_->wait(made, WaitCondition::kNotRunning, 20s).value_or(-1);
  }

  std::string failure(Kind kind, const std::function<void()>& action) {
    try {
      action();
    } catch (const Error& failure) {
      EXPECT_EQ(failure.kind(), kind) << failure.what();
      return failure.what();
    }
    return "(it did not fail)";
  }

  std::optional<TempDir> dir_;
  std::optional<Engine> engine_;
  std::string image_;
};

}  // namespace seatrial::core::testing
