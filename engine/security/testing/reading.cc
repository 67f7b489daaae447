#include "engine/security/testing/reading.h"

#include <linux/audit.h>
#include <seccomp.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <map>

namespace seatrial::security::testing {
namespace {

// What libseccomp 2.5 has no name for, by the kernel's table (scripts/syscall.tbl).
const std::map<std::uint32_t, std::string> kLater = {{450, "set_mempolicy_home_node"},
                                                     {451, "cachestat"},
                                                     {452, "fchmodat2"},
                                                     {453, "map_shadow_stack"},
                                                     {454, "futex_wake"},
                                                     {455, "futex_wait"},
                                                     {456, "futex_requeue"},
                                                     {457, "statmount"},
                                                     {458, "listmount"},
                                                     {459, "lsm_get_self_attr"},
                                                     {460, "lsm_set_self_attr"},
                                                     {461, "lsm_list_modules"},
                                                     {462, "mseal"},
                                                     {463, "setxattrat"},
                                                     {464, "getxattrat"},
                                                     {465, "listxattrat"},
                                                     {466, "removexattrat"},
                                                     {467, "open_tree_attr"},
                                                     {468, "file_getattr"},
                                                     {469, "file_setattr"}};

std::uint32_t verdict(spec::SeccompAction action, std::optional<std::uint16_t> number) {
  const std::uint32_t data = number.value_or(EPERM);
  switch (action) {
    case spec::SeccompAction::kKillThread:
      return SECCOMP_RET_KILL_THREAD;
    case spec::SeccompAction::kKillProcess:
      return SECCOMP_RET_KILL_PROCESS;
    case spec::SeccompAction::kTrap:
      return SECCOMP_RET_TRAP;
    case spec::SeccompAction::kErrno:
      return SECCOMP_RET_ERRNO | data;
    case spec::SeccompAction::kTrace:
      return SECCOMP_RET_TRACE | data;
    case spec::SeccompAction::kAllow:
      return SECCOMP_RET_ALLOW;
    case spec::SeccompAction::kLog:
      return SECCOMP_RET_LOG;
    case spec::SeccompAction::kNotify:
      return SECCOMP_RET_USER_NOTIF;
  }
  std::abort();
}

bool holds(const spec::SeccompArgument& condition, const Abi& abi, const seccomp_data& call) {
  const std::uint64_t width = abi.wide ? ~0ULL : 0xffffffffULL;
  const std::uint64_t argument = call.args[condition.index] & width;
  const std::uint64_t value = condition.value & width;
  switch (condition.op) {
    case spec::SeccompOperator::kNotEqual:
      return argument != value;
    case spec::SeccompOperator::kLess:
      return argument < value;
    case spec::SeccompOperator::kLessEqual:
      return argument <= value;
    case spec::SeccompOperator::kEqual:
      return argument == value;
    case spec::SeccompOperator::kGreaterEqual:
      return argument >= value;
    case spec::SeccompOperator::kGreater:
      return argument > value;
    case spec::SeccompOperator::kMaskedEqual:
      return (argument & value) == (condition.value_two & width);
  }
  std::abort();
}

}  // namespace

const Abi kAmd64{"SCMP_ARCH_X86_64", SCMP_ARCH_X86_64, AUDIT_ARCH_X86_64, 0, true};
const Abi kX86{"SCMP_ARCH_X86", SCMP_ARCH_X86, AUDIT_ARCH_I386};
const Abi kX32{"SCMP_ARCH_X32", SCMP_ARCH_X32, AUDIT_ARCH_X86_64, kX32Bit};
const Abi kArm64{"SCMP_ARCH_AARCH64", SCMP_ARCH_AARCH64, AUDIT_ARCH_AARCH64, 0, true};

std::string call_name(const Abi& abi, std::uint32_t number) {
  char* const name =
      seccomp_syscall_resolve_num_arch(abi.token, static_cast<int>(number | abi.number_bit));
  if (name != nullptr) {
    std::string result = name;
    std::free(name);
    return result;
  }
  const auto later = kLater.find(number);
  if (abi.token == SCMP_ARCH_X32 && number == 453) return {};  // 64 bits only
  return later == kLater.end() ? "" : later->second;
}

int call_number(const Abi& abi, const std::string& name) {
  for (std::uint32_t number = 0; number < 600; ++number) {
    if (call_name(abi, number) == name) return static_cast<int>(number);
  }
  return -1;
}

seccomp_data call_of(const Abi& abi, std::uint32_t number, std::uint64_t first,
                     std::uint64_t second) {
  seccomp_data call{};
  call.nr = static_cast<int>(number | abi.number_bit);
  call.arch = abi.audit;
  call.args[0] = first;
  call.args[1] = second;
  return call;
}

std::uint32_t read_profile(const spec::Seccomp& profile, const Abi& abi, std::uint32_t number,
                           const seccomp_data& call) {
  const auto& list = profile.architectures;
  if (abi.token != kAmd64.token && std::find(list.begin(), list.end(), abi.name) == list.end()) {
    return SECCOMP_RET_KILL_THREAD;
  }
  const std::string name = call_name(abi, number);
  const std::uint32_t by_default = verdict(profile.default_action, profile.default_errno_ret);
  std::uint32_t result = by_default;
  for (const spec::SeccompRule& rule : profile.syscalls) {
    const bool named = std::find(rule.names.begin(), rule.names.end(), name) != rule.names.end();
    const auto met = [&](const spec::SeccompArgument& condition) {
      return holds(condition, abi, call);
    };
    if (!named || !std::all_of(rule.args.begin(), rule.args.end(), met)) continue;
    const std::uint32_t here = verdict(rule.action, rule.errno_ret);
    if (here == by_default) continue;
    if (rule.args.empty()) return here;
    result = here;
  }
  return result;
}

}  // namespace seatrial::security::testing
