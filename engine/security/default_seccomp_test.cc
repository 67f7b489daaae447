// The built-in profile: what it says of calls that matter, and that its program says the same of
// every call.
#include "engine/security/default_seccomp.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/sched.h>

#include <cerrno>
#include <set>

#include "engine/security/profile.h"
#include "engine/security/seccomp.h"
#include "engine/security/testing/bpf.h"
#include "engine/security/testing/reading.h"

namespace seatrial::security::testing {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::uint32_t kAllowed = SECCOMP_RET_ALLOW;
constexpr std::uint32_t kRefused = SECCOMP_RET_ERRNO | EPERM;

spec::CapabilitySet with(unsigned capability) {
  return default_capabilities() | spec::CapabilitySet{1} << capability;
}

class DefaultSeccomp : public ::testing::Test {
 protected:
  std::uint32_t judge(const std::string& name, std::uint64_t first = 0,
                      const Abi& abi = kAmd64) const {
    const int number = call_number(abi, name);
    EXPECT_GE(number, 0) << name;
    return run_filter(program, call_of(abi, static_cast<std::uint32_t>(number), first));
  }

  void grant(spec::CapabilitySet capabilities) { program = compile(default_seccomp(capabilities)); }

  std::string program = compile(default_seccomp(default_capabilities()));
};

TEST_F(DefaultSeccomp, AllowsWhatProgramsNeed) {
  for (const char* name : {"read", "execve", "openat2", "futex", "ptrace", "statx", "chroot",
                           "landlock_create_ruleset", "memfd_create", "fchmodat2", "mseal",
                           "arch_prctl", "modify_ldt", "rseq", "seccomp", "epoll_pwait2"}) {
    EXPECT_EQ(judge(name), kAllowed) << name;
  }
}

TEST_F(DefaultSeccomp, RefusesWhatReachesTheHost) {
  for (const char* name : {"mount",          "umount2",
                           "pivot_root",     "unshare",
                           "setns",          "bpf",
                           "keyctl",         "add_key",
                           "request_key",    "io_uring_setup",
                           "io_uring_enter", "userfaultfd",
                           "kexec_load",     "init_module",
                           "reboot",         "swapon",
                           "syslog",         "open_by_handle_at",
                           "settimeofday",   "iopl",
                           "acct",           "mbind",
                           "kcmp",           "fsopen",
                           "move_mount",     "perf_event_open",
                           "sethostname"}) {
    EXPECT_EQ(judge(name), kRefused) << name;
  }
}

TEST_F(DefaultSeccomp, LetsCloneMakeThreadsButNoNamespaces) {
  EXPECT_EQ(judge("clone", CLONE_VM | CLONE_THREAD | CLONE_SIGHAND), kAllowed);
  for (const std::uint64_t flag : {CLONE_NEWUSER, CLONE_NEWNS, CLONE_NEWPID, CLONE_NEWNET,
                                   CLONE_NEWIPC, CLONE_NEWUTS, CLONE_NEWCGROUP}) {
    for (const Abi* abi : {&kAmd64, &kX86, &kX32}) {
      EXPECT_EQ(judge("clone", flag | CLONE_VM, *abi), kRefused) << flag << abi->name;
    }
  }
  EXPECT_EQ(judge("clone3"), SECCOMP_RET_ERRNO | ENOSYS);
  grant(with(CAP_SYS_ADMIN));
  EXPECT_EQ(judge("clone", CLONE_NEWUSER), kAllowed);
  EXPECT_EQ(judge("clone3"), kAllowed);
}

TEST_F(DefaultSeccomp, LeavesOutSomeFamiliesOfSockets) {
  const std::set<std::uint64_t> left_out{12, 19, 20, 23, 25, 34, 37, 38 /* ALG */, 40 /* VSOCK */};
  for (std::uint64_t family = 0; family < 64; ++family) {
    const bool allowed = family < 46 && !left_out.contains(family);
    EXPECT_EQ(judge("socket", family), allowed ? kAllowed : kRefused) << family;
    EXPECT_EQ(judge("socket", family, kX86), allowed ? kAllowed : kRefused) << family;
  }
  EXPECT_EQ(judge("socket", 1ULL << 32 | 1), kRefused);
}

TEST_F(DefaultSeccomp, AllowsHarmlessPersonalities) {
  for (const std::uint64_t domain : {0x0u, 0x8u, 0x20000u, 0x20008u, 0xffffffffu}) {
    EXPECT_EQ(judge("personality", domain), kAllowed) << domain;
  }
  for (const std::uint64_t domain : {0x40000u /* ADDR_NO_RANDOMIZE */, 0x1u, 0x400000u}) {
    EXPECT_EQ(judge("personality", domain), kRefused) << domain;
  }
}

TEST_F(DefaultSeccomp, FollowsTheCapabilities) {
  const std::pair<unsigned, std::vector<const char*>> cases[] = {
      {CAP_SYS_ADMIN, {"mount", "setns", "unshare", "bpf", "syslog", "lsm_list_modules"}},
      {CAP_DAC_READ_SEARCH, {"open_by_handle_at"}},
      {CAP_SYS_BOOT, {"reboot"}},
      {CAP_SYS_MODULE, {"init_module", "finit_module", "delete_module"}},
      {CAP_SYS_PACCT, {"acct"}},
      {CAP_SYS_PTRACE, {"kcmp", "pidfd_getfd", "process_madvise"}},
      {CAP_SYS_RAWIO, {"iopl", "ioperm"}},
      {CAP_SYS_TIME, {"settimeofday", "clock_settime"}},
      {CAP_SYS_TTY_CONFIG, {"vhangup"}},
      {CAP_SYS_NICE, {"mbind", "get_mempolicy", "set_mempolicy", "set_mempolicy_home_node"}},
      {CAP_SYSLOG, {"syslog"}},
      {CAP_BPF, {"bpf"}},
      {CAP_PERFMON, {"perf_event_open"}},
  };
  for (const auto& [capability, names] : cases) {
    grant(default_capabilities());
    for (const char* name : names) EXPECT_EQ(judge(name), kRefused) << name;
    grant(with(capability));
    for (const char* name : names) EXPECT_EQ(judge(name), kAllowed) << name;
  }
  grant(default_capabilities() & ~(spec::CapabilitySet{1} << CAP_SYS_CHROOT));
  EXPECT_EQ(judge("chroot"), kRefused);
}

// Every value at which a condition of the profile may change its mind.
std::set<std::uint64_t> boundaries(const spec::Seccomp& profile) {
  std::set<std::uint64_t> values{0, ~0ULL, 1ULL << 32};
  for (const spec::SeccompRule& rule : profile.syscalls) {
    for (const spec::SeccompArgument& condition : rule.args) {
      for (const std::uint64_t value : std::initializer_list<std::uint64_t>{
               condition.value - 1, condition.value, condition.value + 1,
               condition.value | 1ULL << 32}) {
        values.insert(value);
      }
      if (condition.op != spec::SeccompOperator::kMaskedEqual) continue;
      for (unsigned bit = 0; bit < 64; ++bit) values.insert(1ULL << bit);
    }
  }
  return values;
}

std::set<std::string> conditional_calls(const spec::Seccomp& profile) {
  std::set<std::string> names;
  for (const spec::SeccompRule& rule : profile.syscalls) {
    if (!rule.args.empty()) names.insert(rule.names.begin(), rule.names.end());
  }
  return names;
}

// The calls that the program and the profile judge differently; at most a few, as text.
std::vector<std::string> differences(const spec::Seccomp& profile, const std::string& program) {
  const std::set<std::uint64_t> all = boundaries(profile);
  const std::set<std::uint64_t> few{0, ~0ULL};
  const std::set<std::string> conditional = conditional_calls(profile);
  std::vector<std::string> found;
  for (const Abi* abi : {&kAmd64, &kX86, &kX32, &kArm64}) {
    for (std::uint32_t number = 0; number < 600; ++number) {
      for (const std::uint64_t first : conditional.contains(call_name(*abi, number)) ? all : few) {
        const seccomp_data call = call_of(*abi, number, first);
        const std::uint32_t said = run_filter(program, call);
        const std::uint32_t meant = read_profile(profile, *abi, number, call);
        if (said == meant || found.size() == 5) continue;
        found.push_back(fmt::format("{} {} {}({:#x}): {:#x} instead of {:#x}", abi->name, number,
                                    call_name(*abi, number), first, said, meant));
      }
    }
  }
  return found;
}

TEST(DefaultSeccompProgram, JudgesEveryCallAsTheProfileDoes) {
  for (const spec::CapabilitySet capabilities :
       {spec::CapabilitySet{0}, default_capabilities(), all_capabilities()}) {
    const spec::Seccomp profile = default_seccomp(capabilities);
    for (const Search search : {Search::kLinear, Search::kBinaryTree}) {
      EXPECT_THAT(differences(profile, compile(profile, search)), IsEmpty());
    }
  }
}

TEST(DefaultSeccompProgram, ComparisonNoticesADifference) {
  spec::Seccomp profile = default_seccomp(default_capabilities());
  const std::string program = compile(profile);
  profile.syscalls.front().names.push_back("keyctl");
  EXPECT_THAT(differences(profile, program), Contains(HasSubstr("keyctl")));
}

}  // namespace
}  // namespace seatrial::security::testing
