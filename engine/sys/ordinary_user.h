// For unit tests that root runs: a piece of them carried out by a user without privileges, in a
// process of its own.
#pragma once

#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <functional>
#include <string>

#include "engine/base/error.h"
#include "engine/base/files.h"

namespace seatrial::sys {

inline constexpr uid_t kOrdinaryUser = 54321;  // of which no host knows a name

inline void become_ordinary_user() {
  if (::setgroups(0, nullptr) != 0 ||
      ::setresgid(kOrdinaryUser, kOrdinaryUser, kOrdinaryUser) != 0 ||
      ::setresuid(kOrdinaryUser, kOrdinaryUser, kOrdinaryUser) != 0) {
    throw sys_error(errno, "become user {}", kOrdinaryUser);
  }
  // Else the files of this process in /proc would be root's.
  ::prctl(PR_SET_DUMPABLE, 1);
}

// What `body` returns, or the text of the Error that it throws; "died" when the process was killed.
// The process adopts what its children leave, and nothing outlives it but what `body` detaches.
inline std::string in_child(const std::function<std::string()>& body) {
  int ends[2] = {-1, -1};
  if (::pipe2(ends, O_CLOEXEC) != 0) throw sys_error(errno, "pipe");
  const UniqueFd reader(ends[0]);
  UniqueFd writer(ends[1]);
  const pid_t child = ::fork();
  if (child < 0) throw sys_error(errno, "fork");
  if (child == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::prctl(PR_SET_CHILD_SUBREAPER, 1);
    try {
      write_all(writer.get(), body(), "pipe");
    } catch (const std::exception& failure) {
      write_all(writer.get(), failure.what(), "pipe");
    }
    ::_exit(0);
  }
  writer.reset();
  const std::string text = read_all(reader.get(), "pipe");
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? text : text + "died";
}

inline std::string as_ordinary_user(const std::function<std::string()>& body) {
  return in_child([&] {
    become_ordinary_user();
    return body();
  });
}

}  // namespace seatrial::sys
