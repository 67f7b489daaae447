// What a case may need of the engine and of the host beyond the plain lifecycle.
//
// Needs are probed once per target (harness/fixtures/probe_needs.h) and decide before a case runs.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace seatrial::harness {

enum class Feature {
  // Namespaces.
  kUserNamespace,
  kTimeNamespace,
  kCgroupNamespace,
  kNetworkNamespace,
  // Filesystem.
  kMaskedPaths,
  kReadonlyPaths,
  kIdmappedMounts,
  kRecursiveMountOptions,  // rro, rnosuid, ... by mount_setattr(2)
  kNosymfollow,
  kMqueue,
  kSysfs,
  kKernelSettings,    // the caller may change those of kernel.* that belong to namespaces
  kOtherIds,          // the caller has more ids than one: may give files away, change groups
  kMakeDevices,       // the caller may create device nodes
  kAccessTimes,       // a bind of the caller's mounts may have its own policy for access times
  kProcOfTheCallers,  // a container in the caller's pid namespace may have a procfs
  // Process.
  kTerminal,  // --console-socket
  kExec,
  kHooks,
  kDomainname,
  kUmask,
  kSeccomp,
  kAppArmor,
  kSelinux,
  kScheduler,
  kDeadlineScheduling,  // the caller may use SCHED_DEADLINE
  kIoPriority,
  kPersonality,
  kExecCpuAffinity,
  kMemoryPolicy,
  kRaiseHardRlimit,  // the caller holds CAP_SYS_RESOURCE
  kLowerOomScore,    // the same, for values below the caller's own
  // Control groups.
  kCgroups,  // the caller may make some
  kCgroupV1,
  kCgroupV2,
  kCpuCgroup,
  kCpusetCgroup,
  kMemoryCgroup,
  kMemorySwapCgroup,
  kPidsCgroup,
  kBlkioCgroup,
  kDevicesCgroup,
  kFreezerCgroup,
  kHugetlbCgroup,
  kNetClsCgroup,
  kNetPrioCgroup,
  kIoWeight,  // of cgroups on v2 (io.weight)
  // How the engine is called.
  kCommandLine,  // it is a command: not so the reference in process
  kListVerb,
  kPsVerb,
  // The version of runtime-spec that the target declares.
  kSpec11,        // 1.1.0 or later
  kSpec12,        // 1.2.0 or later
  kSpec13,        // 1.3.0 or later
  kSpecBefore11,  // for clauses that ended
  kSpecBefore12,
  kSpecBefore13,
  // What a registry may have or not.
  kReferrers,
  kDeleteManifests,
  kDeleteBlobs,
};

// "user-namespace", "spec-1.1"; what --list and reports show.
std::string_view to_string(Feature feature);
// Throws Error{kInvalidArgument} that names the feature.
Feature feature_from(std::string_view name);
std::span<const Feature> all_features();

// Why it is lacking decides the verdict: what the kernel lacks, what nobody but the machine's root
// has, or what the version of the specification that a target declares does not ask for, makes a
// case not applicable; anything else skips it. The first reasons start with "this kernel", the
// second with "this user" or "this user namespace", the last say "declares runtime-spec".
bool is_not_applicable(std::string_view reason);

}  // namespace seatrial::harness
