#include "engine/cgroup/device_program.h"

#include <cstddef>
#include <cstdint>
#include <ranges>

namespace seatrial::cgroup {
namespace {

using spec::DeviceRule;

// What the program holds while it runs.
constexpr unsigned kResult = BPF_REG_0;   // 1: allowed
constexpr unsigned kContext = BPF_REG_1;  // bpf_cgroup_dev_ctx
constexpr unsigned kType = BPF_REG_2;
constexpr unsigned kOpen = BPF_REG_3;  // accesses that no rule has allowed yet
constexpr unsigned kMajor = BPF_REG_4;
constexpr unsigned kMinor = BPF_REG_5;
constexpr unsigned kScratch = BPF_REG_6;

constexpr std::uint8_t kLoadWord = BPF_LDX | BPF_MEM | BPF_W;
constexpr std::uint8_t kCopy = BPF_ALU64 | BPF_MOV | BPF_X;
constexpr std::uint8_t kSet = BPF_ALU64 | BPF_MOV | BPF_K;
constexpr std::uint8_t kAnd = BPF_ALU64 | BPF_AND | BPF_K;
constexpr std::uint8_t kShiftRight = BPF_ALU64 | BPF_RSH | BPF_K;
constexpr std::uint8_t kExit = BPF_JMP | BPF_EXIT;
// 32 bits: a device number may have the highest of them set, which 64 bits would carry on.
constexpr std::uint8_t kJumpIfEqual = BPF_JMP32 | BPF_JEQ | BPF_K;
constexpr std::uint8_t kJumpIfOther = BPF_JMP32 | BPF_JNE | BPF_K;

constexpr std::uint32_t kAllAccesses =
    BPF_DEVCG_ACC_MKNOD | BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE;

std::uint32_t accesses(const DeviceRule& rule) {
  return (rule.mknod ? std::uint32_t{BPF_DEVCG_ACC_MKNOD} : 0) |
         (rule.read ? std::uint32_t{BPF_DEVCG_ACC_READ} : 0) |
         (rule.write ? std::uint32_t{BPF_DEVCG_ACC_WRITE} : 0);
}

bool is_for_all_devices(const DeviceRule& rule) {
  return rule.type == 'a' && !rule.major && !rule.minor;
}

class Program {
 public:
  void begin() {
    load(kType, offsetof(bpf_cgroup_dev_ctx, access_type));
    load(kMajor, offsetof(bpf_cgroup_dev_ctx, major));
    load(kMinor, offsetof(bpf_cgroup_dev_ctx, minor));
    copy(kOpen, kType);
    on(kOpen, kShiftRight, 16);
    on(kType, kAnd, 0xffff);
    allow_when_nothing_is_open();
  }

  void add_rule(const DeviceRule& rule) {
    misses_.clear();
    if (rule.type != 'a') {
      miss_unless(kType, rule.type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR);
    }
    if (rule.major) miss_unless(kMajor, *rule.major);
    if (rule.minor) miss_unless(kMinor, *rule.minor);
    if (rule.allow) {
      on(kOpen, kAnd, static_cast<std::int32_t>(kAllAccesses & ~accesses(rule)));
      allow_when_nothing_is_open();
    } else {
      copy(kScratch, kOpen);
      on(kScratch, kAnd, static_cast<std::int32_t>(accesses(rule)));
      jump(kJumpIfEqual, kScratch, 0, 2);
      end(0);
    }
    for (const std::size_t miss : misses_) {
      program_[miss].off = static_cast<std::int16_t>(program_.size() - miss - 1);
    }
  }

  std::vector<bpf_insn> take(bool allowed) {
    end(allowed ? 1 : 0);
    return std::move(program_);
  }

 private:
  void add(std::uint8_t code, unsigned to, unsigned from, std::int16_t offset, std::int32_t value) {
    bpf_insn& instruction = program_.emplace_back();
    instruction.code = code;
    instruction.dst_reg = to & 0xfU;
    instruction.src_reg = from & 0xfU;
    instruction.off = offset;
    instruction.imm = value;
  }
  void load(unsigned to, std::size_t offset) {
    add(kLoadWord, to, kContext, static_cast<std::int16_t>(offset), 0);
  }
  void copy(unsigned to, unsigned from) { add(kCopy, to, from, 0, 0); }
  void on(unsigned where, std::uint8_t code, std::int32_t value) { add(code, where, 0, 0, value); }
  void jump(std::uint8_t code, unsigned where, std::int32_t value, std::int16_t distance) {
    add(code, where, 0, distance, value);
  }
  void miss_unless(unsigned where, std::int64_t value) {
    misses_.push_back(program_.size());
    jump(kJumpIfOther, where, static_cast<std::int32_t>(static_cast<std::uint32_t>(value)), 0);
  }
  void end(std::int32_t result) {
    on(kResult, kSet, result);
    add(kExit, 0, 0, 0, 0);
  }
  void allow_when_nothing_is_open() {
    jump(kJumpIfOther, kOpen, 0, 2);
    end(1);
  }

  std::vector<bpf_insn> program_;
  std::vector<std::size_t> misses_;  // jumps of this rule to the one after it
};

}  // namespace

std::vector<bpf_insn> device_program(std::span<const DeviceRule> rules) {
  Program program;
  program.begin();
  for (const DeviceRule& rule : rules | std::views::reverse) {
    if (accesses(rule) == 0) continue;
    // All that is open is decided here: the verifier refuses instructions that are never reached.
    if (is_for_all_devices(rule) && accesses(rule) == kAllAccesses) {
      return program.take(rule.allow);
    }
    program.add_rule(rule);
  }
  return program.take(false);
}

bool allows_everything(std::span<const DeviceRule> rules) {
  std::uint32_t open = kAllAccesses;
  for (const DeviceRule& rule : rules | std::views::reverse) {
    if (!rule.allow && accesses(rule) != 0) return false;
    if (is_for_all_devices(rule)) open &= ~accesses(rule);
    if (open == 0) return true;
  }
  return false;
}

}  // namespace seatrial::cgroup
