#include "engine/init/reaper.h"

#include <asm/errno.h>
#include <asm/ioctls.h>
#include <linux/signal.h>
#include <linux/wait.h>

#include "engine/init/memory.h"
#include "engine/init/syscalls.h"
#include "engine/sys/raw_signals.h"

namespace seatrial::init {
namespace {

constexpr int kFailed = 1;
constexpr int kNotExecutable = 126;
constexpr int kNotThere = 127;
constexpr const char* kUsualPath = "/bin:/usr/bin";  // of execvp(3), where there is no PATH

constexpr std::uint64_t kAll = ~0UL;

const char* search_path(const char* const* environment) {
  for (; *environment != nullptr; ++environment) {
    if (starts_with(*environment, "PATH=")) return *environment + 5;
  }
  return kUsualPath;
}

bool has_slash(const char* name) {
  for (; *name != '\0'; ++name) {
    if (*name == '/') return true;
  }
  return false;
}

// As execvp(3): a file that may not be executed is remembered, but the search goes on. Returns why
// there is no program.
Result execute(const char* const* program, const char* const* environment) {
  const char* const name = program[0];
  if (has_slash(name)) return sys(__NR_execve, name, program, environment);
  const std::size_t name_size = length(name);
  bool denied = false;
  for (const char* path = search_path(environment); name_size != 0; ++path) {
    const char* end = path;
    while (*end != '\0' && *end != ':') ++end;
    const std::size_t size = (std::size_t)(end - path);
    char file[4096];
    if (size + name_size + 2 <= sizeof file) {
      memcpy(file, path, size);
      file[size] = '/';
      // An empty directory is the working directory.
      memcpy(file + size + 1, name, name_size + 1);
      const Result result = sys(__NR_execve, size == 0 ? name : file, program, environment);
      denied = denied || result == -EACCES;
      if (result != -EACCES && result != -ENOENT && result != -ENOTDIR) return result;
    }
    if (*end == '\0') break;
    path = end;
  }
  return denied ? -EACCES : -ENOENT;
}

void say(const char* text) {
  write_bytes(2, text, length(text));
}

[[noreturn]] void become(const char* const* program, const char* const* environment) {
  // A group of its own, in the foreground where there is a terminal: what is typed there reaches
  // the program and not process 1, which would pass it on a second time.
  sys(__NR_setpgid, 0, 0);
  const int group = (int)sys(__NR_getpid);
  sys(__NR_ioctl, 0, TIOCSPGRP, &group);  // SIGTTOU is still blocked
  seatrial::sys::reset_signals();
  const Result result = execute(program, environment);
  say("docker-init: exec ");
  say(program[0]);
  say(result == -ENOENT   ? ": no such file or directory\n"
      : result == -EACCES ? ": permission denied\n"
                          : ": it cannot be executed\n");
  exit_process(result == -ENOENT ? kNotThere : kNotExecutable);
}

// Whatever has ended, until there is no more or the program itself has.
void reap(Result program, int options) {
  for (;;) {
    int status = 0;
    const Result ended = sys(__NR_wait4, -1, &status, options, 0);
    if (ended == -EINTR) continue;
    if (ended <= 0) return;
    if (ended != program) continue;
    const int signal = status & 0x7f;
    exit_process(signal != 0 ? 128 + signal : status >> 8 & 0xff);
  }
}

}  // namespace

void serve_as_init(const char* const* program) {
  if (program[0] == nullptr) exit_process(kFailed);
  const char* const* environment = program;
  while (*environment != nullptr) ++environment;
  ++environment;
  // Before the child is there, so that none is lost. Faults of its own the kernel does not hold
  // back.
  sys(__NR_rt_sigprocmask, SIG_SETMASK, &kAll, 0, sizeof kAll);
  const Result child = sys(__NR_clone, SIGCHLD, 0, 0, 0, 0);
  if (child == 0) become(program, environment);
  if (child < 0) {
    say("docker-init: fork failed\n");
    exit_process(kFailed);
  }
  for (;;) {
    const Result signal = sys(__NR_rt_sigtimedwait, &kAll, 0, 0, sizeof kAll);
    if (signal == SIGCHLD) {
      reap(child, WNOHANG);
    } else if (signal > 0) {
      sys(__NR_kill, child, (int)signal);
    } else if (signal != -EINTR && signal != -EAGAIN) {
      reap(child, 0);  // a seccomp profile that allows no waiting for signals: none are passed on
      exit_process(kFailed);
    }
  }
}

}  // namespace seatrial::init
