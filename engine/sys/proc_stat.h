// What /proc/PID/stat tells of a process.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string_view>

namespace seatrial::sys {

struct ProcStat {
  char state = '?';              // 'R', 'S', 'D', 'Z' (zombie), 'X' (dead), ...
  pid_t parent = 0;              // 0: in a pid namespace that we do not see
  std::uint64_t start_time = 0;  // clock ticks since boot: with the pid, an identity
};

// Nothing when there is no such process. Throws Error for a file that cannot be read or parsed.
std::optional<ProcStat> proc_stat(pid_t pid);

// The same from the file's text; nothing when it is malformed. The command in it may hold anything,
// parentheses and newlines too.
std::optional<ProcStat> parse_proc_stat(std::string_view text);

// Whether the process that had this number and start time still runs (a zombie does not).
bool is_alive(pid_t pid, std::uint64_t start_time);

}  // namespace seatrial::sys
