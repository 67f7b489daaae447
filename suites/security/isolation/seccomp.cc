// The filter: that it is there, what turns it off, and what it must keep from the kernel.
#include "suites/security/isolation/isolation_case.h"

#include <fmt/format.h>

namespace isolation {
namespace {

constexpr int kFilter = 2;  // proc(5): Seccomp

struct Refused {
  std::string name;
  Clauses clauses;
  std::vector<std::string> calls;
  std::vector<std::string> capabilities;  // what the kernel itself asks for
  bool by_both_entries = false;           // to be refused to 32-bit callers, too
};

const Refused kRefused[] = {
    {"OfModules",
     {"security/seccomp/modules"},
     {"init_module", "finit_module", "delete_module"},
     {"SYS_MODULE"}},
    {"OfAnotherKernel",
     {"security/seccomp/kexec"},
     {"kexec_load", "kexec_file_load"},
     {"SYS_BOOT"}},
    {"OfKeyrings", {"security/seccomp/keyring"}, {"add_key", "request_key", "keyctl"}, {}},
    {"OfBpfAndPerf", {"security/seccomp/bpf-perf"}, {"bpf", "perf_event_open"}, {"SYS_ADMIN"}},
    {"OfIoUring",
     {"security/seccomp/io-uring"},
     {"io_uring_setup", "io_uring_enter", "io_uring_register"},
     {}},
    {"OfUserfaultfd", {"security/seccomp/userfaultfd"}, {"userfaultfd"}, {"SYS_PTRACE"}},
    {"OfClocks", {"security/seccomp/clock"}, {"settimeofday", "clock_settime"}, {"SYS_TIME"}},
    {"OfRebootAndSwap",
     {"security/seccomp/reboot-swap"},
     {"reboot", "swapon", "swapoff"},
     {"SYS_BOOT", "SYS_ADMIN"}},
    {"OfFileHandles",
     {"security/seccomp/open-by-handle"},
     {"open_by_handle_at"},
     {"DAC_READ_SEARCH"}},
    {"OfNamespaces",
     {"security/seccomp/namespaces"},
     {"unshare", "setns", "clone/new-user", "clone/new-mount", "clone/new-pid", "clone/new-net",
      "clone/new-ipc", "clone/new-uts", "clone/new-cgroup"},
     {"SYS_ADMIN"}},
    {"OfPersonalities",
     {"security/seccomp/personality"},
     {"personality/no-randomize", "personality/read-implies-exec", "personality/mmap-page-zero"},
     {}},
    {"OfVsockSockets",
     {"security/seccomp/sockets", "security/af-vsock"},
     {"socket/vsock"},
     {},
     true},
    {"OfCryptographicSockets",
     {"security/seccomp/sockets", "security/af-alg"},
     {"socket/alg"},
     {},
     true},
};

using Text = std::string;
const auto kIsRefusal = AnyOf(Eq(Text("EPERM")), Eq(Text("ENOSYS")), Eq(Text("EACCES")));

// socketcall(2) has its arguments in memory, where no filter can look: it is an LSM's to judge.
void expect_refused(const std::map<std::string, std::string>& through,
                    const std::map<std::string, std::string>& seen) {
  if (through.at("getpid") != "") return;  // this kernel has no 32-bit entry
  for (const auto& [label, kernels] : through) {
    if (label == "getpid") continue;
    EXPECT_THAT(kernels, Not(kIsRefusal)) << label << " of 32 bits without a filter: the control";
    EXPECT_THAT(seen.at(label), kIsRefusal) << label << " of 32 bits";
  }
}

}  // namespace

// The calls' arguments are nonsense: who gets past the filter and the capabilities hears of that
// and not of a refusal. Without the filter and with what the kernel asks for, that must happen.
TRIAL_TABLE(Refusal, kRefused) {
  const std::vector<SweepCall> calls = calls_named(row().calls);
  const auto through = sweep(unconfined(row().capabilities), calls);
  const auto seen = sweep({}, calls);
  int known = 0;
  for (const SweepCall& call : calls) {
    const std::string& kernels = through.at(call.label);
    if (kernels == "ENOSYS" || kernels == "EAFNOSUPPORT") continue;
    ++known;
    EXPECT_THAT(kernels, Not(kIsRefusal)) << call.label << " without a filter: the control";
    EXPECT_THAT(seen.at(call.label), kIsRefusal) << call.label;
  }
  if (known == 0)
    throw Lack("this kernel has none of these calls: " + calls.front().label + " ...");
  if (!row().by_both_entries) return;
  std::vector<std::string> labels = row().calls;
  labels.emplace_back("getpid");
  const std::vector<SweepCall> short_calls = calls_32_named(labels);
  expect_refused(sweep(unconfined(), short_calls, "sweep32"), sweep({}, short_calls, "sweep32"));
}

// In earnest, because the kernel refuses these before it looks at their arguments.
TRIAL(Refusal, OfMounts, Clauses{"security/seccomp/mount-api"}) {
  const std::vector<Command> attempts{{"mount", "/data"}, {"umount", "/dev/shm"}};
  const std::vector<SweepCall> calls =
      calls_named({"fsopen", "fspick", "fsmount", "move_mount", "open_tree", "mount_setattr"});
  const Report free = report(probe(unconfined({"SYS_ADMIN"}), attempts));  // control
  EXPECT_THAT(free, Did("mount", "/data"));
  EXPECT_THAT(free, Did("umount", "/dev/shm"));
  const auto through = sweep(unconfined({"SYS_ADMIN"}), calls);
  const Report seen = report(probe(attempts));
  EXPECT_THAT(seen, Failed("mount", "/data", kIsRefusal));
  EXPECT_THAT(seen, Failed("umount", "/dev/shm", kIsRefusal));
  const auto swept = sweep({}, calls);
  for (const char* call : {"fsopen", "fspick", "fsmount", "move_mount"}) {
    EXPECT_THAT(through.at(call), Not(kIsRefusal)) << call << " without a filter: the control";
    EXPECT_THAT(swept.at(call), kIsRefusal) << call;
  }
}

// ENOSYS makes libraries fall back to clone, whose flags a filter can see; EPERM would not.
TRIAL(Refusal, OfClone3IsThatItDoesNotExist, Clauses{"security/seccomp/clone3"}) {
  const std::vector<SweepCall> calls = calls_named({"clone3", "clone"});
  EXPECT_NE(sweep(unconfined(), calls).at("clone3"), "ENOSYS");  // control
  const auto seen = sweep({}, calls);
  EXPECT_EQ(seen.at("clone3"), "ENOSYS");
  EXPECT_EQ(seen.at("clone"), "EINVAL");  // the call to fall back to reaches the kernel
}

// The five that change nothing but what uname(2) says.
TRIAL(Personality, OfOtherLinuxesIsLetThrough, Clauses{"security/seccomp/ordinary-programs"}) {
  const auto seen = sweep(
      {},
      calls_named({"personality", "personality/linux", "personality/linux32", "personality/uname26",
                   "personality/linux32-uname26", "personality/no-randomize"}));
  EXPECT_THAT(seen.at("personality/no-randomize"), kIsRefusal);  // control: others are judged
  for (const char* harmless : {"personality", "personality/linux", "personality/linux32",
                               "personality/uname26", "personality/linux32-uname26"}) {
    EXPECT_EQ(seen.at(harmless), "") << harmless;
  }
}

TRIAL(Filter, IsOnInRunAndExec, Clauses{"security/seccomp/filter-on"}) {
  const std::string id = hold();
  EXPECT_EQ(report(probe({{"status"}})).status().seccomp, kFilter);
  EXPECT_EQ(exec(id, {{"status"}}).status().seccomp, kFilter);
  EXPECT_EQ(exec(id, {{"status"}}, {.user = "100"}).status().seccomp, kFilter);
  EXPECT_EQ(report(probe(unconfined(), {{"status"}})).status().seccomp, 0);  // control
}

// An option that nobody understands must not leave the container without a filter.
TRIAL(Filter, IsTurnedOffByUnconfinedAlone, Clauses{"security/seccomp/unconfined"}) {
  EXPECT_EQ(report(probe(unconfined(), {{"status"}})).status().seccomp, 0);  // control
  for (const char* option : {"seccomp=off", "seccomp=", "seccomp=/nowhere/profile.json"}) {
    const ContainerDraft draft = probe({.security_opt = {option}}, {{"status"}});
    try {
      EXPECT_EQ(report(draft).status().seccomp, kFilter) << option;
    } catch (const Refusal&) {
      continue;  // refused, which is as well
    }
  }
  const ContainerDraft privileges = probe({.security_opt = {"no-new-privileges"}}, {{"status"}});
  EXPECT_EQ(report(privileges).status().seccomp, kFilter);
}

// A profile with an errno that no other has; what the default refuses is let through by it.
TRIAL(Filter, IsTheProfileThatTheUserGives, Clauses{"security/seccomp/custom"}) {
  const std::string text =
      R"({"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["mkdir","mkdirat"],)"
      R"("action":"SCMP_ACT_ERRNO","errnoRet":117}]})";
  // Docker's clients send the profile itself; podman's service reads the file.
  const std::string given = is_podman() ? scratch_file("profile.json", text) : text;
  const std::vector<Command> attempts{{"mkdir", "/data/a"}, {"syscall", "250", "-1"}};
  const Report usual = report(probe(attempts));
  EXPECT_THAT(usual, Did("mkdir", "/data/a"));  // control
  const Report seen = report(probe({.security_opt = {"seccomp=" + given}}, attempts));
  EXPECT_THAT(seen, Failed("mkdir", "/data/a", "EUCLEAN"));
  EXPECT_THAT(seen, Failed("syscall", "250", "EOPNOTSUPP"));  // keyctl(2) itself answers
}

}  // namespace isolation
