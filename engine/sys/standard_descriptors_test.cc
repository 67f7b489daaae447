#include "engine/sys/standard_descriptors.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

namespace seatrial::sys {
namespace {

bool is_null_device(int fd) {
  struct stat status{};
  return ::fstat(fd, &status) == 0 && S_ISCHR(status.st_mode) && status.st_rdev == makedev(1, 3);
}

// The exit status of a child that closes these and then occupies: bit N is set where N is
// /dev/null.
int occupied_after_closing(std::initializer_list<int> closed) {
  const pid_t child = ::fork();
  if (child == 0) {
    int ends[2];
    if (::pipe(ends) != 0) ::_exit(100);
    for (const int fd : {0, 1, 2}) ::dup2(ends[1], fd);  // nothing that is /dev/null already
    for (const int fd : closed) ::close(fd);
    occupy_standard_descriptors();
    int bits = 0;
    for (const int fd : {0, 1, 2}) bits |= is_null_device(fd) ? 1 << fd : 0;
    ::_exit(bits);
  }
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status));
  return WEXITSTATUS(status);
}

TEST(StandardDescriptors, AreOccupiedWhereTheyWereClosed) {
  EXPECT_EQ(occupied_after_closing({0}), 0b001);
  EXPECT_EQ(occupied_after_closing({1}), 0b010);
  EXPECT_EQ(occupied_after_closing({0, 2}), 0b101);
  EXPECT_EQ(occupied_after_closing({0, 1, 2}), 0b111);
}

TEST(StandardDescriptors, AreLeftAloneWhereTheyAreOpen) {
  EXPECT_EQ(occupied_after_closing({}), 0);
}

}  // namespace
}  // namespace seatrial::sys
