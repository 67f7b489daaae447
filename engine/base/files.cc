#include "engine/base/files.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdlib>

#include "engine/base/error.h"

namespace seatrial {

UniqueFd open_file(const std::filesystem::path& path, int flags, unsigned mode) {
  UniqueFd fd(::open(path.c_str(), flags | O_CLOEXEC, mode));
  if (!fd) throw sys_error(errno, "open {}", path.native());
  return fd;
}

std::string read_all(int fd, std::string_view name, std::size_t limit) {
  std::string bytes;
  char buffer[16384];
  for (;;) {
    const ssize_t got = ::read(fd, buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw sys_error(errno, "read {}", name);
    if (got == 0) return bytes;
    bytes.append(buffer, static_cast<std::size_t>(got));
    if (bytes.size() > limit) {
      throw error(Kind::kExhausted, "{} is larger than {} bytes", name, limit);
    }
  }
}

std::string read_file(const std::filesystem::path& path, std::size_t limit) {
  return read_all(open_file(path, O_RDONLY).get(), path.native(), limit);
}

void write_all(int fd, std::string_view bytes, std::string_view name) {
  while (!bytes.empty()) {
    const ssize_t put = ::write(fd, bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) throw sys_error(errno, "write {}", name);
    bytes.remove_prefix(static_cast<std::size_t>(put));
  }
}

void write_file_atomically(const std::filesystem::path& path, std::string_view bytes,
                           unsigned mode) {
  std::string temporary = path.native() + ".XXXXXX";
  const UniqueFd fd(::mkostemp(temporary.data(), O_CLOEXEC));
  if (!fd) throw sys_error(errno, "create {}", temporary);
  try {
    if (::fchmod(fd.get(), mode) != 0) throw sys_error(errno, "chmod {}", temporary);
    write_all(fd.get(), bytes, path.native());
    if (::fsync(fd.get()) != 0) throw sys_error(errno, "fsync {}", temporary);
    if (::rename(temporary.c_str(), path.c_str()) != 0) {
      throw sys_error(errno, "rename {} to {}", temporary, path.native());
    }
  } catch (...) {
    ::unlink(temporary.c_str());
    throw;
  }
}

void make_directories(const std::filesystem::path& path) {
  std::error_code failure;
  std::filesystem::create_directories(path, failure);
  if (failure) throw sys_error(failure.value(), "create the directory {}", path.native());
}

TempDir::TempDir(const std::filesystem::path& parent, std::string_view prefix) {
  std::string pattern = (parent / prefix).native() + "XXXXXX";
  if (::mkdtemp(pattern.data()) == nullptr) throw sys_error(errno, "create {}", pattern);
  path_ = pattern;
}

TempDir::~TempDir() {
  if (path_.empty()) return;
  try {
    remove_tree(path_);
  } catch (const Error& failure) {
    fmt::print(stderr, "seatrial: {}\n", failure.what());  // a destructor has nobody to tell
  }
}

}  // namespace seatrial
