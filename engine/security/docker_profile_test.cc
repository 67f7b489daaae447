#include "engine/security/docker_profile.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/capability.h>

#include "engine/base/error.h"

namespace seatrial::security {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const ProfileHost kHost{.capabilities = spec::CapabilitySet{1} << CAP_SYS_ADMIN,
                        .architecture = "amd64",
                        .kernel_major = 5,
                        .kernel_minor = 12};

std::string refusal(std::string_view json) {
  try {
    parse_docker_profile(json, kHost);
    return "none";
  } catch (const Error& failure) {
    return failure.what();
  }
}

// Whether a rule with these conditions is taken.
bool applies(const std::string& conditions) {
  return !parse_docker_profile(R"({"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [
      {"names": ["mount"], "action": "SCMP_ACT_ALLOW", )" +
                                   conditions + "}]}",
                               kHost)
              .syscalls.empty();
}

TEST(DockerProfile, ReadsEveryField) {
  const spec::Seccomp profile = parse_docker_profile(R"({
      "defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 1,
      "archMap": [
        {"architecture": "SCMP_ARCH_AARCH64", "subArchitectures": ["SCMP_ARCH_ARM"]},
        {"architecture": "SCMP_ARCH_X86_64", "subArchitectures": ["SCMP_ARCH_X86"]},
        {"architecture": "SCMP_ARCH_RISCV64", "subArchitectures": null}],
      "flags": ["SECCOMP_FILTER_FLAG_LOG"],
      "syscalls": [
        {"names": ["clone"], "action": "SCMP_ACT_ERRNO", "errnoRet": 38, "comment": "why",
         "args": [{"index": 0, "value": 2, "valueTwo": 3, "op": "SCMP_CMP_MASKED_EQ"}]},
        {"name": "read", "action": "SCMP_ACT_ALLOW", "args": []}]})",
                                                     kHost);
  EXPECT_EQ(profile.default_action, spec::SeccompAction::kErrno);
  EXPECT_EQ(profile.default_errno_ret, 1);
  EXPECT_THAT(profile.architectures, ElementsAre("SCMP_ARCH_X86_64", "SCMP_ARCH_X86"));
  EXPECT_EQ(profile.flags, 2u);
  const spec::SeccompRule clone{
      .names = {"clone"},
      .action = spec::SeccompAction::kErrno,
      .errno_ret = 38,
      .args = {{.value = 2, .value_two = 3, .op = spec::SeccompOperator::kMaskedEqual}}};
  EXPECT_THAT(profile.syscalls, ElementsAre(clone, spec::SeccompRule{.names = {"read"}}));
}

TEST(DockerProfile, TakesAListOfArchitectures) {
  EXPECT_THAT(parse_docker_profile(
                  R"({"defaultAction": "SCMP_ACT_LOG", "architectures": ["SCMP_ARCH_X32"]})", kHost)
                  .architectures,
              ElementsAre("SCMP_ARCH_X32"));
}

TEST(DockerProfile, KeepsTheConditions) {
  EXPECT_TRUE(applies(R"("includes": {}, "excludes": {})"));
  EXPECT_TRUE(applies(R"("includes": {"caps": ["CAP_SYS_ADMIN"]})"));
  EXPECT_FALSE(applies(R"("includes": {"caps": ["CAP_SYS_ADMIN", "CAP_BPF"]})"));
  EXPECT_FALSE(applies(R"("includes": {"caps": ["CAP_UNHEARD_OF"]})"));
  EXPECT_FALSE(applies(R"("excludes": {"caps": ["CAP_BPF", "CAP_SYS_ADMIN"]})"));
  EXPECT_TRUE(applies(R"("excludes": {"caps": ["CAP_BPF"]})"));
  EXPECT_TRUE(applies(R"("includes": {"arches": ["arm64", "amd64"]})"));
  EXPECT_FALSE(applies(R"("includes": {"arches": ["s390x"]})"));
  EXPECT_FALSE(applies(R"("excludes": {"arches": ["amd64"]})"));
  EXPECT_TRUE(applies(R"("includes": {"minKernel": "4.8"})"));
  EXPECT_TRUE(applies(R"("includes": {"minKernel": "5.12"})"));
  EXPECT_FALSE(applies(R"("includes": {"minKernel": "5.13"})"));
  EXPECT_FALSE(applies(R"("excludes": {"minKernel": "4.8"})"));
}

TEST(DockerProfile, KnowsThisHost) {
  const ProfileHost host = profile_host(5);
  EXPECT_EQ(host.capabilities, 5u);
  EXPECT_GE(host.kernel_major, 5u);
}

TEST(DockerProfile, RefusesByPathAndReason) {
  EXPECT_THAT(refusal("{"), HasSubstr("seccomp profile: "));
  EXPECT_THAT(refusal("{}"), HasSubstr("defaultAction: is missing"));
  EXPECT_THAT(refusal(R"({"defaultAction": "SCMP_ACT_NOTIFY"})"), HasSubstr("SCMP_ACT_NOTIFY"));
  EXPECT_THAT(refusal(R"({"defaultAction": "SCMP_ACT_LOG", "architectures": ["SCMP_ARCH_X32"],
                          "archMap": [{"architecture": "SCMP_ARCH_X86"}]})"),
              HasSubstr("architectures: is given beside archMap"));
  EXPECT_THAT(refusal(R"({"defaultAction": "SCMP_ACT_LOG", "syscalls": [{"name": "a",
                          "names": ["b"], "action": "SCMP_ACT_ALLOW"}]})"),
              HasSubstr("syscalls[0].name: \"a\" is given beside names"));
  EXPECT_THAT(refusal(R"({"defaultAction": "SCMP_ACT_LOG", "syscalls": [{"names": ["b"],
                          "action": "SCMP_ACT_ALLOW", "includes": {"minKernel": "new"}}]})"),
              HasSubstr("syscalls[0].includes.minKernel: \"new\" is not a kernel version"));
  EXPECT_THAT(refusal(R"({"defaultAction": "SCMP_ACT_LOG", "syscalls": [{"names": ["b"]}]})"),
              HasSubstr("syscalls[0].action: is missing"));
}

}  // namespace
}  // namespace seatrial::security
