// Half-made files and directories that a crash may leave and anybody may sweep away afterwards.
#pragma once

#include <filesystem>
#include <utility>

#include "engine/base/unique_fd.h"

namespace seatrial::image {

// Its maker holds a flock on it for as long as it lives, and the kernel lets go of that with the
// process: what sweep_temporaries() can lock belongs to nobody any more. Removed on destruction
// unless moved to its place.
class Temporary {
 public:
  static Temporary file(const std::filesystem::path& parent);       // mode 0644, read and write
  static Temporary directory(const std::filesystem::path& parent);  // mode 0755

  Temporary(Temporary&& other) noexcept
      : path_(std::exchange(other.path_, {})), fd_(std::move(other.fd_)) {}
  Temporary& operator=(Temporary&& other) noexcept {
    Temporary moved(std::move(other));
    path_.swap(moved.path_);
    fd_.swap(moved.fd_);
    return *this;
  }
  Temporary(const Temporary&) = delete;
  Temporary& operator=(const Temporary&) = delete;
  ~Temporary();

  const std::filesystem::path& path() const { return path_; }
  int fd() const { return fd_.get(); }

  // Atomically under its final name. False, and it stays a temporary, when a directory of that
  // name is there already; a file replaces its equal.
  bool move_to(const std::filesystem::path& path);

 private:
  Temporary(std::filesystem::path path, UniqueFd fd) : path_(std::move(path)), fd_(std::move(fd)) {}

  std::filesystem::path path_;
  UniqueFd fd_;
};

// Removes the temporaries in `parent` whose makers are gone.
void sweep_temporaries(const std::filesystem::path& parent);

}  // namespace seatrial::image
