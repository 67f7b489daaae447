// What this process may do, where it is not root of the host: an unprivileged user, or a root that
// is one inside somebody's user namespace only.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "engine/plan/launch_plan.h"
#include "engine/spec/config.h"

namespace seatrial::runtime {

// Its permitted capabilities, one bit each.
std::uint64_t own_capabilities();

// Whether it lives in another user namespace than the kernel's first.
bool in_user_namespace();

// Whether privileges over the host are missing: cgroups are then made as far as the host allows,
// and what takes such privileges is looked at before anything is made.
bool is_restricted();

// Fills in what plan() must know of a restricted process beside its capabilities.
void add_restrictions(plan::HostFacts& facts);

// The text of /proc/PID/uid_map as mappings. Throws Error{kInvalidArgument} for any other text.
std::vector<spec::IdMapping> parse_id_map(std::string_view text);

// Whether that is all that the map has: the one map that needs no privilege to be written.
bool is_own_id_alone(const std::vector<spec::IdMapping>& map, std::uint32_t id);

// Throws Error naming the JSON path of what this process may not make: a container without a user
// namespace, or a user namespace where there may be none; larger hard limits, groups, network
// devices that move. Makes nothing.
void check_rights(const spec::Config& config, const plan::HostFacts& facts);
// The part of it that is about a process, for exec.
void check_process_rights(const spec::Process& process, const plan::HostFacts& facts,
                          bool may_set_groups);

}  // namespace seatrial::runtime
