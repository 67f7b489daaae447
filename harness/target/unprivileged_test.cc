#include "harness/target/unprivileged.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>

#include "engine/base/error.h"
#include "engine/base/files.h"

namespace seatrial::harness {
namespace {

using ::testing::HasSubstr;

// What `look` says in a process of its own that has become something else by `become`.
template <typename Become, typename Look>
std::string afterwards(Become become, Look look) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return "no pipe";
  const pid_t child = ::fork();
  if (child == 0) {
    std::string text;
    try {
      become();
      text = look();
    } catch (const Error& failure) {
      text = failure.what();
    }
    write_all(ends[1], text, "the pipe");
    ::_exit(0);
  }
  ::close(ends[1]);
  const UniqueFd reading(ends[0]);
  std::string text = read_all(reading.get(), "the pipe");
  ::waitpid(child, nullptr, 0);
  return text;
}

std::string status_line(const std::string& name) {
  const std::string text = read_file("/proc/self/status");
  const std::size_t begin = text.find("\n" + name + ":\t") + 1;
  return text.substr(begin, text.find('\n', begin) - begin);
}

class Unprivileged : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can become what is asked for";
  }
};

TEST_F(Unprivileged, RootOfANamespaceIsMappedToARangeOfTheHost) {
  EXPECT_EQ(afterwards(enter_user_namespace,
                       [] {
                         unsigned inside = 1, outside = 0, count = 0;
                         const std::string map = read_file("/proc/self/uid_map");
                         std::sscanf(map.c_str(), "%u %u %u", &inside, &outside, &count);
                         return fmt::format("{} {} {} {} {}", ::geteuid(), ::getegid(), inside,
                                            outside, count);
                       }),
            "0 0 0 1000000 1000000");
}

TEST_F(Unprivileged, RootOfANamespaceMountsButMakesNoDevices) {
  EXPECT_EQ(afterwards(enter_user_namespace,
                       [] {
                         const bool mounts = ::mount("x", "/tmp", "tmpfs", 0, nullptr) == 0;
                         const bool makes = ::mknod("/tmp/null", S_IFCHR, 0x103) == 0;
                         return fmt::format("{} {}", mounts, makes);
                       }),
            "true false");
}

// Or the files of its own processes would not be its own.
TEST_F(Unprivileged, RootOfANamespaceOwnsItsProcessesFiles) {
  EXPECT_EQ(afterwards(enter_user_namespace,
                       [] {
                         struct stat status{};
                         ::stat("/proc/self/environ", &status);
                         return std::to_string(status.st_uid);
                       }),
            "0");
}

TEST_F(Unprivileged, APlainUserHasNoCapabilityAndNoGroup) {
  EXPECT_EQ(afterwards(
                [] {
                  const gid_t groups[] = {5, 6};
                  ::setgroups(2, groups);  // control: there is something to leave
                  become_plain_user();
                },
                [] {
                  return fmt::format("{}|{}|{}|{}", status_line("Uid"), status_line("Groups"),
                                     status_line("CapPrm"), status_line("CapEff"));
                }),
            "Uid:\t54321\t54321\t54321\t54321|Groups:\t |CapPrm:\t0000000000000000|"
            "CapEff:\t0000000000000000");
}

TEST_F(Unprivileged, APlainUserDoesNotComeBack) {
  EXPECT_EQ(afterwards(become_plain_user,
                       [] { return std::string(::setuid(0) == 0 ? "root again" : "no"); }),
            "no");
}

TEST_F(Unprivileged, APlainUserCannotMapIds) {
  EXPECT_THAT(afterwards(
                  [] {
                    become_plain_user();
                    enter_user_namespace();
                  },
                  [] { return std::string("accepted"); }),
              HasSubstr("map the ids of a user namespace"));
}

}  // namespace
}  // namespace seatrial::harness
