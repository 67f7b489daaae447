#include "harness/target/sandbox.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "harness/core/lack.h"

namespace seatrial::harness {
namespace {

using testing::HasSubstr;

// In a process of its own, for it is for good: what openat2 and openat say afterwards.
TEST(RefuseNewerCalls, LeavesTheOlderOnes) {
  const pid_t child = ::fork();
  if (child == 0) {
    refuse_newer_calls();
    const open_how how{.flags = O_RDONLY, .mode = 0, .resolve = 0};
    const bool refused =
        ::syscall(SYS_openat2, AT_FDCWD, "/", &how, sizeof how) < 0 && errno == ENOSYS;
    const bool mounts = ::syscall(SYS_fsopen, "tmpfs", 0) >= 0 || errno != ENOSYS;
    const bool older = ::open("/", O_RDONLY) >= 0;
    ::_exit((refused ? 0 : 1) | (mounts ? 2 : 0) | (older ? 0 : 4));
  }
  int status = -1;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
}

TEST(RefuseNewerCalls, AreKnownByName) {
  EXPECT_TRUE(names_newer_call("step 3 of 9, mount_setattr /proc: ENOSYS"));
  EXPECT_FALSE(names_newer_call("step 3 of 9, mount /proc: EPERM"));
}

class Fake : public Target {
 public:
  explicit Fake(Outcome outcome) : outcome_(std::move(outcome)) {}

  const TargetInfo& info() const override { return info_; }
  const std::filesystem::path& state_root() const override { return root_; }
  Outcome create(const CreateCall&) override { return outcome_; }
  Outcome start(const std::string&) override { return outcome_; }
  Outcome run(const CreateCall&) override { return outcome_; }
  Outcome state(const std::string&) override { return outcome_; }
  Outcome kill(const std::string&, const std::string&, bool) override { return outcome_; }
  Outcome remove(const std::string&, bool) override { return outcome_; }
  Outcome list() override { return outcome_; }
  Outcome ps(const std::string&) override { return outcome_; }
  Outcome exec(const ExecCall&) override { return outcome_; }
  Outcome command(const std::vector<std::string>&) override { return outcome_; }

 private:
  Outcome outcome_;
  TargetInfo info_;
  std::filesystem::path root_;
};

std::string lack_of(Outcome outcome) {
  try {
    sandboxed(std::make_unique<Fake>(std::move(outcome)))->create({});
  } catch (const Lack& lack) {
    return lack.what();
  }
  return "none";
}

TEST(ASandboxedTarget, MayRefuseByName) {
  EXPECT_THAT(lack_of({.exit_status = 1, .error_text = "open_tree: function not implemented"}),
              HasSubstr("refused by name in the sandbox: open_tree"));
}

TEST(ASandboxedTarget, MayNotFailOtherwise) {
  EXPECT_EQ(lack_of({.exit_status = 1, .error_text = "function not implemented"}), "none");
  EXPECT_EQ(lack_of({.exit_status = 0, .error_text = "warning: no openat2"}), "none");
}

}  // namespace
}  // namespace seatrial::harness
