#include "engine/runtime/seccomp_filter.h"

#include <linux/seccomp.h>

namespace seatrial::runtime {

std::filesystem::path seccomp_cache_of(const std::filesystem::path& state_root) {
  std::string path = std::filesystem::absolute(state_root).lexically_normal().native();
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  return path + ".seccomp";
}

// seccomp(2) takes SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV with a listener alone, and a listener
// together with SECCOMP_FILTER_FLAG_TSYNC not at all, which says nothing of a single thread.
plan::SeccompFilter seccomp_filter(const spec::Seccomp& profile, std::string program) {
  std::uint32_t flags = profile.flags;
  if (profile.notifies()) {
    flags &= ~std::uint32_t{SECCOMP_FILTER_FLAG_TSYNC};
    flags |= SECCOMP_FILTER_FLAG_NEW_LISTENER;
  } else {
    flags &= SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_LOG | SECCOMP_FILTER_FLAG_SPEC_ALLOW;
  }
  return {.program = std::move(program), .flags = flags};
}

}  // namespace seatrial::runtime
