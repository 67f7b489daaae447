// Programs that compile() makes, judged call by call in an interpreter of BPF.
#include "engine/security/seccomp.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/filter.h>

#include <cerrno>
#include <set>

#include "engine/base/error.h"
#include "engine/security/testing/bpf.h"
#include "engine/security/testing/reading.h"

namespace seatrial::security::testing {
namespace {

using spec::Seccomp;
using spec::SeccompAction;
using spec::SeccompOperator;
using spec::SeccompRule;
using ::testing::HasSubstr;

using Values = std::initializer_list<std::uint64_t>;

std::uint32_t judge(const Seccomp& profile, const char* name, std::uint64_t first = 0,
                    std::uint64_t second = 0, const Abi& abi = kAmd64) {
  const auto number = static_cast<std::uint32_t>(call_number(abi, name));
  return run_filter(compile(profile), call_of(abi, number, first, second));
}

std::string refusal(const Seccomp& profile) {
  try {
    compile(profile);
    return "none";
  } catch (const Error& failure) {
    return failure.what();
  }
}

Seccomp one_rule(SeccompRule rule) {
  return {.default_action = SeccompAction::kAllow, .syscalls = {std::move(rule)}};
}

TEST(Compile, GivesEveryActionItsVerdict) {
  const std::pair<SeccompRule, std::uint32_t> cases[] = {
      {{.action = SeccompAction::kKillThread}, SECCOMP_RET_KILL_THREAD},
      {{.action = SeccompAction::kKillProcess}, SECCOMP_RET_KILL_PROCESS},
      {{.action = SeccompAction::kTrap}, SECCOMP_RET_TRAP},
      {{.action = SeccompAction::kErrno}, SECCOMP_RET_ERRNO | EPERM},
      {{.action = SeccompAction::kErrno, .errno_ret = 0}, SECCOMP_RET_ERRNO},
      {{.action = SeccompAction::kErrno, .errno_ret = ENOSYS}, SECCOMP_RET_ERRNO | ENOSYS},
      {{.action = SeccompAction::kTrace}, SECCOMP_RET_TRACE | EPERM},
      {{.action = SeccompAction::kTrace, .errno_ret = 65535}, SECCOMP_RET_TRACE | 65535},
      {{.action = SeccompAction::kLog}, SECCOMP_RET_LOG},
      {{.action = SeccompAction::kNotify}, SECCOMP_RET_USER_NOTIF},
      {{.action = SeccompAction::kAllow}, SECCOMP_RET_ALLOW},
  };
  for (const auto& [blank, expected] : cases) {
    SeccompRule rule = blank;
    rule.names = {"mkdir", "mseal", "no_such_call"};
    EXPECT_EQ(judge(one_rule(rule), "mkdir"), expected);
    EXPECT_EQ(judge(one_rule(rule), "mseal"), expected) << "younger than libseccomp";
    EXPECT_EQ(judge(one_rule(rule), "rmdir"), SECCOMP_RET_ALLOW);
    const Seccomp by_default{.default_action = rule.action, .default_errno_ret = rule.errno_ret};
    EXPECT_EQ(judge(by_default, "mkdir"), expected);
  }
}

TEST(Compile, ComparesAsTheOperatorsSay) {
  constexpr std::uint64_t kHigh = 1ULL << 40;
  const SeccompOperator operators[] = {SeccompOperator::kNotEqual,     SeccompOperator::kLess,
                                       SeccompOperator::kLessEqual,    SeccompOperator::kEqual,
                                       SeccompOperator::kGreaterEqual, SeccompOperator::kGreater,
                                       SeccompOperator::kMaskedEqual};
  for (const SeccompOperator op : operators) {
    for (const std::uint64_t value : Values{0, 7, 0xffffffff, kHigh | 7, ~0ULL}) {
      const Seccomp profile =
          one_rule({.names = {"mkdir"},
                    .action = SeccompAction::kErrno,
                    .args = {{.index = 1, .value = value, .value_two = value & 0x55, .op = op}}});
      const std::string program = compile(profile);
      const auto number = static_cast<std::uint32_t>(call_number(kAmd64, "mkdir"));
      for (const std::uint64_t argument : Values{value - 1, value, value + 1, value ^ kHigh,
                                                 value & 0x55, 0, ~0ULL, 0xffffffff, kHigh}) {
        const seccomp_data call = call_of(kAmd64, number, 99, argument);
        EXPECT_EQ(run_filter(program, call), read_profile(profile, kAmd64, number, call))
            << static_cast<int>(op) << ' ' << argument << " against " << value;
      }
    }
  }
}

TEST(Compile, WantsAllConditionsOfARuleAndAnyRule) {
  const Seccomp profile{.default_action = SeccompAction::kAllow,
                        .syscalls = {{.names = {"mkdir"},
                                      .action = SeccompAction::kErrno,
                                      .args = {{.index = 0, .value = 1}, {.index = 1, .value = 2}}},
                                     {.names = {"mkdir"},
                                      .action = SeccompAction::kErrno,
                                      .args = {{.index = 0, .value = 5}}}}};
  EXPECT_EQ(judge(profile, "mkdir", 1, 2), SECCOMP_RET_ERRNO | EPERM);
  EXPECT_EQ(judge(profile, "mkdir", 1, 3), SECCOMP_RET_ALLOW);
  EXPECT_EQ(judge(profile, "mkdir", 5, 0), SECCOMP_RET_ERRNO | EPERM);
}

TEST(Compile, CoversTheListedArchitecturesAndKillsOthers) {
  Seccomp profile = one_rule({.names = {"mkdir", "mseal"}, .action = SeccompAction::kErrno});
  for (const char* name : {"mkdir", "mseal"}) {
    EXPECT_EQ(judge(profile, name, 0, 0, kX86), SECCOMP_RET_KILL_THREAD);
    EXPECT_EQ(judge(profile, name, 0, 0, kX32), SECCOMP_RET_KILL_THREAD);
  }
  profile.architectures = {kAmd64.name, kX86.name, kX32.name};
  for (const Abi* abi : {&kAmd64, &kX86, &kX32}) {
    EXPECT_EQ(judge(profile, "mkdir", 0, 0, *abi), SECCOMP_RET_ERRNO | EPERM) << abi->name;
    EXPECT_EQ(judge(profile, "mseal", 0, 0, *abi), SECCOMP_RET_ERRNO | EPERM) << abi->name;
    EXPECT_EQ(judge(profile, "rmdir", 0, 0, *abi), SECCOMP_RET_ALLOW) << abi->name;
  }
  EXPECT_EQ(judge(profile, "mkdir", 0, 0, kArm64), SECCOMP_RET_KILL_THREAD);
}

TEST(Compile, RefusesWhatItCannotKeep) {
  EXPECT_THAT(refusal(one_rule({.names = {"mkdir"},
                                .action = SeccompAction::kErrno,
                                .args = {{.index = 1, .value = 2}, {.index = 1, .value = 3}}})),
              HasSubstr("linux.seccomp.syscalls[0].args: two conditions on argument 1"));
  EXPECT_THAT(refusal(one_rule({.names = {"mseal"},
                                .action = SeccompAction::kErrno,
                                .args = {{.index = 1, .value = 2}}})),
              HasSubstr("conditions on mseal"));
  Seccomp foreign = one_rule({.names = {"mkdir"}, .action = SeccompAction::kErrno});
  foreign.architectures = {"SCMP_ARCH_M68K"};
  EXPECT_THAT(refusal(foreign), HasSubstr("SCMP_ARCH_M68K is not supported"));
  Seccomp torn = one_rule({.names = {"mseal"}, .action = SeccompAction::kErrno});
  torn.syscalls.push_back({.names = {"mseal"}, .action = SeccompAction::kTrap});
  EXPECT_THAT(refusal(torn), HasSubstr("syscalls[1]: another rule has a different action"));
}

}  // namespace
}  // namespace seatrial::security::testing
