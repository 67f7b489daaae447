// For the tests that make real containers: one runtime over a directory of the test's own, which
// holds a bundle too. They need root, else they skip.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/runtime/runtime.h"

namespace seatrial::runtime {

class ContainerTest : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "containers are made by root here";
    std::filesystem::create_directories(dir_.path() / "rootfs");
    runtime_.emplace(dir_.path() / "state");
    runtime_->on_warning([this](std::string_view text) { warnings_ += text; });
  }

  static std::string failure_of(const std::function<void()>& action) {
    try {
      action();
    } catch (const Error& failure) {
      return failure.what();
    }
    return "(it did not fail)";
  }

  const std::string id_ = fmt::format("container-test-{}", ::getpid());
  TempDir dir_{std::filesystem::temp_directory_path()};
  std::optional<Runtime> runtime_;  // empty where the test was skipped
  std::string warnings_;
};

}  // namespace seatrial::runtime
