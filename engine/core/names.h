// Names of containers: the rule, and ones that are made up.
#pragma once

#include <string>
#include <string_view>

namespace seatrial::core {

// Modes that name another container: "container:ID".
inline constexpr std::string_view kContainerPrefix = "container:";
inline constexpr std::string_view kShareable = "shareable";  // of an IPC that others may join

// [a-zA-Z0-9][a-zA-Z0-9_.-]+
bool is_container_name(std::string_view name);

// "calm_nansen": a mood, an underscore, somebody who went to sea or knew about it. With `attempt`
// over 0 a digit follows.
std::string made_up_name(unsigned attempt);

// 64 random hex digits. The first 12 are never all decimal: such a short id would be a hostname
// that looks like a number.
std::string new_id();

}  // namespace seatrial::core
