#include "engine/runtime/seccomp_filter.h"

#include <linux/seccomp.h>

namespace seatrial::runtime {

std::filesystem::path seccomp_cache_of(const std::filesystem::path& state_root) {
  std::string path = std::filesystem::absolute(state_root).lexically_normal().native();
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  return path + ".seccomp";
}

// Of the flags only SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV is about listeners, and without one
// (SCMP_ACT_NOTIFY) seccomp(2) takes it for an error.
plan::SeccompFilter seccomp_filter(const spec::Seccomp& profile, std::string program) {
  constexpr std::uint32_t kWithoutListener =
      SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_LOG | SECCOMP_FILTER_FLAG_SPEC_ALLOW;
  return {.program = std::move(program), .flags = profile.flags & kWithoutListener};
}

}  // namespace seatrial::runtime
