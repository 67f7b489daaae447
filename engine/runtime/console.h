// Handing the pseudo-terminal's master to whoever asked for it.
#pragma once

#include <filesystem>

#include "engine/base/unique_fd.h"

namespace seatrial::runtime {

// Connected early, so that a missing socket is told before anything is made. Throws Error naming
// the path.
UniqueFd connect_console_socket(const std::filesystem::path& path);

// Sends the master with SCM_RIGHTS; the text of the message is the terminal's name
// ("/dev/pts/3", as seen in the container), as callers of runc expect some.
void send_console(int socket, int master);

}  // namespace seatrial::runtime
