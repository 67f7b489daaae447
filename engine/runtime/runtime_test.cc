// The lifecycle end to end, with real containers: needs root, else skips.
#include "engine/runtime/runtime.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>

#include <csignal>
#include <thread>
#include <utility>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/cgroup/cgroup.h"
#include "engine/runtime/runtime_fixture.h"
#include "engine/runtime/state_root.h"
#include "engine/sys/spawn.h"

namespace seatrial::runtime {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using spec::Status;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

TEST_F(RuntimeTest, RunGivesTheExitStatus) {
  Child child = runtime_->run(request({.command = "exit 7"}));
  EXPECT_EQ(child.wait(10s).value().code, 7);
  EXPECT_EQ(runtime_->state(id_).status, Status::kStopped);
  EXPECT_EQ(runtime_->state(id_).owner, "root");
  EXPECT_EQ(::chown((runtime_->root() / id_).c_str(), 7, 7), 0);
  EXPECT_EQ(runtime_->state(id_).owner, "#7");
  runtime_->remove(id_);
  EXPECT_THAT(runtime_->list(), IsEmpty());
}

TEST_F(RuntimeTest, LifecycleAllowsWhatItShouldAndNothingElse) {
  CreateRequest create = request({.command = "exec sleep 1000"});
  create.pid_file = dir_.path() / "pid";
  Child child = runtime_->create(create);
  EXPECT_EQ(read("pid"), std::to_string(child.pid()));
  EXPECT_EQ(runtime_->state(id_).status, Status::kCreated);
  EXPECT_THAT(failure_of([&] { runtime_->create(create); }), HasSubstr("already exists"));
  EXPECT_THAT(failure_of([&] { runtime_->remove(id_); }), HasSubstr("not stopped: it is created"));

  runtime_->start(id_);
  const spec::State running = runtime_->state(id_);
  EXPECT_EQ(running.status, Status::kRunning);
  EXPECT_EQ(running.pid, child.pid());
  EXPECT_EQ(runtime_->processes(id_), std::vector{child.pid()});
  EXPECT_THAT(failure_of([&] { runtime_->start(id_); }), HasSubstr("running"));
  EXPECT_THAT(failure_of([&] { runtime_->remove(id_); }), HasSubstr("not stopped: it is running"));

  runtime_->kill(id_, SIGKILL);
  EXPECT_EQ(child.wait(10s).value().code, 128 + SIGKILL);
  EXPECT_EQ(runtime_->state(id_).status, Status::kStopped);
  EXPECT_THAT(failure_of([&] { runtime_->kill(id_, SIGTERM); }),
              HasSubstr("container not running"));
  EXPECT_THAT(failure_of([&] { runtime_->start(id_); }), HasSubstr("stopped"));
  EXPECT_THAT(failure_of([&] { runtime_->exec({.id = id_, .args = {"true"}}); }),
              HasSubstr("stopped"));
  runtime_->remove(id_);
  EXPECT_THAT(failure_of([&] { runtime_->remove(id_); }), HasSubstr("does not exist"));
  EXPECT_NO_THROW(runtime_->remove(id_, true));
}

TEST_F(RuntimeTest, AZombieIsAStoppedContainer) {
  Child child = runtime_->run(request({}));
  pollfd ended{.fd = child.pidfd(), .events = POLLIN, .revents = 0};
  sys::poll_until({&ended, 1}, sys::after(10s));
  EXPECT_EQ(runtime_->state(id_).status, Status::kStopped);
  runtime_->remove(id_);
  child.wait();
}

// The same filter with and without no_new_privileges, for root and for a user without capabilities;
// exec is under it, too.
TEST_F(RuntimeTest, InstallsTheSeccompFilter) {
  const std::string no_ids = R"({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
      {"names": ["sethostname", "mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 95}]})";
  for (const char* no_new_privileges : {"true", "false"}) {
    for (const int user : {0, 1000}) {
      const std::string command =
          "mkdir /tmp/x 2>&1 | grep -q 'Operation not supported' && grep -q 'Seccomp:.2' "
          "/proc/self/status";
      Child child = runtime_->run(request({.command = command + " && exec sleep 1000",
                                           .no_new_privileges = no_new_privileges,
                                           .user = user,
                                           .seccomp = no_ids}));
      Child exec = runtime_->exec({.id = id_, .args = {"/usr/bin/sh", "-c", command}});
      EXPECT_EQ(exec.wait(10s).value().code, 0) << no_new_privileges << user;
      EXPECT_FALSE(child.wait(300ms)) << "the container has the filter and goes on";
      runtime_->remove(id_, true);
      child.wait();
    }
  }
  EXPECT_TRUE(fs::exists(dir_.path() / "state.seccomp"));
  EXPECT_TRUE(fs::is_empty(runtime_->root()));
}

TEST_F(RuntimeTest, ExecKeepsWhatTheContainerHas) {
  Child child = runtime_->run(request({.command = "exec sleep 1000"}));
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const UniqueFd reader(ends[0]);
  UniqueFd writer(ends[1]);
  Child exec = runtime_->exec(
      {.id = id_,
       .args = {"/usr/bin/sh", "-c",
                "grep -E 'NoNewPrivs|CapBnd' /proc/self/status; cat /proc/self/oom_score_adj; "
                "ulimit -n; hostname; echo $EXTRA; exit 5"},
       .env = {"EXTRA=more"},
       .stdio = {-1, writer.get(), 2}});
  writer.reset();
  EXPECT_EQ(read_all(reader.get(), "pipe"),
            "CapBnd:\t0000000000000020\nNoNewPrivs:\t1\n321\n77\ntrial\nmore\n");
  EXPECT_EQ(exec.wait(10s).value().code, 5);
  EXPECT_THAT(failure_of([&] { runtime_->exec({.id = id_, .args = {"/no/such"}}); }),
              HasSubstr("No such file or directory"));
  runtime_->remove(id_, true);
  child.wait();
}

TEST_F(RuntimeTest, KillAllReachesEveryProcess) {
  Child child = runtime_->run(request({.command = "exec sleep 1000"}));
  Child exec = runtime_->exec({.id = id_, .args = {"/usr/bin/sleep", "1000"}, .stdio = {-1, 1, 2}});
  EXPECT_EQ(runtime_->processes(id_).size(), 2U);
  runtime_->kill(id_, SIGTERM, true);
  EXPECT_EQ(exec.wait(10s).value().code, 128 + SIGTERM);
  runtime_->kill(id_, SIGKILL, true);
  child.wait(10s);
  runtime_->remove(id_);
}

TEST_F(RuntimeTest, AFrozenContainerIsPausedAndCanStillBeDeletedByForce) {
  Child child = runtime_->run(request({.command = "exec sleep 1000"}));
  EXPECT_THAT(failure_of([&] { runtime_->resume(id_); }), HasSubstr("that is running"));
  runtime_->pause(id_);
  EXPECT_EQ(runtime_->state(id_).status, Status::kPaused);
  EXPECT_THAT(failure_of([&] { runtime_->exec({.id = id_, .args = {"true"}}); }),
              HasSubstr("paused"));
  EXPECT_THAT(failure_of([&] { runtime_->pause(id_); }), HasSubstr("that is paused"));
  runtime_->resume(id_);
  EXPECT_EQ(runtime_->state(id_).status, Status::kRunning);
  runtime_->pause(id_);
  runtime_->remove(id_, true);
  EXPECT_EQ(child.wait(10s).value().code, 128 + SIGKILL);
}

TEST_F(RuntimeTest, UpdateChangesLimitsAndStatsTellOfThem) {
  Child child = runtime_->run(request({.command = "exec sleep 1000"}));
  EXPECT_EQ(runtime_->stats(id_).pids_max, std::nullopt);
  runtime_->update(id_, {.pids_limit = 17});
  EXPECT_EQ(runtime_->stats(id_).pids_max, 17U);
  EXPECT_EQ(runtime_->stats(id_).pids_current, 1U);
  runtime_->remove(id_, true);
  EXPECT_EQ(child.wait(10s).value().code, 128 + SIGKILL);
  EXPECT_THAT(failure_of([&] { runtime_->update(id_, {}); }), HasSubstr("does not exist"));
}

// Before its hooks have done anything.
TEST_F(RuntimeTest, RunNeedsAProcess) {
  const CreateRequest create =
      request({.hooks = hook("createRuntime", "touch " + (dir_.path() / "hooked").native())});
  std::string text = read("config.json");
  text.replace(text.find("\"process\""), 9, "\"absent\"");
  write_file_atomically(dir_.path() / "config.json", text);
  EXPECT_THAT(failure_of([&] { runtime_->run(create); }), HasSubstr("process: is missing"));
  EXPECT_FALSE(fs::exists(dir_.path() / "hooked"));
  Child child = runtime_->create(create);
  EXPECT_TRUE(fs::exists(dir_.path() / "hooked"));  // control
  runtime_->remove(id_, true);
  EXPECT_EQ(child.wait(10s).value().code, 128 + SIGKILL);
}

// By what the program may open from then on.
TEST_F(RuntimeTest, UpdateReplacesTheRulesForDevices) {
  Child child = runtime_->run(
      request({.command = "exec sleep 1000", .resources = R"({"devices": [{"allow": false}]})"}));
  const auto may_open = [&] {
    Child process = runtime_->exec(
        {.id = id_, .args = {"/usr/bin/sh", "-c", ": > /dev/kmsg"}, .stdio = {-1, -1, -1}});
    return process.wait(10s).value().code == 0;
  };
  const std::string node = fmt::format("/proc/{}/root/dev/kmsg", child.pid());
  ASSERT_EQ(::mknod(node.c_str(), S_IFCHR | 0666, makedev(1, 11)), 0);
  EXPECT_FALSE(may_open());
  runtime_->update(id_, {.devices = {{.allow = true, .type = 'c', .major = 1, .minor = 11}}});
  EXPECT_TRUE(may_open());
  runtime_->update(id_, {.pids_limit = 50});  // says nothing of devices
  EXPECT_TRUE(may_open());
  runtime_->update(id_, {.devices = {{.allow = false}}});
  EXPECT_FALSE(may_open());
  runtime_->remove(id_, true);
  EXPECT_EQ(child.wait(10s).value().code, 128 + SIGKILL);
}

// The specification advises against the limit, and this kernel has none or a warning says so.
TEST_F(RuntimeTest, ALimitOfTheKernelsMemoryIsNoError) {
  if (!cgroup::Layout::detect().find("memory")) GTEST_SKIP() << "memory is not mounted";
  Child child = runtime_->run(
      request({.command = "exec sleep 1000", .resources = R"({"memory": {"kernel": 67108864}})"}));
  const std::string at_create = std::exchange(warnings_, "");
  runtime_->update(id_, {.memory = spec::MemoryLimits{.kernel = 67108864}});
  EXPECT_EQ(warnings_, at_create);
  if (!warnings_.empty()) {
    EXPECT_THAT(warnings_, HasSubstr("linux.resources.memory.kernel: 67108864: ignored: "));
  }
  runtime_->remove(id_, true);
  EXPECT_EQ(child.wait(10s).value().code, 128 + SIGKILL);
}

TEST_F(RuntimeTest, ALimitOfNoProcessesIsNoneBefore1Dot3) {
  for (const std::string version : {"1.0.2-dev", "1.3.0"}) {
    Child child = runtime_->run(request({.version = version, .command = "exec sleep 1000"}));
    runtime_->update(id_, {.pids_limit = 17});
    runtime_->update(id_, {.pids_limit = 0});
    EXPECT_EQ(runtime_->stats(id_).pids_max, version == "1.3.0" ? 0U : 17U) << version;
    runtime_->remove(id_, true);
    EXPECT_EQ(child.wait(10s).value().code, 128 + SIGKILL);
  }
}

TEST_F(RuntimeTest, TellsThatAContainerRanOutOfMemory) {
  if (!cgroup::Layout::detect().find("memory")) GTEST_SKIP() << "memory is not mounted";
  Child child = runtime_->create(
      request({.command = "cat /dev/zero | tail -c 100m > /dev/null; exec sleep 1000",
               .resources = R"({"memory": {"limit": 16777216, "swap": 16777216}})"}));
  cgroup::OomWatch watch = runtime_->watch_oom(id_);  // before anything happens
  EXPECT_FALSE(watch.take());
  runtime_->start(id_);
  pollfd told{.fd = watch.fd(), .events = POLLIN, .revents = 0};
  ASSERT_EQ(::poll(&told, 1, 10'000), 1);
  EXPECT_TRUE(watch.take());
  EXPECT_GT(runtime_->detailed_stats(id_).memory.size(), 5U);
  runtime_->kill(id_, SIGKILL);
  child.wait(10s);
  runtime_->remove(id_);
  // v1 tells of the directory's end in the same way.
  ::poll(&told, 1, 100);
  while (watch.take()) {
  }
  EXPECT_FALSE(watch.take());
}

TEST_F(RuntimeTest, AddsHomeWhereItIsAskedTo) {
  fs::create_directories(dir_.path() / "rootfs/etc");
  write_file_atomically(dir_.path() / "rootfs/etc/passwd",
                        "root:x:0:0::/of-root:\nx:x:7:7::/of-x:\n");
  const CreateRequest plain = request({.command = "test -z $HOME"});
  EXPECT_EQ(runtime_->run(plain).wait(10s).value().code, 0);
  runtime_->remove(id_);
  CreateRequest create = request({.command = "test $HOME = /of-root && exec sleep 1000"});
  create.add_home = true;
  Child child = runtime_->run(create);
  const auto exec = [&](const char* test, std::uint32_t uid) {
    ExecRequest request{.id = id_, .args = {"/usr/bin/sh", "-c", test}, .stdio = {-1, 1, 2}};
    request.user = spec::User{.uid = uid};
    request.add_home = true;
    return runtime_->exec(request).wait(10s).value().code;
  };
  EXPECT_EQ(exec("test $HOME = /of-x", 7), 0);
  EXPECT_EQ(exec("test $HOME = /", 8), 0);
  runtime_->kill(id_, SIGKILL);
  EXPECT_EQ(child.wait(10s).value().code, 137);
  runtime_->remove(id_);
}

TEST_F(RuntimeTest, AFailedMountIsNamedAndNothingStays) {
  const std::string bad = R"({"destination": "/bad", "type": "nosuchfs", "source": "x"},)";
  EXPECT_THAT(
      failure_of([&] { runtime_->create(request({.mounts = bad})); }),
      testing::MatchesRegex("create container-test-[0-9]+: step [0-9]+ of [0-9]+, .*nosuchfs "
                            "on /bad.*"));
  EXPECT_THAT(runtime_->list(), IsEmpty());
}

// What the runtime opens takes the lowest free number, and 0 goes to the container.
TEST_F(RuntimeTest, AClosedInputIsNothingOfTheRuntimes) {
  const CreateRequest wanted = request({.command = "test -c /proc/self/fd/0"});
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(0);
    Runtime runtime(dir_.path() / "state");
    CreateRequest with_input = wanted;
    with_input.stdio = {};
    const auto end = runtime.run(with_input).wait(10s);
    runtime.remove(id_);
    ::_exit(end ? end->code : 99);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

// Nobody writes into them: to wait would be for ever.
// Through the host's, root in the container could change the host's mode and owner.
TEST_F(RuntimeTest, ANullDeviceAsStdioIsTheContainersOwn) {
  CreateRequest create = request({.command = "exec sleep 1000"});
  create.stdio = {.in = -1, .out = -1, .err = 2};
  Child child = runtime_->create(create);
  const auto device_of = [&](const char* path) {
    struct stat status{};
    EXPECT_EQ(::stat(fmt::format("/proc/{}/{}", child.pid(), path).c_str(), &status), 0);
    return std::pair(status.st_dev, status.st_ino);
  };
  EXPECT_EQ(device_of("fd/0"), device_of("root/dev/null"));
  EXPECT_EQ(device_of("fd/1"), device_of("root/dev/null"));
  EXPECT_NE(device_of("fd/2"), device_of("root/dev/null"));
  runtime_->remove(id_, true);
  child.wait(5s);
}

TEST_F(RuntimeTest, AFifoIsNeitherAConfigurationNorANamespace) {
  const std::string fifo = dir_.path() / "fifo";
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  const CreateRequest lacking = request({});
  const fs::path config = dir_.path() / "config.json";
  fs::rename(fifo, config);
  EXPECT_THAT(failure_of([&] { runtime_->create(lacking); }), HasSubstr("not a regular file"));
  fs::rename(config, fifo);
  const std::string joined = R"(, {"type": "cgroup", "path": ")" + fifo + R"("})";
  const CreateRequest joining = request({.more_namespaces = joined});
  EXPECT_THAT(failure_of([&] { runtime_->create(joining); }), HasSubstr("fifo"));
  EXPECT_THAT(runtime_->list(), IsEmpty());
}

// Init is there by then and waits: it must end, and be reaped.
TEST_F(RuntimeTest, ARefusedLimitLeavesNoProcess) {
  const ChosenBundle bundle{.resources = R"({"cpu": {"shares": 512, "cpus": "4095"}})"};
  EXPECT_THAT(failure_of([&] { runtime_->create(request(bundle)); }), HasSubstr("cpu"));
  EXPECT_THAT(failure_of([&] { runtime_->run(request(bundle)); }), HasSubstr("cpu"));
  siginfo_t info{};
  EXPECT_EQ(::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT), -1) << info.si_pid;
  EXPECT_EQ(errno, ECHILD);
}

TEST_F(RuntimeTest, AnOccupiedIdLeavesNoProcess) {
  Child first = runtime_->create(request({.command = "exit 3"}));
  EXPECT_THAT(failure_of([&] { runtime_->run(request({.command = "true"})); }), HasSubstr(id_));
  runtime_->start(id_);
  EXPECT_EQ(first.wait(5s)->code, 3);
  runtime_->remove(id_);
  siginfo_t info{};
  EXPECT_EQ(::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT), -1) << info.si_pid;
  EXPECT_EQ(errno, ECHILD);
}

TEST_F(RuntimeTest, AMissingRootFileSystemIsNamed) {
  const CreateRequest create = request({});
  fs::remove(dir_.path() / "rootfs");
  EXPECT_THAT(failure_of([&] { runtime_->create(create); }),
              HasSubstr((dir_.path() / "rootfs").native()));
}

TEST_F(RuntimeTest, AFailingCreateRuntimeHookEndsInPoststop) {
  const std::string hooks = fmt::format(R"({{"createRuntime": [{{"path": "/usr/bin/false"}}],
                      "poststop": [{{"path": "/usr/bin/touch", "args": ["touch", "{}"]}}]}})",
                                        (dir_.path() / "poststopped").native());
  EXPECT_THAT(failure_of([&] { runtime_->create(request({.hooks = hooks})); }),
              HasSubstr("createRuntime hook /usr/bin/false: exit status 1"));
  EXPECT_TRUE(fs::exists(dir_.path() / "poststopped"));
}

TEST_F(RuntimeTest, AFailingPoststartHookIsAWarningBefore1Dot3) {
  const std::string hooks = hook("poststart", "exit 4");
  Child child =
      runtime_->run(request({.version = "1.0.2", .command = "exec sleep 1000", .hooks = hooks}));
  EXPECT_THAT(warnings_, HasSubstr("poststart hook"));
  EXPECT_EQ(runtime_->state(id_).status, Status::kRunning);
  runtime_->remove(id_, true);
  child.wait();
}

TEST_F(RuntimeTest, AFailingPoststartHookEndsTheContainerSince1Dot3) {
  const ChosenBundle bundle{.command = "exec sleep 1000", .hooks = hook("poststart", "exit 4")};
  Child child = runtime_->create(request(bundle));
  EXPECT_THAT(failure_of([&] { runtime_->start(id_); }), HasSubstr("exit status 4"));
  EXPECT_EQ(child.wait(10s).value().code, 128 + SIGKILL);
  EXPECT_THAT(failure_of([&] { runtime_->run(request(bundle)); }), HasSubstr("exit status 4"));
}

TEST_F(RuntimeTest, AFailingStartContainerHookEndsTheContainer) {
  Child child = runtime_->create(request({.hooks = hook("startContainer", "exit 4")}));
  EXPECT_THAT(failure_of([&] { runtime_->start(id_); }), HasSubstr("startContainer"));
  EXPECT_TRUE(child.wait(10s));
}

TEST_F(RuntimeTest, AProgramThatCannotStartLeavesAStoppedContainer) {
  const ChosenBundle bundle{
      .mounts = R"({"destination": "/usr", "source": "/usr", "options": ["rbind"]},)"};
  CreateRequest create = request(bundle);
  std::string text = config_text(bundle);
  text.replace(text.find("\"/usr/bin/sh\""), 13, "\"/usr/share\"");
  write_file_atomically(dir_.path() / "config.json", text);
  EXPECT_THAT(failure_of([&] {
                const Child child = runtime_->create(create);
                runtime_->start(id_);
              }),
              HasSubstr("Permission denied"));
  runtime_->remove(id_, true);
}

TEST_F(RuntimeTest, KeepsTheConsoleMasterWhenNobodyElseWantsIt) {
  Child child = runtime_->run(request({.command = "echo from the terminal", .terminal = "true"}));
  ASSERT_TRUE(child.console_master());
  EXPECT_EQ(child.wait(10s).value().code, 0);
  char buffer[100];
  const ssize_t got = ::read(child.console_master().get(), buffer, sizeof buffer);
  EXPECT_EQ(std::string(buffer, got < 0 ? 0 : static_cast<std::size_t>(got)),
            "from the terminal\r\n");
  runtime_->remove(id_);
}

TEST_F(RuntimeTest, DoesNotPassItsOwnDescriptorsOn) {
  CreateRequest create = request({});
  create.preserve_fds = 200;
  EXPECT_THAT(failure_of([&] { runtime_->create(create); }), HasSubstr("was not passed in"));
}

TEST_F(RuntimeTest, RecoverTakesWhatAKilledCreateLeft) {
  const cgroup::Layout layout = cgroup::Layout::detect();
  const cgroup::Hierarchy& any = layout.hierarchies().front();
  const std::string left = any.mountpoint + cgroup::resolve_path(any, "", id_);
  fs::create_directory(left);
  {
    const StateRoot root(runtime_->root());
    Record record;
    record.boot = read_file("/proc/sys/kernel/random/boot_id");
    record.boot.pop_back();
    record.planned_cgroups = {left};
    root.create(id_).write_record(record);
    root.create("killed-before-its-record");
  }
  EXPECT_THAT(runtime_->recover(), UnorderedElementsAre("killed-before-its-record", id_));
  EXPECT_FALSE(fs::exists(left));
  EXPECT_THAT(runtime_->list(), IsEmpty());
}

// What an unreadable record names would be lost with it: it stays, and hinders no other.
TEST_F(RuntimeTest, ARecordThatCannotBeReadIsKeptAndNamed) {
  {
    const StateRoot root(runtime_->root());
    root.create(id_);
    root.create("zz-killed-before-its-record");
  }
  const fs::path record = runtime_->root() / id_ / "record.jsonl";
  write_file_atomically(record, "no record\n");
  const auto names_it = testing::ThrowsMessage<Error>(HasSubstr("container " + id_));
  EXPECT_THAT([&] { runtime_->recover(); }, names_it);
  EXPECT_FALSE(fs::exists(runtime_->root() / "zz-killed-before-its-record"));
  EXPECT_THAT([&] { runtime_->remove(id_, true); }, names_it);
  EXPECT_TRUE(fs::exists(record));
  fs::remove_all(record.parent_path());
}

TEST_F(RuntimeTest, ThreadsMayUseOneRuntime) {
  const CreateRequest first = request({.command = "exit 3"});
  std::vector<std::thread> threads;
  for (int index = 0; index < 4; ++index) {
    threads.emplace_back([&, index] {
      CreateRequest own = first;
      own.id = fmt::format("{}-{}", id_, index);
      for (int round = 0; round < 5; ++round) {
        Child child = runtime_->run(own);
        EXPECT_EQ(child.wait(10s).value().code, 3);
        runtime_->remove(own.id);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace seatrial::runtime
