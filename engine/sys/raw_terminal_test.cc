#include "engine/sys/raw_terminal.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include "engine/base/unique_fd.h"

namespace seatrial::sys {
namespace {

tcflag_t local_modes(int fd) {
  termios mode{};
  EXPECT_EQ(::tcgetattr(fd, &mode), 0);
  return mode.c_lflag;
}

TEST(RawTerminal, IsRawWhileItLives) {
  const UniqueFd terminal(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
  ASSERT_TRUE(terminal);
  const tcflag_t before = local_modes(terminal.get());
  ASSERT_NE(before & (ECHO | ICANON | ISIG), 0U);
  {
    const RawTerminal raw(terminal.get());
    EXPECT_EQ(local_modes(terminal.get()) & (ECHO | ICANON | ISIG), 0U);
  }
  EXPECT_EQ(local_modes(terminal.get()), before);
}

TEST(RawTerminal, LeavesAloneWhatIsNoTerminal) {
  const UniqueFd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  ASSERT_TRUE(null);
  const RawTerminal raw(null.get());
}

}  // namespace
}  // namespace seatrial::sys
