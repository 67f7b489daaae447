// The mounts of a process, as /proc/PID/mountinfo lists them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace seatrial::sys {

// proc_pid_mountinfo(5). What is a view is one of the text that was parsed.
struct MountEntry {
  std::uint64_t id = 0;
  std::string root;  // of the mount within its file system
  std::string mountpoint;
  std::string_view type;
  std::string source;
  std::string_view super_options;
};

// In the order of the text. Throws Error{kInvalidArgument} for a line that is none of mountinfo.
std::vector<MountEntry> parse_mount_table(std::string_view mountinfo);

}  // namespace seatrial::sys
