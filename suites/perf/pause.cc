// The program of a container that stays until it is killed. No libc, as true.cc.
#include <sys/syscall.h>

// NOLINTNEXTLINE(readability-identifier-naming): the linker wants this name
extern "C" [[noreturn]] void _start() {
  for (;;) {
    asm volatile("syscall" : : "a"(static_cast<long>(SYS_pause)) : "rcx", "r11", "memory");
  }
}
