// What a profile says of a call, read rule by rule as config-linux.md tells it: the judge of what
// compile() makes of it, with which it shares no code.
#pragma once

#include <linux/seccomp.h>

#include <cstdint>
#include <string>

#include "engine/spec/config.h"

namespace seatrial::security::testing {

// An ABI and how a call by it looks to the kernel.
struct Abi {
  const char* name;              // "SCMP_ARCH_X86_64"
  std::uint32_t token;           // of libseccomp
  std::uint32_t audit;           // seccomp_data::arch
  std::uint32_t number_bit = 0;  // that marks its numbers
  bool wide = false;             // arguments of 64 bits
};

inline constexpr std::uint32_t kX32Bit = 0x40000000;
extern const Abi kAmd64;
extern const Abi kX86;
extern const Abi kX32;
extern const Abi kArm64;

// The name of the call with this number; empty where there is none.
std::string call_name(const Abi& abi, std::uint32_t number);

// -1: the ABI does not have it.
int call_number(const Abi& abi, const std::string& name);

seccomp_data call_of(const Abi& abi, std::uint32_t number, std::uint64_t first = 0,
                     std::uint64_t second = 0);

// The verdict (SECCOMP_RET_*).
std::uint32_t read_profile(const spec::Seccomp& profile, const Abi& abi, std::uint32_t number,
                           const seccomp_data& call);

}  // namespace seatrial::security::testing
