#include "engine/runtime/kernel_calls.h"

#include <gmock/gmock.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "engine/base/error.h"
#include "engine/security/seccomp.h"

namespace seatrial::runtime {
namespace {

TEST(KernelCalls, AreAllHere) {
  EXPECT_NO_THROW(require_kernel_calls());
}

void refuse(const char* call) {
  const std::string program =
      security::compile({.default_action = spec::SeccompAction::kAllow,
                         .syscalls = {{.names = {call},
                                       .action = spec::SeccompAction::kErrno,
                                       .errno_ret = static_cast<std::uint16_t>(ENOSYS)}}});
  std::vector<sock_filter> filter(program.size() / sizeof(sock_filter));
  std::memcpy(filter.data(), program.data(), program.size());
  const sock_fprog loaded{.len = static_cast<unsigned short>(filter.size()),
                          .filter = filter.data()};
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) ::_exit(2);
  if (::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &loaded) != 0) ::_exit(2);
}

// In a process of its own, for a filter is for good.
TEST(KernelCalls, AreNamedWhereASandboxRefusesThem) {
  const pid_t child = ::fork();
  if (child == 0) {
    refuse("move_mount");
    try {
      require_kernel_calls();
    } catch (const Error& failure) {
      const std::string_view sentence = failure.what();
      ::_exit(sentence.find("lacks move_mount, which") != sentence.npos ? 0 : 3);
    }
    ::_exit(1);
  }
  int status = -1;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace seatrial::runtime
