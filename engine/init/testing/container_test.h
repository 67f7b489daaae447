// The fixture of all tests that build real containers: the default configuration over a root file
// system that holds the probe. Each container lives in a mount namespace of its own.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "engine/init/testing/parent.h"
#include "engine/spec/default_spec.h"
#include "engine/spec/parse_config.h"

namespace seatrial::init {

class ContainerTest : public testing::Test {
 protected:
  void SetUp() override {
    if (geteuid() != 0) GTEST_SKIP() << "builds containers, which needs root";
    config = spec::parse_config(spec::default_config(), {.bundle = rootfs.bundle()});
    config.process->terminal = false;
  }

  plan::LaunchOptions launch_options() const { return {.bundle = rootfs.bundle(), .id = "test"}; }

  // The plan whose program is the probe with these questions.
  plan::LaunchPlan make_plan(std::vector<std::string> questions) {
    config.process->args = {"/bin/probe"};
    for (std::string& question : questions) config.process->args.push_back(std::move(question));
    return plan::plan(config, host, launch_options());
  }

  Outcome run(std::vector<std::string> questions) {
    return run_plan(make_plan(std::move(questions)), options);
  }

  static std::string failing_step(const plan::LaunchPlan& plan, const Outcome& outcome) {
    return plan.describe(outcome.step);
  }

  Rootfs rootfs;
  spec::Config config;
  plan::HostFacts host;
  ParentOptions options;
};

}  // namespace seatrial::init
