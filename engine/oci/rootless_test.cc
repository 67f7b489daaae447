// The program as a user without privileges runs it, with the configuration that it writes for one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <nlohmann/json.hpp>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/sys/ordinary_user.h"
#include "engine/sys/spawn.h"

namespace seatrial::oci {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

class RootlessProgram : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can become another user";
    if (::access("/bin/busybox", X_OK) != 0) GTEST_SKIP() << "/bin/busybox is not installed";
    const std::filesystem::path programs = dir_.path() / "rootfs/bin";
    std::filesystem::create_directories(programs);
    std::filesystem::copy_file("/bin/busybox", programs / "busybox");
    for (const char* name : {"sh", "id", "cat", "sleep", "kill"}) {
      std::filesystem::create_symlink("busybox", programs / name);
    }
    for (const auto& each : {dir_.path(), dir_.path() / "rootfs", programs}) {
      ASSERT_EQ(::chown(each.c_str(), sys::kOrdinaryUser, sys::kOrdinaryUser), 0);
    }
    program_ = open_file(SEATRIAL_RUNTIME, O_RDONLY);  // where the user may not be able to go
  }

  // What the program prints, with " = STATUS" behind.
  std::string call(std::vector<std::string> args) const {
    const std::string path = (dir_.path() / "output").native();
    const UniqueFd output = open_file(path, O_CREAT | O_TRUNC | O_RDWR, 0600);
    const UniqueFd null = open_file("/dev/null", O_RDWR);
    args.insert(args.begin(), "seatrial-runtime");
    const sys::PidFd child =
        sys::spawn({.executable = program_.get(),
                    .args = std::move(args),
                    .env = {fmt::format("XDG_RUNTIME_DIR={}", dir_.path().native())},
                    .placements = {{null.get(), 0}, {output.get(), 1}, {output.get(), 2}},
                    .directory = dir_.path().native()});
    if (!child.wait_exit(sys::after(20s))) child.send_signal(SIGKILL);
    child.wait_exit(std::nullopt);
    return fmt::format("{} = {}", read_file(path), child.reap().value().code);
  }

  // The configuration that the program wrote, with this command and no terminal.
  void choose(const std::vector<std::string>& args) const {
    const std::filesystem::path path = dir_.path() / "config.json";
    nlohmann::json config = nlohmann::json::parse(read_file(path));
    config["process"]["terminal"] = false;
    config["process"]["args"] = args;
    write_file_atomically(path, config.dump());
  }

  TempDir dir_{std::filesystem::temp_directory_path()};
  UniqueFd program_;
};

TEST_F(RootlessProgram, RunsWhatItsSpecDescribes) {
  EXPECT_EQ(sys::as_ordinary_user([&] {
              const std::string all = call({"spec", "--rootless"});
              choose({"sh", "-c", "id -u; cat /proc/self/uid_map; exit 3"});
              return all + "; " + call({"run", "box"});
            }),
            " = 0; 0\n         0      54321          1\n = 3");
  struct stat root{};
  ASSERT_EQ(::stat((dir_.path() / "seatrial").c_str(), &root), 0) << "the default of --root";
  EXPECT_EQ(root.st_mode & 07777, 01700U);
  EXPECT_TRUE(std::filesystem::is_empty(dir_.path() / "seatrial"));
}

TEST_F(RootlessProgram, CarriesOutEachVerb) {
  const std::string said = sys::as_ordinary_user([&] {
    std::string all;
    const auto say = [&](const std::vector<std::string>& args) {
      all += args.front() + ": " + call(args) + "\n";
    };
    say({"spec", "--rootless"});
    choose({"sleep", "1000"});
    say({"create", "box"});
    say({"start", "box"});
    say({"exec", "box", "sh", "-c", "exit 7"});
    say({"list", "-q"});
    say({"ps", "--format", "json", "box"});
    say({"pause", "box"});
    say({"update", "--pids-limit", "5", "box"});
    say({"events", "--stats", "box"});
    say({"kill", "box", "KILL"});
    say({"delete", "--force", "box"});
    say({"state", "box"});
    say({"recover"});
    return all;
  });
  EXPECT_THAT(said, AllOf(HasSubstr("create:  = 0\n"), HasSubstr("start:  = 0\n"),
                          HasSubstr("exec:  = 7\n"), HasSubstr("list: box\n = 0\n"),
                          HasSubstr("kill:  = 0\n"), HasSubstr("delete:  = 0\n")));
  EXPECT_THAT(said,
              AllOf(testing::ContainsRegex("ps: \\[[0-9]+\\]"),
                    HasSubstr("no cgroup of its own with the controller freezer\n = 1\nupdate: "),
                    HasSubstr("linux.resources.pids.limit: 5: the container has no cgroup"),
                    HasSubstr("\"type\":\"stats\""), HasSubstr("box does not exist"),
                    EndsWith("recover:  = 0\n")));
}

TEST_F(RootlessProgram, RefusesRootsConfigurationByName) {
  EXPECT_THAT(sys::as_ordinary_user([&] {
                call({"spec"});
                choose({"id"});
                return call({"run", "box"}) + call({"--rootless", "perhaps", "list"}) +
                       call({"--root", "/run/seatrial-of-root", "list"});
              }),
              AllOf(StartsWith("seatrial-runtime: run box: linux.namespaces: an entry of type user "
                               "is needed"),
                    HasSubstr("--rootless perhaps: there is true, false and auto"),
                    HasSubstr("create the state root /run/seatrial-of-root: EACCES")));
}

}  // namespace
}  // namespace seatrial::oci
