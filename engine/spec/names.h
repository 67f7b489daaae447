// The words that the specification and its callers use for what the kernel numbers.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "engine/spec/config.h"

namespace seatrial::spec {

// "CAP_KILL" -> 5. Nothing for a name that this build does not know.
std::optional<unsigned> capability_number(std::string_view name);
// Empty for a number beyond those known.
std::string_view capability_name(unsigned number);
// One more than the highest number known.
unsigned capability_count();

// "RLIMIT_NOFILE" -> RLIMIT_NOFILE.
std::optional<int> rlimit_resource(std::string_view name);
std::string_view rlimit_name(int resource);

// "SIGTERM", "term", "15", "SIGRTMIN+3" -> number, 0 to 64.
std::optional<int> signal_number(std::string_view name);
// "SIGTERM", "SIGRTMIN+3"; empty for a number that is no signal.
std::string signal_name(int number);

std::optional<NamespaceType> namespace_type(std::string_view name);
std::string_view to_string(NamespaceType type);

// "c", "u" (unbuffered: the same to Linux), "b", "p".
std::optional<DeviceType> device_type(std::string_view name);

// "shared", "rslave" ... -> MS_SHARED, MS_SLAVE ... (the recursive forms give the same flag).
std::optional<std::uint64_t> propagation_flag(std::string_view name);

// Lists for messages: "pid, network, ...".
std::string known_namespace_types();
std::string known_rlimits();

}  // namespace seatrial::spec
