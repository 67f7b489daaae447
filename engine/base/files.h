// Small helpers for whole files. Paths are host paths that the caller trusts; what lies inside a
// container's root is opened with engine/sys/openat2.h instead.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "engine/base/unique_fd.h"

namespace seatrial {

// Opens with O_CLOEXEC. Throws Error naming the path.
UniqueFd open_file(const std::filesystem::path& path, int flags, unsigned mode = 0);

// The whole content, at most `limit` bytes. Throws kExhausted for a larger file.
std::string read_file(const std::filesystem::path& path, std::size_t limit = 64u << 20);

// The same for an open descriptor, from its current offset to its end; `name` is for messages.
std::string read_all(int fd, std::string_view name, std::size_t limit = 64u << 20);

// Writes everything, retrying short writes. Throws Error naming `name`.
void write_all(int fd, std::string_view bytes, std::string_view name);

// Replaces the file so that a reader or a crash sees the old or the new content, never a part:
// temporary file in the same directory, fsync, rename.
void write_file_atomically(const std::filesystem::path& path, std::string_view bytes,
                           unsigned mode = 0644);

// Makes the directory and those above it; one that is there is fine. Throws Error naming it.
void make_directories(const std::filesystem::path& path);

// Removes the tree, however deep, with some 32 descriptors, following no symbolic link and entering
// no mount. Absent is fine. Throws Error naming what could not be removed.
void remove_tree(const std::filesystem::path& path);

// A directory of its own, removed with all its content on destruction.
class TempDir {
 public:
  // Created as PARENT/PREFIXxxxxxx, mode 0700.
  explicit TempDir(const std::filesystem::path& parent, std::string_view prefix = "seatrial-");
  TempDir(TempDir&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  TempDir& operator=(TempDir&& other) noexcept {
    TempDir moved(std::move(other));
    path_.swap(moved.path_);
    return *this;
  }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  ~TempDir();

  const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] std::filesystem::path release() { return std::exchange(path_, {}); }

 private:
  std::filesystem::path path_;
};

}  // namespace seatrial
