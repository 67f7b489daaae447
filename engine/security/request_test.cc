#include "engine/security/request.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <linux/mount.h>

#include <algorithm>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/security/default_seccomp.h"
#include "engine/security/profile.h"

namespace seatrial::security {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr spec::CapabilitySet bit(unsigned capability) {
  return spec::CapabilitySet{1} << capability;
}

spec::Config applied(const SecurityRequest& request, std::uint32_t uid = 0) {
  spec::Config config;
  config.process = spec::Process{.user = {.uid = uid}};
  config.mounts = {{.destination = "/sys",
                    .type = "sysfs",
                    .options = {.attributes_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID},
                    .raw_options = {"nosuid", "ro"}}};
  apply(request, config);
  return config;
}

std::string refusal(const SecurityRequest& request) {
  try {
    applied(request);
    return "none";
  } catch (const Error& failure) {
    return failure.what();
  }
}

TEST(Capabilities, AreDockers14ByDefault) {
  EXPECT_EQ(capabilities_of({}), 0xa80425fbu);
}

TEST(Capabilities, AreAddedAndDropped) {
  const spec::CapabilitySet by_default = default_capabilities();
  EXPECT_EQ(capabilities_of({.cap_add = {"net_admin", "CAP_SYS_TIME"}}),
            by_default | bit(CAP_NET_ADMIN) | bit(CAP_SYS_TIME));
  EXPECT_EQ(capabilities_of({.cap_drop = {"MKNOD"}}), by_default & ~bit(CAP_MKNOD));
  EXPECT_EQ(capabilities_of({.cap_drop = {"all"}}), 0u);
  EXPECT_EQ(capabilities_of({.cap_add = {"KILL"}, .cap_drop = {"ALL"}}), bit(CAP_KILL));
  EXPECT_EQ(capabilities_of({.cap_add = {"ALL"}, .cap_drop = {"SYS_ADMIN"}}),
            all_capabilities() & ~bit(CAP_SYS_ADMIN));
  EXPECT_EQ(capabilities_of({.cap_drop = {"ALL"}, .privileged = true}), all_capabilities());
}

TEST(Capabilities, AreOnlyABoundForAnotherUser) {
  const spec::Capabilities root = applied({}).process->capabilities.value();
  EXPECT_EQ(root.effective, default_capabilities());
  EXPECT_EQ(root.permitted, default_capabilities());
  EXPECT_EQ(root.inheritable | root.ambient, 0u);
  const spec::Capabilities other = applied({}, 1000).process->capabilities.value();
  EXPECT_EQ(other.bounding, default_capabilities());
  EXPECT_EQ(other.effective | other.permitted | other.inheritable | other.ambient, 0u);
}

TEST(Apply, FillsInTheDefaults) {
  const spec::Config config = applied({});
  EXPECT_EQ(config.linux_.seccomp, default_seccomp(default_capabilities()));
  EXPECT_THAT(config.linux_.masked_paths, Contains("/proc/kcore"));
  EXPECT_THAT(config.linux_.masked_paths, Contains("/sys/devices/virtual/powercap"));
  EXPECT_THAT(config.linux_.masked_paths, Contains("/proc/interrupts"));
  EXPECT_THAT(config.linux_.readonly_paths, Contains("/proc/sys"));
  EXPECT_FALSE(config.linux_.resources.devices.front().allow);
  EXPECT_FALSE(config.process->no_new_privileges);
  EXPECT_FALSE(config.root.readonly);
  EXPECT_EQ(config.mounts[0].options.attributes_set, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID);
}

TEST(Apply, LetsThePrivilegedDoEverything) {
  const spec::Config config = applied({.privileged = true});
  EXPECT_FALSE(config.linux_.seccomp);
  EXPECT_THAT(config.linux_.masked_paths, IsEmpty());
  EXPECT_THAT(config.linux_.readonly_paths, IsEmpty());
  EXPECT_TRUE(config.linux_.resources.devices.front().allow);
  EXPECT_EQ(config.linux_.resources.devices.size(), 1u);
  EXPECT_EQ(config.mounts[0].options.attributes_set, std::uint64_t{MOUNT_ATTR_NOSUID});
  EXPECT_THAT(config.mounts[0].raw_options, Not(Contains("ro")));
  const spec::Config read_only = applied({.privileged = true, .read_only = true});
  EXPECT_TRUE(read_only.root.readonly);
  EXPECT_THAT(read_only.mounts[0].raw_options, Contains("ro"));
}

TEST(Apply, UnderstandsSecurityOptions) {
  for (const char* option :
       {"no-new-privileges", "no-new-privileges:true", "no-new-privileges=true"}) {
    EXPECT_TRUE(applied({.security_opt = {option}}).process->no_new_privileges) << option;
  }
  EXPECT_FALSE(applied({.security_opt = {"no-new-privileges=false"}}).process->no_new_privileges);
  EXPECT_FALSE(applied({.security_opt = {"seccomp=unconfined"}}).linux_.seccomp);
  EXPECT_TRUE(applied({.security_opt = {"seccomp=builtin"}, .privileged = true}).linux_.seccomp);
  EXPECT_EQ(applied({.security_opt = {"apparmor=mine"}}).process->apparmor_profile, "mine");
  EXPECT_EQ(applied({.security_opt = {"apparmor:unconfined"}}).process->apparmor_profile, "");
  EXPECT_THAT(applied({.security_opt = {"label=disable"}}).process->selinux_label, IsEmpty());
  const spec::Config open = applied({.security_opt = {"systempaths=unconfined"}});
  EXPECT_THAT(open.linux_.masked_paths, IsEmpty());
  EXPECT_THAT(open.linux_.readonly_paths, IsEmpty());
}

TEST(Apply, ReadsAProfileFromAFileOrFromTheOption) {
  const TempDir directory("/tmp");
  const std::string file = directory.path() / "profile.json";
  const std::string text = R"({"defaultAction": "SCMP_ACT_LOG", "syscalls": [
      {"names": ["reboot"], "action": "SCMP_ACT_ERRNO", "excludes": {"caps": ["CAP_SYS_BOOT"]}}]})";
  write_file_atomically(file, text);
  for (const std::string& given : {file, text}) {
    SecurityRequest request{.security_opt = {"seccomp=" + given}};
    EXPECT_EQ(applied(request).linux_.seccomp.value().syscalls.size(), 1u);
    EXPECT_EQ(applied(request).linux_.seccomp->default_action, spec::SeccompAction::kLog);
    request.cap_add = {"SYS_BOOT"};
    EXPECT_THAT(applied(request).linux_.seccomp.value().syscalls, IsEmpty());
  }
}

TEST(Apply, RefusesInOneSentence) {
  EXPECT_EQ(refusal({.cap_add = {"FLY"}}), "invalid --cap-add: unknown capability: \"FLY\"");
  EXPECT_THAT(refusal({.cap_drop = {""}}), HasSubstr("--cap-drop: unknown capability: \"\""));
  EXPECT_THAT(refusal({.security_opt = {"shields=up"}}),
              HasSubstr("invalid --security-opt \"shields=up\": the keys are"));
  EXPECT_THAT(refusal({.security_opt = {"no-new-privileges=maybe"}}), HasSubstr("true or false"));
  EXPECT_THAT(refusal({.security_opt = {"seccomp"}}), HasSubstr("KEY=VALUE"));
  EXPECT_THAT(refusal({.security_opt = {"systempaths=visible"}}), HasSubstr("can be unconfined"));
  EXPECT_THAT(refusal({.security_opt = {"label=type:spc_t"}}), HasSubstr("SELinux"));
  EXPECT_THAT(refusal({.security_opt = {"seccomp=/nowhere/profile.json"}}),
              HasSubstr("--security-opt seccomp=/nowhere/profile.json"));
  EXPECT_THAT(refusal({.security_opt = {"seccomp={\"defaultAction\": 5}"}}),
              HasSubstr("seccomp profile: defaultAction: 5 is not a string"));
}

}  // namespace
}  // namespace seatrial::security
