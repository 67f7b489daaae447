// linux.seccomp: what is read, and the sentences of what is refused.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/spec/names.h"
#include "engine/spec/spec_fixture.h"
#include "engine/spec/write_seccomp.h"

namespace seatrial::spec::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

Config with_seccomp(std::string_view seccomp) {
  return parse(patched(R"({"linux": {"seccomp": )" + std::string(seccomp) + "}}"));
}

std::string why_not(std::string_view seccomp) {
  return refusal(patched(R"({"linux": {"seccomp": )" + std::string(seccomp) + "}}"));
}

TEST(ParseSeccomp, ReadsEveryField) {
  const Config config = with_seccomp(R"({
      "defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 38,
      "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_LOONGARCH64"],
      "flags": ["SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_SPEC_ALLOW"],
      "listenerPath": "/run/listener", "listenerMetadata": "unused",
      "syscalls": [
        {"names": ["read", "write"], "action": "SCMP_ACT_ALLOW"},
        {"names": ["clone"], "action": "SCMP_ACT_TRACE", "errnoRet": 65535, "args": [
          {"index": 5, "value": 18446744073709551615, "valueTwo": 7, "op": "SCMP_CMP_MASKED_EQ"}]}]})");
  const Seccomp seccomp = config.linux_.seccomp.value();
  EXPECT_EQ(seccomp.default_action, SeccompAction::kErrno);
  EXPECT_EQ(seccomp.default_errno_ret, 38);
  EXPECT_THAT(seccomp.architectures, ElementsAre("SCMP_ARCH_X86_64", "SCMP_ARCH_LOONGARCH64"));
  EXPECT_EQ(seccomp.flags, 2u | 4u);
  const SeccompRule plain{.names = {"read", "write"}, .action = SeccompAction::kAllow};
  const SeccompRule traced{
      .names = {"clone"},
      .action = SeccompAction::kTrace,
      .errno_ret = 65535,
      .args = {{.index = 5, .value = ~0ULL, .value_two = 7, .op = SeccompOperator::kMaskedEqual}}};
  EXPECT_THAT(seccomp.syscalls, ElementsAre(plain, traced));
}

TEST(ParseSeccomp, ReadsWhatWasWritten) {
  const Seccomp seccomp{
      .default_action = SeccompAction::kErrno,
      .default_errno_ret = 0,
      .architectures = {"SCMP_ARCH_X86_64", "SCMP_ARCH_X86"},
      .flags = 1 | 2 | 4 | 32,
      .syscalls = {{.names = {"read", "write"}},
                   {.names = {"mkdir"}, .action = SeccompAction::kKillThread},
                   {.names = {"clone"},
                    .action = SeccompAction::kTrace,
                    .errno_ret = 7,
                    .args = {{.index = 5,
                              .value = ~0ULL,
                              .value_two = 1ULL << 63,
                              .op = SeccompOperator::kMaskedEqual},
                             {.index = 1, .value = 2, .op = SeccompOperator::kNotEqual}}}}};
  JsonWriter json(Layout::kOneLine);
  write_seccomp(json, seccomp);
  EXPECT_EQ(with_seccomp(json.take()).linux_.seccomp, seccomp);
}

TEST(ParseSeccomp, LeavesOutAFilterThatLetsEverythingRun) {
  EXPECT_FALSE(with_seccomp("null").linux_.seccomp);
  EXPECT_FALSE(with_seccomp(R"({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": null,
                                "architectures": ["SCMP_ARCH_X86"]})")
                   .linux_.seccomp);
  EXPECT_TRUE(with_seccomp(R"({"defaultAction": "SCMP_ACT_LOG"})").linux_.seccomp);
}

TEST(ParseSeccomp, ReadsWhoHearsOfACall) {
  const Seccomp notified = with_seccomp(R"({"defaultAction": "SCMP_ACT_ALLOW",
      "listenerPath": "/l", "listenerMetadata": "m",
      "syscalls": [{"names": ["mkdir"], "action": "SCMP_ACT_NOTIFY"}]})")
                               .linux_.seccomp.value();
  EXPECT_TRUE(notified.notifies());
  EXPECT_EQ(notified.listener_path, "/l");
  EXPECT_EQ(notified.listener_metadata, "m");
  EXPECT_TRUE(with_seccomp(R"({"defaultAction": "SCMP_ACT_NOTIFY", "listenerPath": "/l"})")
                  .linux_.seccomp->notifies());
}

// A path has no effect without the action.
TEST(ParseSeccomp, LeavesOutAListenerOfNothing) {
  const Seccomp silent = with_seccomp(R"({"defaultAction": "SCMP_ACT_LOG", "listenerPath": "/l",
      "listenerMetadata": "m"})")
                             .linux_.seccomp.value();
  EXPECT_FALSE(silent.notifies());
  EXPECT_EQ(silent.listener_path, "");
}

TEST(ParseSeccomp, KnowsEveryWordOfTheSpecification) {
  for (const char* action :
       {"SCMP_ACT_KILL", "SCMP_ACT_KILL_PROCESS", "SCMP_ACT_KILL_THREAD", "SCMP_ACT_TRAP",
        "SCMP_ACT_ERRNO", "SCMP_ACT_TRACE", "SCMP_ACT_ALLOW", "SCMP_ACT_LOG", "SCMP_ACT_NOTIFY"}) {
    EXPECT_TRUE(seccomp_action(action)) << action;
  }
  for (const char* op : {"NE", "LT", "LE", "EQ", "GE", "GT", "MASKED_EQ"}) {
    EXPECT_TRUE(seccomp_operator("SCMP_CMP_" + std::string(op))) << op;
  }
  for (const char* flag : {"TSYNC", "LOG", "SPEC_ALLOW", "WAIT_KILLABLE_RECV"}) {
    EXPECT_TRUE(seccomp_flag("SECCOMP_FILTER_FLAG_" + std::string(flag))) << flag;
  }
  EXPECT_EQ(seccomp_action("SCMP_ACT_KILL"), seccomp_action("SCMP_ACT_KILL_THREAD"));
}

struct Refusal {
  std::string_view seccomp;
  std::string_view path;  // below linux.seccomp
  std::string_view reason;
};

constexpr Refusal kRefusals[] = {
    {R"([])", "", "is not an object"},
    {R"({})", ".defaultAction", "is missing"},
    {R"({"defaultAction": "SCMP_ACT_SHRUG"})", ".defaultAction", "is not an action of seccomp"},
    {R"({"defaultAction": "SCMP_ACT_ALLOW", "defaultErrnoRet": 1})", ".defaultErrnoRet",
     "without an error number"},
    {R"({"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 4096})", ".defaultErrnoRet", "4096"},
    {R"({"defaultAction": "SCMP_ACT_TRACE", "defaultErrnoRet": 65536})", ".defaultErrnoRet",
     "65536"},
    {R"({"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_ABACUS"]})",
     ".architectures[0]", "is not an architecture"},
    {R"({"defaultAction": "SCMP_ACT_ALLOW", "flags": ["SECCOMP_FILTER_FLAG_NEW_LISTENER"]})",
     ".flags[0]", "is not a flag of seccomp"},
    {R"({"defaultAction": "SCMP_ACT_ALLOW", "listenerMetadata": "x"})", ".listenerMetadata",
     "needs a listenerPath"},
    {R"({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"action": "SCMP_ACT_LOG"}]})",
     ".syscalls[0].names", "is missing"},
    {R"({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": [], "action": "SCMP_ACT_LOG"}]})",
     ".syscalls[0].names", "is empty"},
    {R"({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": [""]}]})",
     ".syscalls[0].names[0]", "is empty"},
    {R"({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["a"]}]})",
     ".syscalls[0].action", "is missing"},
    {R"({"defaultAction": "SCMP_ACT_ALLOW",
         "syscalls": [{"names": ["a"], "action": "SCMP_ACT_KILL", "errnoRet": 2}]})",
     ".syscalls[0].errnoRet", "without an error number"},
    {R"({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["a"], "action": "SCMP_ACT_LOG",
         "args": [{"index": 6, "value": 1, "op": "SCMP_CMP_EQ"}]}]})",
     ".syscalls[0].args[0].index", "6"},
    {R"({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["a"], "action": "SCMP_ACT_LOG",
         "args": [{"index": 1, "op": "SCMP_CMP_EQ"}]}]})",
     ".syscalls[0].args[0].value", "is missing"},
    {R"({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["a"], "action": "SCMP_ACT_LOG",
         "args": [{"index": 1, "value": 1, "op": "SCMP_CMP_ISH"}]}]})",
     ".syscalls[0].args[0].op", "is not an operator of seccomp"},
};

TEST(ParseSeccomp, RefusesByPathAndReason) {
  for (const Refusal& expected : kRefusals) {
    const std::string message = why_not(expected.seccomp);
    EXPECT_THAT(message,
                StartsWith("config.json: linux.seccomp" + std::string(expected.path) + ": "))
        << expected.seccomp;
    EXPECT_THAT(message, HasSubstr(std::string(expected.reason)));
  }
}

}  // namespace
}  // namespace seatrial::spec::testing
