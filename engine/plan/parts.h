// The parts that plan() and plan_exec() are put together from.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/plan/step.h"

namespace seatrial::plan {

using Steps = std::vector<Step>;

// "/a/b" for "a//b/": how a path inside the container is written in steps and messages.
std::string normal_path(std::string_view path);

// CLONE_NEW* for a type of namespace.
std::uint64_t clone_flag(spec::NamespaceType type);

// The ids that the container's user namespace has; empty: all, or unknown.
struct IdMaps {
  std::span<const spec::IdMapping> uids;
  std::span<const spec::IdMapping> gids;
  bool of_runtime = false;  // the container has no user namespace of its own
};
IdMaps id_maps_of(const spec::Config& config, const HostFacts& host);

// Throws kInvalidArgument naming the first that is not mapped by its JSON path.
void refuse_unmapped_user(const spec::User& user, const IdMaps& maps);
void refuse_unmapped_ids(const spec::Config& config, const IdMaps& maps);

// What the mounts need to know beside themselves.
struct MountContext {
  std::span<const CgroupHierarchy> cgroups;
  bool own_cgroup_namespace = false;
  bool in_user_namespace = false;
  bool own_network_namespace = false;
  // The container has another user namespace than the runtime: what root of the container may not
  // reach is opened on the host's side.
  bool own_user_namespace = false;
  bool may_clone_mounts = true;  // the runtime, on the host
  // The container's mappings, for idmapped mounts that bring none.
  std::span<const spec::IdMapping> uid_mappings;
  std::span<const spec::IdMapping> gid_mappings;
  std::string_view label;  // linux.mountLabel
};

// What the launcher opens for them; the steps that make the mounts, in the order of the
// configuration; and those that make some of them read-only once nothing more is to be made below.
struct MountSteps {
  Steps on_host;
  Steps now;
  Steps later;
};
// Throws kUnsupported for an idmapped mount without mappings that are known here.
MountSteps plan_mounts(const std::vector<spec::Mount>& mounts, const MountContext& context);

// What the process part needs to know beside the process.
struct ProcessContext {
  unsigned last_capability = 0;
  std::uint64_t own_capabilities = 0;
  bool in_user_namespace = false;
  const SeccompFilter* seccomp = nullptr;  // lives longer than this
  // linux.personality and linux.memoryPolicy
  std::optional<std::uint32_t> personality = {};
  std::optional<spec::MemoryPolicy> memory_policy = {};
};

// A sentence for each set of capabilities that names some which are unknown or cannot be granted.
std::vector<std::string> capability_warnings(const spec::Process& process,
                                             const ProcessContext& context);

// What must be done on the host's side, with its privileges.
void add_host_limits(const spec::Process& process, const ProcessContext& context, Steps& steps);

// Where process has a label: what is opened on the host's side, and then init's own file.
// `keyring`: the name of its session keyring; nullopt: it gets none.
void add_label_on_host(const spec::Process& process, Steps& steps);
void add_keyring_and_label(const spec::Process& process, const std::optional<std::string>& keyring,
                           Steps& steps);

// From umask to the capabilities and the search for the program.
void add_process(const spec::Process& process, const ProcessContext& context, Steps& steps);

// The last steps: the label, and the program. Where no_new_privileges lets a filter be installed
// without privilege, it comes here, so that it needs to allow nothing but what the program calls
// itself.
void add_execution(const spec::Process& process, const ProcessContext& context, Steps& steps);

// Whether the listener of this filter is the launcher's to hand over: who lacks CAP_SYS_PTRACE in
// the user namespace in which init began cannot take it from there (pidfd_getfd(2)).
bool launcher_hands_listener(const SeccompFilter& filter, const HostFacts& host);

Console console_of(const spec::Process& process, bool on_dev_console);

}  // namespace seatrial::plan
