// The steps that a plan is made of: for each one structure with its arguments, in two forms. With
// HeapForm (step.h) it is what plan() fills in; with wire::Form it is what init reads.
//
// Included by the freestanding init binary: fixed-size integers and nothing else. Paths named
// `target` are resolved beneath the container's root; all others in the runtime's file system.
#pragma once

#include <cstdint>

#include "engine/plan/wire.h"

namespace seatrial::steps {

enum class Op : std::uint32_t {
  // The launcher's, in the host's namespaces; the first may be init's.
  kJoinCgroup = 1,
  kSetAffinity,
  kSetOomScore,
  kRaiseRlimit,
  kOpenSource,
  kOpenOwnProcfs,
  kOpenNamespace,
  kEnterNamespaces,
  kEnterTarget,
  kNewUserNamespace,
  kBecomeRoot,
  kNewTimeNamespace,
  kCloneInit,
  // init's, until the container's root is entered.
  kLabelKeys,
  kOpenLabel,
  kSessionKeyring,
  kLoopbackUp,
  kPrepareRoot,
  kMount,
  kBindMount,
  kRemount,
  kCgroupTree,
  kDefaultDevices,
  kDevice,
  kConsole,
  kPrepareMasks,
  kOpenProcfs,
  kRuntimeHooks,
  kHook,
  kEnterRoot,
  // In the container's root.
  kMakeDirectory,
  kChangeKept,
  kChangeRoot,
  kSetHostname,
  kSetDomainname,
  kSysctl,
  kReadonlyPath,
  kMaskPath,
  kUmask,
  kSetRlimit,
  kSetPersonality,
  kSetMemoryPolicy,
  kSetScheduler,
  kSetIoPriority,
  kWorkingDirectory,
  kBoundCapabilities,
  kSetUser,
  kNoNewPrivileges,
  kInstallSeccomp,
  kSetCapabilities,
  kFindProgram,
  kReady,
  kAwaitStart,
  kAskState,
  kSetLabel,
  kExecute,
};

// A change of a mount's attributes as mount_setattr(2) takes it: MOUNT_ATTR_* for this mount, for
// it and all mounts below it, and its propagation (MS_SHARED, MS_SLAVE, MS_PRIVATE, MS_UNBINDABLE).
struct MountChange {
  std::uint64_t set = 0;
  std::uint64_t clear = 0;
  std::uint64_t recursive_set = 0;
  std::uint64_t recursive_clear = 0;
  std::uint64_t propagation = 0;
  std::uint64_t propagation_recursive = 0;
};

// Writes 0 to this file, `tasks` or cgroup.procs.
template <typename F>
struct JoinCgroup {
  static constexpr Op kOp = Op::kJoinCgroup;
  typename F::Text file{};
};

// Where the process may run: number N is bit N % 64 of word N / 64.
template <typename F>
struct SetAffinity {
  static constexpr Op kOp = Op::kSetAffinity;
  typename F::template List<std::uint64_t> cpus{};
};

template <typename F>
struct SetOomScore {
  static constexpr Op kOp = Op::kSetOomScore;
  typename F::Text value{};
};

// Raises the hard limit where it is below `hard`, while the privilege to do so is still there.
template <typename F>
struct RaiseRlimit {
  static constexpr Op kOp = Op::kRaiseRlimit;
  std::uint64_t hard = 0;
  std::uint32_t resource = 0;
};

// Which clone of a source a bind mount takes: none, it opens its own.
inline constexpr std::uint32_t kNotOpened = 0xffffffff;
inline constexpr std::uint32_t kMostSources = 128;

// Clones the source of a bind mount with the host's privileges, for kBindMount; with maps, the
// clone shows its files' owners mapped through them.
template <typename F>
struct OpenSource {
  static constexpr Op kOp = Op::kOpenSource;
  typename F::Text source{};
  typename F::Text uid_map{};  // as /proc/PID/uid_map wants it; empty: as they are
  typename F::Text gid_map{};
  std::uint32_t recursive = 0;
  std::uint32_t map_recursive = 0;
  std::uint32_t keep_peers = 0;  // stays in the peer groups of the source
  std::uint32_t number = kNotOpened;
};

// Takes hold of the host's procfs, before any other could stand in its place.
template <typename F>
struct OpenOwnProcfs {
  static constexpr Op kOp = Op::kOpenOwnProcfs;
};

// Keys and keyrings that are made from here on have this label of SELinux, which their user needs.
template <typename F>
struct LabelKeys {
  static constexpr Op kOp = Op::kLabelKeys;
  typename F::Text label{};
};

// Opens init's own file below /proc/self/attr for kSetLabel, and lets go of that procfs.
template <typename F>
struct OpenLabel {
  static constexpr Op kOp = Op::kOpenLabel;
  typename F::Text file{};  // "apparmor/exec", or "exec" for SELinux
};

// Opens the namespace file for the next kEnterNamespaces; `flag` is its CLONE_NEW* type.
template <typename F>
struct OpenNamespace {
  static constexpr Op kOp = Op::kOpenNamespace;
  typename F::Text path{};
  std::uint64_t flag = 0;
};

// Enters all opened ones: with the privilege of the user namespace that is left where that
// suffices, else with that of the one that is joined.
template <typename F>
struct EnterNamespaces {
  static constexpr Op kOp = Op::kEnterNamespaces;
};

// Enters these namespaces of the process behind Slot::kTargetPidfd, all at once; then, where
// `rootfs` is given, that directory by chroot.
template <typename F>
struct EnterTarget {
  static constexpr Op kOp = Op::kEnterTarget;
  typename F::Text rootfs{};
  std::uint64_t flags = 0;
};

// Includes the conversation about the id maps and becoming the new namespace's root.
template <typename F>
struct NewUserNamespace {
  static constexpr Op kOp = Op::kNewUserNamespace;
};

// Becomes user and group 0 of the user namespace that was joined.
template <typename F>
struct BecomeRoot {
  static constexpr Op kOp = Op::kBecomeRoot;
};

// `offsets` as /proc/PID/timens_offsets wants them; they are fixed once a process lives inside.
template <typename F>
struct NewTimeNamespace {
  static constexpr Op kOp = Op::kNewTimeNamespace;
  typename F::Text offsets{};
};

// `flags`: the CLONE_NEW* of the namespaces that init gets of its own. `hand_listener`: the
// launcher stays until init has installed its filter, shares descriptors with it until then, and
// sends the listener, for a runtime that may not take it out of init.
template <typename F>
struct CloneInit {
  static constexpr Op kOp = Op::kCloneInit;
  std::uint64_t flags = 0;
  std::uint32_t hand_listener = 0;
};

// Empty name: an anonymous keyring.
template <typename F>
struct SessionKeyring {
  static constexpr Op kOp = Op::kSessionKeyring;
  typename F::Text name{};
};

template <typename F>
struct LoopbackUp {
  static constexpr Op kOp = Op::kLoopbackUp;
};

// Cuts the mount namespace off from the host's (`propagation`, recursive) and makes the root file
// system a mount of its own. With 0 the namespace is not ours: the directory is only opened.
template <typename F>
struct PrepareRoot {
  static constexpr Op kOp = Op::kPrepareRoot;
  typename F::Text rootfs{};
  std::uint64_t propagation = 0;
};

enum MountFlag : std::uint32_t {
  kNoSymlinkTarget = 1,  // refuse a target that is or passes a symbolic link
  kCopyUp = 2,           // first fill it with what the target holds
  kModeOfTarget = 4,  // a tmpfs without mode=: as the directory that it covers, unless made for it
  kReadonlySuperblock = 8,
  kBindHostsWhereRefused = 16,  // sysfs of a network namespace that may be somebody else's
};
inline constexpr std::uint32_t kNotKept = 0xffffffff;
inline constexpr std::uint32_t kMostKept = 32;

// Mounts a new file system. `options` are "key=value" or "flag". `keep`: under which number the
// mount stays open for kChangeKept.
template <typename F>
struct Mount {
  static constexpr Op kOp = Op::kMount;
  typename F::Text type{};
  typename F::Text source{};
  typename F::Text target{};
  typename F::Texts options{};
  std::uint64_t attributes = 0;  // MOUNT_ATTR_*
  MountChange change;            // beyond `attributes`
  std::uint32_t flags = 0;       // MountFlag
  std::uint32_t keep = kNotKept;
  typename F::Text label{};  // of SELinux, for its root; empty: as it is
};

template <typename F>
struct BindMount {
  static constexpr Op kOp = Op::kBindMount;
  typename F::Text source{};
  typename F::Text target{};
  MountChange change;
  std::uint32_t recursive = 0;
  std::uint32_t opened = kNotOpened;  // by kOpenSource
};

// Changes the mount that stands at the target; with `superblock`, its file system too.
template <typename F>
struct Remount {
  static constexpr Op kOp = Op::kRemount;
  typename F::Text target{};
  typename F::Texts options{};
  MountChange change;
  std::uint32_t superblock = 0;
};

// One hierarchy below a cgroup mount: the container's own cgroup at `source`, bound; or, with an
// empty source, a new mount of `type` in the container's cgroup namespace.
template <typename F>
struct CgroupMount {
  typename F::Text name{};
  typename F::Text source{};
  typename F::Text type{};
  typename F::Texts options{};
};

template <typename F>
struct CgroupLink {
  typename F::Text name{};
  typename F::Text points_to{};
};

// A tmpfs with one directory per hierarchy, and links for the controllers that share one. `keep`:
// as of kMount, for the tmpfs, which is not read-only then.
template <typename F>
struct CgroupTree {
  static constexpr Op kOp = Op::kCgroupTree;
  typename F::Text target{};
  typename F::template List<CgroupMount<F>> mounts{};
  typename F::template List<CgroupLink<F>> links{};
  std::uint64_t attributes = 0;
  std::uint32_t keep = kNotKept;
  typename F::Text label{};  // of SELinux; empty: none
};

// null, zero, full, random, urandom, tty and the links that the specification names.
template <typename F>
struct DefaultDevices {
  static constexpr Op kOp = Op::kDefaultDevices;
  std::uint32_t bind = 0;  // bind the host's, because mknod is refused in a user namespace
};

template <typename F>
struct Device {
  static constexpr Op kOp = Op::kDevice;
  typename F::Text target{};
  std::uint32_t mode = 0;  // with S_IFMT
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::uint32_t major = 0;
  std::uint32_t minor = 0;
  std::uint32_t bind = 0;
};

template <typename F>
struct Console {
  static constexpr Op kOp = Op::kConsole;
  std::uint32_t uid = 0;
  std::uint32_t rows = 0;  // rows and columns both 0: not given
  std::uint32_t columns = 0;
  std::uint32_t on_dev_console = 0;  // bind it there
};

// Takes hold of the host's null device, which will cover masked files.
template <typename F>
struct PrepareMasks {
  static constexpr Op kOp = Op::kPrepareMasks;
  typename F::Text label{};  // of SELinux, for what covers directories; empty: none
};

// A procfs that nobody else can reach, for kSysctl.
template <typename F>
struct OpenProcfs {
  static constexpr Op kOp = Op::kOpenProcfs;
};

// kRuntimeHooksDue and its answer.
template <typename F>
struct RuntimeHooks {
  static constexpr Op kOp = Op::kRuntimeHooks;
};

// Runs a hook and waits for its end. timeout_ms 0: no limit.
template <typename F>
struct Hook {
  static constexpr Op kOp = Op::kHook;
  typename F::Text path{};
  typename F::Texts args{};
  typename F::Texts env{};
  std::uint32_t timeout_ms = 0;
  std::uint32_t at_start = 0;  // a startContainer hook, else createContainer
};

enum class RootEntry : std::uint32_t { kPivot, kMove, kChroot };

template <typename F>
struct EnterRoot {
  static constexpr Op kOp = Op::kEnterRoot;
  RootEntry how = RootEntry::kPivot;
};

// Makes the directory and its parents where they are missing.
template <typename F>
struct MakeDirectory {
  static constexpr Op kOp = Op::kMakeDirectory;
  typename F::Text target{};
};

// What had to wait until everything below the mount was made.
template <typename F>
struct ChangeKept {
  static constexpr Op kOp = Op::kChangeKept;
  typename F::Text target;  // for people
  MountChange change;
  std::uint32_t keep = kNotKept;
};

template <typename F>
struct ChangeRoot {
  static constexpr Op kOp = Op::kChangeRoot;
  MountChange change;
};

template <typename F>
struct SetHostname {
  static constexpr Op kOp = Op::kSetHostname;
  typename F::Text name{};
};

template <typename F>
struct SetDomainname {
  static constexpr Op kOp = Op::kSetDomainname;
  typename F::Text name{};
};

template <typename F>
struct Sysctl {
  static constexpr Op kOp = Op::kSysctl;
  typename F::Text path;  // below /proc/sys: "net/ipv4/ip_forward"
  typename F::Text value{};
};

// Neither of the two minds a path that is not there.
template <typename F>
struct ReadonlyPath {
  static constexpr Op kOp = Op::kReadonlyPath;
  typename F::Text target{};
};

template <typename F>
struct MaskPath {
  static constexpr Op kOp = Op::kMaskPath;
  typename F::Text target{};
};

inline constexpr std::uint32_t kUmaskOfCaller = 0xffffffff;

// Until then init's is 0.
template <typename F>
struct Umask {
  static constexpr Op kOp = Op::kUmask;
  std::uint32_t mask = 0;
};

template <typename F>
struct SetRlimit {
  static constexpr Op kOp = Op::kSetRlimit;
  std::uint64_t soft = 0;
  std::uint64_t hard = 0;
  std::uint32_t resource = 0;
};

template <typename F>
struct SetPersonality {
  static constexpr Op kOp = Op::kSetPersonality;
  std::uint32_t domain = 0;  // PER_*
};

template <typename F>
struct SetMemoryPolicy {
  static constexpr Op kOp = Op::kSetMemoryPolicy;
  typename F::template List<std::uint64_t> nodes{};  // as in SetAffinity
  std::uint32_t mode = 0;                            // MPOL_*, with MPOL_F_*
};

// As sched_setattr(2) takes it.
template <typename F>
struct SetScheduler {
  static constexpr Op kOp = Op::kSetScheduler;
  std::uint64_t flags = 0;
  std::uint64_t runtime = 0;
  std::uint64_t deadline = 0;
  std::uint64_t period = 0;
  std::uint32_t policy = 0;
  std::int32_t nice = 0;
  std::uint32_t priority = 0;
};

template <typename F>
struct SetIoPriority {
  static constexpr Op kOp = Op::kSetIoPriority;
  std::uint32_t io_class = 0;  // IOPRIO_CLASS_*
  std::uint32_t level = 0;
};

template <typename F>
struct WorkingDirectory {
  static constexpr Op kOp = Op::kWorkingDirectory;
  typename F::Text target{};
};

// Drops from the bounding set what is not in `keep`, up to capability number `last`.
template <typename F>
struct BoundCapabilities {
  static constexpr Op kOp = Op::kBoundCapabilities;
  std::uint64_t keep = 0;
  std::uint32_t last = 0;
};

template <typename F>
struct SetUser {
  static constexpr Op kOp = Op::kSetUser;
  typename F::template List<std::uint32_t> groups{};
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
};

template <typename F>
struct NoNewPrivileges {
  static constexpr Op kOp = Op::kNoNewPrivileges;
};

// Installs a seccomp filter, by kNoNewPrivileges or by CAP_SYS_ADMIN, which is made effective where
// it is only permitted. What follows runs under the filter. With SECCOMP_FILTER_FLAG_NEW_LISTENER
// the conversation about the listener is part of it.
template <typename F>
struct InstallSeccomp {
  static constexpr Op kOp = Op::kInstallSeccomp;
  typename F::template List<std::uint64_t> program{};  // struct sock_filter, 8 bytes each
  std::uint32_t flags = 0;                             // SECCOMP_FILTER_FLAG_*
};

template <typename F>
struct SetCapabilities {
  static constexpr Op kOp = Op::kSetCapabilities;
  std::uint64_t effective = 0;
  std::uint64_t permitted = 0;
  std::uint64_t inheritable = 0;
  std::uint64_t ambient = 0;
};

// Finds the program as execvp(3) does; `search` is the process's PATH.
template <typename F>
struct FindProgram {
  static constexpr Op kOp = Op::kFindProgram;
  typename F::Text name{};
  typename F::Text search{};
};

enum class ReadyAnswer : std::uint32_t {
  kNone,        // exec: nothing follows but execve
  kStartLater,  // create: hang up
  kProceed,     // create with start_at_once: wait for kProceed
};

template <typename F>
struct Ready {
  static constexpr Op kOp = Op::kReady;
  ReadyAnswer answer = ReadyAnswer::kNone;
};

template <typename F>
struct AwaitStart {
  static constexpr Op kOp = Op::kAwaitStart;
};

// kStateNeeded and its answer.
template <typename F>
struct AskState {
  static constexpr Op kOp = Op::kAskState;
};

// The label that the program will have: what a hook or anything else that init runs must not get.
template <typename F>
struct SetLabel {
  static constexpr Op kOp = Op::kSetLabel;
  typename F::Text order{};  // what the module wants in front: "exec ", or nothing
  typename F::Text label{};
};

// Runs what kFindProgram found. Without args there is no program, which is an error.
template <typename F>
struct Execute {
  static constexpr Op kOp = Op::kExecute;
  typename F::Texts args{};
  typename F::Texts env{};
};

}  // namespace seatrial::steps
