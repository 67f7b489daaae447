// Engines that are not the machine's root: root of a user namespace, as an engine that runs inside
// a container, or a plain user. This process becomes what its engine is to be, for good, so that
// the engine is asked and watched with no more right than it has itself.
#pragma once

#include <sys/types.h>

namespace seatrial::harness {

// Ids 0 to 999999 of the namespace are 1000000 to 1999999 of the host: room for the mappings that
// configurations ask for inside.
constexpr uid_t kNamespaceBase = 1000000;
constexpr uid_t kNamespaceIds = 1000000;
// The plain user: known to no passwd(5), with no range of subordinate ids.
constexpr uid_t kPlainUser = 54321;

// This process is uid 0 of a user namespace from here on, in mount, network, IPC and UTS namespaces
// that belong to it. Needs root and a single thread. Throws Error.
void enter_user_namespace();

// This process is kPlainUser from here on, in no group but its own and without any capability.
// Needs root. Throws Error.
void become_plain_user();

}  // namespace seatrial::harness
