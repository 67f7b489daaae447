#include "engine/oci/socket_activation.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "engine/base/error.h"

namespace seatrial::oci {
namespace {

class SocketActivation : public testing::Test {
 protected:
  void TearDown() override {
    ::unsetenv("LISTEN_FDS");
    ::unsetenv("LISTEN_PID");
  }
  static unsigned with(const std::string& fds, const std::string& pid) {
    ::setenv("LISTEN_FDS", fds.c_str(), 1);
    ::setenv("LISTEN_PID", pid.c_str(), 1);
    return activated_fds();
  }
  const std::string self_ = std::to_string(::getpid());
};

TEST_F(SocketActivation, IsForTheProcessThatIsNamed) {
  EXPECT_EQ(activated_fds(), 0U);
  EXPECT_EQ(with("2", self_), 2U);
  EXPECT_EQ(with("2", "1"), 0U);
  EXPECT_EQ(with("2", ""), 0U);
  EXPECT_EQ(with("", self_), 0U);
}

TEST_F(SocketActivation, RefusesWhatIsNoNumber) {
  for (const char* value : {"two", "-1", "2 ", "99999999999", "1048577"}) {
    try {
      with(value, self_);
      ADD_FAILURE() << value << " was taken";
    } catch (const Error& failure) {
      EXPECT_THAT(failure.what(),
                  testing::AllOf(testing::HasSubstr("LISTEN_FDS"), testing::HasSubstr(value)));
    }
  }
}

}  // namespace
}  // namespace seatrial::oci
