// The processes of a container: those in its cgroups or, where none of these is its own, those in
// the namespace that only they live in. A cgroup is not its own that stood before, because others
// may live there, too: of them, nobody is ever signalled.
//
// An unprivileged user may look at the namespaces of its own containers' processes, and of no
// others but its own.
#pragma once

#include <sys/types.h>

#include <vector>

#include "engine/cgroup/cgroup.h"
#include "engine/runtime/record.h"
#include "engine/runtime/state_root.h"

namespace seatrial::runtime {

// Whether its processes are to be found by namespace.
bool is_told_by_namespace(const Record& record, const cgroup::Cgroup& cgroup);

// Of such a container, once its init stands: keeps the namespace known beyond init's end, so that
// who is left in it is still found. Nothing for a pid namespace, in which nobody is left then.
void hold_telling_namespace(const StateDirectory& directory, const Record& record);

// Each once, sorted, also those in namespaces below; init among them while it lives. By namespace:
// those that are also in the cgroups that it shares. Without a namespace of its own to tell them
// by, its init alone.
std::vector<pid_t> container_processes(const StateDirectory& directory, const Record& record,
                                       const cgroup::Cgroup& cgroup);

// Sends `signal` once to each of container_processes(), through pidfds. Returns how many got it.
std::size_t signal_processes(const StateDirectory& directory, const Record& record,
                             const cgroup::Cgroup& cgroup, int signal);

// Kills all that are told by namespace, init last, and returns when the others are gone. Throws
// Error{kTimeout}.
void kill_by_namespace(const StateDirectory& directory, const Record& record,
                       const cgroup::Cgroup& cgroup, cgroup::Deadline deadline);

}  // namespace seatrial::runtime
