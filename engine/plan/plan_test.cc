#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/mount.h>

#include "engine/base/error.h"
#include "engine/plan/parts.h"
#include "engine/plan/step.h"
#include "engine/spec/default_spec.h"
#include "engine/spec/parse_config.h"

namespace seatrial::plan {
namespace {

using spec::NamespaceType;
using testing::ContainsRegex;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;

class PlanTest : public testing::Test {
 protected:
  PlanTest() : config(spec::parse_config(spec::default_config(), {.bundle = "/b"})) {
    config.process->terminal = false;
    host.cgroups = {{.mountpoint = "/sys/fs/cgroup/cpu,cpuacct",
                     .name = "cpu,cpuacct",
                     .options = "cpu,cpuacct",
                     .cgroup = "/a"},
                    {.mountpoint = "/sys/fs/cgroup/systemd",
                     .name = "systemd",
                     .options = "none,name=systemd",
                     .cgroup = "/a"}};
  }

  LaunchPlan make() const { return plan(config, host, options); }

  void remove(NamespaceType type) {
    std::erase_if(config.linux_.namespaces, [&](const auto& entry) { return entry.type == type; });
  }
  void add(NamespaceType type, std::string path = {}) {
    config.linux_.namespaces.push_back({type, std::move(path)});
  }

  static std::vector<std::string> phrases(const std::vector<Step>& steps) {
    std::vector<std::string> result;
    for (const Step& step : steps) result.push_back(describe(step));
    return result;
  }
  static std::vector<std::string> phrases(const LaunchPlan& plan) {
    auto result = phrases(plan.launcher);
    for (std::string& phrase : phrases(plan.init)) result.push_back(std::move(phrase));
    return result;
  }

  // Where the first step whose phrase starts so stands.
  static std::size_t position(const LaunchPlan& plan, const std::string& start) {
    const auto all = phrases(plan);
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (all[i].starts_with(start)) return i;
    }
    ADD_FAILURE() << "no step starts with \"" << start << "\" in\n" << to_text(plan);
    return 0;
  }

  template <typename S>
  static const S* find(const LaunchPlan& plan) {
    for (const auto* steps : {&plan.launcher, &plan.init}) {
      for (const Step& step : *steps) {
        if (const S* found = std::get_if<S>(&step.action)) return found;
      }
    }
    return nullptr;
  }

  std::string refusal() const {
    try {
      make();
    } catch (const Error& failure) {
      return fmt::format("{}: {}", to_string(failure.kind()), failure.what());
    }
    return "none";
  }

  spec::Config config;
  HostFacts host;
  LaunchOptions options{.bundle = "/b", .id = "box"};
};

TEST_F(PlanTest, OfTheDefaultConfiguration) {
  EXPECT_EQ(to_text(make()),
            R"(  1 launcher clone init into new namespaces (mount,pid,network,ipc,uts)
  2 init     join the cgroup /sys/fs/cgroup/cpu,cpuacct/a
  3 init     join the cgroup /sys/fs/cgroup/systemd/a
  4 init     join a session keyring
  5 init     bring the loopback interface up
  6 init     make the rootfs /b/rootfs a mount of its own
  7 init     mount proc on /proc
  8 init     mount tmpfs on /dev (nosuid,strictatime,mode=755,size=65536k)
  9 init     mount devpts on /dev/pts (nosuid,noexec,newinstance,ptmxmode=0666,mode=0620,gid=5)
 10 init     mount tmpfs on /dev/shm (nosuid,nodev,noexec,mode=1777,size=65536k)
 11 init     mount mqueue on /dev/mqueue (nosuid,nodev,noexec)
 12 init     mount sysfs on /sys (ro,nosuid,nodev,noexec)
 13 init     mount the cgroup hierarchies on /sys/fs/cgroup (ro,nosuid,nodev,noexec)
 14 init     make the default devices
 15 init     take hold of /dev/null
 16 init     pivot into the rootfs
 17 init     change the root mount (ro)
 18 init     set the hostname seatrial
 19 init     make /proc/bus read-only
 20 init     make /proc/fs read-only
 21 init     make /proc/irq read-only
 22 init     make /proc/sys read-only
 23 init     make /proc/sysrq-trigger read-only
 24 init     mask /proc/acpi
 25 init     mask /proc/asound
 26 init     mask /proc/kcore
 27 init     mask /proc/keys
 28 init     mask /proc/latency_stats
 29 init     mask /proc/timer_list
 30 init     mask /proc/timer_stats
 31 init     mask /proc/sched_debug
 32 init     mask /sys/firmware
 33 init     mask /proc/scsi
 34 init     set the umask of the caller
 35 init     set RLIMIT_NOFILE to 1024, at most 1024
 36 init     bound the capabilities to 0x20000420
 37 init     become user 0 and group 0
 38 init     set no_new_privs
 39 init     set the capabilities (effective 0x20000420, permitted 0x20000420, inheritable 0x0, ambient 0x0)
 40 init     exec: "sh"
 41 init     report that everything stands
 42 init     wait for start
 43 init     run sh
)");
}

TEST_F(PlanTest, AVariableThatIsGivenAgainTakesTheEarlierOnesPlace) {
  config.process->env = {"PATH=/a", "X=1", "PATH=/b", "PATHS=2", "X"};
  const LaunchPlan made = plan(config, host, options);
  EXPECT_THAT(find<Execute>(made)->env, ElementsAre("PATH=/b", "X", "PATHS=2"));
  EXPECT_EQ(find<FindProgram>(made)->search, "/b");
}

TEST_F(PlanTest, OfAnExec) {
  const spec::Process process = *config.process;
  const LaunchPlan exec = plan_exec(process, host,
                                    {.preserve_fds = 1,
                                     .id = "box",
                                     .namespaces = {NamespaceType::kMount, NamespaceType::kPid},
                                     .rootfs = "/b/rootfs"});
  EXPECT_EQ(to_text(exec), R"(  1 launcher join the cgroup /sys/fs/cgroup/cpu,cpuacct/a
  2 launcher join the cgroup /sys/fs/cgroup/systemd/a
  3 launcher enter the container's namespaces (mount,pid)
  4 launcher clone init
  5 init     join a session keyring
  6 init     set the umask of the caller
  7 init     set RLIMIT_NOFILE to 1024, at most 1024
  8 init     bound the capabilities to 0x20000420
  9 init     become user 0 and group 0
 10 init     set no_new_privs
 11 init     set the capabilities (effective 0x20000420, permitted 0x20000420, inheritable 0x0, ambient 0x0)
 12 init     exec: "sh"
 13 init     report that everything stands
 14 init     run sh
)");
  EXPECT_EQ(exec.preserve_fds, 1u);
}

TEST_F(PlanTest, JoinsCgroupsBeforeItLeavesTheHostsNamespaces) {
  add(NamespaceType::kCgroup);
  add(NamespaceType::kUser);
  config.linux_.uid_mappings = config.linux_.gid_mappings = {{0, 1000, 10}};
  config.process->oom_score_adj = 5;
  const LaunchPlan plan = make();
  EXPECT_LT(position(plan, "join the cgroup"), position(plan, "set oom_score_adj to 5"));
  EXPECT_LT(position(plan, "set oom_score_adj to 5"), position(plan, "make a user namespace"));
  EXPECT_LT(position(plan, "make a user namespace"), position(plan, "clone init into"));
  EXPECT_TRUE(plan.needs_id_maps);
  // The limits that only the host's privileges raise.
  EXPECT_LT(position(plan, "raise the hard limit of RLIMIT_NOFILE to 1024"),
            position(plan, "make a user namespace"));
}

TEST_F(PlanTest, MakesNewNamespacesAfterTheJoinedOnes) {
  remove(NamespaceType::kNetwork);
  add(NamespaceType::kNetwork, "/run/net");
  add(NamespaceType::kTime);
  config.linux_.time_offsets = {{"boottime", {.secs = -3, .nanosecs = 0}},
                                {"monotonic", {.secs = 7, .nanosecs = 8}}};
  const LaunchPlan plan = make();
  EXPECT_THAT(
      phrases(plan.launcher),
      ElementsAre("join the cgroup /sys/fs/cgroup/cpu,cpuacct/a",
                  "join the cgroup /sys/fs/cgroup/systemd/a", "open the network namespace /run/net",
                  "enter the namespaces given by path",
                  "make a time namespace (boottime -3 0;monotonic 7 8)",
                  "clone init into new namespaces (mount,pid,ipc,uts)"));
  // Whoever made the network brought its loopback up, or not.
  EXPECT_EQ(find<LoopbackUp>(plan), nullptr);
}

TEST_F(PlanTest, TakesTheConsoleAndMaskBeforeTheRootIsEntered) {
  config.process->terminal = true;
  config.process->console_size = spec::ConsoleSize{.height = 24, .width = 80};
  const LaunchPlan plan = make();
  EXPECT_TRUE(plan.has_console);
  EXPECT_LT(position(plan, "mount devpts"), position(plan, "set up the terminal"));
  EXPECT_LT(position(plan, "set up the terminal"), position(plan, "pivot"));
  EXPECT_LT(position(plan, "take hold of /dev/null"), position(plan, "pivot"));
  EXPECT_LT(position(plan, "pivot"), position(plan, "mask "));
  EXPECT_EQ(find<Console>(plan)->columns, 80u);
}

TEST_F(PlanTest, RunsHooksWhereTheSpecificationPutsThem) {
  EXPECT_FALSE(make().has_runtime_hooks_sync);
  config.hooks.create_container = {
      {.path = "/h/create", .args = {}, .env = {}, .timeout = std::chrono::seconds(3)}};
  config.hooks.start_container = {{.path = "/h/start", .args = {}, .env = {}, .timeout = {}}};
  const LaunchPlan plan = make();
  EXPECT_TRUE(plan.has_runtime_hooks_sync);
  EXPECT_TRUE(plan.needs_start_state);
  const std::size_t runtime_hooks = position(plan, "wait for the hooks of the runtime namespace");
  EXPECT_LT(position(plan, "make the default devices"), runtime_hooks);
  EXPECT_EQ(position(plan, "run the createContainer hook /h/create"), runtime_hooks + 1);
  EXPECT_LT(runtime_hooks + 1, position(plan, "pivot"));
  EXPECT_LT(position(plan, "wait for start"),
            position(plan, "run the startContainer hook /h/start"));
  EXPECT_EQ(find<Hook>(plan)->timeout_ms, 3000u);
  EXPECT_THAT(find<Hook>(plan)->args, ElementsAre("/h/create"));
}

TEST_F(PlanTest, StartsAtOnceWithoutWaiting) {
  options.start_at_once = true;
  const LaunchPlan plan = make();
  EXPECT_EQ(find<AwaitStart>(plan), nullptr);
  EXPECT_EQ(find<Ready>(plan)->answer, steps::ReadyAnswer::kProceed);
  EXPECT_TRUE(plan.start_at_once);
}

TEST_F(PlanTest, StartsUnaskedWhereNothingIsLeftToDo) {
  options.start_at_once = options.start_unasked = true;
  EXPECT_EQ(find<Ready>(make())->answer, steps::ReadyAnswer::kNone);
}

// What would take the host's cgroup files or the place in them away from init.
TEST_F(PlanTest, LeavesTheCgroupsToTheLauncherWhereInitCouldNotJoinThem) {
  EXPECT_TRUE(make().init_joins_cgroups);  // control
  const auto with = [&](spec::NamespaceType type, const char* path) {
    const auto before = config.linux_.namespaces;
    std::erase_if(config.linux_.namespaces, [&](const auto& entry) { return entry.type == type; });
    config.linux_.namespaces.push_back({type, path});
    const bool joins = make().init_joins_cgroups;
    config.linux_.namespaces = before;
    return joins;
  };
  EXPECT_FALSE(with(spec::NamespaceType::kCgroup, ""));
  EXPECT_FALSE(with(spec::NamespaceType::kCgroup, "/run/cgroup"));
  EXPECT_FALSE(with(spec::NamespaceType::kMount, "/run/mnt"));
  config.linux_.uid_mappings = config.linux_.gid_mappings = {{0, 100000, 65536}};
  EXPECT_FALSE(with(spec::NamespaceType::kUser, ""));
  host.in_user_namespace = true;
  EXPECT_FALSE(make().init_joins_cgroups);
}

TEST_F(PlanTest, MakesTmpfsReadonlyOnlyAfterTheRootIsEntered) {
  config.mounts[1].options.attributes_set |= MOUNT_ATTR_RDONLY;
  const LaunchPlan plan = make();
  EXPECT_EQ(describe({*find<Mount>(plan)}), "mount proc on /proc");
  EXPECT_LT(position(plan, "pivot"), position(plan, "change /dev (ro)"));
  EXPECT_THAT(to_text(plan), Not(HasSubstr("mount tmpfs on /dev (ro")));
}

TEST_F(PlanTest, GrantsOnlyWhatCanBeGranted) {
  const std::uint64_t all = ~std::uint64_t{0};
  config.process->capabilities = spec::Capabilities{.bounding = all,
                                                    .effective = all,
                                                    .inheritable = 2,
                                                    .permitted = 7,
                                                    .ambient = 15,
                                                    .unknown = {}};
  host.own_capabilities = 0b1011;
  host.last_capability = 40;
  LaunchPlan plan = make();
  EXPECT_EQ(find<BoundCapabilities>(plan)->keep, 0b1011u);
  EXPECT_EQ(find<SetCapabilities>(plan)->permitted, 0b0011u);
  EXPECT_EQ(find<SetCapabilities>(plan)->effective, 0b0011u);
  EXPECT_EQ(find<SetCapabilities>(plan)->inheritable, 0b0010u);
  EXPECT_EQ(find<SetCapabilities>(plan)->ambient, 0b0010u);
  EXPECT_THAT(
      plan.warnings,
      testing::Contains(HasSubstr(".ambient: CAP_CHOWN, CAP_DAC_READ_SEARCH, CAP_FOWNER cannot")));

  // A user namespace grants them all.
  add(NamespaceType::kUser);
  config.linux_.uid_mappings = config.linux_.gid_mappings = {{0, 1000, 10}};
  plan = make();
  EXPECT_EQ(find<BoundCapabilities>(plan)->keep, (std::uint64_t{1} << 41) - 1);
  EXPECT_EQ(find<SetCapabilities>(plan)->permitted, 7u);

  config.process->capabilities.reset();
  plan = make();
  EXPECT_EQ(find<BoundCapabilities>(plan)->keep, 0u);
  EXPECT_EQ(find<SetCapabilities>(plan)->permitted, 0u);
}

TEST_F(PlanTest, MountsCgroupsAsTheHostHasThem) {
  const CgroupTree* tree = nullptr;
  LaunchPlan plan = make();
  tree = find<CgroupTree>(plan);
  ASSERT_NE(tree, nullptr);
  EXPECT_EQ(tree->mounts[0].source, "/sys/fs/cgroup/cpu,cpuacct/a");
  EXPECT_EQ(tree->links[0].name, "cpu");
  EXPECT_EQ(tree->links[1].name, "cpuacct");
  EXPECT_EQ(tree->links.size(), 2u);

  add(NamespaceType::kCgroup);
  plan = make();
  tree = find<CgroupTree>(plan);
  EXPECT_EQ(tree->mounts[0].source, "");
  EXPECT_THAT(tree->mounts[1].options, ElementsAre("none", "name=systemd"));

  host.cgroups = {{.mountpoint = "/sys/fs/cgroup",
                   .name = "cgroup",
                   .options = "",
                   .v2 = true,
                   .cgroup = "/a"}};
  EXPECT_THAT(to_text(make()), HasSubstr("mount cgroup2 on /sys/fs/cgroup (ro,"));
  remove(NamespaceType::kCgroup);
  EXPECT_THAT(to_text(make()), HasSubstr("bind /sys/fs/cgroup/a on /sys/fs/cgroup (ro,"));
}

TEST_F(PlanTest, BindsDevicesAndSysfsInAUserNamespace) {
  EXPECT_EQ(find<DefaultDevices>(make())->bind, 0u);
  add(NamespaceType::kUser);
  remove(NamespaceType::kNetwork);
  config.linux_.uid_mappings = config.linux_.gid_mappings = {{0, 1000, 10}};
  const LaunchPlan plan = make();
  EXPECT_EQ(find<DefaultDevices>(plan)->bind, 1u);
  EXPECT_EQ(find<BindMount>(plan)->source, "/sys");
}

TEST_F(PlanTest, KeepsASharedBindInThePeerGroupOfItsSource) {
  config.mounts = {{.destination = "/a", .source = "/s", .options = {.bind = true}}};
  config.mounts[0].options.propagation = MS_SHARED;
  LaunchPlan plan = make();
  ASSERT_NE(find<OpenSource>(plan), nullptr);
  EXPECT_EQ(find<OpenSource>(plan)->keep_peers, 1u);
  EXPECT_EQ(find<BindMount>(plan)->opened, 0u);

  add(NamespaceType::kUser);
  config.linux_.uid_mappings = config.linux_.gid_mappings = {{0, 1000, 10}};
  plan = make();
  EXPECT_EQ(find<OpenSource>(plan)->keep_peers, 0u);
}

TEST_F(PlanTest, OpensSourcesOnTheHostsSideWhereTheContainerMayNot) {
  config.mounts = {{.destination = "/a", .source = "/s", .options = {.bind = true}}};
  EXPECT_EQ(find<OpenSource>(make()), nullptr);
  EXPECT_EQ(find<BindMount>(make())->opened, steps::kNotOpened);

  config.mounts[0].options.idmap = true;
  config.mounts[0].uid_mappings = config.mounts[0].gid_mappings = {{0, 5, 6}, {7, 8, 9}};
  LaunchPlan plan = make();
  ASSERT_NE(find<OpenSource>(plan), nullptr);
  EXPECT_EQ(find<OpenSource>(plan)->uid_map, "0 5 6\n7 8 9\n");
  EXPECT_EQ(find<BindMount>(plan)->opened, 0u);

  add(NamespaceType::kUser);
  config.linux_.uid_mappings = config.linux_.gid_mappings = {{0, 1000, 10}};
  config.mounts[0].uid_mappings.clear();
  config.mounts[0].gid_mappings.clear();
  plan = make();
  EXPECT_EQ(find<OpenSource>(plan)->gid_map, "0 1000 10\n");
  EXPECT_LT(position(plan, "open /s, which will be bound"),
            position(plan, "make a user namespace"));

  remove(NamespaceType::kUser);
  add(NamespaceType::kUser, "/proc/1/ns/user");
  config.linux_.uid_mappings.clear();
  EXPECT_THAT(refusal(), HasSubstr("the idmapped mount on /a needs uidMappings"));
}

TEST_F(PlanTest, RefusesToIdmapWhatIsNotBound) {
  config.mounts = {{.destination = "/t", .type = "tmpfs", .options = {.idmap = true}}};
  config.mounts[0].uid_mappings = config.mounts[0].gid_mappings = {{0, 5, 6}};
  EXPECT_THAT(refusal(), HasSubstr("the idmapped mount on /t is no bind mount"));
  config.mounts[0].options = {.bind = true, .remount = true, .idmap = true};
  EXPECT_THAT(refusal(), HasSubstr("the idmapped mount on /t is no bind mount"));
}

TEST_F(PlanTest, LeavesDevicesToABoundDev) {
  config.linux_.devices = {{.path = "/dev/x", .major = 1, .minor = 3}};
  EXPECT_NE(find<Device>(make()), nullptr);
  config.mounts.push_back({.destination = "/dev/", .source = "/dev", .options = {.bind = true}});
  const LaunchPlan plan = make();
  EXPECT_EQ(find<DefaultDevices>(plan), nullptr);
  EXPECT_EQ(find<Device>(plan), nullptr);
}

TEST_F(PlanTest, LeavesPtmxToTheDefaultDevices) {
  config.linux_.devices = {{.path = "/dev//ptmx", .major = 5, .minor = 2}};
  EXPECT_EQ(find<Device>(make()), nullptr);
  config.linux_.devices[0].minor = 3;
  EXPECT_NE(find<Device>(make()), nullptr);
  config.linux_.devices[0] = {.path = "/dev/ptmx2", .major = 5, .minor = 2};
  EXPECT_NE(find<Device>(make()), nullptr);
}

TEST_F(PlanTest, EntersTheRootAsAsked) {
  EXPECT_EQ(find<EnterRoot>(make())->how, steps::RootEntry::kPivot);
  options.no_pivot = true;
  EXPECT_EQ(find<EnterRoot>(make())->how, steps::RootEntry::kMove);
  EXPECT_EQ(find<SessionKeyring>(make())->name, "_ses.box");
  options.no_new_keyring = true;
  EXPECT_EQ(find<SessionKeyring>(make()), nullptr);
  config.root.path = "/elsewhere";
  EXPECT_EQ(find<PrepareRoot>(make())->rootfs, "/elsewhere");
}

TEST_F(PlanTest, TranslatesNamesOfKernelParameters) {
  config.linux_.sysctl = {{"net.ipv4.conf.eth0/1.mtu", "1"}};
  EXPECT_EQ(find<Sysctl>(make())->path, "net/ipv4/conf/eth0.1/mtu");
}

TEST_F(PlanTest, SearchesTheLastPathOfTheEnvironment) {
  config.process->env = {"PATH=/a", "X=y", "PATH=/b"};
  EXPECT_EQ(find<FindProgram>(make())->search, "/b");
  config.process->env = {};
  EXPECT_THAT(find<FindProgram>(make())->search, HasSubstr("/usr/bin"));
}

TEST_F(PlanTest, PlansAContainerWithoutAProcess) {
  config.process.reset();
  const LaunchPlan plan = make();
  EXPECT_EQ(find<FindProgram>(plan), nullptr);
  EXPECT_THAT(find<Execute>(plan)->args, ElementsAre());
}

// Without no_new_privileges only CAP_SYS_ADMIN may install a filter, so it comes while that is
// there; with them as late as can be.
TEST_F(PlanTest, InstallsTheSeccompFilterAsLateAsItMay) {
  config.linux_.seccomp = spec::Seccomp{};
  options.seccomp = {.program = std::string(24, 'x'), .flags = 2};
  const auto names_around = [&] {
    const LaunchPlan made = plan(config, host, options);
    for (std::size_t i = 1; i + 1 < made.size(); ++i) {
      if (made.describe(i).find("install a seccomp filter of 3 instructions") == 0) {
        return made.describe(i - 1) + " | " + made.describe(i + 1);
      }
    }
    return std::string("none");
  };
  config.process->no_new_privileges = false;
  EXPECT_THAT(names_around(), MatchesRegex("become user .* \\| set the capabilities .*"));
  config.process->no_new_privileges = true;
  EXPECT_THAT(names_around(), MatchesRegex("wait for start \\| run .*"));
  options.start_at_once = true;
  EXPECT_THAT(names_around(), MatchesRegex("report that everything stands \\| run .*"));
  EXPECT_EQ(find<InstallSeccomp>(plan(config, host, options))->flags, 2u);
  options.seccomp = {};
  EXPECT_THAT(refusal(), HasSubstr("linux.seccomp was not compiled"));
}

// Before the user is changed: more urgency than usual is root's to give.
TEST_F(PlanTest, SetsWhenAndWhereTheProcessRuns) {
  config.linux_.personality = 8;
  config.linux_.memory_policy = spec::MemoryPolicy{.mode = 2, .flags = 1 << 15, .nodes = {0b1101}};
  config.process->scheduler = spec::Scheduler{.policy = 2, .priority = 3, .flags = 1};
  config.process->io_priority = spec::IoPriority{.io_class = 1, .level = 4};
  const std::string text = to_text(plan(config, host, options));
  std::vector<std::size_t> places;
  for (const char* step :
       {"set the execution domain LINUX32",
        "set the memory policy MPOL_BIND of the nodes 0,2-3 "
        "(MPOL_F_STATIC_NODES)",
        "set the scheduling policy SCHED_RR (priority 3,SCHED_FLAG_RESET_ON_FORK)",
        "set the I/O priority IOPRIO_CLASS_RT 4", "become user"}) {
    EXPECT_THAT(text, HasSubstr(step));
    places.push_back(text.find(step));
  }
  EXPECT_TRUE(std::is_sorted(places.begin(), places.end()));
}

// The procfs is the host's, the file init's own, and no hook gets the label.
TEST_F(PlanTest, LabelsTheProgramAlone) {
  config.process->apparmor_profile = "berth";
  config.hooks.start_container = {{.path = "/hook"}};
  add(NamespaceType::kMount);
  const std::string text = to_text(plan(config, host, options));
  std::vector<std::size_t> places;
  for (const char* step : {"launcher take hold of the host's procfs", "launcher clone init",
                           "init     open its own attr/apparmor/exec", "pivot into the rootfs",
                           "run the startContainer hook /hook", "take the label berth", "run "}) {
    places.push_back(text.find(step, places.empty() ? 0 : places.back()));
    EXPECT_NE(places.back(), text.npos) << step;
  }
  config.process->apparmor_profile = "";
  EXPECT_THAT(to_text(plan(config, host, options)), Not(HasSubstr("procfs")));
}

TEST_F(PlanTest, LabelsKeysAndProgramInSelinux) {
  config.process->selinux_label = "u:r:berth_t:s0:c1,c2";
  const std::string text = to_text(plan(config, host, options));
  std::vector<std::size_t> places;
  for (const char* step :
       {"launcher take hold of the host's procfs", "label its keys u:r:berth_t:s0:c1,c2",
        "open its own attr/exec", "join a session keyring", "take the label u:r:berth_t:s0:c1,c2",
        "run "}) {
    places.push_back(text.find(step, places.empty() ? 0 : places.back()));
    EXPECT_NE(places.back(), text.npos) << step;
  }
  options.no_new_keyring = true;
  EXPECT_THAT(to_text(plan(config, host, options)), Not(HasSubstr("label its keys")));
  EXPECT_THAT(to_text(plan_exec(*config.process, host, {})), HasSubstr("take the label u:r:"));
}

// As runc: not what the kernel labels by itself, not what is only bound.
TEST_F(PlanTest, LabelsTheFileSystemsThatTakeALabel) {
  add(NamespaceType::kMount);
  config.linux_.mount_label = "u:r:cargo_t:s0";
  for (const char* type : {"tmpfs", "devpts", "overlay", "proc", "sysfs", "mqueue"}) {
    config.mounts.push_back({.destination = fmt::format("/{}", type), .type = type, .options = {}});
  }
  config.mounts.push_back({.destination = "/bound", .source = "/s", .options = {.bind = true}});
  const std::string text = to_text(plan(config, host, options));
  for (const char* type : {"tmpfs", "devpts", "overlay"}) {
    EXPECT_THAT(text, ContainsRegex(fmt::format("mount {} [^\n]*context=u:r:cargo_t:s0", type)));
  }
  for (const char* type : {"proc", "sysfs", "mqueue"}) {
    EXPECT_THAT(text, Not(ContainsRegex(fmt::format("mount {} [^\n]*context=", type))));
  }
  EXPECT_THAT(text, ContainsRegex("mount mqueue [^\n]*labelled u:r:cargo_t:s0"));
  EXPECT_THAT(text, Not(ContainsRegex("/bound[^\n]*cargo_t")));
  config.mounts = {{.destination = "/own",
                    .type = "tmpfs",
                    .options = {.data = {"context=u:r:own_t:s0", "size=1m"}}}};
  const std::string own = to_text(plan(config, host, options));
  EXPECT_THAT(own, HasSubstr("context=u:r:own_t:s0"));
  EXPECT_THAT(own, Not(HasSubstr("cargo_t")));
}

TEST_F(PlanTest, OfAnExecChoosesItsCpusAroundTheJoiningOfCgroups) {
  const auto launcher = [&](const spec::Process& process) {
    std::string words;
    const LaunchPlan made = plan_exec(process, host, {});
    for (std::size_t i = 0; i < made.launcher.size(); ++i) words += made.describe(i) + "\n";
    return words;
  };
  host.cgroups = {{.mountpoint = "/c", .name = "c", .options = "", .v2 = true, .cgroup = "/x"}};
  spec::Process process = *config.process;
  EXPECT_THAT(launcher(process), Not(HasSubstr("CPUs")));
  process.exec_cpu_affinity = {.initial = {0b1}, .final = {0b110}};
  EXPECT_THAT(launcher(process),
              HasSubstr("run on the CPUs 0\njoin the cgroup /c/x\nrun on the CPUs 1-2\n"));
  // The first process is left alone.
  config.process = process;
  EXPECT_THAT(to_text(plan(config, host, options)), Not(HasSubstr("CPUs")));
}

TEST_F(PlanTest, RefusesContradictions) {
  EXPECT_EQ(refusal(), "none");
  add(NamespaceType::kUser);
  config.linux_.uid_mappings = {{0, 1000, 10}};
  config.linux_.gid_mappings = {{5, 1000, 10}};
  EXPECT_THAT(refusal(), HasSubstr("linux.gidMappings must map id 0"));
  remove(NamespaceType::kUser);
  remove(NamespaceType::kMount);
  EXPECT_THAT(refusal(), HasSubstr("mounts needs a namespace of type mount"));
  config.mounts.clear();
  EXPECT_THAT(refusal(), HasSubstr("linux.maskedPaths needs"));
  config.linux_.masked_paths.clear();
  config.linux_.readonly_paths.clear();
  EXPECT_THAT(refusal(), HasSubstr("root.readonly needs"));
  config.root.readonly = false;
  EXPECT_EQ(refusal(), "none");
}

TEST_F(PlanTest, DescribesByIndex) {
  const LaunchPlan plan = make();
  EXPECT_EQ(plan.describe(0), "clone init into new namespaces (mount,pid,network,ipc,uts)");
  EXPECT_EQ(plan.describe(plan.launcher.size()), "join the cgroup /sys/fs/cgroup/cpu,cpuacct/a");
  EXPECT_EQ(plan.size(), plan.launcher.size() + plan.init.size());
  EXPECT_THAT(plan.describe(plan.size()), HasSubstr("does not have"));
}

TEST(NormalPath, HasOneFormForEachPath) {
  EXPECT_EQ(normal_path("/a//b/"), "/a/b");
  EXPECT_EQ(normal_path("a/b"), "/a/b");
  EXPECT_EQ(normal_path("/"), "/");
  EXPECT_EQ(normal_path(""), "/");
  EXPECT_EQ(normal_path("//"), "/");
}

}  // namespace
}  // namespace seatrial::plan
