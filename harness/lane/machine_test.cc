// Real machines: each test boots one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <map>
#include <thread>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/sys/spawn.h"
#include "harness/lane/lane.h"

namespace seatrial::lane {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

class LaneMachine : public testing::Test {
 protected:
  // Runs a command of busybox' shell, in as small a lane as there can be.
  Verdict run(const std::string& command, LaneName name = {}) {
    request_.name = name;
    request_.cargo.add("/bin/busybox");
    for (const char* directory : {"/proc", "/sys", "/dev", "/run"}) {
      request_.cargo.add_directory(directory);
    }
    request_.job = {.args = {"/bin/busybox", "sh", "-c", command}, .collect = {"/results"}};
    request_.cache = default_cache();
    return run_lane(request_, {.standard_output = [&](std::string_view bytes) { out_ += bytes; },
                               .standard_error = [&](std::string_view bytes) { err_ += bytes; },
                               .file =
                                   [&](std::size_t, std::string_view path) {
                                     file_ = path;
                                     files_[file_];
                                   },
                               .bytes = [&](std::string_view bytes) { files_[file_] += bytes; }});
  }

  LaneRequest request_{.memory_mib = 512, .cpus = 1, .timeout = 600s};
  std::string out_;
  std::string err_;
  std::string file_;
  std::map<std::string, std::string> files_;
};

TEST_F(LaneMachine, GivesTheJobsStatusOutputAndFiles) {
  const Verdict verdict =
      run("busybox uname -r; busybox cat /proc/self/cgroup; echo oops >&2; "
          "busybox mkdir /results/sub; echo one > /results/sub/file; exit 7");
  EXPECT_EQ(verdict.sentence, "");
  EXPECT_EQ(verdict.kind, VerdictKind::kExited);
  EXPECT_EQ(verdict.code, 7);
  EXPECT_THAT(out_, testing::MatchesRegex("6\\.1\\.[-0-9a-z]+-cloud-amd64\n0::/\n"));
  EXPECT_EQ(err_, "oops\n");
  EXPECT_THAT(files_, ElementsAre(Pair("sub/file", "one\n")));
}

TEST_F(LaneMachine, NamesThePanicOfItsKernel) {
  const Verdict verdict = run("echo c > /proc/sysrq-trigger");
  EXPECT_EQ(verdict.kind, VerdictKind::kPanic);
  EXPECT_EQ(verdict.sentence, "the kernel panicked: sysrq triggered crash");
}

// Nothing else gets the processor any more, init's sign of life neither.
TEST_F(LaneMachine, IsSilentWhenItHangs) {
  request_.silence = 15s;
  request_.cargo.add("/usr/bin/chrt");
  const Verdict verdict =
      run("echo -1 > /proc/sys/kernel/sched_rt_runtime_us; echo ready; "
          "/usr/bin/chrt -f 99 busybox sh -c 'while :; do :; done'");
  EXPECT_EQ(out_ + err_, "ready\n");
  EXPECT_EQ(verdict.kind, VerdictKind::kHang);
  EXPECT_THAT(verdict.sentence, HasSubstr("no sign of life for 15 s"));
}

// A stand-in for the rare QEMU whose processor stands still: a program that sleeps, the first time.
TEST_F(LaneMachine, IsBootedOnceMoreWhenItNeverSpeaks) {
  const TempDir directory(fs::temp_directory_path());
  const fs::path program = directory.path() / "qemu-system-x86_64";
  std::ofstream(program) << "#!/bin/sh\n[ -e $0.tried ] && exec /usr/bin/${0##*/} \"$@\"\n"
                            "touch $0.tried; exec sleep 1000\n";
  fs::permissions(program, fs::perms::owner_all);
  const std::string path = std::getenv("PATH");
  ::setenv("PATH", (directory.path().native() + ":" + path).c_str(), 1);
  request_.first_sign = 1s;
  const Verdict verdict = run("echo up");
  ::setenv("PATH", path.c_str(), 1);
  EXPECT_EQ(verdict.sentence, "");
  EXPECT_EQ(out_, "up\n");
  EXPECT_TRUE(fs::exists(program.native() + ".tried"));
}

TEST_F(LaneMachine, RunsOutOfMemoryWithASentence) {
  request_.memory_mib = 256;
  const Verdict verdict = run("exec busybox tail /dev/zero");
  EXPECT_EQ(verdict.kind, VerdictKind::kOutOfMemory);
  EXPECT_THAT(verdict.sentence, HasSubstr("Out of memory: Killed process"));
}

TEST_F(LaneMachine, HasTheOldControlGroupsAndAppArmor) {
  const Verdict verdict =
      run("busybox stat -f -c %t /sys/fs/cgroup/memory /sys/fs/cgroup/unified; "
          "busybox cat /proc/self/attr/current; "
          "busybox mkdir /sys/fs/cgroup/devices/a /sys/fs/cgroup/unified/a",
          {.cgroup = CgroupLayout::kHybrid, .security = SecurityModule::kAppArmor});
  EXPECT_EQ(verdict.code, 0) << verdict.sentence << err_;
  // CGROUP_SUPER_MAGIC, CGROUP2_SUPER_MAGIC; and the confinement of a process that has none.
  EXPECT_EQ(out_, "27e0eb\n63677270\nunconfined\n");
}

}  // namespace
}  // namespace seatrial::lane
