// The inside of the floor's container: what the configuration of the stage asks of the kernel, in
// as few system calls as it takes.
#pragma once

#include <sys/types.h>

#include "suites/perf/floor_cgroups.h"
#include "suites/perf/floor_recipe.h"

namespace seatrial::perf {

struct FloorContainer {
  const char* rootfs = nullptr;   // absolute host path
  const char* program = nullptr;  // absolute path inside
  const FloorCgroups* cgroups = nullptr;
  const FloorRecipe* recipe = nullptr;
};

// Clones a process, vfork-style and straight into its new namespaces, that builds the container
// around itself; returns when it has executed the program or ended. Negative where there is none,
// with errno.
pid_t start_container(FloorContainer& container);

}  // namespace seatrial::perf
