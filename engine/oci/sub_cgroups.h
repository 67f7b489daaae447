// Where `exec --cgroup` puts a process, from its words.
#pragma once

#include <string>
#include <vector>

#include "engine/cgroup/cgroup.h"

namespace seatrial::oci {

// As runc has them: one PATH, for every hierarchy, or any number of
// CONTROLLER[,CONTROLLER...]:PATH. Throws Error{kInvalidArgument} naming the word.
std::vector<cgroup::SubCgroup> parse_sub_cgroups(const std::vector<std::string>& words);

}  // namespace seatrial::oci
