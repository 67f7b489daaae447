// What surrounds the process beside its files: keyring, loopback, names, kernel parameters, limits.
#include <asm/errno.h>
#include <linux/keyctl.h>
#include <linux/resource.h>

#include "engine/init/executors.h"
#include "engine/init/memory.h"
#include "engine/init/mounts.h"

namespace seatrial::init {
namespace {

constexpr unsigned kSetInterfaceFlags = 0x8914;  // SIOCSIFFLAGS
constexpr short kInterfaceUp = 0x1 | 0x40;       // IFF_UP | IFF_RUNNING

// struct ifreq; its header needs the C library's.
struct InterfaceRequest {
  char name[16];
  short flags;
  char rest[22];
};

// Everything for its possessor; view, read, link and search for its owner, so that an exec by the
// same owner finds it by name.
constexpr unsigned kKeyringPermissions = 0x3f000000 | 0x001b0000;

}  // namespace

Result execute(Run& run, const steps::SessionKeyring<Form>& step) {
  const char* const name = step.name.offset != 0 ? text(run, step.name) : nullptr;
  const Result keyring = sys(__NR_keyctl, KEYCTL_JOIN_SESSION_KEYRING, name);
  if (keyring == -ENOSYS) return 0;  // a kernel without keys keeps none to share
  if (keyring >= 0 && name != nullptr) {
    sys(__NR_keyctl, KEYCTL_SETPERM, keyring, kKeyringPermissions);
  }
  return keyring;
}

Result execute(Run&, const steps::LoopbackUp<Form>&) {
  constexpr int kInternet = 2;         // AF_INET
  constexpr int kDatagram = 02000002;  // SOCK_DGRAM | SOCK_CLOEXEC
  const Result socket = sys(__NR_socket, kInternet, kDatagram, 0);
  if (socket == -EAFNOSUPPORT) return 0;  // no protocol that could use it
  if (socket < 0) return socket;
  InterfaceRequest request = {"lo", kInterfaceUp, {}};
  const Result result = sys(__NR_ioctl, socket, kSetInterfaceFlags, &request);
  close_fd(socket);
  return result;
}

Result execute(Run& run, const steps::SetHostname<Form>& step) {
  return sys(__NR_sethostname, text(run, step.name), length(text(run, step.name)));
}

Result execute(Run& run, const steps::SetDomainname<Form>& step) {
  return sys(__NR_setdomainname, text(run, step.name), length(text(run, step.name)));
}

Result execute(Run& run, const steps::OpenProcfs<Form>&) {
  Result procfs = new_mount("proc", 0);
  // Of a pid namespace that belongs to another user namespace; the one that is there shows the same
  // parameters.
  if (procfs == -EPERM) procfs = open_host_procfs(run);
  if (procfs >= 0) run.procfs = (int)procfs;
  return procfs;
}

Result execute(Run& run, const steps::Sysctl<Form>& step) {
  constexpr char kBelow[] = "sys/";
  char path[512];
  const std::size_t size = length(text(run, step.path));
  if (size + sizeof kBelow > sizeof path) return -ENAMETOOLONG;
  memcpy(path, kBelow, sizeof kBelow - 1);
  memcpy(path + sizeof kBelow - 1, text(run, step.path), size + 1);
  const open_how how = {
      .flags = O_WRONLY | O_CLOEXEC,
      .mode = 0,
      .resolve = RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS};
  const Result fd = sys(__NR_openat2, run.procfs, path, &how, sizeof how);
  if (fd < 0) return fd;
  const Result written = write_bytes((int)fd, text(run, step.value), length(text(run, step.value)));
  close_fd(fd);
  return written;
}

Result execute(Run& run, const steps::Umask<Form>& step) {
  return sys(__NR_umask, step.mask == steps::kUmaskOfCaller ? run.umask : step.mask);
}

Result execute(Run&, const steps::SetRlimit<Form>& step) {
  const rlimit64 limit = {.rlim_cur = step.soft, .rlim_max = step.hard};
  return sys(__NR_prlimit64, 0, step.resource, &limit, 0);
}

}  // namespace seatrial::init
