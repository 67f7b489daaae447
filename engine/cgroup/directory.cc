#include "engine/cgroup/directory.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <thread>

#include "engine/base/error.h"
#include "engine/base/files.h"

namespace seatrial::cgroup {
namespace {

UniqueFd open_directory(const std::string& path) {
  return UniqueFd(::open(path.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
}

struct stat status_of(int fd, const std::string& path) {
  struct stat status{};
  if (::fstat(fd, &status) != 0) throw sys_error(errno, "stat {}", path);
  return status;
}

}  // namespace

Directory::Directory(std::string path) : path_(std::move(path)), fd_(open_directory(path_)) {
  if (!fd_) throw sys_error(errno, "open cgroup {}", path_);
}

std::optional<Directory> Directory::open_if_present(std::string path) {
  UniqueFd fd = open_directory(path);
  if (!fd && errno == ENOENT) return std::nullopt;
  if (!fd) throw sys_error(errno, "open cgroup {}", path);
  return Directory(std::move(path), std::move(fd));
}

std::uint64_t Directory::inode() const {
  return status_of(fd_.get(), path_).st_ino;
}

UniqueFd Directory::open_to_read(std::string_view file) const {
  UniqueFd fd(::openat(fd_.get(), std::string(file).c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) throw sys_error(errno, "open {}/{}", path_, file);
  return fd;
}

std::string Directory::read(std::string_view file) const {
  const UniqueFd fd = open_to_read(file);
  std::string text = read_all(fd.get(), fmt::format("{}/{}", path_, file));
  if (text.ends_with('\n')) text.pop_back();
  return text;
}

std::optional<std::string> Directory::read_if_present(std::string_view file) const {
  try {
    return read(file);
  } catch (const Error& failure) {
    // ENODEV: removed between open and read.
    if (failure.sys_errno() != ENOENT && failure.sys_errno() != ENODEV) throw;
    return std::nullopt;
  }
}

UniqueFd Directory::open_to_write(std::string_view file) const {
  return UniqueFd(::openat(fd_.get(), std::string(file).c_str(), O_WRONLY | O_CLOEXEC));
}

int Directory::try_write(std::string_view file, std::string_view value) const {
  const UniqueFd fd = open_to_write(file);
  return fd ? write_value(fd.get(), value) : errno;
}

void Directory::write(std::string_view file, std::string_view value) const {
  if (const int failure = try_write(file, value)) {
    throw sys_error(failure, "write \"{}\" to {}/{}", value, path_, file);
  }
}

UniqueFd Directory::open_to_list() const {
  UniqueFd fd(::openat(fd_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) throw sys_error(errno, "open cgroup {}", path_);
  return fd;
}

std::vector<std::string> Directory::children() const {
  std::vector<std::string> names;
  // cgroupfs keeps the link count of directories: two, and one for each directory below.
  if (status_of(fd_.get(), path_).st_nlink == 2) return names;
  UniqueFd fd(::openat(fd_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd && (errno == ENOENT || errno == ENODEV)) return names;
  if (!fd) throw sys_error(errno, "list {}", path_);
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(::fdopendir(fd.get()), &::closedir);
  if (!stream) throw sys_error(errno, "list {}", path_);
  static_cast<void>(fd.release());  // the stream closes it
  while (const dirent* entry = ::readdir(stream.get())) {
    const std::string_view name = entry->d_name;
    if (entry->d_type == DT_DIR && name != "." && name != "..") names.emplace_back(name);
  }
  return names;
}

int write_value(int file, std::string_view value) {
  ssize_t put = 0;
  do {
    put = ::write(file, value.data(), value.size());
  } while (put < 0 && errno == EINTR);
  return put < 0 ? errno : 0;
}

bool Backoff::wait() {
  const auto now = std::chrono::steady_clock::now();
  if (now >= deadline_) return false;
  std::this_thread::sleep_for(
      std::min<std::chrono::steady_clock::duration>(pause_, deadline_ - now));
  pause_ = std::min(pause_ * 2, std::chrono::microseconds(10000));
  return true;
}

}  // namespace seatrial::cgroup
