// Paths inside a container's root, opened so that nothing in it leads out.
#pragma once

#include <fcntl.h>

#include <string>
#include <string_view>

#include "engine/base/unique_fd.h"

namespace seatrial::core {

// openat2(2) with RESOLVE_IN_ROOT and no magic links; close-on-exec. Empty, with errno set, when it
// fails.
UniqueFd open_in_root(int root, std::string_view path, int flags, unsigned mode = 0);

// Throws Error{kInvalidArgument} for what is no plain file: a FIFO or a device named /etc/passwd.
void require_regular(int fd, std::string_view path);

}  // namespace seatrial::core
