#include "harness/target/unprivileged.h"

#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "engine/base/error.h"
#include "engine/base/files.h"

namespace seatrial::harness {
namespace {

void become(uid_t id) {
  if (::setgroups(0, nullptr) != 0) throw sys_error(errno, "leave all groups");
  if (::setresgid(id, id, id) != 0) throw sys_error(errno, "become group {}", id);
  if (::setresuid(id, id, id) != 0) throw sys_error(errno, "become user {}", id);
  // A change of user makes /proc/self the machine's root's; this process is no secret to itself.
  if (::prctl(PR_SET_DUMPABLE, 1UL, 0UL, 0UL, 0UL) != 0) throw sys_error(errno, "be dumpable");
}

// In a child with the host's rights, once `go` says that `process` has its namespace. Returns 0.
int write_maps(pid_t process, int go) {
  char byte = 0;
  if (::read(go, &byte, 1) != 1) return 1;  // there is no namespace
  const std::string map = fmt::format("0 {} {}\n", kNamespaceBase, kNamespaceIds);
  try {
    for (const char* kind : {"uid_map", "gid_map"}) {
      const std::string file = fmt::format("/proc/{}/{}", process, kind);
      write_all(open_file(file, O_WRONLY).get(), map, file);
    }
  } catch (const Error& failure) {
    return failure.sys_errno();
  }
  return 0;
}

}  // namespace

void enter_user_namespace() {
  int go[2];
  if (::pipe2(go, O_CLOEXEC) != 0) throw sys_error(errno, "make a pipe");
  UniqueFd reading(go[0]);
  UniqueFd writing(go[1]);
  const pid_t self = ::getpid();
  const pid_t writer = ::fork();
  if (writer < 0) throw sys_error(errno, "fork the writer of id maps");
  if (writer == 0) {
    writing.reset();
    ::_exit(write_maps(self, reading.get()));
  }
  reading.reset();
  const int flags = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS;
  const int refused = ::unshare(flags) == 0 ? 0 : errno;
  if (refused == 0) write_all(writing.get(), "x", "the pipe to the writer of id maps");
  writing.reset();
  int status = 0;
  ::waitpid(writer, &status, 0);
  if (refused != 0) throw sys_error(refused, "make a user namespace");
  if (status != 0) throw sys_error(WEXITSTATUS(status), "map the ids of a user namespace");
  become(0);
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
    throw sys_error(errno, "make the mounts of a user namespace private");
  }
}

void become_plain_user() {
  become(kPlainUser);
}

}  // namespace seatrial::harness
