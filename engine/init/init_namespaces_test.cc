// New, joined and inherited namespaces. Needs root.
#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <sys/wait.h>

#include <csignal>
#include <fstream>

#include "engine/base/error.h"
#include "engine/init/testing/container_test.h"

namespace seatrial::init {
namespace {

using testing::HasSubstr;
using testing::Not;

class InitNamespaces : public ContainerTest {
 protected:
  void remove(spec::NamespaceType type) {
    std::erase_if(config.linux_.namespaces, [&](const auto& entry) { return entry.type == type; });
  }
};

TEST_F(InitNamespaces, BuildsAUserNamespace) {
  config.linux_.namespaces.push_back({.type = spec::NamespaceType::kUser, .path = {}});
  config.linux_.uid_mappings = config.linux_.gid_mappings = {{0, 100000, 65536}};
  options.id_map = "0 100000 65536";
  std::filesystem::permissions(rootfs.path(), std::filesystem::perms(0777));
  for (const char* name : {"proc", "sys", "dev"}) {
    ASSERT_EQ(chown((rootfs.path() / name).c_str(), 100000, 100000), 0);
  }
  const Outcome outcome = run({"id", "caps", "read:/proc/self/uid_map", "kind:/dev/null",
                               "write:/dev/null", "mount:/sys", "kind:/dev/pts/ptmx", "host"});
  EXPECT_FALSE(outcome.failed) << make_plan({}).describe(outcome.step) << outcome.sys_errno
                               << outcome.detail;
  EXPECT_EQ(outcome.messages, "MIR");
  EXPECT_EQ(outcome.answer("id"), "0 0 0 0 groups");
  EXPECT_EQ(outcome.answer("caps"), "eff 20000420 prm 20000420 inh 0 bnd 20000420 amb 0");
  EXPECT_THAT(outcome.answer("read:/proc/self/uid_map"), HasSubstr("100000"));
  EXPECT_THAT(outcome.answer("kind:/dev/null"), HasSubstr("char 0666 65534:"));
  EXPECT_EQ(outcome.answer("write:/dev/null"), "ok");
  EXPECT_EQ(outcome.answer("host"), config.hostname);
}

TEST_F(InitNamespaces, BindsTheHostsSysfsIntoAUserNamespaceWithoutANetwork) {
  std::erase_if(config.linux_.namespaces,
                [](const auto& entry) { return entry.type == spec::NamespaceType::kNetwork; });
  config.linux_.namespaces.push_back({.type = spec::NamespaceType::kUser, .path = {}});
  config.linux_.uid_mappings = config.linux_.gid_mappings = {{0, 100000, 65536}};
  options.id_map = "0 100000 65536";
  ASSERT_EQ(chown(rootfs.path().c_str(), 100000, 100000), 0);
  const Outcome outcome = run({"mount:/sys"});
  EXPECT_FALSE(outcome.failed) << make_plan({}).describe(outcome.step) << outcome.sys_errno;
  EXPECT_THAT(outcome.answer("mount:/sys"), HasSubstr("ro,"));
}

TEST_F(InitNamespaces, InheritsTheHostsMountsByChroot) {
  remove(spec::NamespaceType::kMount);
  config.mounts.clear();
  config.linux_.masked_paths.clear();
  config.linux_.readonly_paths.clear();
  config.root.readonly = false;
  const Outcome outcome = run({"kind:/bin/probe", "kind:/dev/null", "pid", "kind:/usr"});
  EXPECT_FALSE(outcome.failed) << outcome.sys_errno;
  EXPECT_EQ(outcome.answer("kind:/bin/probe"), "file 0755 0:0");
  EXPECT_EQ(outcome.answer("kind:/dev/null"), "char 0666 0:0 1,3");
  EXPECT_EQ(outcome.answer("kind:/usr"), "ENOENT");
  EXPECT_EQ(outcome.answer("pid"), "1");
}

TEST_F(InitNamespaces, MovesTheRootWhereItMayNotPivot) {
  plan::LaunchOptions no_pivot = launch_options();
  no_pivot.no_pivot = true;
  config.process->args = {"/bin/probe", "kind:/usr", "mount:/", "kind:/../usr", "mount:/proc"};
  const Outcome outcome = run_plan(plan::plan(config, host, no_pivot), options);
  EXPECT_FALSE(outcome.failed) << outcome.sys_errno;
  EXPECT_EQ(outcome.answer("kind:/usr"), "ENOENT");
  EXPECT_EQ(outcome.answer("kind:/../usr"), "ENOENT");
  EXPECT_THAT(outcome.answer("mount:/"), HasSubstr("ro,"));
  EXPECT_THAT(outcome.answer("mount:/proc"), HasSubstr(" proc "));
}

TEST_F(InitNamespaces, JoinsOnesGivenByPath) {
  for (const auto type : {spec::NamespaceType::kNetwork, spec::NamespaceType::kUts}) remove(type);
  config.linux_.namespaces.push_back({spec::NamespaceType::kNetwork, "/proc/self/ns/net"});
  config.linux_.namespaces.push_back({spec::NamespaceType::kUts, "/proc/self/ns/uts"});
  config.hostname.clear();
  char name[256] = {};
  gethostname(name, sizeof name);
  const Outcome outcome = run({"host", "kind:/proc/self/ns/net"});
  EXPECT_EQ(outcome.answer("host"), name);
  char link[256] = {};
  ASSERT_GT(readlink("/proc/self/ns/net", link, sizeof link), 0);
  EXPECT_EQ(outcome.answer("kind:/proc/self/ns/net"), fmt::format("link {}", link));
}

TEST_F(InitNamespaces, RefusesAPathOfAnotherType) {
  remove(spec::NamespaceType::kUts);
  config.linux_.namespaces.push_back({spec::NamespaceType::kUts, "/proc/self/ns/net"});
  config.hostname.clear();
  const Outcome outcome = run({});
  EXPECT_EQ(outcome.sys_errno, EINVAL);
  EXPECT_EQ(outcome.detail, "/proc/self/ns/net");
}

TEST_F(InitNamespaces, OffsetsTheClocks) {
  config.linux_.namespaces.push_back({spec::NamespaceType::kTime, {}});
  config.linux_.time_offsets = {{"monotonic", {.secs = 1000, .nanosecs = 5}}};
  const Outcome outcome = run({"read:/proc/self/timens_offsets"});
  EXPECT_FALSE(outcome.failed) << outcome.sys_errno;
  EXPECT_THAT(outcome.answer("read:/proc/self/timens_offsets"), HasSubstr("1000"));
}

// The file with the offsets belongs to the host's root as long as the launcher hides itself.
TEST_F(InitNamespaces, OffsetsTheClocksOfAUserNamespace) {
  config.linux_.namespaces.push_back({spec::NamespaceType::kTime, {}});
  config.linux_.namespaces.push_back({spec::NamespaceType::kUser, {}});
  config.linux_.uid_mappings = config.linux_.gid_mappings = {{0, 100000, 65536}};
  config.linux_.time_offsets = {{"monotonic", {.secs = 2000, .nanosecs = 0}}};
  options.id_map = "0 100000 65536";
  std::filesystem::permissions(rootfs.path(), std::filesystem::perms(0777));
  for (const char* name : {"proc", "sys", "dev"}) {
    ASSERT_EQ(chown((rootfs.path() / name).c_str(), 100000, 100000), 0);
  }
  const Outcome outcome = run({"read:/proc/self/timens_offsets"});
  EXPECT_FALSE(outcome.failed) << outcome.sys_errno;
  EXPECT_THAT(outcome.answer("read:/proc/self/timens_offsets"), HasSubstr("2000"));
}

TEST_F(InitNamespaces, SetsTheRootsPropagation) {
  config.linux_.rootfs_propagation = 1 << 20;  // MS_SHARED
  EXPECT_THAT(run({"mount:/"}).answer("mount:/"), HasSubstr("shared"));
  config.linux_.rootfs_propagation = 1 << 18;  // MS_PRIVATE
  const std::string private_root = run({"mount:/"}).answer("mount:/");
  EXPECT_THAT(private_root, Not(HasSubstr("shared")));
  EXPECT_THAT(private_root, Not(HasSubstr("master")));
  config.linux_.rootfs_propagation = 1 << 17;  // MS_UNBINDABLE
  EXPECT_THAT(run({"mount:/"}).answer("mount:/"), HasSubstr("unbindable"));
}

// A process that waits in namespaces of its own until the test ends.
class Holder {
 public:
  explicit Holder(int flags) {
    int ends[2];
    if (pipe(ends) != 0) throw sys_error(errno, "pipe");
    pid_ = fork();
    if (pid_ == 0) {
      const bool made = unshare(flags) == 0;
      if (write(ends[1], "x", 1) != 1 || !made) _exit(1);
      for (;;) pause();
    }
    char byte;
    ready_ = read(ends[0], &byte, 1) == 1;
    close(ends[0]);
    close(ends[1]);
  }
  Holder(const Holder&) = delete;
  Holder& operator=(const Holder&) = delete;
  ~Holder() {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  std::string file(const std::string& name) const { return fmt::format("/proc/{}/{}", pid_, name); }
  std::string link(const std::string& name) const {
    return "link " + std::filesystem::read_symlink(file(name)).string();
  }

 private:
  pid_t pid_ = -1;
  bool ready_ = false;
};

TEST_F(InitNamespaces, JoinsAUserNamespaceAndWhatItOwns) {
  const Holder holder(CLONE_NEWUSER | CLONE_NEWUTS);
  std::ofstream(holder.file("uid_map")) << "0 100000 1000";
  std::ofstream(holder.file("gid_map")) << "0 100000 1000";
  remove(spec::NamespaceType::kUts);
  config.linux_.namespaces.push_back({spec::NamespaceType::kUts, holder.file("ns/uts")});
  config.linux_.namespaces.push_back({spec::NamespaceType::kUser, holder.file("ns/user")});
  config.hostname = "joined";
  ASSERT_EQ(chown(rootfs.path().c_str(), 100000, 100000), 0);
  const Outcome outcome = run({"id", "kind:/proc/self/ns/user", "kind:/proc/self/ns/uts", "host"});
  EXPECT_EQ(outcome.messages, "IR") << outcome.sys_errno << outcome.detail;
  EXPECT_EQ(outcome.answer("id"), "0 0 0 0 groups");
  EXPECT_EQ(outcome.answer("kind:/proc/self/ns/user"), holder.link("ns/user"));
  EXPECT_EQ(outcome.answer("kind:/proc/self/ns/uts"), holder.link("ns/uts"));
  EXPECT_EQ(outcome.answer("host"), "joined");
}

TEST_F(InitNamespaces, JoinsAMountNamespace) {
  const Holder holder(CLONE_NEWNS);
  remove(spec::NamespaceType::kMount);
  config.linux_.namespaces.push_back({spec::NamespaceType::kMount, holder.file("ns/mnt")});
  const Outcome outcome = run({"kind:/proc/self/ns/mnt", "kind:/usr", "mount:/proc"});
  EXPECT_EQ(outcome.messages, "IR") << outcome.sys_errno << outcome.detail;
  EXPECT_EQ(outcome.answer("kind:/proc/self/ns/mnt"), holder.link("ns/mnt"));
  EXPECT_EQ(outcome.answer("kind:/usr"), "ENOENT");
  EXPECT_THAT(outcome.answer("mount:/proc"), HasSubstr(" proc "));
}

TEST_F(InitNamespaces, BindsWhatTheContainersRootCannotReach) {
  const TempDir secret("/tmp");
  std::ofstream(secret.path() / "file") << "content";
  config.linux_.namespaces.push_back({.type = spec::NamespaceType::kUser, .path = {}});
  config.linux_.uid_mappings = config.linux_.gid_mappings = {{0, 100000, 65536}};
  options.id_map = "0 100000 65536";
  ASSERT_EQ(chown(rootfs.path().c_str(), 100000, 100000), 0);
  config.mounts.push_back({.destination = "/file",
                           .source = secret.path() / "file",
                           .options = {.attributes_set = 1, .bind = true}});
  config.mounts.push_back({.destination = "/mapped",
                           .source = secret.path(),
                           .options = {.bind = true, .idmap = true}});
  const Outcome outcome =
      run({"read:/file", "mount:/file", "kind:/mapped/file", "write:/mapped/new", "kind:/file"});
  EXPECT_FALSE(outcome.failed) << make_plan({}).describe(outcome.step) << outcome.sys_errno;
  EXPECT_EQ(outcome.answer("read:/file"), "content");
  EXPECT_THAT(outcome.answer("mount:/file"), HasSubstr("ro,"));
  EXPECT_EQ(outcome.answer("kind:/file"), "file 0644 65534:65534");
  EXPECT_EQ(outcome.answer("kind:/mapped/file"), "file 0644 0:0");
  EXPECT_EQ(outcome.answer("write:/mapped/new"), "ok");
}

}  // namespace
}  // namespace seatrial::init
