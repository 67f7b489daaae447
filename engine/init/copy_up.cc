#include "engine/init/copy_up.h"

#include <asm/errno.h>

#include "engine/init/memory.h"

namespace seatrial::init {
namespace {

constexpr int kDeepest = 128;

// As getdents64(2) has it; the name follows the type without padding.
struct Entry {
  std::uint64_t inode;
  std::int64_t offset;
  std::uint16_t size;
  std::uint8_t type;
};
constexpr std::size_t kNameOffset = offsetof(Entry, type) + 1;

Result copy_directory(int from, int to, int depth);

bool is_dot(const char* name) {
  return name[0] == '.' && (name[1] == '\0' || (name[1] == '.' && name[2] == '\0'));
}

Result copy_bytes(int from, int to) {
  constexpr std::size_t kAtOnce = 1u << 30;
  for (;;) {
    const Result sent = sys(__NR_sendfile, to, from, 0, kAtOnce);
    if (sent <= 0 && sent != -EINTR) return sent;
  }
}

Result copy_file(int from, int to, const char* name) {
  const Result source = open_at(from, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  if (source < 0) return source;
  Result target = open_at(to, name, O_WRONLY | O_CREAT | O_EXCL, 0600);
  const Result result = target < 0 ? target : copy_bytes((int)source, (int)target);
  close_fd(target);
  close_fd(source);
  return result;
}

Result copy_link(int from, int to, const char* name) {
  char points_to[4096];
  const Result size = sys(__NR_readlinkat, from, name, points_to, sizeof points_to - 1);
  if (size < 0) return size;
  points_to[size] = '\0';
  return sys(__NR_symlinkat, points_to, to, name);
}

Result copy_subdirectory(int from, int to, const char* name, int depth) {
  Result result = sys(__NR_mkdirat, to, name, 0700);
  if (result < 0) return result;
  const Result source = open_at(from, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  if (source < 0) return source;
  const Result target = open_at(to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  result = target < 0 ? target : copy_directory((int)source, (int)target, depth + 1);
  close_fd(target);
  close_fd(source);
  return result;
}

Result copy_entry(int from, int to, const char* name, int depth) {
  struct statx facts;
  Result result = stat_at(from, name, facts);
  if (result < 0) return result;
  switch (facts.stx_mode & kTypeMask) {
    case kDirectoryType:
      result = copy_subdirectory(from, to, name, depth);
      break;
    case kRegularType:
      result = copy_file(from, to, name);
      break;
    case kLinkType:
      result = copy_link(from, to, name);
      break;
    default:
      return 0;
  }
  if (result >= 0) {
    result = sys(__NR_fchownat, to, name, facts.stx_uid, facts.stx_gid, AT_SYMLINK_NOFOLLOW);
  }
  // After the owner, whose change takes set-id bits away.
  if (result >= 0 && (facts.stx_mode & kTypeMask) != kLinkType) {
    result = sys(__NR_fchmodat, to, name, facts.stx_mode & 07777);
  }
  return result;
}

Result copy_directory(int from, int to, int depth) {
  if (depth > kDeepest) return -ELOOP;
  alignas(8) char buffer[2048];
  for (;;) {
    const Result size = sys(__NR_getdents64, from, buffer, sizeof buffer);
    if (size <= 0) return size;
    for (Result at = 0; at < size;) {
      const auto* entry = (const Entry*)(buffer + at);
      const char* const name = buffer + at + kNameOffset;
      at += entry->size;
      if (is_dot(name)) continue;
      const Result result = copy_entry(from, to, name, depth);
      if (result < 0) return result;
    }
  }
}

}  // namespace

Result copy_up(int from, int to) {
  const Result source = open_at(from, ".", O_RDONLY | O_DIRECTORY);
  if (source < 0) return source;
  const Result target = open_at(to, ".", O_RDONLY | O_DIRECTORY);
  const Result result = target < 0 ? target : copy_directory((int)source, (int)target, 0);
  close_fd(target);
  close_fd(source);
  return result;
}

}  // namespace seatrial::init
