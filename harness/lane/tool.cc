#include "harness/lane/tool.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <sstream>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/sys/spawn.h"

namespace seatrial::lane {
namespace fs = std::filesystem;
namespace {

// A file without a name, for what a child writes.
UniqueFd scratch_file(const char* name) {
  UniqueFd fd(::memfd_create(name, MFD_CLOEXEC));
  if (!fd) throw sys_error(errno, "make a file in memory");
  return fd;
}

std::string content(const UniqueFd& fd, const char* name) {
  ::lseek(fd.get(), 0, SEEK_SET);
  return read_all(fd.get(), name);
}

// The last line that says something.
std::string last_line(std::string text) {
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text.substr(text.rfind('\n') + 1);
}

std::vector<std::string> environment() {
  std::vector<std::string> variables;
  for (char** variable = environ; *variable != nullptr; ++variable)
    variables.emplace_back(*variable);
  variables.emplace_back("LC_ALL=C");
  return variables;
}

}  // namespace

fs::path find_program(std::string_view name) {
  const char* path = std::getenv("PATH");
  std::istringstream directories(std::string(path != nullptr ? path : "") +
                                 ":/usr/sbin:/usr/bin:/sbin:/bin");
  for (std::string directory; std::getline(directories, directory, ':');) {
    const fs::path candidate = fs::path(directory) / name;
    std::error_code ignored;
    if (directory.empty() || !fs::is_regular_file(candidate, ignored)) continue;
    if (::access(candidate.c_str(), X_OK) == 0) return candidate;
  }
  return {};
}

std::string run_tool(const std::vector<std::string>& command, const fs::path& directory) {
  const fs::path program = find_program(command.front());
  if (program.empty()) {
    throw error(Kind::kNotFound, "{} is not installed, and lanes need it", command.front());
  }
  const UniqueFd null = open_file("/dev/null", O_RDONLY);
  const UniqueFd out = scratch_file("stdout");
  const UniqueFd err = scratch_file("stderr");
  const sys::PidFd child = sys::spawn({.path = program.native(),
                                       .args = command,
                                       .env = environment(),
                                       .placements = {{null.get(), STDIN_FILENO},
                                                      {out.get(), STDOUT_FILENO},
                                                      {err.get(), STDERR_FILENO}},
                                       .directory = directory.native()});
  child.wait_exit(std::nullopt);
  const std::optional<sys::ProcessEnd> end = child.reap();
  if (!end || end->code != 0) {
    throw error(Kind::kUnavailable, "{} failed: {}", command.front(),
                last_line(content(err, "stderr")));
  }
  return content(out, "stdout");
}

}  // namespace seatrial::lane
