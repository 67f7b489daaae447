// Writes cpio archives of the form that the kernel unpacks as its first root ("newc"; kernel
// document driver-api/early-userspace/buffer-format). Several archives in a row are one.
#pragma once

#include <string>
#include <string_view>

namespace seatrial::lane {

class ArchiveWriter {
 public:
  // Appends to `fd`, which stays the caller's.
  explicit ArchiveWriter(int fd) : fd_(fd) {}

  // `mode` with the file's type. Directories come before what is in them. Throws Error.
  void add(std::string_view path, unsigned mode, std::string_view content = {});
  // A regular file with the content of a file of the host.
  void add_file(std::string_view path, unsigned mode, const std::string& source);
  void finish();

 private:
  void begin(std::string_view path, unsigned mode, std::size_t size);
  void pad(std::size_t size);

  int fd_;
  unsigned inode_ = 0;
};

}  // namespace seatrial::lane
