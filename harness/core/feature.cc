#include "harness/core/feature.h"

#include <array>

#include "engine/base/error.h"

namespace seatrial::harness {
namespace {

struct Row {
  Feature feature;
  std::string_view name;
};

constexpr Row kRows[] = {
    {Feature::kUserNamespace, "user-namespace"},
    {Feature::kTimeNamespace, "time-namespace"},
    {Feature::kCgroupNamespace, "cgroup-namespace"},
    {Feature::kNetworkNamespace, "network-namespace"},
    {Feature::kMaskedPaths, "masked-paths"},
    {Feature::kReadonlyPaths, "readonly-paths"},
    {Feature::kIdmappedMounts, "idmapped-mounts"},
    {Feature::kRecursiveMountOptions, "recursive-mount-options"},
    {Feature::kNosymfollow, "nosymfollow"},
    {Feature::kMqueue, "mqueue"},
    {Feature::kSysfs, "sysfs"},
    {Feature::kKernelSettings, "kernel-settings"},
    {Feature::kOtherIds, "other-ids"},
    {Feature::kMakeDevices, "make-devices"},
    {Feature::kAccessTimes, "access-times"},
    {Feature::kProcOfTheCallers, "proc-of-the-callers"},
    {Feature::kTerminal, "terminal"},
    {Feature::kExec, "exec"},
    {Feature::kHooks, "hooks"},
    {Feature::kDomainname, "domainname"},
    {Feature::kUmask, "umask"},
    {Feature::kSeccomp, "seccomp"},
    {Feature::kAppArmor, "apparmor"},
    {Feature::kSelinux, "selinux"},
    {Feature::kScheduler, "scheduler"},
    {Feature::kDeadlineScheduling, "deadline-scheduling"},
    {Feature::kIoPriority, "io-priority"},
    {Feature::kPersonality, "personality"},
    {Feature::kExecCpuAffinity, "exec-cpu-affinity"},
    {Feature::kMemoryPolicy, "memory-policy"},
    {Feature::kRaiseHardRlimit, "raise-hard-rlimit"},
    {Feature::kLowerOomScore, "lower-oom-score"},
    {Feature::kCgroups, "cgroups"},
    {Feature::kCgroupV1, "cgroup-v1"},
    {Feature::kCgroupV2, "cgroup-v2"},
    {Feature::kCpuCgroup, "cpu-cgroup"},
    {Feature::kCpusetCgroup, "cpuset-cgroup"},
    {Feature::kMemoryCgroup, "memory-cgroup"},
    {Feature::kMemorySwapCgroup, "memory-swap-cgroup"},
    {Feature::kPidsCgroup, "pids-cgroup"},
    {Feature::kBlkioCgroup, "blkio-cgroup"},
    {Feature::kDevicesCgroup, "devices-cgroup"},
    {Feature::kFreezerCgroup, "freezer-cgroup"},
    {Feature::kHugetlbCgroup, "hugetlb-cgroup"},
    {Feature::kNetClsCgroup, "net-cls-cgroup"},
    {Feature::kNetPrioCgroup, "net-prio-cgroup"},
    {Feature::kIoWeight, "io-weight"},
    {Feature::kCommandLine, "command-line"},
    {Feature::kListVerb, "list-verb"},
    {Feature::kPsVerb, "ps-verb"},
    {Feature::kSpec11, "spec-1.1"},
    {Feature::kSpec12, "spec-1.2"},
    {Feature::kSpec13, "spec-1.3"},
    {Feature::kSpecBefore11, "spec-before-1.1"},
    {Feature::kSpecBefore12, "spec-before-1.2"},
    {Feature::kSpecBefore13, "spec-before-1.3"},
    {Feature::kReferrers, "referrers"},
    {Feature::kDeleteManifests, "delete-manifests"},
    {Feature::kDeleteBlobs, "delete-blobs"},
};

constexpr auto kFeatures = [] {
  std::array<Feature, std::size(kRows)> features{};
  for (std::size_t i = 0; i < std::size(kRows); ++i) features[i] = kRows[i].feature;
  return features;
}();

}  // namespace

std::string_view to_string(Feature feature) {
  for (const Row& row : kRows) {
    if (row.feature == feature) return row.name;
  }
  throw error(Kind::kInternal, "feature {} has no name", static_cast<int>(feature));
}

Feature feature_from(std::string_view name) {
  for (const Row& row : kRows) {
    if (row.name == name) return row.feature;
  }
  throw error(Kind::kInvalidArgument, "no feature is called \"{}\"", name);
}

std::span<const Feature> all_features() {
  return kFeatures;
}

bool is_not_applicable(std::string_view reason) {
  return reason.starts_with("this kernel") || reason.starts_with("this user") ||
         reason.find("declares runtime-spec") != std::string_view::npos;
}

}  // namespace seatrial::harness
