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

// "SCMP_ACT_KILL", "SCMP_CMP_MASKED_EQ", "SECCOMP_FILTER_FLAG_LOG" -> what they mean.
std::optional<SeccompAction> seccomp_action(std::string_view name);
std::optional<SeccompOperator> seccomp_operator(std::string_view name);
std::optional<std::uint32_t> seccomp_flag(std::string_view name);
bool is_seccomp_architecture(std::string_view name);  // "SCMP_ARCH_X86_64"
// Whether the action hands an error number over: to the caller, or to a tracer.
bool has_errno(SeccompAction action);

// "c", "u" (unbuffered: the same to Linux), "b", "p".
std::optional<DeviceType> device_type(std::string_view name);

// "shared", "rslave" ... -> MS_SHARED, MS_SLAVE ... (the recursive forms give the same flag).
std::optional<std::uint64_t> propagation_flag(std::string_view name);

// Lists for messages: "pid, network, ...".
std::string known_namespace_types();
std::string known_rlimits();
std::string known_seccomp_actions();
std::string known_seccomp_operators();
std::string known_seccomp_flags();

}  // namespace seatrial::spec
