// Containers whose cgroups are scopes of systemd's (CgroupManager::kSystemd).
#pragma once

#include <string>

#include "engine/cgroup/cgroup.h"
#include "engine/cgroup/systemd_manager.h"
#include "engine/runtime/bundle.h"
#include "engine/runtime/record.h"

namespace seatrial::runtime {

// Puts the scope that linux.cgroupsPath names into the bundle, and its cgroup in the path's place.
// Throws Error{kInvalidArgument}.
void place_in_scope(Bundle& bundle, const std::string& id);

// Makes nothing. Throws Error{kUnsupported} where there is no systemd that this process may ask,
// and kConflict where it has a unit of that name.
cgroup::SystemdManager manager_for(const cgroup::Scope& scope, bool restricted);

// What systemd is to know of the container's limits. Throws Error where it has no word for them.
std::vector<cgroup::UnitProperty> properties_for(const spec::Resources& resources, bool v2);

// Of those that are `planned`, the container's own directories: who finds them after a killed
// create may not touch a slice, where others live.
std::vector<std::string> without_slices(std::vector<std::string> planned,
                                        const cgroup::Scope& scope);

// Tells systemd of the limits of a running container.
void update_scope(const std::string& unit, const cgroup::Cgroup& cgroup,
                  const spec::Resources& resources);

// By which the scope is known to be the container's own, and not a later one of that name.
std::string scope_description(const Record& record, const std::string& id);

// Ends the record's scope. Without processes it may be gone already: systemd takes it away.
void stop_scope(const Record& record, const std::string& id);

}  // namespace seatrial::runtime
