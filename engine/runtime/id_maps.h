// The id maps of a new user namespace, written from outside.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "engine/spec/config.h"

namespace seatrial::runtime {

// Writes setgroups (denied where we lack CAP_SETGID, as user_namespaces(7) asks), uid_map and
// gid_map of the process, which must be an unreaped child. Throws Error naming file and content.
void write_id_maps(pid_t pid, const spec::Linux& config, bool may_set_groups);

// "0 1000 1\n1 100000 65536\n"
std::string print_id_map(const std::vector<spec::IdMapping>& mappings);

}  // namespace seatrial::runtime
