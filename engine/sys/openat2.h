// Opening by path beneath a directory that somebody else filled (openat2(2), Linux 5.6).
#pragma once

#include <linux/openat2.h>

#include <cstdint>

#include "engine/base/unique_fd.h"

namespace seatrial::sys {

// `flags` as for open(2), O_CLOEXEC is added; `resolve` is RESOLVE_*. Empty, with errno set, when
// the kernel refuses: EXDEV or ELOOP mean that the path would have left or followed what it may
// not. A rename that passes by (EAGAIN) is tried again.
UniqueFd openat2(int directory, const char* path, std::uint64_t flags, std::uint64_t resolve,
                 std::uint64_t mode = 0);

}  // namespace seatrial::sys
