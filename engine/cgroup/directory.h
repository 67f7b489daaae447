// One cgroup directory, held open, and its small control files.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/unique_fd.h"

namespace seatrial::cgroup {

// Files are reached through the held descriptor, so that a directory replaced by another of the
// same name is noticed (ENODEV) and never written to.
class Directory {
 public:
  // Throws Error naming the path.
  explicit Directory(std::string path);

  // Nothing when it is absent.
  static std::optional<Directory> open_if_present(std::string path);

  const std::string& path() const { return path_; }
  std::uint64_t inode() const;

  // A control file's content without the final newline. read() throws Error naming it.
  std::string read(std::string_view file) const;
  // Nothing when the file or the whole cgroup is gone.
  std::optional<std::string> read_if_present(std::string_view file) const;

  // For a control file that is read again and again. Throws Error naming it.
  UniqueFd open_to_read(std::string_view file) const;

  // For a control file that takes many values: write_value(). Empty, with errno, when it cannot be
  // opened.
  UniqueFd open_to_write(std::string_view file) const;
  // One write(2), as control files need it. Returns 0 or the errno.
  int try_write(std::string_view file, std::string_view value) const;
  // The same; throws Error naming file and value.
  void write(std::string_view file, std::string_view value) const;

  // The directory itself, as calls need it that take no O_PATH. Throws Error.
  UniqueFd open_to_list() const;

  // Names of the cgroups directly below.
  std::vector<std::string> children() const;

 private:
  Directory(std::string path, UniqueFd fd) : path_(std::move(path)), fd_(std::move(fd)) {}

  std::string path_;
  UniqueFd fd_;  // O_PATH
};

// One write(2). Returns 0 or the errno.
int write_value(int file, std::string_view value);

// Waits a little longer each time; for states that v1 offers no event for.
class Backoff {
 public:
  explicit Backoff(std::chrono::steady_clock::time_point deadline) : deadline_(deadline) {}

  // Waits 0.2 ms, then twice as long each time up to 10 ms. False, at once, after the deadline.
  bool wait();

 private:
  std::chrono::steady_clock::time_point deadline_;
  std::chrono::microseconds pause_{200};
};

}  // namespace seatrial::cgroup
