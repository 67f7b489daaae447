#include "harness/lane/archive.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "engine/base/error.h"
#include "engine/base/files.h"

namespace seatrial::lane {
namespace {

constexpr std::string_view kName = "the archive";
constexpr std::size_t kAlignment = 4;

}  // namespace

void ArchiveWriter::begin(std::string_view path, unsigned mode, std::size_t size) {
  if (size > 0xffffffffU) throw error(Kind::kExhausted, "{} is too large for an archive", path);
  while (path.starts_with('/')) path.remove_prefix(1);
  // Magic, inode, mode, uid, gid, links, mtime, size, device, special device, length of the name
  // with its null, check sum.
  std::string header = fmt::format(
      "070701{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}",
      ++inode_, mode, 0, 0, 1, 0, size, 0, 0, 0, 0, path.size() + 1, 0);
  header += path;
  header += '\0';
  header.resize((header.size() + kAlignment - 1) / kAlignment * kAlignment);
  write_all(fd_, header, kName);
}

void ArchiveWriter::pad(std::size_t size) {
  write_all(fd_, std::string((kAlignment - size % kAlignment) % kAlignment, '\0'), kName);
}

void ArchiveWriter::add(std::string_view path, unsigned mode, std::string_view content) {
  begin(path, mode, content.size());
  write_all(fd_, content, kName);
  pad(content.size());
}

void ArchiveWriter::add_file(std::string_view path, unsigned mode, const std::string& source) {
  const UniqueFd file = open_file(source, O_RDONLY);
  struct stat status{};
  if (::fstat(file.get(), &status) != 0) throw sys_error(errno, "stat {}", source);
  const auto size = static_cast<std::size_t>(status.st_size);
  begin(path, S_IFREG | mode, size);
  std::string buffer(1U << 20, '\0');
  for (std::size_t left = size; left > 0;) {
    const ssize_t got = ::read(file.get(), buffer.data(), std::min(left, buffer.size()));
    if (got < 0) throw sys_error(errno, "read {}", source);
    if (got == 0) throw error(Kind::kConflict, "{} became shorter while it was read", source);
    write_all(fd_, std::string_view(buffer).substr(0, static_cast<std::size_t>(got)), kName);
    left -= static_cast<std::size_t>(got);
  }
  pad(size);
}

void ArchiveWriter::finish() {
  add("TRAILER!!!", 0);
}

}  // namespace seatrial::lane
