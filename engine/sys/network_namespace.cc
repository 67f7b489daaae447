#include "engine/sys/network_namespace.h"

#include <fcntl.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "engine/base/error.h"

namespace seatrial::sys {
namespace {

constexpr std::size_t kStackSize = 16 * 1024;
constexpr int kNewNamespace = -1;

// Shared with the child, whose memory is ours.
struct Job {
  int network_namespace = kNewNamespace;
  int domain = 0;
  int type = 0;
  int protocol = 0;
  int socket = -1;
  const char* failed_call = nullptr;
  int failed_errno = 0;
};

void fail(Job& job, const char* call) {
  job.failed_errno = errno;
  job.failed_call = call;
}

// Of interfaces to come, in the namespace of the calling task. True where the kernel has no IPv6.
__attribute__((no_sanitize("address", "thread", "undefined"))) bool turn_ipv6_off() {
  const int file = ::open("/proc/sys/net/ipv6/conf/default/disable_ipv6", O_WRONLY | O_CLOEXEC);
  if (file < 0) return errno == ENOENT;
  const bool written = ::write(file, "1", 1) == 1;
  ::close(file);
  return written;
}

__attribute__((no_sanitize("address", "thread", "undefined"))) int child_main(void* argument) {
  Job& job = *static_cast<Job*>(argument);
  const bool fresh = job.network_namespace == kNewNamespace;
  const int entered =
      fresh ? ::unshare(CLONE_NEWNET) : ::setns(job.network_namespace, CLONE_NEWNET);
  if (entered != 0) {
    fail(job, fresh ? "make a network namespace" : "enter a network namespace");
    return 0;
  }
  if (fresh && !turn_ipv6_off()) {
    fail(job, "turn IPv6 off in a network namespace");
    return 0;
  }
  job.socket = ::socket(job.domain, job.type | SOCK_CLOEXEC, job.protocol);
  if (job.socket < 0) fail(job, "open a socket in a network namespace");
  return 0;
}

// A frame of its own, so that its locals cannot be clobbered by what the child does. All signals
// are blocked: a handler must not run in the child. The child's end sends no signal, so that a
// caller's wait for any child does not see it (__WCLONE does).
__attribute__((noinline)) pid_t run_child(Job& job) {
  alignas(64) char stack[kStackSize];
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  const pid_t pid =
      ::clone(&child_main, stack + sizeof stack, CLONE_VM | CLONE_VFORK | CLONE_FILES, &job);
  const int failure = errno;
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  errno = failure;
  return pid;
}

UniqueFd run(Job job) {
  const pid_t pid = run_child(job);
  if (pid < 0) throw sys_error(errno, "clone a child process");
  while (::waitpid(pid, nullptr, __WCLONE) < 0 && errno == EINTR) {
  }
  if (job.failed_call != nullptr) throw sys_error(job.failed_errno, "{}", job.failed_call);
  return UniqueFd(job.socket);
}

UniqueFd namespace_of(int socket) {
  UniqueFd descriptor(::ioctl(socket, SIOCGSKNS));
  if (!descriptor) throw sys_error(errno, "open a socket's network namespace");
  return descriptor;
}

void loopback_up(int socket) {
  ifreq request{};
  std::strncpy(request.ifr_name, "lo", IFNAMSIZ - 1);
  if (::ioctl(socket, SIOCGIFFLAGS, &request) != 0) throw sys_error(errno, "read the flags of lo");
  request.ifr_flags = static_cast<short>(request.ifr_flags | IFF_UP);
  if (::ioctl(socket, SIOCSIFFLAGS, &request) != 0) throw sys_error(errno, "set lo up");
}

}  // namespace

UniqueFd socket_in(int network_namespace, int domain, int type, int protocol) {
  if (network_namespace < 0) {
    throw error(Kind::kInternal, "{} is not a descriptor of a network namespace",
                network_namespace);
  }
  return run({.network_namespace = network_namespace,
              .domain = domain,
              .type = type,
              .protocol = protocol});
}

UniqueFd new_network_namespace() {
  const UniqueFd socket = run({.domain = AF_INET, .type = SOCK_DGRAM});
  loopback_up(socket.get());
  return namespace_of(socket.get());
}

UniqueFd own_network_namespace() {
  const UniqueFd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket) throw sys_error(errno, "open a socket");
  return namespace_of(socket.get());
}

void bring_up_loopback(int network_namespace) {
  loopback_up(socket_in(network_namespace, AF_INET, SOCK_DGRAM, 0).get());
}

}  // namespace seatrial::sys
