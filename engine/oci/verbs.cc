// The table of verbs and options.
#include "engine/oci/command_line.h"

namespace seatrial::oci {
namespace {

constexpr Option kHelp{"help", "", "print this help", 'h'};
constexpr Option kBundle{"bundle", "DIR", "the bundle's directory; default: the working directory",
                         'b'};
constexpr Option kConsoleSocket{"console-socket", "PATH",
                                "unix socket that receives the terminal's master"};
constexpr Option kPidFile{"pid-file", "PATH", "file to write the process's pid to"};
constexpr Option kPreserveFds{
    "preserve-fds", "N",
    "pass descriptors 3 to 3+N-1 on; create and run count from behind those of LISTEN_FDS"};

constexpr Option kGlobals[] = {
    {"root", "DIR",
     "where containers' states lie; default: /run/seatrial, not root's: $XDG_RUNTIME_DIR/seatrial"},
    {"log", "PATH", "append errors and warnings to this file"},
    {"log-format", "FORMAT", "of the log: text (default) or json"},
    {"criu", "PATH",
     "the CRIU of checkpoint and restore: a path, or a name on PATH; default: criu"},
    {"debug", "", "log what is done, too"},
    {"rootless", "BOOL", "go without cgroups that may not be made: true, false, auto (default)"},
    {"systemd-cgroup", "",
     "cgroups are scopes that systemd makes; linux.cgroupsPath is SLICE:PREFIX:NAME"},
    kHelp,
    {"version", "", "print the version", 'v'},
};

constexpr Option kCreate[] = {
    kBundle,
    kConsoleSocket,
    kPidFile,
    {"no-pivot", "", "enter the root file system by MS_MOVE and chroot"},
    {"no-new-keyring", "", "keep the caller's session keyring"},
    kPreserveFds,
    kHelp,
};

constexpr Option kRun[] = {
    kBundle,
    kConsoleSocket,
    kPidFile,
    {"detach", "", "leave the container running", 'd'},
    {"keep", "", "do not delete the container when it ends"},
    {"no-pivot", "", "enter the root file system by MS_MOVE and chroot"},
    {"no-new-keyring", "", "keep the caller's session keyring"},
    {"no-subreaper", "", "accepted for callers that pass it; never a subreaper"},
    kPreserveFds,
    kHelp,
};

constexpr Option kHelpOnly[] = {kHelp};

// Of checkpoint and restore.
constexpr Option kImagePath{"image-path", "DIR",
                            "directory of the image files; default: checkpoint"};
constexpr Option kWorkPath{"work-path", "DIR",
                           "directory of CRIU's log; default: that of the images"};
constexpr Option kTcpEstablished{"tcp-established", "", "open TCP connections are part of it"};
constexpr Option kExternalUnixSockets{"ext-unix-sk", "",
                                      "unix sockets may be connected to processes outside"};
constexpr Option kShellJob{"shell-job", "", "the leader of a session may be outside"};
constexpr Option kFileLocks{"file-locks", "", "locks of files are part of it"};
constexpr Option kManageCgroups{"manage-cgroups-mode", "MODE",
                                "how cgroups are restored: soft (default), full, strict or ignore"};
constexpr Option kEmptyNamespace{
    "empty-ns", "NAMESPACE",
    "restore it without what is in it: network, which is always restored so"};
constexpr Option kAutoDedup{"auto-dedup", "", "keep each page of memory in one image only"};

constexpr Option kCheckpoint[] = {
    kImagePath,
    kWorkPath,
    {"parent-path", "DIR", "images of an earlier --pre-dump, relative to --image-path"},
    {"leave-running", "", "leave the container running; else it is deleted"},
    kTcpEstablished,
    {"tcp-skip-in-flight", "", "leave out TCP connections that are not accepted yet"},
    kExternalUnixSockets,
    kShellJob,
    {"lazy-pages", "",
     "leave the memory where it is, and hand it out at --page-server until all is fetched"},
    {"status-fd", "FD",
     "with --lazy-pages: write a zero byte there and close it once they are ready"},
    {"page-server", "ADDRESS:PORT", "send the pages of memory to this page server of CRIU"},
    kFileLocks,
    {"pre-dump", "", "write memory only, and leave the container running"},
    kManageCgroups,
    kEmptyNamespace,
    kAutoDedup,
    kHelp,
};

constexpr Option kRestore[] = {
    kBundle,
    kConsoleSocket,
    kPidFile,
    kImagePath,
    kWorkPath,
    {"detach", "", "leave the container running", 'd'},
    kTcpEstablished,
    kExternalUnixSockets,
    kShellJob,
    kFileLocks,
    kManageCgroups,
    kEmptyNamespace,
    kAutoDedup,
    {"lazy-pages", "",
     "let the processes go on before their memory is there: criu lazy-pages in --work-path has it"},
    {"lsm-profile", "TYPE:NAME", "restore the processes with this profile or label"},
    {"lsm-mount-context", "LABEL", "restore mounts that have a context of SELinux with this one"},
    {"no-subreaper", "", "accepted for callers that pass it; never a subreaper"},
    {"no-pivot", "", "refused", '\0', "CRIU enters the root file system its own way"},
    kHelp,
};

constexpr Option kKill[] = {{"all", "", "signal every process of the container", 'a'}, kHelp};

constexpr Option kDelete[] = {
    {"force", "", "kill what still runs first; an unknown id is fine", 'f'}, kHelp};

constexpr Option kList[] = {{"format", "FORMAT", "table (default) or json", 'f'},
                            {"quiet", "", "print ids only", 'q'},
                            kHelp};

constexpr Option kExec[] = {
    {"process", "FILE", "the process object as JSON, instead of a command", 'p'},
    {"detach", "", "do not wait for the process", 'd'},
    kPidFile,
    kConsoleSocket,
    {"tty", "", "give the process a terminal", 't'},
    {"cwd", "DIR", "its working directory"},
    {"env", "NAME=VALUE", "add to its environment", 'e'},
    {"user", "UID[:GID]", "run as this user, in the groups of the container's", 'u'},
    {"additional-gids", "GID", "add a group", 'g'},
    {"cap", "NAME", "add a capability", 'c'},
    {"no-new-privs", "", "set no_new_privs"},
    kPreserveFds,
    {"ignore-paused", "", "in a paused container, wait until it is resumed"},
    {"process-label", "LABEL", "its SELinux label, instead of the container's"},
    {"apparmor", "PROFILE", "its AppArmor profile, instead of the container's"},
    {"cgroup", "[CONTROLLER:]PATH", "join this cgroup, which stands below the container's own"},
    kHelp,
};

constexpr Option kPs[] = {{"format", "FORMAT", "table (default) or json", 'f'}, kHelp};

constexpr Option kUpdate[] = {
    {"resources", "FILE", "linux.resources as JSON, - for standard input, instead of the others",
     'r'},
    {"cpu-share", "N", "share of the processors, against the default of 1024"},
    {"cpu-period", "MICROSECONDS", "period of --cpu-quota"},
    {"cpu-quota", "MICROSECONDS", "processor time in each period; -1: no limit"},
    {"cpu-burst", "MICROSECONDS", "unused time of earlier periods that may be used on top"},
    {"cpu-rt-period", "MICROSECONDS", "period of --cpu-rt-runtime"},
    {"cpu-rt-runtime", "MICROSECONDS", "real-time processor time in each period"},
    {"cpu-idle", "0|1", "1: run only what others leave"},
    {"cpuset-cpus", "LIST", "processors: 0-2,5"},
    {"cpuset-mems", "LIST", "memory nodes: 0,1"},
    {"memory", "SIZE", "limit of memory: bytes, or as 512m, 1.5g; -1: no limit"},
    {"memory-reservation", "SIZE", "what is left to it when memory is scarce"},
    {"memory-swap", "SIZE", "limit of memory and swap together"},
    {"kernel-memory", "SIZE", "obsolete: a warning where the kernel has no such limit"},
    {"kernel-memory-tcp", "SIZE", "obsolete: a warning where the kernel has no such limit"},
    {"pids-limit", "N", "number of processes and threads; -1: no limit"},
    {"blkio-weight", "N", "share of block devices' time, 10 to 1000"},
    {"l3-cache-schema", "SCHEMA", "of linux.intelRdt's class: L3:0=7f0;1=1f"},
    {"mem-bw-schema", "SCHEMA", "the same for memory bandwidth: MB:0=20;1=70"},
    kHelp,
};

constexpr Option kEvents[] = {
    {"interval", "DURATION", "how often stats come; default: 5s"},
    {"stats", "", "print the stats once, and end"},
    kHelp,
};

constexpr Option kSpec[] = {
    {"bundle", "DIR", "where to write config.json", 'b'},
    {"rootless", "", "for containers that the caller runs without privileges"},
    kHelp,
};

constexpr Option kPlan[] = {kBundle, kHelp};

constexpr Verb kVerbs[] = {
    {"create", "ID", "make a container from a bundle; it waits for start", kCreate, 1, 1},
    {"start", "ID", "run the user's program in a created container", kHelpOnly, 1, 1},
    {"run", "ID", "create and start; wait for the end and delete", kRun, 1, 1},
    {"state", "ID", "print the container's state as JSON", kHelpOnly, 1, 1},
    {"kill", "ID [SIGNAL]", "send a signal to the container's first process; default: SIGTERM",
     kKill, 1, 2},
    {"delete", "ID", "remove a stopped container", kDelete, 1, 1},
    {"list", "", "list the containers under --root", kList, 0, 0},
    {"exec", "ID COMMAND [ARG...]", "run one more process in a container", kExec, 1, kAnyNumber,
     Order::kOptionsFirst},
    {"ps", "ID [PS-OPTION...]", "show the container's processes", kPs, 1, kAnyNumber,
     Order::kOptionsFirst},
    {"pause", "ID", "stop every process of the container where it is", kHelpOnly, 1, 1},
    {"resume", "ID", "let the processes of a paused container go on", kHelpOnly, 1, 1},
    {"update", "ID", "change the limits of a container", kUpdate, 1, 1},
    {"events", "ID", "print what a container uses, and that it ran out of memory, as JSON", kEvents,
     1, 1},
    {"checkpoint", "ID", "write a running container into image files, through CRIU", kCheckpoint, 1,
     1},
    {"restore", "ID", "run a container from the image files of a checkpoint", kRestore, 1, 1},
    {"spec", "", "write a config.json to start from", kSpec, 0, 0},
    {"features", "", "print what a config.json may ask of this runtime, as JSON", kHelpOnly, 0, 0},
    {"plan", "", "print what create would do for a bundle, step by step", kPlan, 0, 0},
    {"recover", "", "clean what a killed seatrial-runtime left under --root", kHelpOnly, 0, 0},
    {"completion", "SHELL", "print the completion for bash, zsh or fish", kHelpOnly, 1, 1},
    {"man", "", "print the manual page seatrial-runtime(8)", kHelpOnly, 0, 0},
};

}  // namespace

std::span<const Option> global_options() {
  return kGlobals;
}

std::span<const Verb> verbs() {
  return kVerbs;
}

const Verb* find_verb(std::string_view name) {
  for (const Verb& verb : kVerbs) {
    if (verb.name == name) return &verb;
  }
  return nullptr;
}

}  // namespace seatrial::oci
