#include "engine/image/directory_times.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>

#include "engine/base/error.h"
#include "engine/spec/json_document.h"
#include "engine/sys/openat2.h"

namespace seatrial::image {
namespace {

constexpr std::size_t kMost = 1024;  // with paths of at most 4 kB

struct stat status_of(int directory, const std::string& path) {
  struct stat status{};
  if (::fstat(directory, &status) != 0) throw sys_error(errno, "stat {}", spec::shown_text(path));
  return status;
}

bool is_before(const timespec& left, const timespec& right) {
  return left.tv_sec != right.tv_sec ? left.tv_sec < right.tv_sec : left.tv_nsec < right.tv_nsec;
}

}  // namespace

// The clock that file systems stamp inodes with.
DirectoryTimes::DirectoryTimes(int root) : root_(root) {
  ::clock_gettime(CLOCK_REALTIME_COARSE, &start_);
}

void DirectoryTimes::remember(ino_t inode, const std::string& path, const Times& times) {
  if (remembered_.size() >= kMost) apply();
  remembered_[inode] = {path, times};
}

void DirectoryTimes::set(int directory, const std::string& path, const Times& times) {
  remember(status_of(directory, path).st_ino, path, times);
}

void DirectoryTimes::keep(int directory, const std::string& path) {
  const struct stat status = status_of(directory, path);
  if (remembered_.contains(status.st_ino) || is_before(status.st_ctim, start_)) return;
  remember(status.st_ino, path, {{status.st_atim, status.st_mtim}});
}

void DirectoryTimes::apply() {
  for (const auto& [inode, one] : remembered_) {
    const UniqueFd fd =
        sys::openat2(root_, one.path.empty() ? "." : one.path.c_str(), O_RDONLY | O_DIRECTORY,
                     RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS);
    struct stat there{};
    const bool is_it = fd && ::fstat(fd.get(), &there) == 0 && there.st_ino == inode;
    if (is_it) ::futimens(fd.get(), one.times.value);  // it may have been replaced since
  }
  remembered_.clear();
}

}  // namespace seatrial::image
