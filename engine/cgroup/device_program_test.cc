// Device programs, run here by a small machine of the test's own and compared with what the order
// of the rules says, access by access.
#include "engine/cgroup/device_program.h"

#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <optional>
#include <random>

namespace seatrial::cgroup {
namespace {

using spec::DeviceRule;

// Runs the instructions that device_program() uses; nothing for any other.
std::optional<std::uint64_t> run(const std::vector<bpf_insn>& program,
                                 const bpf_cgroup_dev_ctx& context) {
  std::array<std::uint64_t, 11> r{};
  for (std::size_t at = 0; at < program.size(); ++at) {
    const bpf_insn& each = program[at];
    const auto imm = static_cast<std::uint64_t>(static_cast<std::int64_t>(each.imm));
    const bool equal =
        static_cast<std::uint32_t>(r[each.dst_reg]) == static_cast<std::uint32_t>(each.imm);
    switch (each.code) {
      case BPF_LDX | BPF_MEM | BPF_W: {
        std::uint32_t word = 0;
        std::memcpy(&word, reinterpret_cast<const char*>(&context) + each.off, sizeof word);
        r[each.dst_reg] = word;
        break;
      }
      case BPF_ALU64 | BPF_MOV | BPF_X:
        r[each.dst_reg] = r[each.src_reg];
        break;
      case BPF_ALU64 | BPF_MOV | BPF_K:
        r[each.dst_reg] = imm;
        break;
      case BPF_ALU64 | BPF_AND | BPF_K:
        r[each.dst_reg] &= imm;
        break;
      case BPF_ALU64 | BPF_RSH | BPF_K:
        r[each.dst_reg] >>= imm;
        break;
      case BPF_JMP32 | BPF_JEQ | BPF_K:
        if (equal) at += static_cast<std::size_t>(each.off);
        break;
      case BPF_JMP32 | BPF_JNE | BPF_K:
        if (!equal) at += static_cast<std::size_t>(each.off);
        break;
      case BPF_JMP | BPF_EXIT:
        return r[0];
      default:
        return std::nullopt;
    }
  }
  return std::nullopt;
}

struct Access {
  char type = 'c';
  std::uint32_t major = 0;
  std::uint32_t minor = 0;
  unsigned bits = 0;
};

bool is_about(const DeviceRule& rule, const Access& access) {
  return (rule.type == 'a' || rule.type == access.type) &&
         (!rule.major || *rule.major == access.major) &&
         (!rule.minor || *rule.minor == access.minor);
}

// The last rule that names a bit decides on it; all bits must be allowed.
bool expected(const std::vector<DeviceRule>& rules, const Access& access) {
  for (const unsigned bit : {1U, 2U, 4U}) {
    if ((access.bits & bit) == 0) continue;
    bool allowed = false;
    for (const DeviceRule& rule : rules) {
      const bool named = (bit == BPF_DEVCG_ACC_MKNOD && rule.mknod) ||
                         (bit == BPF_DEVCG_ACC_READ && rule.read) ||
                         (bit == BPF_DEVCG_ACC_WRITE && rule.write);
      if (named && is_about(rule, access)) allowed = rule.allow;
    }
    if (!allowed) return false;
  }
  return true;
}

void check(const std::vector<DeviceRule>& rules) {
  const std::vector<bpf_insn> program = device_program(rules);
  bool all = true;
  for (const char type : {'b', 'c'}) {
    for (const std::uint32_t major : {0U, 1U, 8U, 0xffffffffU}) {
      for (const std::uint32_t minor : {0U, 3U, 0xffffffffU}) {
        for (unsigned bits = 0; bits < 8; ++bits) {
          const Access access{type, major, minor, bits};
          const std::uint32_t kind = type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR;
          const bool want = expected(rules, access);
          all = all && want;
          ASSERT_EQ(
              run(program, {.access_type = bits << 16 | kind, .major = major, .minor = minor}),
              want ? 1U : 0U)
              << type << ' ' << major << ':' << minor << ' ' << bits;
        }
      }
    }
  }
  EXPECT_TRUE(all || !allows_everything(rules));
}

DeviceRule random_rule(std::mt19937& random) {
  const auto pick = [&](unsigned count) { return static_cast<unsigned>(random() % count); };
  constexpr std::array<std::int64_t, 3> kNumbers{1, 8, 0xffffffff};
  DeviceRule rule{.allow = pick(2) == 0, .type = "abc"[pick(3)]};
  if (pick(2) == 0) rule.major = kNumbers.at(pick(3));
  if (pick(2) == 0) rule.minor = pick(2) == 0 ? 3 : 0;
  const unsigned bits = pick(8);
  rule.read = (bits & 1) != 0;
  rule.write = (bits & 2) != 0;
  rule.mknod = (bits & 4) != 0;
  return rule;
}

TEST(DeviceProgram, DeniesWhatNoRuleNames) {
  check({});
  check({DeviceRule{.allow = true, .type = 'c', .major = 1, .minor = 3}});
}

TEST(DeviceProgram, TheLastRuleThatNamesAnAccessDecides) {
  const DeviceRule all{.allow = true};
  const DeviceRule disks{.allow = false, .type = 'b', .major = 8};
  const DeviceRule one{.allow = true, .type = 'b', .major = 8, .minor = 0, .write = false};
  check({all, disks});  // which the list of v1 cannot hold
  check({all, disks, one});
  check({one, disks, all});
  check({disks, all, one});
}

TEST(DeviceProgram, AccessesAreAllowedByRulesTogether) {
  check({DeviceRule{.allow = true, .read = true, .write = false, .mknod = false},
         DeviceRule{.allow = true, .read = false, .write = true, .mknod = false}});
}

TEST(DeviceProgram, FollowsTheOrderOfAnyRules) {
  std::mt19937 random(20261126);
  for (int round = 0; round < 3000; ++round) {
    std::vector<DeviceRule> rules(random() % 6);
    for (DeviceRule& rule : rules) rule = random_rule(random);
    check(rules);
    if (HasFatalFailure()) return;
  }
}

TEST(DeviceProgram, EverythingIsToldApart) {
  const DeviceRule all{.allow = true};
  EXPECT_TRUE(allows_everything(std::vector{all}));
  EXPECT_TRUE(allows_everything(std::vector{DeviceRule{.allow = false}, all}));
  EXPECT_FALSE(allows_everything(std::vector{all, DeviceRule{.allow = false, .type = 'b'}}));
  EXPECT_FALSE(allows_everything(std::vector{DeviceRule{.allow = true, .type = 'c'}}));
  EXPECT_FALSE(allows_everything(std::vector<DeviceRule>{}));
}

}  // namespace
}  // namespace seatrial::cgroup
