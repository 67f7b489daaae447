// Filters of system calls: actions, error numbers, conditions, architectures. The call that is
// filtered, munlockall, looks at no argument and always succeeds, so that whatever is seen is the
// filter's doing; and no engine needs it.
#include <sys/syscall.h>

#include <cerrno>
#include <string>

#include "harness/fixtures/case.h"

namespace {

const std::string kCall = std::to_string(SYS_munlockall);
constexpr int kBadSystemCall = 31;  // SIGSYS

// Enough for any engine to go on after the filter, and for the probe; not so munlockall.
constexpr const char* kUsualCalls = R"(["read", "write", "open", "close", "stat", "fstat", "lstat",
    "poll", "lseek", "mmap", "mprotect", "munmap", "brk", "rt_sigaction", "rt_sigprocmask",
    "rt_sigreturn", "ioctl", "pread64", "pwrite64", "readv", "writev", "access", "pipe", "select",
    "sched_yield", "mremap", "madvise", "dup", "dup2", "nanosleep", "getpid", "getppid", "socket", "connect",
    "accept", "accept4", "sendto", "recvfrom", "sendmsg", "recvmsg", "sendmmsg", "recvmmsg",
    "shutdown", "getsockname", "socketpair", "setsockopt", "getsockopt", "clone", "clone3", "fork",
    "vfork", "execve", "execveat", "exit", "exit_group", "wait4", "waitid", "kill", "tkill",
    "tgkill", "uname", "fcntl", "fsync", "getdents", "getdents64", "getcwd", "chdir", "fchdir",
    "mkdir", "mkdirat", "unlink", "unlinkat", "readlink", "readlinkat", "chmod", "fchmod",
    "fchmodat", "chown", "fchown", "lchown", "fchownat", "umask", "gettimeofday", "getrlimit",
    "setrlimit", "prlimit64", "sysinfo", "getuid", "getgid", "geteuid", "getegid", "setuid",
    "setgid", "setreuid", "setregid", "setresuid", "getresuid", "setresgid", "getresgid",
    "getgroups", "setgroups", "setpgid", "setsid", "getsid", "capget", "capset", "sigaltstack",
    "statfs", "fstatfs", "prctl", "arch_prctl", "gettid", "futex", "sched_getaffinity",
    "sched_setaffinity", "set_tid_address", "set_robust_list", "get_robust_list", "rseq",
    "epoll_create", "epoll_create1", "epoll_ctl", "epoll_wait", "epoll_pwait", "openat", "openat2",
    "newfstatat", "statx", "pselect6", "ppoll", "eventfd2", "dup3", "pipe2", "getrandom",
    "memfd_create", "close_range", "faccessat", "faccessat2", "pidfd_open", "pidfd_send_signal",
    "clock_gettime", "clock_nanosleep", "clock_getres", "restart_syscall", "seccomp", "keyctl",
    "mount", "umount2", "setns", "unshare", "signalfd4", "timerfd_create", "timerfd_settime",
    "timer_create", "timer_settime", "timer_delete", "setitimer", "getitimer", "membarrier",
    "sched_getparam", "sched_getscheduler", "mlock", "munlock", "mincore", "ftruncate",
    "pause"])";

std::string rule(const std::string& action, const std::string& rest = "") {
  return R"({"names": ["munlockall"], "action": ")" + action + "\"" + rest + "}";
}

Bundle filtered(const std::string& profile) {
  return Bundle::minimal().set_json("/linux/seccomp", profile);
}

Bundle with_rule(const std::string& text) {
  return filtered(R"({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [)" + text + "]}");
}

// What is not in the list and has no rule of its own meets the default.
Bundle with_default(const std::string& words, const std::string& own_rule = "") {
  return filtered("{" + words + R"(, "syscalls": [{"action": "SCMP_ACT_ALLOW", "names": )" +
                  kUsualCalls + "}" + (own_rule.empty() ? "" : ", " + own_rule) + "]}");
}

struct Filtering {
  std::string name;
  Clauses clauses;
  Bundle bundle;
  std::string error;  // of the call; empty: it succeeds
  Needs needs{Feature::kSeccomp};
};

const Filtering kFilterings[] = {
    {"AllowedByRule",
     {"runtime/seccomp/act-allow", "runtime/seccomp/syscalls"},
     with_default(R"("defaultAction": "SCMP_ACT_ERRNO")", rule("SCMP_ACT_ALLOW")),
     ""},
    {"AllowedByDefault",
     {"runtime/seccomp/default-action"},
     with_rule(R"({"names": ["mlockall"],
      "action": "SCMP_ACT_ERRNO"})"),
     ""},
    {"ErrnoByRule",
     {"runtime/seccomp/act-errno", "runtime/seccomp/syscalls", "runtime/seccomp/applied"},
     with_rule(rule("SCMP_ACT_ERRNO", R"(, "errnoRet": 18)")),
     "EXDEV",
     {Feature::kSeccomp, Feature::kSpec11}},
    {"ErrnoOfItsOwn",
     {"runtime/seccomp/errno-ret"},
     with_rule(rule("SCMP_ACT_ERRNO", R"(, "errnoRet": 38)")),
     "ENOSYS",
     {Feature::kSeccomp, Feature::kSpec11}},
    {"ErrnoByRuleUnlessGiven",
     {"runtime/seccomp/errno-eperm"},
     with_rule(rule("SCMP_ACT_ERRNO")),
     "EPERM",
     {Feature::kSeccomp, Feature::kSpec11}},
    {"ErrnoByDefault",
     {"runtime/seccomp/default-action", "runtime/seccomp/act-errno"},
     with_default(R"("defaultAction": "SCMP_ACT_ERRNO")"),
     "EPERM"},
    {"ErrnoByDefaultOfItsOwn",
     {"runtime/seccomp/default-errno-ret"},
     with_default(R"("defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 18)"),
     "EXDEV",
     {Feature::kSeccomp, Feature::kSpec11}},
    {"ErrnoByDefaultUnlessGiven",
     {"runtime/seccomp/default-errno-eperm"},
     with_default(R"("defaultAction": "SCMP_ACT_ERRNO")"),
     "EPERM",
     {Feature::kSeccomp, Feature::kSpec11}},
    {"TraceWithoutTracer",
     {"runtime/seccomp/act-trace"},
     with_rule(rule("SCMP_ACT_TRACE")),
     "ENOSYS"},
    {"LogLetsItRun",
     {"runtime/seccomp/act-log"},
     with_default(R"("defaultAction": "SCMP_ACT_ERRNO")", rule("SCMP_ACT_LOG")),
     ""},
};

// A rule with conditions on the call's arguments, and two calls: one that they hold for, and one
// that they do not.
struct Condition {
  std::string name;
  Clauses clauses;
  std::string args;
  std::vector<std::string> matching;
  std::vector<std::string> other;
  Needs needs{Feature::kSeccomp};
};

std::string compare(int index, const std::string& op, const std::string& values) {
  return R"({"index": )" + std::to_string(index) + R"(, "op": "SCMP_CMP_)" + op +
         R"(", "value": )" + values + "}";
}

constexpr const char* kHighest = "18446744073709551615";
constexpr const char* kBeyond32Bits = "4294967301";  // 5, but for the bits above

const Condition kConditions[] = {
    {"Equal", {"runtime/seccomp/cmp-eq"}, compare(0, "EQ", "5"), {"5"}, {kBeyond32Bits}},
    {"NotEqual", {"runtime/seccomp/cmp-ne"}, compare(0, "NE", "5"), {kBeyond32Bits}, {"5"}},
    {"Less", {"runtime/seccomp/cmp-lt"}, compare(0, "LT", "5"), {"4"}, {"5"}},
    {"LessWithoutSign", {"runtime/seccomp/cmp-lt"}, compare(0, "LT", "5"), {"0"}, {kHighest}},
    {"LessEqual", {"runtime/seccomp/cmp-le"}, compare(0, "LE", "5"), {"5"}, {"6"}},
    {"LessEqualBeyond32Bits",
     {"runtime/seccomp/cmp-le"},
     compare(0, "LE", "4294967296"),
     {"4294967296"},
     {kBeyond32Bits}},
    {"Greater", {"runtime/seccomp/cmp-gt"}, compare(0, "GT", "5"), {kHighest}, {"5"}},
    {"GreaterEqual", {"runtime/seccomp/cmp-ge"}, compare(0, "GE", "5"), {"5"}, {"4"}},
    {"MaskedEqual",
     {"runtime/seccomp/cmp-masked-eq"},
     compare(0, "MASKED_EQ", R"(12, "valueTwo": 4)"),
     {"7"},
     {"12"}},
    {"OfTheSixthArgument",
     {"runtime/seccomp/args"},
     compare(5, "EQ", "9"),
     {"0", "0", "0", "0", "0", "9"},
     {"9", "9", "9", "9", "9", "0"}},
    {"OfTwoArguments",
     {"runtime/seccomp/args"},
     compare(0, "EQ", "1") + ", " + compare(1, "GE", "2"),
     {"1", "3"},
     {"1", "1"}},
};

// What becomes of a thread that makes the call.
struct Fate {
  std::string name;
  Clauses clauses;
  std::string action;
  std::string fate;
  Needs needs{Feature::kSeccomp};
};

const Fate kFates[] = {
    {"Kill", {"runtime/seccomp/act-kill"}, "SCMP_ACT_KILL", "thread ended"},
    {"KillThread",
     {"runtime/seccomp/act-kill-thread"},
     "SCMP_ACT_KILL_THREAD",
     "thread ended",
     {Feature::kSeccomp, Feature::kSpec11}},
    {"KillProcess",
     {"runtime/seccomp/act-kill-process"},
     "SCMP_ACT_KILL_PROCESS",
     "process ended",
     {Feature::kSeccomp, Feature::kSpec11}},
    {"Trap", {"runtime/seccomp/act-trap"}, "SCMP_ACT_TRAP", "trapped"},
};

}  // namespace

TRIAL_TABLE(SeccompAction, kFilterings) {
  auto box = target().run(Bundle(row().bundle).probe({"status"}).probe({"syscall", kCall}));
  EXPECT_EQ(box.report().status().seccomp, 2);
  const Answer answer = box.report().answer("syscall", kCall);
  EXPECT_EQ(answer.error(), row().error);
}

TRIAL_TABLE(SeccompCondition, kConditions) {
  const auto call = [](const std::vector<std::string>& arguments) {
    std::vector<std::string> words{"syscall", kCall};
    words.insert(words.end(), arguments.begin(), arguments.end());
    return words;
  };
  const Bundle bundle = with_rule(rule("SCMP_ACT_ERRNO", ", \"args\": [" + row().args + "]"));
  auto matching = target().run(Bundle(bundle).probe(call(row().matching)));
  EXPECT_EQ(matching.report().answer("syscall", kCall).error(), "EPERM");
  auto other = target().run(Bundle(bundle).probe(call(row().other)));
  EXPECT_EQ(other.report().answer("syscall", kCall).error(), "");
}

TRIAL_TABLE(SeccompKill, kFates) {
  auto box = target().run(with_rule(rule(row().action)).probe({"guarded", kCall}));
  EXPECT_THAT(box.report().answer("guarded", kCall), HasText("fate", row().fate));
  auto control = target().run(with_rule(rule("SCMP_ACT_LOG")).probe({"guarded", kCall}));
  EXPECT_THAT(control.report().answer("guarded", kCall), HasText("fate", "returned"));
}

// A process that is killed by its first call of a kind says which signal it was.
TRIAL(SeccompSignal, IsThatOfABadSystemCall,
      Clauses{"runtime/seccomp/act-kill", "runtime/seccomp/act-trap"}, Needs{Feature::kSeccomp}) {
  for (const char* action : {"SCMP_ACT_KILL", "SCMP_ACT_TRAP"}) {
    auto box = target().run(with_rule(rule(action)).probe({"syscall", kCall}));
    EXPECT_THAT(box.report().answer("syscall", kCall), HasField("signal", kBadSystemCall))
        << action;
  }
}

#if defined(__x86_64__)
// munlockall has number 153 there.
TRIAL(SeccompArchitectures, AreThoseThatTheFilterCovers, Clauses{"runtime/seccomp/architectures"},
      Needs{Feature::kSeccomp}) {
  constexpr const char* kNarrow = "munlockall=153";
  const auto narrow = [&](Bundle bundle) {
    auto box = target().run(bundle.probe({"sweep32", kNarrow}));
    return box.report().answer("sweep32", "munlockall");
  };
  const Answer free = narrow(Bundle::minimal());
  if (!free.error().empty() || free.has("signal")) {
    GTEST_SKIP() << "this kernel runs no 32-bit system calls";
  }
  EXPECT_EQ(narrow(filtered(R"({"defaultAction": "SCMP_ACT_ALLOW",
      "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"], "syscalls": [)" +
                            rule("SCMP_ACT_ERRNO") + "]}"))
                .error(),
            "EPERM");
}
#endif
