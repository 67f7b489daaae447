// The built-in profile: an allow-list by topic, with EPERM for all else. Left out are the calls
// that reach beyond a container (kexec, modules, clocks, swap), whose attack surface is not worth
// what programs gain from them (io_uring, userfaultfd, keyrings: not namespaced), and those long
// obsolete.
#include "engine/security/default_seccomp.h"

#include <linux/capability.h>
#include <linux/sched.h>
#include <sys/personality.h>

#include <algorithm>
#include <cerrno>

namespace seatrial::security {
namespace {

using Names = std::string_view;  // with a space between two

constexpr Names kFiles =
    "access chdir close close_range creat dup dup2 dup3 faccessat faccessat2 fchdir fcntl "
    "fcntl64 flock getcwd link linkat mkdir mkdirat mknod mknodat name_to_handle_at open openat "
    "openat2 readlink readlinkat rename renameat renameat2 rmdir symlink symlinkat umask unlink "
    "unlinkat ioctl";

constexpr Names kFileFacts =
    "cachestat fstat fstat64 fstatat64 fstatfs fstatfs64 futimesat getdents getdents64 "
    "listmount lstat lstat64 newfstatat stat stat64 statfs statfs64 statmount statx utime "
    "utimensat utimensat_time64 utimes";

constexpr Names kFileOwnersAndAttributes =
    "chmod chown chown32 fchmod fchmodat fchmodat2 fchown fchown32 fchownat fgetxattr "
    "flistxattr fremovexattr fsetxattr getxattr getxattrat lchown lchown32 lgetxattr listxattr "
    "listxattrat llistxattr lremovexattr lsetxattr removexattr removexattrat setxattr "
    "setxattrat";

constexpr Names kInputAndOutput =
    "_llseek copy_file_range fadvise64 fadvise64_64 fallocate fdatasync fsync ftruncate "
    "ftruncate64 io_cancel io_destroy io_getevents io_pgetevents io_pgetevents_time64 io_setup "
    "io_submit lseek pipe pipe2 pread64 preadv preadv2 pwrite64 pwritev pwritev2 read readahead "
    "readv sendfile sendfile64 splice sync sync_file_range syncfs tee truncate truncate64 "
    "vmsplice write writev";

constexpr Names kWaitingForEvents =
    "_newselect epoll_create epoll_create1 epoll_ctl epoll_ctl_old epoll_pwait epoll_pwait2 "
    "epoll_wait epoll_wait_old eventfd eventfd2 fanotify_mark inotify_add_watch inotify_init "
    "inotify_init1 inotify_rm_watch poll ppoll ppoll_time64 pselect6 pselect6_time64 select "
    "signalfd signalfd4";

constexpr Names kMemory =
    "brk madvise map_shadow_stack membarrier memfd_create memfd_secret mincore mlock mlock2 "
    "mlockall mmap mmap2 mprotect mremap mseal msync munlock munlockall munmap pkey_alloc "
    "pkey_free pkey_mprotect process_mrelease remap_file_pages";

constexpr Names kProcesses =
    "execve execveat exit exit_group fork get_robust_list get_thread_area getcpu getpgid "
    "getpgrp getpid getppid getsid gettid kill pidfd_open pidfd_send_signal prctl "
    "restart_syscall riscv_hwprobe rseq set_robust_list set_thread_area set_tid_address setpgid "
    "setsid tgkill tkill uretprobe vfork wait4 waitid waitpid";

// Safe since Linux 4.8, where a tracer no longer gets around the filter of its tracee.
constexpr Names kTracing = "process_vm_readv process_vm_writev ptrace";

constexpr Names kSignals =
    "alarm pause rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo rt_sigreturn "
    "rt_sigsuspend rt_sigtimedwait rt_sigtimedwait_time64 rt_tgsigqueueinfo sigaltstack "
    "sigprocmask sigreturn";

// The kernel checks the capabilities that the changing ones need.
constexpr Names kIdentity =
    "capget capset getegid getegid32 geteuid geteuid32 getgid getgid32 getgroups getgroups32 "
    "getresgid getresgid32 getresuid getresuid32 getuid getuid32 setfsgid setfsgid32 setfsuid "
    "setfsuid32 setgid setgid32 setgroups setgroups32 setregid setregid32 setresgid setresgid32 "
    "setresuid setresuid32 setreuid setreuid32 setuid setuid32";

constexpr Names kSchedulingAndLimits =
    "getpriority getrlimit getrusage ioprio_get ioprio_set prlimit64 sched_get_priority_max "
    "sched_get_priority_min sched_getaffinity sched_getattr sched_getparam sched_getscheduler "
    "sched_rr_get_interval sched_rr_get_interval_time64 sched_setaffinity sched_setattr "
    "sched_setparam sched_setscheduler sched_yield setpriority setrlimit sysinfo times "
    "ugetrlimit uname";

constexpr Names kTime =
    "adjtimex clock_adjtime clock_adjtime64 clock_getres clock_getres_time64 clock_gettime "
    "clock_gettime64 clock_nanosleep clock_nanosleep_time64 getitimer gettimeofday nanosleep "
    "setitimer time timer_create timer_delete timer_getoverrun timer_gettime timer_gettime64 "
    "timer_settime timer_settime64 timerfd_create timerfd_gettime timerfd_gettime64 "
    "timerfd_settime timerfd_settime64";

// socket() itself has rules of its own below. socketcall() hands its arguments over in memory,
// where no filter can look: 32-bit programs reach every family by it, as under Docker's profile.
constexpr Names kNetwork =
    "accept accept4 bind connect getpeername getsockname getsockopt listen recv recvfrom "
    "recvmmsg recvmmsg_time64 recvmsg send sendmmsg sendmsg sendto setsockopt shutdown "
    "socketcall socketpair";

constexpr Names kSynchronisation =
    "futex futex_requeue futex_time64 futex_wait futex_waitv futex_wake ipc mq_getsetattr "
    "mq_notify mq_open mq_timedreceive mq_timedreceive_time64 mq_timedsend mq_timedsend_time64 "
    "mq_unlink msgctl msgget msgrcv msgsnd semctl semget semop semtimedop semtimedop_time64 "
    "shmat shmctl shmdt shmget";

constexpr Names kSandboxes =
    "getrandom landlock_add_rule landlock_create_ruleset landlock_restrict_self seccomp";

constexpr Names kAlways[] = {kFiles,
                             kFileFacts,
                             kFileOwnersAndAttributes,
                             kInputAndOutput,
                             kWaitingForEvents,
                             kMemory,
                             kProcesses,
                             kTracing,
                             kSignals,
                             kIdentity,
                             kSchedulingAndLimits,
                             kTime,
                             kNetwork,
                             kSynchronisation,
                             kSandboxes};

constexpr Names kAmd64 = "arch_prctl modify_ldt";
constexpr Names kX86 = "modify_ldt";
constexpr Names kArm =
    "arm_fadvise64_64 arm_sync_file_range breakpoint cacheflush set_tls sync_file_range2";

// Mounts, namespaces, and what else CAP_SYS_ADMIN stands for.
constexpr Names kSysAdmin =
    "bpf clone clone3 fanotify_init fsconfig fsmount fsopen fspick lookup_dcookie "
    "lsm_get_self_attr lsm_list_modules lsm_set_self_attr mount mount_setattr move_mount "
    "open_tree perf_event_open quotactl quotactl_fd setdomainname sethostname setns syslog "
    "umount umount2 unshare";
constexpr Names kDacReadSearch = "open_by_handle_at";
constexpr Names kSysBoot = "reboot";
constexpr Names kSysChroot = "chroot";
constexpr Names kSysModule = "delete_module finit_module init_module";
constexpr Names kSysPacct = "acct";
constexpr Names kSysPtrace = "kcmp pidfd_getfd process_madvise";
constexpr Names kSysRawio = "ioperm iopl";
constexpr Names kSysTime = "clock_settime clock_settime64 settimeofday stime";
constexpr Names kSysTtyConfig = "vhangup";
constexpr Names kSysNice = "get_mempolicy mbind set_mempolicy set_mempolicy_home_node";
constexpr Names kSyslog = "syslog";
constexpr Names kBpf = "bpf";
constexpr Names kPerfmon = "perf_event_open";

struct WithCapability {
  unsigned capability;
  Names names;
};

constexpr WithCapability kWithCapability[] = {
    {CAP_SYS_ADMIN, kSysAdmin},
    {CAP_DAC_READ_SEARCH, kDacReadSearch},
    {CAP_SYS_BOOT, kSysBoot},
    {CAP_SYS_CHROOT, kSysChroot},
    {CAP_SYS_MODULE, kSysModule},
    {CAP_SYS_PACCT, kSysPacct},
    {CAP_SYS_PTRACE, kSysPtrace},
    {CAP_SYS_RAWIO, kSysRawio},
    {CAP_SYS_TIME, kSysTime},
    {CAP_SYS_TTY_CONFIG, kSysTtyConfig},
    {CAP_SYS_NICE, kSysNice},
    {CAP_SYSLOG, kSyslog},
    {CAP_BPF, kBpf},
    {CAP_PERFMON, kPerfmon},
};

// Address families, all that are in use below 46 (AF_MCTP). Not among them: AF_VSOCK (40), which
// reaches the hypervisor; AF_ALG (38), the kernel's crypto; and families without users, which have
// brought little but holes (DECnet, Econet, ATM SVC, IrDA, WANPIPE, ISDN, CAIF).
constexpr std::uint64_t kFirstFamilyLeftOut = 12;
constexpr std::uint64_t kLaterFamilies[] = {13, 14, 15, 16, 17, 18, 21, 22, 24, 26, 27, 28, 29,
                                            30, 31, 32, 33, 35, 36, 39, 41, 42, 43, 44, 45};

// Execution domains that change no more than what uname and addresses look like; the last one asks.
constexpr std::uint64_t kPersonalities[] = {PER_LINUX, PER_LINUX32, UNAME26,
                                            std::uint64_t{UNAME26} | std::uint64_t{PER_LINUX32},
                                            0xffffffff};

// A clone that makes one of these namespaces needs CAP_SYS_ADMIN, or gives it (CLONE_NEWUSER).
constexpr std::uint64_t kNewNamespaces = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS |
                                         CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET;

class Profile {
 public:
  Profile(spec::CapabilitySet capabilities, std::string_view architecture)
      : capabilities_(capabilities), architecture_(architecture) {}

  spec::Seccomp make() {
    result_.default_action = spec::SeccompAction::kErrno;
    result_.default_errno_ret = EPERM;
    result_.architectures = seccomp_architectures(architecture_);
    spec::SeccompRule always;
    for (const Names names : kAlways) append(names, always.names);
    append(of_architecture(), always.names);
    for (const auto& [capability, names] : kWithCapability) {
      if (has(capability)) append(names, always.names);
    }
    result_.syscalls.push_back(std::move(always));
    allow("socket", kFirstFamilyLeftOut, spec::SeccompOperator::kLess);
    for (const std::uint64_t family : kLaterFamilies) allow("socket", family);
    for (const std::uint64_t domain : kPersonalities) allow("personality", domain);
    if (!has(CAP_SYS_ADMIN)) restrict_clone();
    return std::move(result_);
  }

 private:
  bool has(unsigned capability) const { return (capabilities_ >> capability & 1) != 0; }

  static void append(Names names, std::vector<std::string>& to) {
    while (!names.empty()) {
      const std::size_t size = std::min(names.find(' '), names.size());
      to.emplace_back(names.substr(0, size));
      names.remove_prefix(std::min(size + 1, names.size()));
    }
  }

  Names of_architecture() const {
    if (architecture_ == "amd64") return kAmd64;
    if (architecture_ == "x86") return kX86;
    if (architecture_ == "arm64" || architecture_ == "arm") return kArm;
    return {};
  }

  void allow(const char* name, std::uint64_t value,
             spec::SeccompOperator op = spec::SeccompOperator::kEqual) {
    result_.syscalls.push_back({.names = {name}, .args = {{.value = value, .op = op}}});
  }

  // The flags of clone3 lie in memory, where no filter can look: ENOSYS sends libraries back to
  // clone.
  void restrict_clone() {
    result_.syscalls.push_back({.names = {"clone"},
                                .args = {{.value = kNewNamespaces,
                                          .value_two = 0,
                                          .op = spec::SeccompOperator::kMaskedEqual}}});
    result_.syscalls.push_back(
        {.names = {"clone3"}, .action = spec::SeccompAction::kErrno, .errno_ret = ENOSYS});
  }

  spec::CapabilitySet capabilities_;
  std::string_view architecture_;
  spec::Seccomp result_;
};

}  // namespace

std::string_view host_architecture() {
#if defined(__x86_64__)
  return "amd64";
#elif defined(__aarch64__)
  return "arm64";
#else
#error "the profiles know amd64 and arm64"
#endif
}

std::vector<std::string> seccomp_architectures(std::string_view architecture) {
  if (architecture == "amd64") return {"SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"};
  if (architecture == "arm64") return {"SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM"};
  return {};
}

spec::Seccomp default_seccomp(spec::CapabilitySet capabilities, std::string_view architecture) {
  return Profile(capabilities, architecture).make();
}

}  // namespace seatrial::security
