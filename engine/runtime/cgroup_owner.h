// Whose the container's cgroup is to be.
#pragma once

#include <sys/types.h>

#include <optional>

#include "engine/spec/config.h"

namespace seatrial::runtime {

// The host's user for process.user.uid, where the container sees its cgroup from a namespace of its
// own and may write to it: a mount of it on /sys/fs/cgroup that is not read-only. Nothing
// otherwise (config-linux.md, "Cgroup ownership"). Pure.
std::optional<uid_t> cgroup_owner(const spec::Config& config);

}  // namespace seatrial::runtime
