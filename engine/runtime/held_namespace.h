// Namespaces that are kept from ending with the processes in them: mounts in the state directory.
#pragma once

#include "engine/base/unique_fd.h"
#include "engine/runtime/state_root.h"

namespace seatrial::runtime {

// What for. The value is the file's name.
inline constexpr const char* kHeldForDevices = "network";
inline constexpr const char* kHeldForProcesses = "processes";

// Where this process may not mount it does without. Throws Error when no file can be made.
void hold_namespace(const StateDirectory& directory, const char* name, int space);

// The namespace that is held; nothing where none is.
UniqueFd held_namespace(const StateDirectory& directory, const char* name);

void let_namespace_go(const StateDirectory& directory, const char* name);

}  // namespace seatrial::runtime
