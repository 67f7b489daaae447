// The processes of a container: those in its cgroups or, where it has none, those in the namespace
// that only they live in. An unprivileged user may look at the namespaces of its own containers'
// processes, and of no others but its own.
#pragma once

#include <sys/types.h>

#include <vector>

#include "engine/cgroup/cgroup.h"
#include "engine/runtime/record.h"

namespace seatrial::runtime {

// Whether its processes are to be found by namespace.
bool is_without_cgroups(const Record& record);

// Each once, sorted, also those in namespaces below. Without a namespace of its own to tell them
// by, its init alone; nothing once that has ended.
std::vector<pid_t> namespace_processes(const Record& record);

// Sends `signal` once to each of namespace_processes(), through pidfds.
void signal_namespace(const Record& record, int signal);

// Kills all of them, init last, and returns when the others are gone: to be called while init
// lives, by whose namespace they are told. Throws Error{kTimeout}.
void kill_namespace(const Record& record, cgroup::Deadline deadline);

}  // namespace seatrial::runtime
