// Programs of the host that make lanes: apt-get, dpkg-deb, depmod.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace seatrial::lane {

// First on PATH, then where Debian installs what only root uses. Empty: not there.
std::filesystem::path find_program(std::string_view name);

// Runs it to its end in `directory` (empty: here) and returns what it printed. Throws Error with
// the last of what it complained about when it fails, kNotFound when it is not installed.
std::string run_tool(const std::vector<std::string>& command,
                     const std::filesystem::path& directory = {});

}  // namespace seatrial::lane
