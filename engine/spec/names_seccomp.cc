// The words of linux.seccomp.
#include <linux/seccomp.h>

#include <algorithm>
#include <array>

#include "engine/spec/named.h"
#include "engine/spec/names.h"
#include "engine/spec/write_seccomp.h"

// Linux 5.19; older headers lack it.
#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

namespace seatrial::spec {
namespace {

constexpr auto kActions = std::to_array<Named<SeccompAction>>({
    {"SCMP_ACT_KILL", SeccompAction::kKillThread},
    {"SCMP_ACT_KILL_PROCESS", SeccompAction::kKillProcess},
    {"SCMP_ACT_KILL_THREAD", SeccompAction::kKillThread},
    {"SCMP_ACT_TRAP", SeccompAction::kTrap},
    {"SCMP_ACT_ERRNO", SeccompAction::kErrno},
    {"SCMP_ACT_TRACE", SeccompAction::kTrace},
    {"SCMP_ACT_ALLOW", SeccompAction::kAllow},
    {"SCMP_ACT_LOG", SeccompAction::kLog},
    {"SCMP_ACT_NOTIFY", SeccompAction::kNotify},
});

constexpr auto kOperators = std::to_array<Named<SeccompOperator>>({
    {"SCMP_CMP_NE", SeccompOperator::kNotEqual},
    {"SCMP_CMP_LT", SeccompOperator::kLess},
    {"SCMP_CMP_LE", SeccompOperator::kLessEqual},
    {"SCMP_CMP_EQ", SeccompOperator::kEqual},
    {"SCMP_CMP_GE", SeccompOperator::kGreaterEqual},
    {"SCMP_CMP_GT", SeccompOperator::kGreater},
    {"SCMP_CMP_MASKED_EQ", SeccompOperator::kMaskedEqual},
});

constexpr auto kFlags = std::to_array<Named<std::uint32_t>>({
    {"SECCOMP_FILTER_FLAG_TSYNC", SECCOMP_FILTER_FLAG_TSYNC},
    {"SECCOMP_FILTER_FLAG_LOG", SECCOMP_FILTER_FLAG_LOG},
    {"SECCOMP_FILTER_FLAG_SPEC_ALLOW", SECCOMP_FILTER_FLAG_SPEC_ALLOW},
    {"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV},
});

// config-linux.md, "Seccomp", architectures.
constexpr auto kArchitectures = std::to_array<std::string_view>({
    "SCMP_ARCH_X86",     "SCMP_ARCH_X86_64",   "SCMP_ARCH_X32",         "SCMP_ARCH_ARM",
    "SCMP_ARCH_AARCH64", "SCMP_ARCH_MIPS",     "SCMP_ARCH_MIPS64",      "SCMP_ARCH_MIPS64N32",
    "SCMP_ARCH_MIPSEL",  "SCMP_ARCH_MIPSEL64", "SCMP_ARCH_MIPSEL64N32", "SCMP_ARCH_PPC",
    "SCMP_ARCH_PPC64",   "SCMP_ARCH_PPC64LE",  "SCMP_ARCH_S390",        "SCMP_ARCH_S390X",
    "SCMP_ARCH_PARISC",  "SCMP_ARCH_PARISC64", "SCMP_ARCH_RISCV64",     "SCMP_ARCH_LOONGARCH64",
    "SCMP_ARCH_M68K",    "SCMP_ARCH_SH",       "SCMP_ARCH_SHEB",
});

}  // namespace

std::optional<SeccompAction> seccomp_action(std::string_view name) {
  return look_up(kActions, name);
}

std::optional<SeccompOperator> seccomp_operator(std::string_view name) {
  return look_up(kOperators, name);
}

std::optional<std::uint32_t> seccomp_flag(std::string_view name) {
  return look_up(kFlags, name);
}

bool is_seccomp_architecture(std::string_view name) {
  return std::find(kArchitectures.begin(), kArchitectures.end(), name) != kArchitectures.end();
}

bool has_errno(SeccompAction action) {
  return action == SeccompAction::kErrno || action == SeccompAction::kTrace;
}

std::string_view to_string(SeccompAction action) {
  return name_of(kActions, action);
}

std::string_view to_string(SeccompOperator op) {
  return name_of(kOperators, op);
}

std::vector<std::string_view> seccomp_flag_names(std::uint32_t flags) {
  return names_among(kFlags, flags);
}

std::vector<std::string_view> seccomp_action_names() {
  return all_names(kActions);
}

std::vector<std::string_view> seccomp_operator_names() {
  return all_names(kOperators);
}

std::vector<std::string_view> seccomp_architecture_names() {
  return {kArchitectures.begin(), kArchitectures.end()};
}

std::string known_seccomp_actions() {
  return names_of(kActions);
}

std::string known_seccomp_operators() {
  return names_of(kOperators);
}

std::string known_seccomp_flags() {
  return names_of(kFlags);
}

}  // namespace seatrial::spec
