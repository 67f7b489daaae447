// The default container, its program and its failures. Needs root.
#include <fmt/format.h>

#include <cerrno>

#include "engine/init/testing/container_test.h"

namespace seatrial::init {
namespace {

using testing::HasSubstr;

class InitContainer : public ContainerTest {};

TEST_F(InitContainer, BuildsTheDefaultContainer) {
  const Outcome outcome = run({"pid",
                               "leader",
                               "host",
                               "cwd",
                               "id",
                               "caps",
                               "nnp",
                               "nofile",
                               "fds",
                               "lo",
                               "signals",
                               "umask",
                               "mount:/",
                               "mount:/proc",
                               "mount:/dev",
                               "mount:/sys",
                               "kind:/dev/null",
                               "kind:/dev/tty",
                               "kind:/dev/fd",
                               "kind:/dev/ptmx",
                               "write:/x",
                               "write:/dev/null",
                               "write:/proc/sysrq-trigger",
                               "kind:/dev/pts/ptmx",
                               "read:/proc/keys",
                               "write:/dev/x"});
  EXPECT_FALSE(outcome.failed) << outcome.step << " " << outcome.sys_errno << outcome.detail;
  EXPECT_EQ(outcome.messages, "IR");
  EXPECT_EQ(outcome.status, 0);
  EXPECT_EQ(outcome.answer("pid"), "1");
  EXPECT_EQ(outcome.answer("leader"), "yes");
  EXPECT_EQ(outcome.answer("host"), config.hostname);
  EXPECT_EQ(outcome.answer("cwd"), "/");
  EXPECT_EQ(outcome.answer("id"), "0 0 0 0 groups");
  EXPECT_EQ(outcome.answer("caps"), "eff 20000420 prm 20000420 inh 0 bnd 20000420 amb 0");
  EXPECT_EQ(outcome.answer("nnp"), "1");
  EXPECT_EQ(outcome.answer("nofile"), "1024 1024");
  EXPECT_EQ(outcome.answer("fds"), "0 1 2");
  EXPECT_EQ(outcome.answer("lo"), "up");
  EXPECT_EQ(outcome.answer("signals"), "default");
  EXPECT_EQ(outcome.answer("umask"), "18");
  EXPECT_THAT(outcome.answer("mount:/"), HasSubstr("ro,"));
  EXPECT_THAT(outcome.answer("mount:/proc"), HasSubstr(" proc "));
  EXPECT_THAT(outcome.answer("mount:/dev"), HasSubstr("rw,nosuid tmpfs"));
  EXPECT_THAT(outcome.answer("mount:/sys"), HasSubstr("ro,nosuid,nodev,noexec,relatime sysfs"));
  EXPECT_EQ(outcome.answer("kind:/dev/null"), "char 0666 0:0 1,3");
  EXPECT_EQ(outcome.answer("kind:/dev/tty"), "char 0666 0:0 5,0");
  EXPECT_EQ(outcome.answer("kind:/dev/fd"), "link /proc/self/fd");
  EXPECT_EQ(outcome.answer("kind:/dev/ptmx"), "link pts/ptmx");
  EXPECT_EQ(outcome.answer("write:/x"), "EROFS");
  EXPECT_EQ(outcome.answer("write:/dev/null"), "ok");
  EXPECT_EQ(outcome.answer("write:/dev/x"), "ok");
  EXPECT_THAT(outcome.answer("write:/proc/sysrq-trigger"),
              testing::AnyOf("EROFS", "ENOENT", "EACCES"));
  EXPECT_EQ(outcome.answer("kind:/dev/pts/ptmx"), "char 0666 0:0 5,2");
  EXPECT_EQ(outcome.answer("read:/proc/keys"), "");
}

TEST_F(InitContainer, ReportsTheProgramsExitStatus) {
  EXPECT_EQ(run({"exit:37"}).status, 37);
}

TEST_F(InitContainer, StartsAtOnceWithoutAListener) {
  config.process->args = {"/bin/probe", "pid", "exit:3"};
  plan::LaunchOptions at_once = launch_options();
  at_once.start_at_once = true;
  const Outcome outcome = run_plan(plan::plan(config, host, at_once), options);
  EXPECT_EQ(outcome.messages, "IR");
  EXPECT_EQ(outcome.answer("pid"), "1");
  EXPECT_EQ(outcome.status, 3);
}

TEST_F(InitContainer, NamesTheFailingStepAndErrno) {
  config.mounts.push_back(
      {.destination = "/tmp", .type = "bind", .source = "/nowhere", .options = {.bind = true}});
  const plan::LaunchPlan plan = make_plan({});
  const Outcome outcome = run_plan(plan, options);
  EXPECT_TRUE(outcome.failed);
  EXPECT_EQ(outcome.sys_errno, ENOENT);
  EXPECT_EQ(failing_step(plan, outcome), "bind /nowhere on /tmp");
  EXPECT_EQ(outcome.messages, "IF");
  EXPECT_EQ(outcome.status, 1);
}

TEST_F(InitContainer, NamesALauncherStep) {
  config.linux_.namespaces.push_back({spec::NamespaceType::kCgroup, {}});
  host.cgroups = {{.mountpoint = "/nowhere", .name = "x", .options = "x", .cgroup = "/a"}};
  const plan::LaunchPlan plan = make_plan({});
  const Outcome outcome = run_plan(plan, options);
  EXPECT_EQ(failing_step(plan, outcome), "join the cgroup /nowhere/a");
  EXPECT_EQ(outcome.messages, "F");
}

TEST_F(InitContainer, FindsTheProgramInThePathOfTheProcess) {
  const plan::LaunchPlan found = make_plan({"exit:4"});
  config.process->env = {"PATH=/nowhere:/bin"};
  config.process->args[0] = "probe";
  EXPECT_EQ(run_plan(plan::plan(config, host, launch_options()), options).status, 4);

  config.process->args[0] = "absent";
  plan::LaunchPlan plan = plan::plan(config, host, launch_options());
  Outcome outcome = run_plan(plan, options);
  EXPECT_EQ(failing_step(plan, outcome), "exec: \"absent\"");
  EXPECT_EQ(outcome.detail, "executable file not found in $PATH");
  EXPECT_EQ(outcome.messages, "IF");

  rootfs.write("bin/text", "no program");
  config.process->args[0] = "text";
  outcome = run_plan(plan::plan(config, host, launch_options()), options);
  EXPECT_EQ(outcome.sys_errno, EACCES);
}

TEST_F(InitContainer, TellsTheStarterThatExecveFailed) {
  rootfs.write("bin/text", "no program");
  std::filesystem::permissions(rootfs.path() / "bin/text", std::filesystem::perms(0755));
  config.process->args = {"/bin/text"};
  const plan::LaunchPlan plan = plan::plan(config, host, launch_options());
  const Outcome outcome = run_plan(plan, options);
  EXPECT_EQ(outcome.messages, "IRF");
  EXPECT_EQ(failing_step(plan, outcome), "run /bin/text");
  EXPECT_EQ(outcome.sys_errno, ENOEXEC);
}

TEST_F(InitContainer, BecomesTheUserWithItsGroupsAndCapabilities) {
  config.process->user = {.uid = 1000, .gid = 1001, .umask = 0027, .additional_gids = {5, 6}};
  constexpr std::uint64_t kNetBindService = 1 << 10;
  config.process->capabilities = spec::Capabilities{.bounding = kNetBindService | 1,
                                                    .effective = kNetBindService,
                                                    .inheritable = kNetBindService,
                                                    .permitted = kNetBindService,
                                                    .ambient = kNetBindService,
                                                    .unknown = {}};
  const Outcome outcome = run({"id", "caps", "umask", "kind:/proc/self/fd/1"});
  EXPECT_EQ(outcome.answer("id"), "1000 1000 1001 1001 groups 5 6");
  EXPECT_EQ(outcome.answer("caps"), "eff 400 prm 400 inh 400 bnd 401 amb 400");
  EXPECT_EQ(outcome.answer("umask"), "23");

  config.process->capabilities.reset();
  EXPECT_EQ(run({"caps"}).answer("caps"), "eff 0 prm 0 inh 0 bnd 0 amb 0");
}

TEST_F(InitContainer, MakesTheWorkingDirectoryAndStaysInside) {
  config.process->cwd = "/made/deep";
  EXPECT_EQ(run({"cwd"}).answer("cwd"), "/made/deep");

  options.extra_descriptors = 0;
  for (int fd = 3; fd < 12; ++fd) {
    config.process->cwd = fmt::format("/proc/self/fd/{}", fd);
    const Outcome outcome = run({"cwd"});
    EXPECT_TRUE(outcome.failed) << config.process->cwd << " led to " << outcome.answer("cwd");
  }
}

TEST_F(InitContainer, WritesKernelParametersThroughItsOwnProcfs) {
  config.linux_.sysctl = {{"net.ipv4.ip_forward", "1"},
                          {"kernel.shmmax", "12345"},
                          {"net.ipv4.conf.lo.rp_filter", "2"}};
  const Outcome outcome = run({"read:/proc/sys/net/ipv4/ip_forward", "read:/proc/sys/kernel/shmmax",
                               "read:/proc/sys/net/ipv4/conf/lo/rp_filter"});
  EXPECT_FALSE(outcome.failed) << outcome.sys_errno;
  EXPECT_EQ(outcome.answer("read:/proc/sys/net/ipv4/ip_forward"), "1");
  EXPECT_EQ(outcome.answer("read:/proc/sys/kernel/shmmax"), "12345");
  EXPECT_EQ(outcome.answer("read:/proc/sys/net/ipv4/conf/lo/rp_filter"), "2");
}

TEST_F(InitContainer, KeepsOnlyThePreservedDescriptors) {
  options.extra_descriptors = 2;
  config.process->args = {"/bin/probe", "fds"};
  plan::LaunchOptions preserving = launch_options();
  preserving.preserve_fds = 2;
  const Outcome outcome = run_plan(plan::plan(config, host, preserving), options);
  EXPECT_EQ(outcome.answer("fds"), "0 1 2 3 4");
}

}  // namespace
}  // namespace seatrial::init
