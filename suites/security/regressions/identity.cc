// Who a process is and what it may do, at the start of a container and in exec.
#include <fmt/format.h>
#include <sys/syscall.h>

#include <algorithm>
#include <sstream>

#include "engine/base/files.h"
#include "suites/security/regressions/regression_case.h"

namespace regressions {
namespace {

// Names that are numbers, of root.
constexpr const char* kPasswd =
    "root:x:0:0:root:/root:/bin/sh\n1000:x:0:0:false:/:/bin/sh\n1:x:0:0:false:/:/bin/sh\n";

// The four user ids of a process, as the host sees them.
std::vector<unsigned> ids_on_the_host(pid_t pid) {
  std::istringstream status(seatrial::read_file(fmt::format("/proc/{}/status", pid)));
  for (std::string line; std::getline(status, line);) {
    if (!line.starts_with("Uid:")) continue;
    std::istringstream numbers(line.substr(4));
    std::vector<unsigned> ids(4);
    for (unsigned& id : ids) numbers >> id;
    return ids;
  }
  return {};
}

const std::vector<std::string> kDefaultCapabilities{"CAP_CHOWN", "CAP_KILL", "CAP_SETUID",
                                                    "CAP_NET_BIND_SERVICE"};

// One thing by which exec has let out more than the container's first process may.
struct Confinement {
  std::string name;
  Clauses clauses;
  std::string (*seen)(const Report& report);
  const char* expected;  // of the first process: control
  Needs needs{Feature::kExec};
};

std::string joined(const std::set<std::string>& words) {
  return fmt::format("{}", fmt::join(words, ","));
}

std::string cgroups(const Report& report) {
  std::string text;
  for (const Answer& entry : report.answer("cgroup").items("entries")) {
    text += entry.text("controllers") + ":" + entry.text("path") + "\n";
  }
  return text;
}

const Confinement kConfinements[] = {
    {"NoNewPrivileges",
     {"security/exec-parity"},
     [](const Report& report) {
       return std::string(report.status().no_new_privileges ? "set" : "off");
     },
     "set"},
    {"Rlimits",
     {"security/exec-parity"},
     [](const Report& report) {
       const Rlimit limit = report.rlimits().at("RLIMIT_NOFILE");
       return fmt::format("{} {}", limit.soft, limit.hard);
     },
     "256 256"},
    {"OomScoreAdj",
     {"security/exec-parity"},
     [](const Report& report) {
       return std::to_string(report.answer("oom_score_adj").number("value"));
     },
     "500"},
    {"Capabilities",
     {"security/exec-parity"},
     [](const Report& report) {
       return joined(report.status().effective) + "/" + joined(report.status().bounding);
     },
     "CAP_CHOWN,CAP_KILL/CAP_CHOWN,CAP_KILL"},
    {"SeccompMode",
     {"security/exec-parity"},
     [](const Report& report) { return std::to_string(report.status().seccomp); },
     "2",
     {Feature::kExec, Feature::kSeccomp}},
    {"SeccompFilter",
     {"security/exec-parity"},
     [](const Report& report) { return report.answer("syscall").error(); },
     "ENOANO",
     {Feature::kExec, Feature::kSeccomp}},
    {"Cgroups", {"security/exec-parity"}, cgroups, nullptr},
};

Bundle confined() {
  return Bundle::minimal()
      .no_new_privileges()
      .rlimit("RLIMIT_NOFILE", 256, 256)
      .set("/process/oomScoreAdj", 500)
      .capabilities({"CAP_CHOWN", "CAP_KILL"})
      .set_json("/linux/seccomp", R"({"defaultAction": "SCMP_ACT_ALLOW",
          "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_AARCH64"],
          "syscalls": [{"names": ["getpriority"], "action": "SCMP_ACT_ERRNO", "errnoRet": 55}]})");
}

}  // namespace

// A numeric user is that number, whatever names passwd has.
TRIAL(NumericUser, IsTheNumberWhateverPasswdSays, Clauses{"security/cve-2016-3697"},
      Needs{Feature::kExec}) {
  auto box = target().run(Bundle::minimal()
                              .with_file("/etc/passwd", kPasswd)
                              .user(1000, 1000)
                              .probe({"status"})
                              .probe({"hold"}));
  EXPECT_EQ(box.report().status().uid, 1000);
  EXPECT_THAT(ids_on_the_host(box.pid()), Each(1000U));
  const auto executed = box.exec({"status"}, {.uid = 1000, .gid = 1000});
  ASSERT_THAT(executed, Succeeded());
  EXPECT_EQ(executed.report().status().uid, 1000);
  EXPECT_EQ(executed.report().status().effective_uid, 1000);
}

// exec as user 1 is user 1, and no other.
TRIAL(NumericUser, OneIsNotRoot, Clauses{"security/cve-2026-30892"},
      Needs{Feature::kExec, Feature::kOtherIds}) {
  auto box = target().run(
      Bundle::minimal().with_file("/etc/passwd", kPasswd).probe({"status"}).probe({"hold"}));
  EXPECT_EQ(box.report().status().uid, 0);  // control
  for (const unsigned uid : {1U, 2U, 65534U}) {
    const auto executed = box.exec({"status"}, {.uid = uid});
    ASSERT_THAT(executed, Succeeded());
    const ProcessStatus status = executed.report().status();
    EXPECT_EQ(status.uid, uid);
    EXPECT_EQ(status.effective_uid, uid);
    EXPECT_EQ(status.saved_uid, uid);
    EXPECT_EQ(status.fs_uid, uid);
  }
}

// A process that gives its capabilities up must not find them again in what it executes.
TRIAL(InheritableCapabilities, AreNone, Clauses{"security/cve-2022-24769"}, Needs{Feature::kExec}) {
  auto box = target().run(
      Bundle::minimal().capabilities(kDefaultCapabilities).probe({"status"}).probe({"hold"}));
  const auto executed = box.exec({"status"});
  ASSERT_THAT(executed, Succeeded());
  for (const ProcessStatus& status : {box.report().status(), executed.report().status()}) {
    EXPECT_THAT(status.effective, SizeIs(kDefaultCapabilities.size()));  // control
    EXPECT_THAT(status.inheritable, IsEmpty());
    EXPECT_THAT(status.ambient, IsEmpty());
  }
}

// One that is added in exec is no exception.
TRIAL(InheritableCapabilities, AreNoneInExecWithOneMore, Clauses{"security/cve-2022-24769"},
      Needs{Feature::kExec, Feature::kCommandLine}) {
  auto box = target().run(
      Bundle::minimal().capabilities(kDefaultCapabilities).probe({"status"}).probe({"hold"}));
  const Outcome outcome =
      target().command({"exec", "--cap", "CAP_NET_RAW", box.id(), "/probe", "status"});
  ASSERT_THAT(outcome, Succeeded());
  const ProcessStatus status = Report(outcome.output).status();
  EXPECT_THAT(status.bounding, Contains("CAP_NET_RAW"));  // control
  EXPECT_THAT(status.inheritable, IsEmpty());
}

// A set-user-id program changes nothing where no-new-privileges is set.
TRIAL(SetUserId, GivesNothingWithNoNewPrivileges, Clauses{"security/set-user-id"},
      Needs{Feature::kExec}) {
  const Bundle plain = Bundle::minimal()
                           .with_probe_at("/suid", 04755)
                           .user(1000, 1000)
                           .probe({"setuid", "/suid"})
                           .probe({"status"})
                           .probe({"hold"});
  auto control = target().run(plain);
  EXPECT_THAT(control.report().answer("setuid"), HasField("euid", 0));
  const auto executed_control = control.exec({"setuid", "/suid"}, {.uid = 1000, .gid = 1000});
  EXPECT_THAT(executed_control.report().answer("setuid"), HasField("euid", 0));

  // Exit statuses hold the user's number but for 256 and above.
  auto box = target().run(Bundle(plain).user(200, 200).no_new_privileges());
  EXPECT_THAT(box.report().answer("setuid"), HasField("euid", 200));
  EXPECT_TRUE(box.report().status().no_new_privileges);
}

TRIAL(SetUserId, GivesNothingInExecWithNoNewPrivileges, Clauses{"security/set-user-id"},
      Needs{Feature::kExec}) {
  const Bundle bundle =
      Bundle::minimal().with_probe_at("/suid", 04755).user(200, 200).probe({"hold"});
  const auto euid_in = [&](const Bundle& made) {
    auto box = target().run(made);
    return box.exec({"setuid", "/suid"}, {.uid = 200, .gid = 200})
        .report()
        .answer("setuid")
        .number("euid");
  };
  EXPECT_EQ(euid_in(bundle), 0);  // control
  EXPECT_EQ(euid_in(Bundle(bundle).no_new_privileges()), 200);
}

// What holds for the container's first process holds for one by exec.
TRIAL_TABLE(ExecParity, kConfinements) {
  const std::string call = std::to_string(SYS_getpriority);
  auto box = target().run(confined()
                              .probe({"status"})
                              .probe({"rlimits"})
                              .probe({"oom_score_adj"})
                              .probe({"cgroup"})
                              .probe({"syscall", call})
                              .probe({"hold"}));
  const auto executed =
      box.exec_all({{"status"}, {"rlimits"}, {"oom_score_adj"}, {"cgroup"}, {"syscall", call}});
  ASSERT_THAT(executed, Succeeded());
  if (row().expected != nullptr) {
    EXPECT_EQ(row().seen(box.report()), row().expected);
  }  // control
  EXPECT_EQ(row().seen(executed.report()), row().seen(box.report()));
}

// A list of devices that does not begin with a denial denies all the same.
TRIAL(DeviceList, DeniesWhatItDoesNotName, Clauses{"security/ghsa-g54h-m393-cpwq"},
      Needs{Feature::kDevicesCgroup, Feature::kMakeDevices}) {
  auto box = target().run(
      Bundle::minimal()
          .set_json("/linux/resources/devices",
                    R"([{"allow": true, "type": "c", "major": 240, "minor": 1, "access": "rw"}])")
          .device("/dev/listed", 'c', 240, 1, 0666)
          .device("/dev/unlisted", 'c', 241, 1, 0666)
          .device("/dev/block", 'b', 240, 1, 0666)
          .probe({"open_read", "/dev/listed", "/dev/unlisted", "/dev/block"}));
  // No driver has these numbers: ENXIO is what an open that is allowed says.
  EXPECT_THAT(box.report(), Failed("open_read", "/dev/listed", "ENXIO"));  // control
  EXPECT_THAT(box.report(), Failed("open_read", "/dev/unlisted", "EPERM"));
  EXPECT_THAT(box.report(), Failed("open_read", "/dev/block", "EPERM"));
}

// Who may make nodes of any device can open those alone that are allowed.
TRIAL(MadeNode, GivesNoAccessToItsDevice, Clauses{"security/mknod-devices"},
      Needs{Feature::kDevicesCgroup, Feature::kMakeDevices}) {
  Bundle bundle = Bundle::minimal()
                      .capabilities({"CAP_MKNOD"})
                      .set_json("/linux/resources/devices",
                                R"([{"allow": false, "access": "rwm"},
                        {"allow": true, "type": "c", "access": "m"},
                        {"allow": true, "type": "b", "access": "m"},
                        {"allow": true, "type": "c", "major": 1, "minor": 3, "access": "rwm"}])");
  // The memory, the kernel's log, a disk, virtual machines, file systems of users, loop devices.
  const std::vector<std::vector<std::string>> devices{
      {"c", "1", "1"},    {"c", "1", "11"},   {"b", "8", "0"}, {"b", "253", "0"},
      {"c", "10", "232"}, {"c", "10", "229"}, {"b", "7", "0"}, {"c", "10", "237"}};
  bundle.probe({"mknod", "/tmp/null", "c", "1", "3"}).probe({"open_read", "/tmp/null"});
  const auto path_of = [](const std::vector<std::string>& device) {
    return "/tmp/" + device[0] + device[1] + "-" + device[2];
  };
  for (const auto& device : devices) {
    bundle.probe({"mknod", path_of(device), device[0], device[1], device[2]})
        .probe({"open_read", path_of(device)});
  }
  auto box = target().run(bundle);
  EXPECT_THAT(box.report(), Did("open_read", "/tmp/null"));  // control
  for (const auto& device : devices) {
    EXPECT_THAT(box.report(), Did("mknod", path_of(device)));
    EXPECT_THAT(box.report(), Failed("open_read", path_of(device), "EPERM"));
  }
}

}  // namespace regressions
