#include "engine/runtime/pid_file.h"

#include <fcntl.h>

#include <cerrno>

#include "engine/base/error.h"
#include "engine/runtime/state_root.h"

namespace seatrial::runtime {

void write_pid_file(const std::filesystem::path& path, pid_t pid) {
  const std::filesystem::path parent = path.has_parent_path() ? path.parent_path() : ".";
  const UniqueFd directory(::open(parent.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!directory) throw sys_error(errno, "write the pid file {}", path.native());
  with_context("write the pid file " + path.native(), [&] {
    publish_file(directory.get(), path.filename().native(), std::to_string(pid), 0644);
  });
}

}  // namespace seatrial::runtime
