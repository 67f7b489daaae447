#include "harness/lane/guest/collect.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/lane/guest/port.h"

namespace seatrial::lane::guest {
namespace {

void send_file(const std::string& path, const std::string& name) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0) return;
  send(wire::FrameType::kFile, name);
  static char buffer[wire::kMaxFrame];
  for (ssize_t got; (got = ::read(fd, buffer, sizeof buffer)) > 0;) {
    send(wire::FrameType::kBytes, {buffer, static_cast<std::size_t>(got)});
  }
  ::close(fd);
}

}  // namespace

// NOLINTNEXTLINE(misc-no-recursion): as deep as the tree that the job made
void send_directory(const std::string& path, const std::string& name) {
  DIR* const dir = ::opendir(path.c_str());
  if (dir == nullptr) return;
  while (const dirent* const entry = ::readdir(dir)) {
    const std::string word = entry->d_name;
    if (word == "." || word == "..") continue;
    const std::string below = path + "/" + word;
    struct stat status{};
    if (::lstat(below.c_str(), &status) != 0) continue;
    if (S_ISDIR(status.st_mode)) send_directory(below, name + "/" + word);
    if (S_ISREG(status.st_mode)) send_file(below, name + "/" + word);
  }
  ::closedir(dir);
}

}  // namespace seatrial::lane::guest
