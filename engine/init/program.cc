// The end of a plan: the program is found, the runtime is told, start is awaited, execve.
#include <asm/errno.h>
#include <linux/prctl.h>
#include <linux/signal.h>

#include "engine/init/executors.h"
#include "engine/init/memory.h"
#include "engine/init/start_socket.h"
#include "engine/sys/raw_signals.h"

namespace seatrial::init {
namespace {

constexpr int kSocketCloexec = 02000000;  // SOCK_CLOEXEC
constexpr int kExecutable = 1;            // X_OK

// With the credentials that the program will have.
Result check_executable(const char* path) {
  struct statx facts;
  const Result result =
      sys(__NR_statx, AT_FDCWD, path, AT_NO_AUTOMOUNT, STATX_TYPE | STATX_MODE, &facts);
  if (result < 0) return result;
  if (is_directory(facts.stx_mode)) return -EACCES;
  const Result access = sys(__NR_faccessat2, AT_FDCWD, path, kExecutable, AT_EACCESS);
  // A seccomp profile older than faccessat2 (Linux 5.8). Real and effective ids are the same here.
  if (access != -ENOSYS && access != -EPERM) return access;
  return sys(__NR_faccessat, AT_FDCWD, path, kExecutable);
}

bool has_slash(const char* name) {
  for (; *name != '\0'; ++name) {
    if (*name == '/') return true;
  }
  return false;
}

// Puts "DIRECTORY/NAME" into run.program; an empty directory is the working directory.
bool join(Run& run, const char* directory, std::size_t size, const char* name) {
  const std::size_t name_size = length(name);
  if (size + name_size + 2 > sizeof run.program) return false;
  memcpy(run.program, directory, size);
  char* end = run.program + size;
  if (size != 0) *end++ = '/';
  memcpy(end, name, name_size + 1);
  return true;
}

// As execvp(3): a directory that may not be searched or a file that may not be executed is
// remembered, but the search goes on.
Result search(Run& run, const char* path, const char* name) {
  bool denied = false;
  for (;;) {
    const char* end = path;
    while (*end != '\0' && *end != ':') ++end;
    if (join(run, path, (std::size_t)(end - path), name)) {
      const Result result = check_executable(run.program);
      if (result >= 0) return 0;
      denied = denied || result == -EACCES;
    }
    if (*end == '\0') return denied ? -EACCES : -ENOENT;
    path = end + 1;
  }
}

}  // namespace

Result execute(Run& run, const steps::FindProgram<Form>& step) {
  const char* const name = text(run, step.name);
  if (has_slash(name)) {
    if (!join(run, "", 0, name)) return -ENAMETOOLONG;
    const Result result = check_executable(name);
    if (result == -ENOENT) return fail(run, result, "no such file or directory");
    return result == -EACCES ? fail(run, result, "permission denied") : result;
  }
  const Result result = search(run, text(run, step.search), name);
  if (result == -EACCES) return fail(run, result, "permission denied");
  return result < 0 ? fail(run, result, "executable file not found in $PATH") : 0;
}

Result execute(Run& run, const steps::Ready<Form>& step) {
  seatrial::sys::reset_signals();
  // From here on the container outlives the runtime; never its monitor (monitor.h). Set again,
  // since a change of credentials has cleared it.
  sys(__NR_prctl, PR_SET_PDEATHSIG, run.monitor != 0 ? SIGKILL : 0);
  wire::Message message;
  message.kind = wire::MessageKind::kReady;
  const Result sent = send_message(run.sync, message, nullptr);
  if (sent < 0) return sent;
  switch (step.answer) {
    case steps::ReadyAnswer::kStartLater:
      close_fd(run.sync);
      run.sync = -1;
      return 0;
    case steps::ReadyAnswer::kProceed:
      await_proceed(run);
      break;
    case steps::ReadyAnswer::kNone:
      break;
  }
  run.start = run.sync;
  return 0;
}

Result accept_start(Run& run) {
  close_fd(run.start);
  Result connection;
  do {
    connection = sys(__NR_accept4, run.start_listener, 0, 0, kSocketCloexec);
  } while (connection == -EINTR || connection == -ECONNABORTED);
  if (connection >= 0) run.start = (int)connection;
  return connection;
}

Result execute(Run& run, const steps::AwaitStart<Form>&) {
  return accept_start(run);
}

Result execute(Run& run, const steps::Execute<Form>& step) {
  if (step.args.count == 0) return fail(run, -EINVAL, "process is not given");
  return sys(__NR_execve, run.program, texts(run, step.args), texts(run, step.env));
}

}  // namespace seatrial::init
