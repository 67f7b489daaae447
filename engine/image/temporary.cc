#include "engine/image/temporary.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <atomic>
#include <cerrno>
#include <cstdio>

#include "engine/base/error.h"
#include "engine/base/files.h"

namespace seatrial::image {
namespace {

constexpr std::string_view kPrefix = ".new-";

std::filesystem::path fresh_name(const std::filesystem::path& parent) {
  static std::atomic<unsigned> counter{0};
  return parent / fmt::format("{}{}-{}", kPrefix, ::getpid(), counter++);
}

// Between creation and lock somebody may have swept it away; the link count tells.
bool claim(int fd) {
  struct stat status{};
  return ::flock(fd, LOCK_EX | LOCK_NB) == 0 && ::fstat(fd, &status) == 0 && status.st_nlink > 0;
}

}  // namespace

Temporary Temporary::file(const std::filesystem::path& parent) {
  for (;;) {
    std::filesystem::path path = fresh_name(parent);
    UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
    if (!fd && errno == EEXIST) continue;
    if (!fd) throw sys_error(errno, "create {}", path.native());
    if (claim(fd.get())) return {std::move(path), std::move(fd)};
  }
}

Temporary Temporary::directory(const std::filesystem::path& parent) {
  for (;;) {
    std::filesystem::path path = fresh_name(parent);
    if (::mkdir(path.c_str(), 0755) != 0) {
      if (errno == EEXIST) continue;
      throw sys_error(errno, "create {}", path.native());
    }
    UniqueFd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (fd && claim(fd.get())) return {std::move(path), std::move(fd)};
  }
}

Temporary::~Temporary() {
  if (path_.empty()) return;
  try {
    remove_tree(path_);
  } catch (const Error& failure) {
    fmt::print(stderr, "seatrial: {}\n", failure.what());  // a destructor has nobody to tell
  }
}

bool Temporary::move_to(const std::filesystem::path& path) {
  if (::rename(path_.c_str(), path.c_str()) != 0) {
    if (errno == EEXIST || errno == ENOTEMPTY) return false;
    throw sys_error(errno, "rename {} to {}", path_.native(), path.native());
  }
  path_.clear();
  fd_.reset();
  return true;
}

void sweep_temporaries(const std::filesystem::path& parent) {
  std::error_code failure;
  for (const auto& entry : std::filesystem::directory_iterator(parent, failure)) {
    if (!entry.path().filename().native().starts_with(kPrefix)) continue;
    const UniqueFd fd(::open(entry.path().c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
    if (fd && ::flock(fd.get(), LOCK_EX | LOCK_NB) == 0) remove_tree(entry.path());
  }
}

}  // namespace seatrial::image
