// The mounts of a container that are not in CRIU's image, because what they show is the host's:
// binds, the container's own cgroups where it has no namespace of them, devices, what covers masked
// files.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "engine/cgroup/cgroup.h"
#include "engine/spec/config.h"
#include "engine/sys/spawn.h"

namespace seatrial::runtime::criu {

using ExternalMounts = std::vector<std::pair<std::string, std::string>>;

// Of a running container, as Options::external_mounts has them on dump. Those that are not there do
// no harm. `init` is its first process.
ExternalMounts mounts_to_leave_out(const spec::Config& config, const std::string& rootfs,
                                   const cgroup::Identity& cgroups, pid_t init);

// The same for restore: what the host has to show instead. CRIU gives only the first of several
// mounts of one file system its attributes, read-only among them, where they are the same; so it is
// shown mounts that have theirs already.
struct Supply {
  ExternalMounts mounts = {};
  // To be made for CRIU before it looks; the target of the first is the root for it to enter, which
  // must be a mount.
  std::vector<sys::PrivateBind> binds = {};
};

// Throws Error naming the first bind mount of which the source is not there.
void check_sources(const spec::Config& config);

// Makes in `stage`, a directory, what the binds are bound on.
Supply supply_mounts(const spec::Config& config, const std::string& rootfs,
                     const cgroup::Identity& cgroups, const std::filesystem::path& stage);

// Makes mount points that the root file system lacks, as create does, but for those on a mount that
// CRIU fills itself.
void make_mount_points(const spec::Config& config, const std::string& rootfs);

// The mount points in a /proc/PID/mountinfo, as they are.
std::vector<std::string> mount_points(std::string_view mountinfo);

}  // namespace seatrial::runtime::criu
