// plan(): from a validated configuration to the ordered list of kernel operations that build the
// container. Pure: reads no file, makes no system call, so that tests compare plans without root.
//
// The plan is the security boundary. All strings, numbers and pointers that launcher and init will
// use are laid out here, before clone; they only carry the list out.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/spec/config.h"

namespace seatrial::plan {

// One cgroup hierarchy of the host.
struct CgroupHierarchy {
  std::string mountpoint;  // "/sys/fs/cgroup/cpu,cpuacct"
  std::string name;     // last component, what a container's cgroup mount calls it: "cpu,cpuacct"
  std::string options;  // mount data: "cpu,cpuacct", "name=systemd"; empty for v2
  bool v2 = false;
  std::string cgroup;  // the container's cgroup in it, absolute within the hierarchy: "/a/b"
  bool joined = true;  // else that is where the runtime is itself, and the container stays
};

// What the planner must know of the host and of this launch. Collected by engine/runtime.
struct HostFacts {
  unsigned last_capability = 40;           // /proc/sys/kernel/cap_last_cap
  std::uint64_t own_capabilities = ~0ULL;  // CapPrm of the runtime
  bool in_user_namespace = false;  // the runtime itself runs in a non-initial user namespace
  // Whether the runtime's own mount namespace is one whose mounts it may clone.
  bool may_clone_mounts = true;
  // What the runtime's user namespace maps; both empty where that is every id.
  std::vector<spec::IdMapping> uid_map = {};
  std::vector<spec::IdMapping> gid_map = {};
  std::vector<CgroupHierarchy> cgroups = {};
};

// A compiled seccomp profile (engine/security). Empty: no filter.
struct SeccompFilter {
  std::string program;      // struct sock_filter, one after the other
  std::uint32_t flags = 0;  // SECCOMP_FILTER_FLAG_* of seccomp(2)

  bool notifies() const;  // whether somebody is to listen: kSeccompListener will come
};

struct LaunchOptions {
  std::string bundle;  // absolute path
  std::string id;      // names the session keyring "_ses.ID"; empty: an anonymous one
  // No listening socket: init waits for kProceed after kReady, then starts (wire.h, "How a plan
  // ends"). For run, which creates and starts in one go.
  bool start_at_once = false;
  // With start_at_once: the runtime has nothing left to do then, so init does not wait either.
  bool start_unasked = false;
  bool no_pivot = false;  // MS_MOVE and chroot instead of pivot_root
  bool no_new_keyring = false;
  unsigned preserve_fds = 0;   // descriptors 3 .. 3+n-1 go to the user's program
  SeccompFilter seccomp = {};  // linux.seccomp, compiled
};

// What one step does (step.h): the arguments of steps.h, one executor in engine/init, one phrase
// in describe().
struct Step;

struct LaunchPlan {
  std::vector<Step> launcher;  // in the host's namespaces, up to the clone of init
  std::vector<Step> init;      // inside
  unsigned preserve_fds = 0;
  bool needs_id_maps = false;            // kIdMapsNeeded will come
  bool launcher_hands_listener = false;  // and ends when it has; else init announces the listener
  // The first step of init that needs the cgroups is init's own, so that they may be made while the
  // launcher makes the namespaces.
  bool init_joins_cgroups = false;
  bool has_runtime_hooks_sync = false;
  bool has_console = false;        // kConsoleMaster will come
  bool needs_start_state = false;  // startContainer hooks want the state document: kStateNeeded
  bool start_at_once = false;  // kReady wants kProceed, and the start happens on the sync socket
  std::vector<std::string> warnings = {};  // of what the process asks for and cannot have

  LaunchPlan();
  LaunchPlan(LaunchPlan&&) noexcept;
  LaunchPlan& operator=(LaunchPlan&&) noexcept;
  LaunchPlan(const LaunchPlan&);
  LaunchPlan& operator=(const LaunchPlan&);
  ~LaunchPlan();

  std::size_t size() const;  // launcher's steps and init's
  // "mount proc on /proc": what the step with this index (launcher's first) does.
  std::string describe(std::size_t index) const;
};

// The plan that creates a container. Throws Error: kUnsupported naming the JSON path of what this
// build or host cannot do, kInvalidArgument for a contradiction that only the host's facts reveal.
LaunchPlan plan(const spec::Config& config, const HostFacts& host, const LaunchOptions& options);

// The shorter plan that runs one more process in a running container.
struct ExecOptions {
  unsigned preserve_fds = 0;
  bool no_new_keyring = false;
  std::string id;  // the container's, for the session keyring as in LaunchOptions
  std::vector<spec::NamespaceType> namespaces;  // those the container has of its own
  // The container's rootfs, absolute: entered by chroot where `namespaces` has no kMount.
  std::string rootfs;
  // What the container's user namespace maps; empty: everything, or unknown.
  std::vector<spec::IdMapping> uid_map = {};
  std::vector<spec::IdMapping> gid_map = {};
  SeccompFilter seccomp = {};                     // the container's
  std::optional<std::uint32_t> personality = {};  // and these
  std::optional<spec::MemoryPolicy> memory_policy = {};
};
LaunchPlan plan_exec(const spec::Process& process, const HostFacts& host,
                     const ExecOptions& options);

// The bytes that launcher and init map (layout: wire.h).
std::string encode(const LaunchPlan& plan);

// The whole plan for people, a line a step: what `seatrial-runtime plan` prints.
std::string to_text(const LaunchPlan& plan);

}  // namespace seatrial::plan
