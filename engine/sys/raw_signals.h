// Signals on the way to another program, without a C library.
#pragma once

#include <asm/unistd.h>

#include <cstdint>

#include "engine/sys/raw_syscall.h"

namespace seatrial::sys {

// All signals at their default and none blocked: a handler must not run in memory that is shared,
// and what is ignored or blocked outlives execve(2).
[[gnu::always_inline]] inline void reset_signals() {
  // struct sigaction as rt_sigaction(2) takes it: all zero is the default disposition.
  struct Action {
    void* handler = nullptr;
    unsigned long flags = 0;
    void* restorer = nullptr;
    std::uint64_t mask = 0;
  };
  constexpr int kLast = 64;
  constexpr int kSetMask = 2;  // SIG_SETMASK
  const Action by_default;
  for (int signal = 1; signal <= kLast; ++signal) {
    raw_syscall(__NR_rt_sigaction, signal, &by_default, 0, sizeof by_default.mask);
  }
  const std::uint64_t none = 0;
  raw_syscall(__NR_rt_sigprocmask, kSetMask, &none, 0, sizeof none);
}

}  // namespace seatrial::sys
