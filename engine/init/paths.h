// Paths inside the container. Each is resolved by the kernel with the container's root as its
// root, so that neither a symbolic link nor a rename while we look leads out of it.
#pragma once

#include "engine/init/run.h"

namespace seatrial::init {

// Opens `path` beneath the root. `resolve`: RESOLVE_* beyond those that hold everywhere.
Result open_in_root(Run& run, const char* path, int flags, std::uint64_t resolve = 0);

// Makes the directories of `path` that are missing; with `whole`, the last component too.
// Returns a descriptor (O_PATH) of the last directory.
Result make_directories(Run& run, const char* path, bool whole);

// "name" of "/a/b/name".
const char* last_component(const char* path);

// Opens (O_PATH) what a mount will cover. What is missing is made: directories, and an empty file
// at the end unless `directory`.
Result open_target(Run& run, const char* path, bool directory, std::uint64_t resolve = 0);

// Enters the working directory that root could not enter, if that was so.
Result enter_pending_directory(Run& run);

}  // namespace seatrial::init
