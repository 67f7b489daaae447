// The inside of the floor's container: what the configuration of the stage asks of the kernel, in
// as few system calls as it takes.
#pragma once

#include "suites/perf/floor_cgroups.h"
#include "suites/perf/floor_recipe.h"

namespace seatrial::perf {

struct FloorContainer {
  const char* rootfs = nullptr;   // absolute host path
  const char* program = nullptr;  // absolute path inside
  const FloorCgroups* cgroups = nullptr;
  const FloorRecipe* recipe = nullptr;
};

// The namespaces that the default configuration asks for, as clone flags.
unsigned long floor_namespaces();

// Builds the container around the calling process, which was cloned into new namespaces and may
// share its memory with its parent, and executes the program. Allocates nothing.
[[noreturn]] void become_container(const FloorContainer& container);

}  // namespace seatrial::perf
