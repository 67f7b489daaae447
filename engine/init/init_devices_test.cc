// Device nodes and the terminal. Needs root.
#include <cerrno>

#include "engine/init/testing/container_test.h"

namespace seatrial::init {
namespace {

using testing::HasSubstr;

class InitDevices : public ContainerTest {};

TEST_F(InitDevices, MakesExtraDevicesAndKeepsMatchingOnes) {
  config.linux_.devices = {
      {.path = "/dev/deep/zero", .major = 1, .minor = 5, .file_mode = 0640, .uid = 7, .gid = 8},
      {.type = spec::DeviceType::kFifo, .path = "/dev/pipe", .file_mode = 0600},
      {.path = "/dev/null", .major = 1, .minor = 3, .file_mode = 0644, .gid = 9}};
  Outcome outcome = run({"kind:/dev/deep/zero", "kind:/dev/pipe", "kind:/dev/null"});
  EXPECT_EQ(outcome.answer("kind:/dev/deep/zero"), "char 0640 7:8 1,5");
  EXPECT_EQ(outcome.answer("kind:/dev/pipe"), "fifo 0600 0:0");
  EXPECT_EQ(outcome.answer("kind:/dev/null"), "char 0644 0:9 1,3");

  config.linux_.devices = {{.path = "/dev/null", .major = 1, .minor = 5}};
  outcome = run({});
  EXPECT_EQ(outcome.sys_errno, EEXIST);
}

TEST_F(InitDevices, LeavesABoundDevAlone) {
  std::filesystem::create_directory(rootfs.bundle() / "dev");
  config.mounts = {
      {.destination = "/dev", .source = rootfs.bundle() / "dev", .options = {.bind = true}}};
  const Outcome outcome = run({"kind:/dev", "kind:/dev/null"});
  EXPECT_EQ(outcome.answer("kind:/dev"), "dir 0755 0:0");
  EXPECT_EQ(outcome.answer("kind:/dev/null"), "ENOENT");
}

TEST_F(InitDevices, SetsTheTerminalUp) {
  config.process->terminal = true;
  config.process->console_size = spec::ConsoleSize{.height = 30, .width = 100};
  config.process->user.uid = 0;
  const Outcome outcome =
      run({"tty", "kind:/dev/console", "mount:/dev/console", "fds", "open:/dev/tty"});
  EXPECT_EQ(outcome.messages, "ICR");
  EXPECT_EQ(outcome.answer("tty"), "/dev/pts/0");
  EXPECT_EQ(outcome.answer("open:/dev/tty"), "ok") << "it has no controlling terminal";
  EXPECT_THAT(outcome.answer("kind:/dev/console"), HasSubstr(" 136,0"));
  EXPECT_THAT(outcome.answer("mount:/dev/console"), HasSubstr(" devpts "));
  EXPECT_EQ(outcome.answer("fds"), "0 1 2");
}

TEST_F(InitDevices, RefusesATerminalThatIsNoDevpts) {
  config.process->terminal = true;
  std::erase_if(config.mounts, [](const spec::Mount& mount) { return mount.type == "devpts"; });
  EXPECT_EQ(run({}).sys_errno, ENOENT);
}

}  // namespace
}  // namespace seatrial::init
