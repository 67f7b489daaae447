// Detached mounts, and how a mount is changed.
#pragma once

#include "engine/init/run.h"

namespace seatrial::init {

// A detached mount of a file system that takes no options. `attributes`: MOUNT_ATTR_*. `label`: as
// for label_all().
Result new_mount(const char* type, std::uint64_t attributes, const char* label = "");

// Gives the file system that is being configured, and all that will be in it, this label of
// SELinux; empty: those that the kernel's policy has for it.
Result label_all(int context, const char* label);

// The runtime's /proc, which must be a procfs as a whole. Before the container's root is entered.
Result open_host_procfs(Run& run);

Result apply_change(int mount, const steps::MountChange& change);

// Gives the file system that is being configured its options: "key=value" or "flag".
Result configure(Run& run, int context, char** options);

// The same, keeping the kernel's own words on what it did not like as the step's detail.
Result explain(Run& run, int context, Result error);

}  // namespace seatrial::init
