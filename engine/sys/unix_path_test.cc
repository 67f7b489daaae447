#include "engine/sys/unix_path.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/sys/deadline.h"

namespace seatrial::sys {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

TEST(UnixPath, ReachesSocketsBeyondTheLimitOfSockaddrUn) {
  const TempDir dir(fs::temp_directory_path());
  const fs::path deep = dir.path() / std::string(100, 'a') / std::string(100, 'b');
  fs::create_directories(deep);
  const UniqueFd directory = open_file(deep, O_PATH | O_DIRECTORY);
  const UniqueFd listener = listen_at(directory.get(), "start.sock", SocketType::kPacket);
  const UniqueFd client = connect_to(deep / "start.sock", SocketType::kPacket);
  EXPECT_TRUE(wait_readable(listener.get(), after(5s)));
}

TEST(UnixPath, MissingSocketIsNamed) {
  try {
    connect_to("/nonexistent/console.sock", SocketType::kStream);
    FAIL() << "nothing was thrown";
  } catch (const Error& failure) {
    EXPECT_STREQ(failure.what(),
                 "open the socket /nonexistent/console.sock: ENOENT (No such file or directory)");
  }
}

}  // namespace
}  // namespace seatrial::sys
