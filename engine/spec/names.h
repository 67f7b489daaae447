// The words that the specification and its callers use for what the kernel numbers.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

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
std::vector<std::string_view> namespace_type_names();
std::string_view to_string(NamespaceType type);

// "SCMP_ACT_KILL", "SCMP_CMP_MASKED_EQ", "SECCOMP_FILTER_FLAG_LOG" -> what they mean.
std::optional<SeccompAction> seccomp_action(std::string_view name);
std::optional<SeccompOperator> seccomp_operator(std::string_view name);
std::optional<std::uint32_t> seccomp_flag(std::string_view name);
bool is_seccomp_architecture(std::string_view name);  // "SCMP_ARCH_X86_64"
std::vector<std::string_view> seccomp_action_names();
std::vector<std::string_view> seccomp_operator_names();
std::vector<std::string_view> seccomp_architecture_names();
// Whether the action hands an error number over: to the caller, or to a tracer.
bool has_errno(SeccompAction action);

// "SCHED_BATCH", "SCHED_FLAG_RESET_ON_FORK", "IOPRIO_CLASS_BE", "MPOL_BIND", "MPOL_F_STATIC_NODES",
// "LINUX32" -> the kernel's numbers; and back, empty for one that has no name.
std::optional<std::uint32_t> scheduler_policy(std::string_view name);
std::optional<std::uint64_t> scheduler_flag(std::string_view name);
std::optional<std::uint32_t> io_class(std::string_view name);
std::optional<std::uint32_t> memory_policy_mode(std::string_view name);
std::optional<std::uint32_t> memory_policy_flag(std::string_view name);
std::optional<std::uint32_t> personality_domain(std::string_view name);
std::string_view scheduler_policy_name(std::uint32_t policy);
std::vector<std::string_view> scheduler_flag_names(std::uint64_t flags);
std::string_view io_class_name(std::uint32_t io_class);
std::string_view memory_policy_mode_name(std::uint32_t mode);
std::vector<std::string_view> memory_policy_mode_names();
std::vector<std::string_view> memory_policy_flag_names(std::uint32_t flags);
std::string_view personality_name(std::uint32_t domain);

// "0-3,7" -> mask, with numbers up to `most`; nothing for what is no such list. And back.
std::optional<NumberMask> number_mask(std::string_view list, unsigned most);
std::string number_list(const NumberMask& mask);

// "c", "u" (unbuffered: the same to Linux), "b", "p".
std::optional<DeviceType> device_type(std::string_view name);

// "shared", "rslave" ... -> MS_SHARED, MS_SLAVE ... (the recursive forms give the same flag).
std::optional<std::uint64_t> propagation_flag(std::string_view name);

// A member of `hooks`, in the order in which a container's life comes to them.
struct HookKind {
  std::string_view name;  // "createRuntime"
  std::vector<Hook> Hooks::* hooks;
};
std::span<const HookKind> hook_kinds();

// Lists for messages: "pid, network, ...".
std::string known_namespace_types();
std::string known_rlimits();
std::string known_seccomp_actions();
std::string known_seccomp_operators();
std::string known_seccomp_flags();
std::string known_scheduler_policies();
std::string known_scheduler_flags();
std::string known_io_classes();
std::string known_memory_policy_modes();
std::string known_memory_policy_flags();
std::string known_personalities();

}  // namespace seatrial::spec
