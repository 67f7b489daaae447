// Where the kernel enters the program.
#include "engine/init/later.h"
#include "engine/init/launcher.h"
#include "engine/init/monitor.h"
#include "engine/init/reaper.h"
#include "engine/init/syscalls.h"

// The stack at entry: argc, then argv (System V ABI). Nothing but it is known here.
#if defined(__x86_64__)
asm(".globl _start\n"
    ".type _start, @function\n"
    "_start:\n"
    "  xor %ebp, %ebp\n"
    "  mov %rsp, %rdi\n"
    "  and $-16, %rsp\n"
    "  call seatrial_enter\n"
    "  hlt\n");
#elif defined(__aarch64__)
asm(".globl _start\n"
    ".type _start, %function\n"
    "_start:\n"
    "  mov x29, #0\n"
    "  mov x30, #0\n"
    "  mov x0, sp\n"
    "  bl seatrial_enter\n"
    "  brk #1\n");
#endif

extern "C" [[noreturn, gnu::used]] void seatrial_enter(long* stack) {
  const long argc = stack[0];
  const char* const* argv = (const char* const*)(stack + 1);
  const char* const role = argc > 1 ? argv[1] : "";
  if (role[0] == 'm') seatrial::init::monitor(argv + 1);
  if (role[0] == 'w') seatrial::init::run_later(argv + 1);
  if (role[0] == '-') seatrial::init::serve_as_init(argv + 2);  // "--", as docker-init has it
  seatrial::init::launch(role);
}
