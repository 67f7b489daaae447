#include "engine/security/later_calls.h"

#include <linux/audit.h>
#include <linux/seccomp.h>

#include <algorithm>
#include <array>
#include <cstddef>

namespace seatrial::security {
namespace {

struct Call {
  std::string_view name;
  std::uint32_t number;
};

// include/uapi/asm-generic/unistd.h
constexpr auto kCalls = std::to_array<Call>({
    {"set_mempolicy_home_node", 450},
    {"cachestat", 451},
    {"fchmodat2", 452},
    {"map_shadow_stack", 453},
    {"futex_wake", 454},
    {"futex_wait", 455},
    {"futex_requeue", 456},
    {"statmount", 457},
    {"listmount", 458},
    {"lsm_get_self_attr", 459},
    {"lsm_set_self_attr", 460},
    {"lsm_list_modules", 461},
    {"mseal", 462},
    {"setxattrat", 463},
    {"getxattrat", 464},
    {"listxattrat", 465},
    {"removexattrat", 466},
    {"open_tree_attr", 467},
    {"file_getattr", 468},
    {"file_setattr", 469},
});

constexpr std::uint32_t kX32Bit = 0x40000000;

sock_filter load(std::size_t offset) {
  return BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(offset));
}

sock_filter jump(std::uint16_t condition, std::uint32_t value, std::size_t if_true,
                 std::size_t if_false) {
  return BPF_JUMP(static_cast<std::uint16_t>(BPF_JMP | condition | BPF_K), value,
                  static_cast<std::uint8_t>(if_true), static_cast<std::uint8_t>(if_false));
}

sock_filter skip(std::size_t instructions) {
  return BPF_STMT(BPF_JMP | BPF_JA, static_cast<std::uint32_t>(instructions));
}

}  // namespace

std::optional<std::uint32_t> later_call(std::string_view name) {
  const auto call = std::find_if(kCalls.begin(), kCalls.end(),
                                 [&](const Call& candidate) { return candidate.name == name; });
  if (call == kCalls.end()) return std::nullopt;
  return call->number;
}

std::vector<sock_filter> later_prologue(const std::vector<LaterRule>& rules,
                                        const std::vector<std::uint32_t>& architectures, bool x32) {
  // Number first: nearly every call is older and leaves after two instructions.
  const auto lowest =
      std::min_element(rules.begin(), rules.end(),
                       [](const LaterRule& a, const LaterRule& b) { return a.number < b.number; });
  std::vector<sock_filter> verdicts;
  for (const LaterRule& rule : rules) {
    verdicts.push_back(jump(BPF_JEQ, rule.number, 0, 1));
    verdicts.push_back(BPF_STMT(BPF_RET | BPF_K, rule.verdict));
  }
  std::vector<sock_filter> program{load(offsetof(seccomp_data, nr)),
                                   jump(BPF_JGE, lowest->number, 1, 0), skip(0),
                                   load(offsetof(seccomp_data, arch))};
  for (std::size_t i = 0; i < architectures.size(); ++i) {
    program.push_back(jump(BPF_JEQ, architectures[i], architectures.size() - i, 0));
  }
  const std::size_t no_architecture = program.size();
  program.push_back(skip(0));
  program.push_back(load(offsetof(seccomp_data, nr)));
  if (x32) program.push_back(BPF_STMT(BPF_ALU | BPF_AND | BPF_K, ~kX32Bit));
  program.insert(program.end(), verdicts.begin(), verdicts.end());
  constexpr std::size_t kOlder = 2;
  for (const std::size_t from : {kOlder, no_architecture}) {
    program[from] = skip(program.size() - from - 1);
  }
  return program;
}

}  // namespace seatrial::security
