// System calls without a C library: nothing but registers is touched, errno neither. For code that
// may not rely on a thread of its own. Each returns what the kernel returns: a negative errno, or a
// result that is not negative.
#pragma once

namespace seatrial::sys {

[[gnu::always_inline]] inline long raw_syscall6(long number, long a, long b, long c, long d, long e,
                                                long f) {
  // NOLINTBEGIN(misc-const-correctness): a constant could be folded away from its register
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
#error "the system calls of x86_64 and aarch64 are known here"
#endif
  // NOLINTEND(misc-const-correctness)
}

// Up to six arguments, pointers and integers alike.
template <typename A = long, typename B = long, typename C = long, typename D = long,
          typename E = long, typename F = long>
[[gnu::always_inline]] inline long raw_syscall(long number, A a = 0, B b = 0, C c = 0, D d = 0,
                                               E e = 0, F f = 0) {
  return raw_syscall6(number, (long)a, (long)b, (long)c, (long)d, (long)e, (long)f);
}

}  // namespace seatrial::sys
