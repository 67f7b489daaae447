// The runtime specification's config.json as passive data: what parse_config() returns once a
// document was parsed and validated. Field names follow the specification (snake_case for its
// camelCase); a std::optional or an empty container says that the document is silent.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/spec/scheduling.h"

namespace seatrial::spec {

struct Root {
  std::string path = {};  // absolute, or relative to the bundle
  bool readonly = false;
};

struct IdMapping {
  std::uint32_t container_id = 0;
  std::uint32_t host_id = 0;
  std::uint32_t size = 0;
};

// Mount options, resolved from the option table of config.md by parse_config(). The recursive
// attributes go on the whole tree first, then the others on its top: what a later recursive option
// overrules was taken out of the others already.
struct MountOptions {
  std::uint64_t attributes_set = 0;            // MOUNT_ATTR_* for this mount
  std::uint64_t attributes_clear = 0;          // options such as rw, exec, suid
  std::uint64_t recursive_attributes_set = 0;  // rro, rnosuid, ... (AT_RECURSIVE)
  std::uint64_t recursive_attributes_clear = 0;
  std::uint64_t superblock_flags =
      0;  // MS_SYNCHRONOUS, MS_DIRSYNC, MS_MANDLOCK, MS_LAZYTIME, MS_I_VERSION
  std::uint64_t propagation =
      0;  // one of MS_SHARED, MS_SLAVE, MS_PRIVATE, MS_UNBINDABLE, 0: none asked
  bool propagation_recursive = false;
  bool bind = false;
  bool bind_recursive = false;  // rbind
  bool remount = false;
  bool silent = false;
  bool copy_up = false;  // tmpcopyup
  bool idmap = false;
  bool idmap_recursive = false;
  std::vector<std::string> data = {};  // what is left for the file system, "key=value" or "flag"
};

struct Mount {
  std::string destination = {};  // as written; resolved inside the rootfs
  std::string type = {};         // empty: not given
  std::string source = {};  // absolute after parsing when it is a bind mount of a relative path
  MountOptions options;
  std::vector<std::string> raw_options = {};  // as written, for messages and printing
  std::vector<IdMapping> uid_mappings = {};
  std::vector<IdMapping> gid_mappings = {};
};

// The last 32-bit number means "no id": setresuid(2) and chown(2) then leave what is there.
inline constexpr std::uint32_t kHighestId = 4294967294;

struct User {
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::optional<std::uint32_t> umask = {};
  std::vector<std::uint32_t> additional_gids = {};
};

// Bit N stands for capability number N (linux/capability.h).
using CapabilitySet = std::uint64_t;

struct Capabilities {
  CapabilitySet bounding = 0;
  CapabilitySet effective = 0;
  CapabilitySet inheritable = 0;
  CapabilitySet permitted = 0;
  CapabilitySet ambient = 0;
  // Names that this build does not know, as written: a warning, not an error (since 1.1.0).
  std::vector<std::string> unknown = {};
};

struct Rlimit {
  int resource = 0;  // RLIMIT_*
  std::uint64_t soft = 0;
  std::uint64_t hard = 0;
};

struct ConsoleSize {
  std::uint16_t height = 0;
  std::uint16_t width = 0;
};

struct Process {
  bool terminal = false;
  std::optional<ConsoleSize> console_size = {};
  User user = {};
  std::vector<std::string> args = {};
  std::vector<std::string> env = {};
  std::string cwd = {};
  std::optional<Capabilities> capabilities = {};
  std::vector<Rlimit> rlimits = {};
  bool no_new_privileges = false;
  std::optional<int> oom_score_adj = {};
  std::string apparmor_profile = {};
  std::string selinux_label = {};
  std::optional<Scheduler> scheduler = {};
  std::optional<IoPriority> io_priority = {};
  ExecCpuAffinity exec_cpu_affinity = {};
};

struct Hook {
  std::string path = {};
  std::vector<std::string> args = {};  // empty: [path]
  std::vector<std::string> env = {};
  std::optional<std::chrono::seconds> timeout = {};
};

struct Hooks {
  std::vector<Hook> prestart = {};
  std::vector<Hook> create_runtime = {};
  std::vector<Hook> create_container = {};
  std::vector<Hook> start_container = {};
  std::vector<Hook> poststart = {};
  std::vector<Hook> poststop = {};
};

enum class NamespaceType { kPid, kNetwork, kMount, kIpc, kUts, kUser, kCgroup, kTime };

struct Namespace {
  NamespaceType type = NamespaceType::kPid;
  std::string path = {};  // empty: make a new one
};

enum class DeviceType : char { kCharacter = 'c', kBlock = 'b', kFifo = 'p' };

struct Device {
  DeviceType type = DeviceType::kCharacter;
  std::string path = {};
  std::int64_t major = 0;
  std::int64_t minor = 0;
  std::optional<std::uint32_t> file_mode = {};
  std::optional<std::uint32_t> uid = {};
  std::optional<std::uint32_t> gid = {};
};

// One entry of linux.resources.devices, the device cgroup's list.
struct DeviceRule {
  bool allow = false;
  char type = 'a';                         // 'a', 'b', 'c'
  std::optional<std::int64_t> major = {};  // empty: all
  std::optional<std::int64_t> minor = {};
  bool read = true;
  bool write = true;
  bool mknod = true;
};

struct MemoryLimits {
  std::optional<std::int64_t> limit = {};  // bytes; -1: unlimited
  std::optional<std::int64_t> reservation = {};
  std::optional<std::int64_t> swap = {};  // memory and swap together, bytes
  std::optional<std::int64_t> kernel = {};
  std::optional<std::int64_t> kernel_tcp = {};
  std::optional<std::uint64_t> swappiness = {};
  std::optional<bool> disable_oom_killer = {};
  std::optional<bool> use_hierarchy = {};
  std::optional<bool> check_before_update = {};
};

struct CpuLimits {
  std::optional<std::uint64_t> shares = {};
  std::optional<std::int64_t> quota = {};    // microseconds in each period; negative: none
  std::optional<std::uint64_t> burst = {};   // microseconds
  std::optional<std::uint64_t> period = {};  // microseconds
  std::optional<std::int64_t> realtime_runtime = {};
  std::optional<std::uint64_t> realtime_period = {};
  std::optional<std::int64_t> idle = {};
  std::string cpus = {};  // cpuset list; empty: inherited
  std::string mems = {};
};

// How fast one block device may be used: bytes or operations in a second; 0: as fast as it is.
struct DeviceRate {
  std::int64_t major = 0;
  std::int64_t minor = 0;
  std::uint64_t rate = 0;
};

// A share of one block device's time, where it differs from the one of all others.
struct DeviceWeight {
  std::int64_t major = 0;
  std::int64_t minor = 0;
  std::optional<std::uint16_t> weight = {};
  std::optional<std::uint16_t> leaf_weight = {};
};

struct BlockIoLimits {
  std::optional<std::uint16_t> weight = {};       // 10 to 1000
  std::optional<std::uint16_t> leaf_weight = {};  // against cgroups below
  std::vector<DeviceWeight> weight_devices = {};
  std::vector<DeviceRate> read_bps = {};
  std::vector<DeviceRate> write_bps = {};
  std::vector<DeviceRate> read_iops = {};
  std::vector<DeviceRate> write_iops = {};
};

struct HugePageLimit {
  std::string page_size = {};  // "64KB", "2MB", "1GB"
  std::uint64_t limit = 0;     // bytes
};

// One device of InfiniBand or RoCE.
struct RdmaLimit {
  std::optional<std::uint32_t> hca_handles = {};
  std::optional<std::uint32_t> hca_objects = {};
};

struct InterfacePriority {
  std::string name = {};  // in the runtime's network namespace
  std::uint32_t priority = 0;
};

struct NetworkLimits {
  std::optional<std::uint32_t> class_id = {};
  std::vector<InterfacePriority> priorities = {};
};

struct Resources {
  std::vector<DeviceRule> devices = {};
  std::optional<MemoryLimits> memory = {};
  std::optional<CpuLimits> cpu = {};
  std::optional<std::int64_t> pids_limit = {};  // negative: unlimited
  std::optional<BlockIoLimits> block_io = {};
  std::vector<HugePageLimit> huge_pages = {};
  std::map<std::string, RdmaLimit> rdma = {};  // by name of the device
  std::optional<NetworkLimits> network = {};
  // Files of the cgroup of version 2 and what is written to them as it is.
  std::map<std::string, std::string> unified = {};
};

// Offset of a clock of a new time namespace.
struct TimeOffset {
  std::int64_t secs = 0;
  std::uint32_t nanosecs = 0;
};

enum class SeccompAction {
  kKillThread,  // SCMP_ACT_KILL is another name of it
  kKillProcess,
  kTrap,
  kErrno,
  kTrace,
  kAllow,
  kLog,
  kNotify,
};

enum class SeccompOperator {
  kNotEqual,
  kLess,
  kLessEqual,
  kEqual,
  kGreaterEqual,
  kGreater,
  kMaskedEqual
};

// A condition on one argument of a system call, compared as 64 bits without a sign. kMaskedEqual:
// (argument & value) == value_two.
struct SeccompArgument {
  unsigned index = 0;  // 0 to 5
  std::uint64_t value = 0;
  std::uint64_t value_two = 0;
  SeccompOperator op = SeccompOperator::kEqual;

  bool operator==(const SeccompArgument&) const = default;
};

// What happens to these system calls where all conditions hold.
struct SeccompRule {
  std::vector<std::string> names = {};  // those that this host does not know do nothing
  SeccompAction action = SeccompAction::kAllow;
  std::optional<std::uint16_t> errno_ret = {};  // for kErrno and kTrace; EPERM when absent
  std::vector<SeccompArgument> args = {};

  bool operator==(const SeccompRule&) const = default;
};

struct Seccomp {
  SeccompAction default_action = SeccompAction::kAllow;
  std::optional<std::uint16_t> default_errno_ret = {};
  std::vector<std::string> architectures = {};  // "SCMP_ARCH_X86_64", beside the host's own
  std::uint32_t flags = 0;                      // SECCOMP_FILTER_FLAG_* of seccomp(2)
  std::vector<SeccompRule> syscalls = {};
  // Who hears of calls with kNotify: a unix socket that listens, and what it is told besides.
  std::string listener_path = {};
  std::string listener_metadata = {};

  bool notifies() const;  // whether any call is kNotify's

  bool operator==(const Seccomp&) const = default;
};

// The class of service, in the resctrl file system, that the container's processes get.
struct IntelRdt {
  std::string clos_id = {};  // empty: a class of the container's own; "/": the default one
  std::string l3_cache_schema = {};
  std::string mem_bw_schema = {};
  std::vector<std::string> schemata = {};
  bool enable_monitoring = false;

  // What goes to the class's schemata file, in the order in which it is written.
  std::vector<std::string> lines() const;
};

struct Linux {
  std::vector<Namespace> namespaces = {};
  std::vector<IdMapping> uid_mappings = {};
  std::vector<IdMapping> gid_mappings = {};
  std::map<std::string, TimeOffset> time_offsets = {};  // "monotonic", "boottime"
  std::vector<Device> devices = {};
  // Name in the runtime's network namespace -> name in the container's. The latter may end in "%d":
  // then the kernel puts a free number there.
  std::map<std::string, std::string> net_devices = {};
  std::string cgroups_path = {};
  Resources resources = {};
  std::uint64_t rootfs_propagation =
      0;                         // MS_SHARED, MS_SLAVE, MS_PRIVATE, MS_UNBINDABLE; 0: silent
  std::string mount_label = {};  // of SELinux, for new mounts that can have one
  // Components of a name are separated by '.'; a '/' stands for a dot within a component.
  std::map<std::string, std::string> sysctl = {};
  std::vector<std::string> masked_paths = {};
  std::vector<std::string> readonly_paths = {};
  // Absent also where the document has a filter that lets every call run.
  std::optional<Seccomp> seccomp = {};
  std::optional<std::uint32_t> personality = {};  // PER_* of personality(2)
  std::optional<MemoryPolicy> memory_policy = {};
  std::optional<IntelRdt> intel_rdt = {};
};

struct Config {
  std::string oci_version = {};
  std::string hostname = {};
  std::string domainname = {};
  Root root = {};
  std::vector<Mount> mounts = {};
  std::optional<Process> process = {};  // optional for create, needed by start
  Hooks hooks = {};
  std::map<std::string, std::string> annotations = {};
  Linux linux_ = {};  // `linux` is a macro of GNU dialects

  const Namespace* find_namespace(NamespaceType type) const;
};

}  // namespace seatrial::spec
