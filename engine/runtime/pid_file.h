// The file that tells callers the pid of a process in their own pid namespace.
#pragma once

#include <sys/types.h>

#include <filesystem>

namespace seatrial::runtime {

// Decimal, without a newline (containerd reads it with a bare Atoi). Appears whole. Throws Error
// naming the path.
void write_pid_file(const std::filesystem::path& path, pid_t pid);

}  // namespace seatrial::runtime
