// What the kernel lets a process do. What would change the process itself is tried in a child.
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>

#include "harness/probe/commands.h"
#include "harness/probe/json_line.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x80
#endif

namespace seatrial::probe {

int in_child(int (*body)(const Operands&), const Operands& operands) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(body(operands));
  int status = 0;
  if (child < 0 || ::waitpid(child, &status, 0) != child) return -1;
  return status;
}

namespace {

// Runs PATH with one argument in a child; the errno of a failed execve comes back over a pipe that
// a successful one closes. Returns the wait status, or -1 with errno.
int run_copy(const std::string& path, const char* command, const char* operand) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return -1;
  const pid_t child = ::fork();
  if (child == 0) {
    ::execl(path.c_str(), path.c_str(), command, operand, static_cast<char*>(nullptr));
    const int failure = errno;
    if (::write(ends[1], &failure, sizeof failure) < 0) ::_exit(126);
    ::_exit(127);
  }
  ::close(ends[1]);
  int failure = 0;
  const bool failed = ::read(ends[0], &failure, sizeof failure) == sizeof failure;
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  if (failed) errno = failure;
  return failed ? -1 : status;
}

void execute(const Operands& paths) {
  for (const std::string& path : paths) {
    const int status = run_copy(path, "quiet_exit", "7");
    JsonLine line("execute", path);
    if (status < 0) line.error(errno);
    if (status >= 0) line.number("code", WEXITSTATUS(status));
    line.print();
  }
}

void set_user_id(const Operands& paths) {
  for (const std::string& path : paths) {
    const int status = run_copy(path, "quiet_euid", nullptr);
    JsonLine line("setuid", path);
    if (status < 0) line.error(errno);
    if (status >= 0) line.number("euid", WEXITSTATUS(status));
    line.print();
  }
}

void quiet_exit(const Operands& operands) {
  ::_exit(operands.empty() ? 0 : std::atoi(operands[0].c_str()));
}

// Only ids below 256 come through an exit status: cases use such.
void quiet_euid(const Operands&) {
  ::_exit(static_cast<int>(::geteuid()));
}

void mount_tmpfs(const Operands& paths) {
  for (const std::string& path : paths) {
    const bool failed = ::mount("probe", path.c_str(), "tmpfs", 0, nullptr) != 0;
    JsonLine("mount", path).error(failed ? errno : 0).print();
  }
}

void unmount(const Operands& paths) {
  for (const std::string& path : paths) {
    const bool failed = ::umount2(path.c_str(), MNT_DETACH) != 0;
    JsonLine("umount", path).error(failed ? errno : 0).print();
  }
}

void remount_writable(const Operands& paths) {
  for (const std::string& path : paths) {
    const bool failed = ::mount(nullptr, path.c_str(), nullptr, MS_REMOUNT | MS_BIND, nullptr) != 0;
    JsonLine("remount_rw", path).error(failed ? errno : 0).print();
  }
}

int flag_of_namespace(const std::string& kind) {
  static constexpr struct {
    const char* name;
    int flag;
  } kKinds[] = {{"user", CLONE_NEWUSER}, {"mount", CLONE_NEWNS},     {"pid", CLONE_NEWPID},
                {"net", CLONE_NEWNET},   {"ipc", CLONE_NEWIPC},      {"uts", CLONE_NEWUTS},
                {"time", CLONE_NEWTIME}, {"cgroup", CLONE_NEWCGROUP}};
  for (const auto& entry : kKinds) {
    if (kind == entry.name) return entry.flag;
  }
  return 0;
}

int try_unshare(const Operands& operands) {
  return ::unshare(flag_of_namespace(operands[0])) == 0 ? 0 : errno;
}

void unshare_namespaces(const Operands& kinds) {
  for (const std::string& kind : kinds) {
    const int status = in_child(try_unshare, {kind});
    JsonLine("unshare", kind).error(WEXITSTATUS(status)).print();
  }
}

void call(const Operands& operands) {
  if (operands.empty()) return;
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return;
  long words[7] = {};
  for (std::size_t i = 0; i < operands.size() && i < 7; ++i) {
    words[i] = static_cast<long>(std::strtoull(operands[i].c_str(), nullptr, 0));
  }
  const pid_t child = ::fork();
  if (child == 0) {
    errno = 0;
    long answer[2] = {0, 0};
    answer[0] = ::syscall(words[0], words[1], words[2], words[3], words[4], words[5], words[6]);
    answer[1] = answer[0] < 0 ? errno : 0;
    ::_exit(::write(ends[1], answer, sizeof answer) < 0 ? 1 : 0);
  }
  ::close(ends[1]);
  long answer[2] = {0, 0};
  const bool answered = ::read(ends[0], answer, sizeof answer) == sizeof answer;
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  JsonLine line("syscall", operands[0]);
  if (WIFSIGNALED(status)) line.number("signal", WTERMSIG(status));
  if (answered && answer[1] == 0) line.number("result", answer[0]);
  if (answered) line.error(static_cast<int>(answer[1]));
  line.print();
}

// What becomes of a thread, in a process that handles SIGSYS, that makes a system call.
enum Fate { kReturned = 1, kTrapped, kThreadEnded };
volatile int fate = kThreadEnded;
long guarded_number = 0;

void note_trap(int) {
  fate = kTrapped;
}

void* make_guarded_call(void*) {
  ::syscall(guarded_number);
  if (fate != kTrapped) fate = kReturned;
  return nullptr;
}

int guard_call(const Operands& operands) {
  guarded_number = std::strtol(operands[0].c_str(), nullptr, 0);
  struct sigaction action{};
  action.sa_handler = note_trap;
  ::sigaction(SIGSYS, &action, nullptr);
  pthread_t thread{};
  if (::pthread_create(&thread, nullptr, make_guarded_call, nullptr) != 0) return 0;
  ::pthread_join(thread, nullptr);
  return fate;
}

void guarded_call(const Operands& operands) {
  if (operands.empty()) return;
  const int status = in_child(guard_call, {operands[0]});
  JsonLine line("guarded", operands[0]);
  if (WIFSIGNALED(status)) {
    line.text("fate", "process ended").number("signal", WTERMSIG(status)).print();
    return;
  }
  static constexpr const char* kFates[] = {"unknown", "returned", "trapped", "thread ended"};
  line.text("fate", kFates[WEXITSTATUS(status) & 3]).print();
}

}  // namespace

const std::vector<NamedCommand>& kernel_commands() {
  static const std::vector<NamedCommand> commands = {
      {"execute", execute},
      {"setuid", set_user_id},
      {"quiet_exit", quiet_exit},
      {"quiet_euid", quiet_euid},
      {"mount", mount_tmpfs},
      {"umount", unmount},
      {"remount_rw", remount_writable},
      {"unshare", unshare_namespaces},
      {"syscall", call},
      {"guarded", guarded_call},
  };
  return commands;
}

}  // namespace seatrial::probe
