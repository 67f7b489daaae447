// The user's program of the measured container: ends with 0 and nothing else. No libc, so that
// what is timed is the container and not a program's start.
#include <sys/syscall.h>

// NOLINTNEXTLINE(readability-identifier-naming): the linker wants this name
extern "C" [[noreturn]] void _start() {
  for (;;) {
    asm volatile("syscall" : : "a"(static_cast<long>(SYS_exit_group)), "D"(0L) : "rcx", "r11");
  }
}
