// Containers whose cgroups are scopes of systemd's (CgroupManager::kSystemd).
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "engine/cgroup/cgroup.h"
#include "engine/cgroup/systemd_manager.h"
#include "engine/runtime/bundle.h"
#include "engine/runtime/host.h"
#include "engine/runtime/record.h"

namespace seatrial::runtime {

// Puts the scope that linux.cgroupsPath names into the bundle, and its cgroup in the path's place.
// A caller without privileges over the host gets one of its own systemd's, which is asked where it
// has its cgroups. Throws Error{kInvalidArgument}, and kUnsupported where there is no such systemd.
void place_in_scope(Bundle& bundle, const std::string& id, Host& host);

// A scope that is yet to be made.
class NewScope {
 public:
  // Makes nothing. Throws Error{kUnsupported} where the scope's systemd does not listen, kConflict
  // where it has a unit of that name, and where it has no word for the limits.
  NewScope(const cgroup::Scope& scope, const spec::Resources& limits, bool v2);

  // Has systemd make it for the record's container, with this process in it. Where the name is
  // somebody else's since, the record forgets scope and cgroups. Throws Error, kUnavailable where
  // systemd has made it elsewhere than the plan has it.
  void start(Record& record, const std::string& id, pid_t process);

 private:
  const cgroup::Scope scope_;
  const std::vector<cgroup::UnitProperty> properties_;
  cgroup::SystemdManager manager_;
};

// Tells systemd of the limits of a running container. Throws Error{kDenied} for one whose
// controller a user's own systemd was not given.
void update_scope(const Record& record, const cgroup::Cgroup& cgroup,
                  const spec::Resources& resources);

// Has systemd move a process into the container's cgroup (`place`: there, or below) where this
// process may not: one of a session of the user's is outside of what the user's systemd was given.
void let_into_scope(const Record& record, const cgroup::Identity& place, Host& host, pid_t process);

// The record without scope and cgroups where systemd has one of that name with another description:
// of two creates for it, this one was killed before it heard that it came second.
Record own_part(Record record, const std::string& id);

// Ends the record's scope. Without processes it may be gone already: systemd takes it away.
void stop_scope(const Record& record, const std::string& id);

// After a create that was killed: the slices that it made in hierarchies of v1, as far as nobody
// has moved in. In v2 they are systemd's.
void remove_empty_slices(const Record& record);

}  // namespace seatrial::runtime
