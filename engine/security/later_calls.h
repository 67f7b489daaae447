// System calls that are younger than the libseccomp we build with. Since Linux 5.1 a new call has
// the same number on every architecture, so that a few instructions ahead of libseccomp's do.
#pragma once

#include <linux/filter.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace seatrial::security {

// Nothing for a name that is not among them.
std::optional<std::uint32_t> later_call(std::string_view name);

struct LaterRule {
  std::uint32_t number = 0;
  std::uint32_t verdict = 0;  // SECCOMP_RET_*
};

// The instructions that settle these calls on these ABIs (AUDIT_ARCH_*) and let all others fall
// through. x32, an ABI of x86_64's own, marks its numbers with a bit.
std::vector<sock_filter> later_prologue(const std::vector<LaterRule>& rules,
                                        const std::vector<std::uint32_t>& architectures, bool x32);

}  // namespace seatrial::security
