// One more process in a container. Needs root.
#include <fmt/format.h>
#include <sys/syscall.h>

#include "engine/init/testing/container_test.h"

namespace seatrial::init {
namespace {

using testing::HasSubstr;

class InitExec : public ContainerTest {
 protected:
  // Builds the container and runs `process` in it before it is started.
  Outcome exec_in(const spec::Process& process) {
    plan::ExecOptions exec_options{.id = "test", .namespaces = {}, .rootfs = rootfs.path()};
    for (const auto& entry : config.linux_.namespaces)
      exec_options.namespaces.push_back(entry.type);
    exec_plan = plan::plan_exec(process, host, exec_options);
    options.created = [&](int pid) {
      ParentOptions inner;
      inner.target_pidfd = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
      const Outcome outcome = run_plan(exec_plan, inner);
      return fmt::format("messages={}\nstatus={}\nerrno={}\nstep={}\n{}{}", outcome.messages,
                         outcome.status, outcome.sys_errno,
                         outcome.failed ? exec_plan.describe(outcome.step) : "-", outcome.output,
                         outcome.console);
    };
    return run({"exit:0"});
  }
  spec::Process probe(std::vector<std::string> questions) const {
    spec::Process process = *config.process;
    process.args = {"/bin/probe"};
    for (std::string& question : questions) process.args.push_back(std::move(question));
    return process;
  }

  plan::LaunchPlan exec_plan;
};

TEST_F(InitExec, RunsAProcessInTheContainer) {
  spec::Process process =
      probe({"pid", "id", "caps", "host", "fds", "cwd", "nnp", "kind:/usr", "mount:/", "exit:6"});
  process.user = {.uid = 5, .gid = 6, .umask = {}, .additional_gids = {7}};
  process.cwd = "/bin";
  const Outcome outcome = exec_in(process);
  EXPECT_EQ(outcome.answer("messages"), "IR");
  EXPECT_EQ(outcome.answer("status"), "6");
  EXPECT_EQ(outcome.answer("pid"), "2");
  EXPECT_EQ(outcome.answer("id"), "5 5 6 6 groups 7");
  EXPECT_EQ(outcome.answer("caps"), "eff 0 prm 0 inh 0 bnd 20000420 amb 0");
  EXPECT_EQ(outcome.answer("host"), config.hostname);
  EXPECT_EQ(outcome.answer("fds"), "0 1 2");
  EXPECT_EQ(outcome.answer("cwd"), "/bin");
  EXPECT_EQ(outcome.answer("nnp"), "1");
  EXPECT_EQ(outcome.answer("kind:/usr"), "ENOENT");
  EXPECT_EQ(outcome.status, 0);
}

TEST_F(InitExec, EntersAUserNamespace) {
  config.linux_.namespaces.push_back({.type = spec::NamespaceType::kUser, .path = {}});
  config.linux_.uid_mappings = config.linux_.gid_mappings = {{0, 100000, 65536}};
  options.id_map = "0 100000 65536";
  ASSERT_EQ(chown(rootfs.path().c_str(), 100000, 100000), 0);
  for (const char* name : {"proc", "sys", "dev"}) {
    ASSERT_EQ(chown((rootfs.path() / name).c_str(), 100000, 100000), 0);
  }
  const Outcome outcome = exec_in(probe({"id", "caps", "read:/proc/self/uid_map"}));
  EXPECT_EQ(outcome.answer("messages"), "IR") << outcome.output;
  EXPECT_EQ(outcome.answer("id"), "0 0 0 0 groups");
  EXPECT_EQ(outcome.answer("caps"), "eff 20000420 prm 20000420 inh 0 bnd 20000420 amb 0");
  EXPECT_THAT(outcome.answer("read:/proc/self/uid_map"), HasSubstr("100000"));
}

TEST_F(InitExec, GivesItATerminal) {
  spec::Process process = probe({"tty", "leader"});
  process.terminal = true;
  const Outcome outcome = exec_in(process);
  EXPECT_EQ(outcome.answer("messages"), "ICR");
  EXPECT_THAT(outcome.output, HasSubstr("tty=/dev/pts/0"));
  EXPECT_THAT(outcome.output, HasSubstr("leader=yes"));
}

TEST_F(InitExec, TellsWhatIsMissing) {
  spec::Process process = probe({});
  process.args = {"absent"};
  const Outcome outcome = exec_in(process);
  EXPECT_EQ(outcome.answer("messages"), "IF");
  EXPECT_EQ(outcome.answer("step"), "exec: \"absent\"");
  EXPECT_EQ(outcome.answer("errno"), "2");
}

TEST_F(InitExec, EntersTheRootWhereTheMountsAreTheHosts) {
  std::erase_if(config.linux_.namespaces,
                [](const auto& entry) { return entry.type == spec::NamespaceType::kMount; });
  config.mounts.clear();
  config.linux_.masked_paths.clear();
  config.linux_.readonly_paths.clear();
  config.root.readonly = false;
  const Outcome outcome = exec_in(probe({"kind:/usr", "pid"}));
  EXPECT_EQ(outcome.answer("kind:/usr"), "ENOENT") << outcome.output;
  EXPECT_EQ(outcome.answer("pid"), "2");
}

}  // namespace
}  // namespace seatrial::init
