// System calls without a C library. Each returns what the kernel returns: a negative errno, or a
// result that is not negative.
#pragma once

#include <asm/unistd.h>
#include <linux/fcntl.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <linux/stat.h>

#include <cstddef>
#include <cstdint>

namespace seatrial::init {

using Result = long;

template <typename T>
inline long word(T value) {
  return (long)value;  // the one cast that takes pointers and integers alike
}

inline long raw_syscall(long number, long a, long b, long c, long d, long e, long f) {
#if defined(__x86_64__)
  long result;
  register long r10 asm("r10") = d;
  register long r8 asm("r8") = e;
  register long r9 asm("r9") = f;
  asm volatile("syscall"
               : "=a"(result)
               : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
               : "rcx", "r11", "memory");
  return result;
#elif defined(__aarch64__)
  register long x8 asm("x8") = number;
  register long x0 asm("x0") = a;
  register long x1 asm("x1") = b;
  register long x2 asm("x2") = c;
  register long x3 asm("x3") = d;
  register long x4 asm("x4") = e;
  register long x5 asm("x5") = f;
  asm volatile("svc #0"
               : "+r"(x0)
               : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
               : "memory");
  return x0;
#else
#error "init knows the system calls of x86_64 and aarch64"
#endif
}

inline Result sys(long number) {
  return raw_syscall(number, 0, 0, 0, 0, 0, 0);
}
template <typename A>
inline Result sys(long number, A a) {
  return raw_syscall(number, word(a), 0, 0, 0, 0, 0);
}
template <typename A, typename B>
inline Result sys(long number, A a, B b) {
  return raw_syscall(number, word(a), word(b), 0, 0, 0, 0);
}
template <typename A, typename B, typename C>
inline Result sys(long number, A a, B b, C c) {
  return raw_syscall(number, word(a), word(b), word(c), 0, 0, 0);
}
template <typename A, typename B, typename C, typename D>
inline Result sys(long number, A a, B b, C c, D d) {
  return raw_syscall(number, word(a), word(b), word(c), word(d), 0, 0);
}
template <typename A, typename B, typename C, typename D, typename E>
inline Result sys(long number, A a, B b, C c, D d, E e) {
  return raw_syscall(number, word(a), word(b), word(c), word(d), word(e), 0);
}
template <typename A, typename B, typename C, typename D, typename E, typename F>
inline Result sys(long number, A a, B b, C c, D d, E e, F f) {
  return raw_syscall(number, word(a), word(b), word(c), word(d), word(e), word(f));
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
