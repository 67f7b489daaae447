// The system calls that init needs, in its own words. Each returns what the kernel returns: a
// negative errno, or a result that is not negative.
#pragma once

#include <asm/unistd.h>
#include <linux/fcntl.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <linux/stat.h>

#include <cstddef>
#include <cstdint>

#include "engine/sys/raw_syscall.h"

namespace seatrial::init {

using Result = long;

template <typename... Arguments>
inline Result sys(long number, Arguments... arguments) {
  return seatrial::sys::raw_syscall(number, arguments...);
}

// S_IFMT and its kin, which the kernel's header leaves out once a C library was seen.
inline constexpr unsigned kTypeMask = 0170000;
inline constexpr unsigned kFifoType = 0010000;
inline constexpr unsigned kCharacterType = 0020000;
inline constexpr unsigned kDirectoryType = 0040000;
inline constexpr unsigned kRegularType = 0100000;
inline constexpr unsigned kLinkType = 0120000;

// ---- Files --------------------------------------------------------------------------------------

[[noreturn]] inline void exit_process(int status) {
  for (;;) sys(__NR_exit_group, status);
}
inline void close_fd(Result fd) {
  if (fd >= 0) sys(__NR_close, fd);
}
inline Result open_file(const char* path, int flags, unsigned mode = 0) {
  return sys(__NR_openat, AT_FDCWD, path, flags | O_CLOEXEC, mode);
}
inline Result open_at(int dir, const char* path, int flags, unsigned mode = 0) {
  return sys(__NR_openat, dir, path, flags | O_CLOEXEC, mode);
}
inline Result write_bytes(int fd, const char* bytes, std::size_t size) {
  return sys(__NR_write, fd, bytes, size);
}
// STATX_TYPE, MODE, UID, GID and the device number of what `fd` refers to.
inline Result stat_fd(int fd, struct statx& facts) {
  return sys(__NR_statx, fd, "", AT_EMPTY_PATH | AT_NO_AUTOMOUNT, STATX_BASIC_STATS, &facts);
}
inline Result stat_at(int dir, const char* path, struct statx& facts) {
  return sys(__NR_statx, dir, path, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, STATX_BASIC_STATS,
             &facts);
}

// ---- Mounts -------------------------------------------------------------------------------------

inline Result clone_tree(int dir, const char* path, bool recursive) {
  return sys(__NR_open_tree, dir, path,
             OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | (recursive ? AT_RECURSIVE : 0) |
                 (*path == '\0' ? AT_EMPTY_PATH : 0));
}
// Attaches a detached mount to what `target` refers to.
inline Result attach(int mount, int target) {
  return sys(__NR_move_mount, mount, "", target, "",
             MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
}
inline Result change_mount(int fd, unsigned flags, const mount_attr& change) {
  return sys(__NR_mount_setattr, fd, "", AT_EMPTY_PATH | flags, &change, sizeof change);
}

// ---- Text ---------------------------------------------------------------------------------------

inline std::size_t length(const char* text) {
  std::size_t size = 0;
  while (text[size] != '\0') ++size;
  return size;
}
inline bool starts_with(const char* text, const char* prefix) {
  while (*prefix != '\0') {
    if (*text++ != *prefix++) return false;
  }
  return true;
}
inline bool is_directory(unsigned mode) {
  return (mode & kTypeMask) == kDirectoryType;
}

}  // namespace seatrial::init
