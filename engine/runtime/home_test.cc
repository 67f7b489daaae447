#include "engine/runtime/home.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <filesystem>

#include "engine/base/files.h"

namespace seatrial::runtime {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;

constexpr const char* kPasswd =
    "# root:x:7:7:a comment:/no:\n"
    "short:x:7\n"
    "root:x:0:0:root:/root:/bin/sh\n"
    "web:x:33:33:web:/srv:/bin/sh\n"
    "twice:x:33:33:web:/second:/bin/sh\n"
    "bare:x:34:34:::\n"
    "last:x:35:35:last:/last";

TEST(Home, IsThatOfTheFirstLineWithTheNumber) {
  EXPECT_EQ(home_in(kPasswd, 0), "/root");
  EXPECT_EQ(home_in(kPasswd, 33), "/srv");
  EXPECT_EQ(home_in(kPasswd, 35), "/last");
}

TEST(Home, IsTheRootWhereNobodyKnowsTheUser) {
  EXPECT_EQ(home_in(kPasswd, 1000), "/");
  EXPECT_EQ(home_in(kPasswd, 34), "/");
  EXPECT_EQ(home_in("", 0), "/");
  EXPECT_EQ(home_in("root:x:00x:0:root:/root:\n", 0), "/");
}

class HomeOfRootfs : public ::testing::Test {
 protected:
  HomeOfRootfs() {
    fs::create_directories(rootfs() + "/etc");
    write_file_atomically(rootfs() + "/etc/passwd", kPasswd);
  }
  std::string rootfs() const { return directory_.path() / "rootfs"; }

  std::vector<std::string> with_home(std::vector<std::string> env, std::uint32_t uid = 33) {
    spec::Process process;
    process.env = std::move(env);
    process.user.uid = uid;
    add_home(process, config_, rootfs());
    return process.env;
  }

  TempDir directory_{fs::temp_directory_path()};
  spec::Config config_;
};

TEST_F(HomeOfRootfs, IsAddedToAnEnvironmentWithoutOne) {
  EXPECT_THAT(with_home({"A=1"}), ElementsAre("A=1", "HOME=/srv"));
  EXPECT_THAT(with_home({"HOME="}), ElementsAre("HOME=/srv"));
}

TEST_F(HomeOfRootfs, LeavesTheOneThatIsGiven) {
  EXPECT_THAT(with_home({"HOME=/mine", "A=1"}), ElementsAre("HOME=/mine", "A=1"));
}

TEST_F(HomeOfRootfs, IsOfTheFileThatIsMountedThere) {
  write_file_atomically(directory_.path() / "other", "web:x:33:33::/elsewhere:\n");
  config_.mounts.push_back({.destination = "/etc/passwd",
                            .type = "bind",
                            .source = directory_.path() / "other",
                            .options = {}});
  EXPECT_THAT(with_home({}), ElementsAre("HOME=/elsewhere"));
}

TEST_F(HomeOfRootfs, DoesNotLeaveTheRootfs) {
  write_file_atomically(directory_.path() / "passwd", "web:x:33:33::/of-the-host:\n");
  fs::remove(rootfs() + "/etc/passwd");
  fs::create_symlink(directory_.path() / "passwd", rootfs() + "/etc/passwd");
  EXPECT_THAT(with_home({}), ElementsAre("HOME=/"));
}

TEST_F(HomeOfRootfs, DoesNotWaitForAFifo) {
  fs::remove(rootfs() + "/etc/passwd");
  ASSERT_EQ(::mkfifo((rootfs() + "/etc/passwd").c_str(), 0600), 0);
  EXPECT_THAT(with_home({}), ElementsAre("HOME=/"));
}

}  // namespace
}  // namespace seatrial::runtime
