// Hooks that run inside: createContainer before the root is entered, startContainer at the end.
#include <asm/errno.h>
#include <asm/poll.h>
#include <linux/close_range.h>
#include <linux/memfd.h>
#include <linux/mman.h>
#include <linux/sched.h>
#include <linux/signal.h>
#include <linux/time_types.h>

#include "engine/init/executors.h"
#include "engine/init/start_socket.h"
#include "engine/init/words.h"

namespace seatrial::init {
namespace {

struct PollEntry {
  int fd;
  short events;
  short happened;
};

// What a hook gets and leaves. Files in memory, so that neither side can block the other.
struct HookFiles {
  Result state = -1;
  Result output = -1;
};

Result prepare(Run& run, HookFiles& files) {
  files.state = sys(__NR_memfd_create, "state", MFD_CLOEXEC);
  if (files.state < 0) return files.state;
  files.output = sys(__NR_memfd_create, "output", MFD_CLOEXEC);
  if (files.output < 0) return files.output;
  const Result written = write_bytes((int)files.state, run.state, run.state_size);
  return written < 0 ? written : sys(__NR_lseek, files.state, 0, 0);
}

// In the child: becomes the hook, or leaves the errno for the parent.
[[noreturn]] void become_hook(Run& run, const steps::Hook<Form>& step, const HookFiles& files,
                              volatile int* error) {
  sys(__NR_dup3, files.state, 0, 0);
  sys(__NR_dup3, files.output, 1, 0);
  sys(__NR_dup3, files.output, 2, 0);
  // Those kept for the user's program are not for hooks.
  sys(__NR_close_range, 3, ~0u, CLOSE_RANGE_CLOEXEC);
  *error =
      (int)-sys(__NR_execve, text(run, step.path), texts(run, step.args), texts(run, step.env));
  exit_process(127);
}

// Waits until the hook ended. -ETIMEDOUT when it had to be killed.
Result wait_for(int pid, int pidfd, std::uint32_t timeout_ms, int& status) {
  PollEntry entry = {pidfd, POLLIN, 0};
  __kernel_timespec left = {timeout_ms / 1000, (timeout_ms % 1000) * 1'000'000L};
  Result ready;
  do {
    // Linux keeps in `left` what remains (ppoll(2)), so that a signal does not prolong the wait.
    ready = sys(__NR_ppoll, &entry, 1, timeout_ms != 0 ? &left : nullptr, 0, 0);
  } while (ready == -EINTR);
  if (ready <= 0) sys(__NR_pidfd_send_signal, pidfd, SIGKILL, 0, 0);
  Result reaped;
  do {
    reaped = sys(__NR_wait4, pid, &status, 0, 0);
  } while (reaped == -EINTR);
  if (ready < 0) return ready;
  if (ready == 0) return -ETIMEDOUT;
  return reaped;
}

Words words;  // outlives the executor, whose detail it is

Result judge(Run& run, int status, int error, int output) {
  if (error != 0) return -error;
  if (status == 0) return 0;
  const int signal = status & 0x7f;
  words.add(signal != 0 ? "killed by signal " : "exit status ");
  words.add(signal != 0 ? signal : status >> 8 & 0xff);
  words.add_tail(output);
  words.become_detail(run);
  return kOnlyDetail;
}

Result run_hook(Run& run, const steps::Hook<Form>& step, const HookFiles& files) {
  const Result page =
      sys(__NR_mmap, 0, sizeof(int), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (page < 0) return page;
  auto* error = (volatile int*)page;
  int pidfd = -1;
  const Result pid = sys(__NR_clone, CLONE_PIDFD | SIGCHLD, 0, &pidfd, 0, 0);
  if (pid == 0) become_hook(run, step, files, error);
  Result result = pid;
  if (pid > 0) {
    int status = 0;
    result = wait_for((int)pid, pidfd, step.timeout_ms, status);
    close_fd(pidfd);
    if (result == -ETIMEDOUT) fail(run, result, "its timeout passed and it was killed");
    if (result >= 0) result = judge(run, status, *error, (int)files.output);
  }
  sys(__NR_munmap, page, sizeof(int));
  return result;
}

void keep_state(Run& run, const Received& received) {
  run.state = received.payload;
  run.state_size = received.message.payload;
}

}  // namespace

Result execute(Run& run, const steps::RuntimeHooks<Form>&) {
  wire::Message message;
  message.kind = wire::MessageKind::kRuntimeHooksDue;
  const Result sent = send_message(run.sync, message, nullptr);
  if (sent < 0) return sent;
  keep_state(run, await_proceed(run));
  return 0;
}

Result execute(Run& run, const steps::Hook<Form>& step) {
  HookFiles files;
  Result result = prepare(run, files);
  if (result >= 0) result = run_hook(run, step, files);
  close_fd(files.state);
  close_fd(files.output);
  return result;
}

Result execute(Run& run, const steps::AskState<Form>&) {
  for (;;) {
    wire::Message message;
    message.kind = wire::MessageKind::kStateNeeded;
    Received received;
    Result result = send_message(run.start, message, nullptr);
    if (result >= 0) result = receive_message(run.start, received);
    if (result >= 0 && received.message.kind == wire::MessageKind::kState) {
      keep_state(run, received);
      return 0;
    }
    // Whoever asked for the start has gone. The container stays created.
    if (run.start == run.sync) exit_process(1);
    result = accept_start(run);
    if (result < 0) return result;
  }
}

}  // namespace seatrial::init
