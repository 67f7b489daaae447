// What of a plan differs where the runtime has no privileges over the host.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/seccomp.h>

#include "engine/base/error.h"
#include "engine/plan/parts.h"
#include "engine/plan/step.h"
#include "engine/spec/default_spec.h"
#include "engine/spec/mount_options.h"
#include "engine/spec/parse_config.h"

namespace seatrial::plan {
namespace {

using spec::NamespaceType;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class UnprivilegedPlan : public testing::Test {
 protected:
  UnprivilegedPlan()
      : config(spec::parse_config(
            spec::default_config({.rootless = spec::RootlessOwner{.uid = 1000, .gid = 1000}}),
            {.bundle = "/b"})) {
    config.process->terminal = false;
    host.own_capabilities = 0;
    host.may_clone_mounts = false;
    host.cgroups = {{.mountpoint = "/cg/memory",
                     .name = "memory",
                     .options = "memory",
                     .cgroup = "/mine",
                     .joined = false}};
  }

  std::string text() const { return to_text(plan(config, host, {.bundle = "/b", .id = "box"})); }

  std::string refusal() const {
    try {
      text();
    } catch (const Error& failure) {
      return failure.what();
    }
    return "none";
  }

  spec::Mount& add_mount(std::vector<std::string> options) {
    config.mounts.push_back({.destination = "/m",
                             .type = "tmpfs",
                             .source = "tmpfs",
                             .options = spec::parse_mount_options(options)});
    return config.mounts.back();
  }

  spec::Config config;
  HostFacts host;
};

TEST_F(UnprivilegedPlan, JoinsNoCgroupButShowsTheOneThatItStaysIn) {
  EXPECT_THAT(text(), AllOf(Not(HasSubstr("join the cgroup")),
                            HasSubstr("mount the cgroup hierarchies on /sys/fs/cgroup")));
  host.cgroups.front().joined = true;
  EXPECT_THAT(text(), HasSubstr("join the cgroup /cg/memory/mine"));
}

TEST_F(UnprivilegedPlan, ClonesNothingOnTheHost) {
  EXPECT_THAT(text(), Not(HasSubstr("launcher open")));
  host.may_clone_mounts = true;
  EXPECT_THAT(text(), HasSubstr("launcher open"));
}

TEST_F(UnprivilegedPlan, RefusesIdmappedMountsByTheirPlace) {
  add_mount({"bind", "idmap"});
  EXPECT_THAT(refusal(), HasSubstr("the idmapped mount on /m needs the right to mount"));
  host.may_clone_mounts = true;
  EXPECT_EQ(refusal(), "none");
}

TEST_F(UnprivilegedPlan, RefusesUsersThatAreNotMapped) {
  EXPECT_EQ(refusal(), "none");
  config.process->user.uid = 1;
  EXPECT_EQ(refusal(), "process.user.uid: user 1 is not mapped by linux.uidMappings");
  config.process->user = {.uid = 0, .gid = 7};
  EXPECT_EQ(refusal(), "process.user.gid: group 7 is not mapped by linux.gidMappings");
  config.process->user = {.additional_gids = {0, 9}};
  EXPECT_THAT(refusal(), HasSubstr("process.user.additionalGids: group 9"));
  config.linux_.gid_mappings.push_back({.container_id = 1, .host_id = 100000, .size = 9});
  EXPECT_EQ(refusal(), "none");
}

TEST_F(UnprivilegedPlan, RefusesOwnersOfMountsThatAreNotMapped) {
  add_mount({"uid=0", "gid=0", "mode=755"});
  EXPECT_EQ(refusal(), "none");
  add_mount({"gid=5"});
  EXPECT_EQ(refusal(),
            fmt::format("mounts[{}].options: gid=5: group 5 is not mapped by linux.gidMappings",
                        config.mounts.size() - 1));
}

// Without a user namespace of the container's the runtime's own counts.
TEST_F(UnprivilegedPlan, KnowsWhatItsOwnNamespaceMaps) {
  std::erase_if(config.linux_.namespaces,
                [](const auto& each) { return each.type == NamespaceType::kUser; });
  config.linux_.uid_mappings.clear();
  config.linux_.gid_mappings.clear();
  config.process->user.uid = 3;
  EXPECT_EQ(refusal(), "none");
  host.uid_map = {{.container_id = 0, .host_id = 1000, .size = 3}};
  EXPECT_EQ(refusal(),
            "process.user.uid: user 3 is not mapped by the user namespace of this process");
}

TEST_F(UnprivilegedPlan, HasTheLauncherHandOverAListener) {
  const LaunchOptions options{
      .bundle = "/b",
      .id = "box",
      .seccomp = {.program = std::string(8, '\0'), .flags = SECCOMP_FILTER_FLAG_NEW_LISTENER}};
  config.linux_.seccomp.emplace();
  EXPECT_TRUE(plan(config, host, options).launcher_hands_listener);
  EXPECT_FALSE(plan(config, host,
                    {.bundle = "/b", .id = "box", .seccomp = {.program = std::string(8, '\0')}})
                   .launcher_hands_listener);
  host.own_capabilities = ~0ULL;
  EXPECT_FALSE(plan(config, host, options).launcher_hands_listener);
}

// Of a runtime that is root in a user namespace: the kernel tells whether the network is its own.
TEST_F(UnprivilegedPlan, MountsSysfsOrBindsTheHosts) {
  EXPECT_THAT(text(), HasSubstr("bind /sys on /sys"));
  std::erase_if(config.linux_.namespaces,
                [](const auto& each) { return each.type == NamespaceType::kUser; });
  config.linux_.uid_mappings.clear();
  config.linux_.gid_mappings.clear();
  host.in_user_namespace = true;
  std::erase_if(config.mounts, [](const auto& each) { return each.destination == "/sys"; });
  config.mounts.push_back({.destination = "/sys",
                           .type = "sysfs",
                           .source = "sysfs",
                           .options = spec::parse_mount_options({"ro"})});
  const LaunchPlan made = plan(config, host, {.bundle = "/b", .id = "box"});
  const auto is_flagged = [](const Step& step) {
    const auto* const mount = std::get_if<Mount>(&step.action);
    return mount != nullptr && mount->type == "sysfs" &&
           (mount->flags & steps::kBindHostsWhereRefused) != 0;
  };
  EXPECT_EQ(std::ranges::count_if(made.init, is_flagged), 1);
}

TEST_F(UnprivilegedPlan, ExecIsRefusedAUserThatIsNotMapped) {
  const auto exec = [&](std::uint32_t uid) {
    spec::Process process = *config.process;
    process.user.uid = uid;
    return plan_exec(process, host,
                     {.id = "box",
                      .namespaces = {NamespaceType::kUser, NamespaceType::kMount},
                      .rootfs = "/b/rootfs",
                      .uid_map = config.linux_.uid_mappings,
                      .gid_map = config.linux_.gid_mappings});
  };
  EXPECT_NO_THROW(exec(0));
  EXPECT_THROW(exec(1), Error);
}

}  // namespace
}  // namespace seatrial::plan
