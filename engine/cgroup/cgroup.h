// A container's cgroup: one directory in every mounted hierarchy, behind one object.
//
// Invariant: remove() and kill_all() act only on directories that create() made, known by path and
// inode, and on what lies below them. A directory that stood before is joined and limited as
// linux.cgroupsPath asks, but its other processes are never killed and it is never removed.
//
// Works on v1, on v2, and on hybrid hosts, where each limit goes to the hierarchy that has its
// controller. All paths are host paths of cgroupfs, which has no symbolic links.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/cgroup/layout.h"
#include "engine/spec/config.h"

namespace seatrial::cgroup {

// A directory that create() made. The inode tells it from a later one of the same name (cgroupfs
// does not reuse inode numbers).
struct MadeDirectory {
  std::string path;  // host path
  std::uint64_t inode = 0;
};

// The container's place in one hierarchy.
struct Membership {
  std::string hierarchy = {};  // Hierarchy::mount_options: "cpu,cpuacct", "name=systemd"; "" for v2
  std::string directory = {};  // host path: mountpoint + cgroup
  std::string cgroup = {};     // absolute below the mountpoint: "/a/b"
  bool v2 = false;
  // What create() made, outermost first; the last is `directory` itself. Empty: all of it stood
  // before.
  std::vector<MadeDirectory> made = {};
};

// What a state file must keep so that a later command finds the same cgroup again.
struct Identity {
  std::vector<Membership> members;

  // The member that carries this v1 controller ("memory"), or null.
  const Membership* find(std::string_view controller) const;
  // The member in the tree of v2, or null.
  const Membership* unified() const;
};

// Where the member's hierarchy is mounted.
std::string_view mountpoint_of(const Membership& member);

// An Identity as text, a line each member, and back. parse_identity() throws
// Error{kInvalidArgument} for a text that print_identity() did not write.
std::string print_identity(const Identity& identity);
Identity parse_identity(std::string_view text);

// A place below a container's cgroup: in the hierarchies that carry these v1 controllers ("cpu",
// "name=systemd"), or in each where none is named.
struct SubCgroup {
  std::vector<std::string> controllers = {};
  std::string path = {};  // "a/b" or "/a/b"; "" and "/": the container's cgroup itself
};

struct Stats {
  // A value is absent when its controller is not mounted or does not count it.
  std::optional<std::uint64_t> cpu_usage_ns;
  std::optional<std::uint64_t> cpu_periods;            // enforcement periods that passed
  std::optional<std::uint64_t> cpu_throttled_periods;  // those in which the quota ran out
  std::optional<std::uint64_t> cpu_throttled_ns;
  std::optional<std::uint64_t> memory_usage;      // bytes
  std::optional<std::uint64_t> memory_max_usage;  // bytes, high-water mark
  // Bytes of memory_usage that are pages of files not used lately: the first that the kernel takes.
  std::optional<std::uint64_t> memory_inactive_file;
  std::optional<std::uint64_t> memory_limit;  // bytes; the kernel's "unlimited" is near 2^63
  std::optional<std::uint64_t> memory_fail_count;
  std::optional<std::uint64_t> oom_kills;  // processes that the kernel killed for want of memory
  std::optional<std::uint64_t> pids_current;
  std::optional<std::uint64_t> pids_max;  // absent when unlimited
  std::optional<std::uint64_t> io_read;   // bytes, of all block devices
  std::optional<std::uint64_t> io_written;
};

using Deadline = std::chrono::steady_clock::time_point;

// Which device nodes init will make while it builds the container, from inside its cgroup.
enum class Nodes {
  kDefaults,  // those that each container has
  kAny,       // those of linux.devices, too
  // None, since all are the host's own, bound; and who builds the container may not restrict
  // devices, which takes CAP_SYS_ADMIN of the first user namespace. Rules are not looked at then.
  kForeign,
};

class Cgroup {
 public:
  Cgroup(Cgroup&&) noexcept = default;
  Cgroup& operator=(Cgroup&&) noexcept = default;
  Cgroup(const Cgroup&) = delete;
  Cgroup& operator=(const Cgroup&) = delete;
  ~Cgroup() = default;  // removes nothing: remove() is explicit, a container outlives its creator

  // Makes the directory in every hierarchy, missing ancestors too, or nothing at all. A cpuset of
  // v1 is filled from its parent, so that tasks can join. On a host with v2 alone, the ancestors
  // hand down all controllers that there are, as far as they may; they go on doing so after
  // remove(). `cgroups_path` is linux.cgroupsPath; see resolve_path(). Throws Error{kConflict} for
  // a directory of v2 that stands and that no process can join.
  static Cgroup create(const Layout& layout, std::string_view cgroups_path,
                       std::string_view container_id);

  // Counts the directories themselves as made by create() where they stood before: systemd has made
  // them for this container.
  void adopt();

  // The cgroup of a recorded identity, for later commands. Checks nothing until used.
  static Cgroup open(Identity identity);

  const Identity& identity() const { return identity_; }

  // Moves a process, with all its threads, into every hierarchy's directory. Slow: the first move
  // waits for an RCU grace period in the kernel; see join_files().
  void add(pid_t pid) const;

  // The files to which a single-threaded process writes "0" to move itself: v1 `tasks`, v2
  // `cgroup.procs`. For v1 the kernel then skips the lock that makes add() slow
  // (cgroup_procs_write_start), so the launcher should join this way before it clones init. v2
  // always takes it. clone3(CLONE_INTO_CGROUP) would avoid it, and is of no use here: a cgroup
  // namespace that is made by the same call has its root where the caller is, not the child.
  std::vector<std::string> join_files() const;

  // What linux.resources asks for, the device list included (also when it names no device: a
  // container may use the default devices alone). Call before tasks join. What would keep a
  // container from being built is left to complete(). Throws Error naming the JSON path and the
  // value: "linux.resources.cpu.shares: 1: ..."; kUnsupported for a limit whose controller or file
  // this host has not, or that v2 has no counterpart of, or for device rules that v1 cannot hold.
  // Returns a sentence for each limit that the specification advises against (memory.kernel and
  // kernelTCP) and that the kernel has not: those are ignored.
  std::vector<std::string> apply(const spec::Resources& resources, Nodes nodes = Nodes::kAny) const;

  // The rest of it, with the same arguments, once init stands and before the user's program runs: a
  // pids.limit below 2, and no more making of any device node.
  void complete(const spec::Resources& resources, Nodes nodes = Nodes::kAny) const;
  static bool leaves_something(const spec::Resources& resources, Nodes nodes);

  // The limits without the device list: what `update` changes on a running container. A limit that
  // linux.resources does not name stays as it is. Throws and returns as above.
  std::vector<std::string> apply_limits(const spec::Resources& resources) const;

  // Denies every device, then takes the rules in order, then allows those that each container has
  // (null, zero, full, random, urandom, tty, ptmx, pts) and, for Nodes::kAny until
  // complete_devices(), mknod of any. Without a devices controller of v1, a BPF program on the
  // directory of v2 does that; one of an earlier call is replaced, and no access falls between the
  // two. Throws kUnsupported for rules where there is neither.
  void apply_devices(const std::vector<spec::DeviceRule>& rules, Nodes nodes = Nodes::kAny) const;
  void complete_devices(const std::vector<spec::DeviceRule>& rules) const;

  // The same for a container that runs: what both the old and the new rules allow is allowed all
  // the while. In v1 that does not hold, and the kernel refuses where the container has cgroups of
  // its own (EINVAL), when the old or the new rules allow by default.
  void update_devices(const std::vector<spec::DeviceRule>& rules) const;

  // On a host with v2 alone: makes `owner` the user of the directory and of the files in it that
  // the kernel lists for that (config-linux.md, "Cgroup ownership"), so that a container may make
  // cgroups of its own below; limits stay out of its hands. Nothing elsewhere, and for a directory
  // that stood before. Throws Error.
  void give_to(uid_t owner) const;

  // Where one more process of the container can join: on a host with v2 alone where `process` is,
  // when the container hands controllers down from its directory to others below; else identity().
  Identity place_beside(pid_t process) const;

  // Where one more process joins that is asked to be below identity(). Throws
  // Error{kInvalidArgument} naming the path or the controller: for a path that leads out of the
  // cgroup, for a cgroup that is not there, for a controller that no hierarchy of v1 has, and for a
  // hierarchy that is to go to two places.
  Identity place_below(const std::vector<SubCgroup>& places) const;

  // All processes in directories of our own and below, each once, sorted.
  std::vector<pid_t> processes() const;

  // Whether a directory is our own, so that processes() are all of the container's.
  bool has_own() const;

  // The directory that freeze() would stop, where that is not our own.
  std::optional<std::string> foreign_freezer() const;

  // Sends SIGKILL to all of processes() until none is left, frozen ones and fork bombs too. Throws
  // Error{kTimeout} when some are left at the deadline. Zombies do not count: their parent reaps.
  void kill_all(Deadline deadline) const;

  // freeze() returns when every task is stopped; at the deadline it thaws again and throws
  // Error{kTimeout}. Throws kUnsupported with neither the freezer controller of v1 nor v2.
  void freeze(Deadline deadline) const;
  void thaw() const;
  bool frozen() const;

  Stats stats() const;
  // That one number of them.
  std::optional<std::uint64_t> oom_kills() const;

  // Removes the directories that create() made, those below first; ancestors only when they are
  // empty. Absent ones are fine. Throws Error{kTimeout} naming the directory that is still busy at
  // the deadline; what could be removed is gone then. A layout at hand makes it faster.
  void remove(Deadline deadline, const Layout* layout = nullptr) const;

 private:
  explicit Cgroup(Identity identity) : identity_(std::move(identity)) {}

  Identity identity_;
};

// All processes in a cgroup, whoever's they are, and below. Sorted. Nothing where it is gone.
std::vector<pid_t> processes_in(const std::string& directory);

// The directories that Cgroup::create() with these arguments would make, outermost first.
std::vector<std::string> absent_directories(const Layout& layout, std::string_view cgroups_path,
                                            std::string_view container_id);

}  // namespace seatrial::cgroup
