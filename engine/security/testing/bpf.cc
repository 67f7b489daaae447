#include "engine/security/testing/bpf.h"

#include <linux/filter.h>

#include <cstring>
#include <stdexcept>
#include <vector>

namespace seatrial::security::testing {
namespace {

struct Outcome {
  std::uint32_t verdict = 0;
  unsigned steps = 0;
};

std::uint32_t load(const seccomp_data& call, std::uint32_t offset) {
  if (offset % 4 != 0 || offset >= sizeof call) throw std::runtime_error("a load out of bounds");
  std::uint32_t word = 0;
  std::memcpy(&word, reinterpret_cast<const char*>(&call) + offset, sizeof word);
  return word;
}

bool holds(std::uint16_t condition, std::uint32_t a, std::uint32_t k) {
  switch (condition) {
    case BPF_JEQ:
      return a == k;
    case BPF_JGT:
      return a > k;
    case BPF_JGE:
      return a >= k;
    case BPF_JSET:
      return (a & k) != 0;
    default:
      throw std::runtime_error("an unknown jump");
  }
}

Outcome run(std::string_view bytes, const seccomp_data& call) {
  std::vector<sock_filter> program(bytes.size() / sizeof(sock_filter));
  std::memcpy(program.data(), bytes.data(), program.size() * sizeof(sock_filter));
  Outcome outcome;
  std::uint32_t a = 0;
  for (std::size_t at = 0; at < program.size(); ++at) {
    const sock_filter& step = program[at];
    ++outcome.steps;
    if (step.code == (BPF_LD | BPF_W | BPF_ABS)) {
      a = load(call, step.k);
    } else if (step.code == (BPF_ALU | BPF_AND | BPF_K)) {
      a &= step.k;
    } else if (step.code == (BPF_JMP | BPF_JA)) {
      at += step.k;
    } else if (BPF_CLASS(step.code) == BPF_JMP && BPF_SRC(step.code) == BPF_K) {
      at += holds(BPF_OP(step.code), a, step.k) ? step.jt : step.jf;
    } else if (step.code == (BPF_RET | BPF_K)) {
      outcome.verdict = step.k;
      return outcome;
    } else {
      throw std::runtime_error("an unknown instruction");
    }
  }
  throw std::runtime_error("an end without a verdict");
}

}  // namespace

std::uint32_t run_filter(std::string_view program, const seccomp_data& call) {
  return run(program, call).verdict;
}

unsigned instructions_run(std::string_view program, const seccomp_data& call) {
  return run(program, call).steps;
}

}  // namespace seatrial::security::testing
