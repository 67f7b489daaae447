#include "engine/runtime/pid_inside.h"

#include <charconv>
#include <string>

#include "engine/base/error.h"
#include "engine/base/files.h"

namespace seatrial::runtime {

pid_t pid_inside(pid_t pid) {
  const std::string status = read_file(fmt::format("/proc/{}/status", pid));
  // proc_pid_status(5): one number a namespace, the innermost last.
  const std::size_t line = status.find("\nNSpid:");
  if (line == status.npos) throw error(Kind::kUnsupported, "this kernel tells no NSpid");
  const std::size_t end = status.find('\n', line + 1);
  const std::size_t last = status.find_last_of("\t ", end) + 1;
  pid_t number = 0;
  std::from_chars(status.data() + last, status.data() + end, number);
  return number;
}

}  // namespace seatrial::runtime
