// Unix sockets on paths of any length: sockaddr_un holds 108 bytes, a path may have 4095.
#pragma once

#include <filesystem>

#include "engine/base/unique_fd.h"

namespace seatrial::sys {

enum class SocketType { kStream, kPacket };

// A close-on-exec socket that listens (one pending connection) on DIRECTORY/NAME, `directory` being
// an open descriptor. Goes through /proc/self/fd. Throws Error; the name must not exist.
UniqueFd listen_at(int directory, const char* name, SocketType type);

// A close-on-exec socket connected to the one at `path`, or at NAME below `directory`. Throws
// Error.
UniqueFd connect_to(const std::filesystem::path& path, SocketType type);
UniqueFd connect_at(int directory, const char* name, SocketType type);

}  // namespace seatrial::sys
