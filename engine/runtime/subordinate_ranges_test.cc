// Maps that newuidmap and newgidmap write.
#include <gmock/gmock.h>
#include <sched.h>
#include <sys/mount.h>

#include "engine/runtime/rootless_fixture.h"

namespace seatrial::runtime {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::HasSubstr;

class SubordinateRanges : public RootlessRuntime {
 protected:
  void SetUp() override {
    RootlessRuntime::SetUp();
    if (IsSkipped()) return;
    if (::access("/usr/bin/newuidmap", X_OK) != 0) {
      GTEST_SKIP() << "newuidmap (package uidmap) is not installed";
    }
    std::filesystem::create_directory(dir_.path() / "etc");
    file("passwd", "root:x:0:0::/:/bin/sh\ntrial:x:54321:54321::/:/bin/sh\n");
    file("group", "root:x:0:\ntrial:x:54321:\n");
  }

  void file(const std::string& name, std::string_view text) const {
    write_file_atomically(dir_.path() / "etc" / name, text);
  }

  // As the user, whom /etc of a mount namespace of the test's own knows as "trial".
  std::string as_trial(const std::string& subuid, const std::string& subgid,
                       const std::function<std::string()>& body) const {
    file("subuid", subuid);
    file("subgid", subgid);
    return sys::in_child([&] {
      if (::unshare(CLONE_NEWNS) != 0 ||
          ::mount(nullptr, "/", nullptr, MS_PRIVATE | MS_REC, nullptr) != 0) {
        throw sys_error(errno, "unshare");
      }
      if (::mount((dir_.path() / "etc").c_str(), "/etc", nullptr, MS_BIND, nullptr) != 0) {
        throw sys_error(errno, "bind on /etc");
      }
      if (!without_.empty() &&
          ::mount("/dev/null", without_.c_str(), nullptr, MS_BIND, nullptr) != 0) {
        throw sys_error(errno, "hide {}", without_);
      }
      sys::become_ordinary_user();
      return body();
    });
  }

  static RootlessBundle bundle() {
    const std::string map = R"([{"containerID": 0, "hostID": 54321, "size": 1},
                                {"containerID": 1, "hostID": 200000, "size": 1000}])";
    return {.command = kShowMaps,
            .uid_mappings = map,
            .gid_mappings = map,
            .user = R"({"uid": 5, "gid": 6, "additionalGids": [7]})"};
  }

  const std::string grant_ = "trial:200000:1000\n";
  std::string without_ = {};  // a program that is as good as not installed
};

TEST_F(SubordinateRanges, AreMappedByTheSetUidPrograms) {
  const std::string shown = " 0 54321 1 1 200000 1000 0 54321 1 1 200000 1000 allow 5\n0";
  EXPECT_EQ(as_trial(grant_, grant_, [&] { return output_of(bundle()); }), shown);
  EXPECT_EQ(as_trial(grant_, grant_,
                     [&] {
                       ::clearenv();  // as podman calls a runtime
                       return output_of(bundle());
                     }),
            shown);
}

TEST_F(SubordinateRanges, AreRefusedByNameWhereTheyAreNotTheUsers) {
  const auto refusal = [&](const std::string& subuid, const std::string& subgid) {
    std::string said = as_trial(subuid, subgid, [&] { return output_of(bundle()); });
    EXPECT_EQ(left_behind(), "");
    return said;
  };
  EXPECT_THAT(refusal("trial:200000:999\n", grant_),
              HasSubstr("linux.uidMappings[1]: /etc/subuid does not give the ids 200000 to 200999 "
                        "to user trial: for newuidmap to map them it needs a line "
                        "\"trial:200000:1000\""));
  EXPECT_THAT(refusal(grant_, "other:200000:1000\n"),
              HasSubstr("linux.gidMappings[1]: /etc/subgid does not give the ids"));
}

TEST_F(SubordinateRanges, NeedThePrograms) {
  without_ = "/usr/bin/newgidmap";
  EXPECT_THAT(
      as_trial(grant_, grant_, [&] { return output_of(bundle()); }),
      HasSubstr("linux.gidMappings: more than the user's own id takes the program newgidmap "
                "(package uidmap), which is neither in PATH nor in /usr/bin"));
}

// The root of the container is a user who has nothing of the host, and exec may be any that is
// mapped.
TEST_F(SubordinateRanges, MayBeAllThatIsMapped) {
  const std::string map = R"([{"containerID": 0, "hostID": 200000, "size": 1000}])";
  ASSERT_EQ(::chown((dir_.path() / "rootfs").c_str(), 200000, 200000), 0);
  EXPECT_EQ(
      as_trial(grant_, grant_,
               [&] {
                 ::chmod(dir_.path().c_str(), 0755);
                 Runtime made = runtime();
                 Child child = made.run(request(
                     {.command = "exec sleep 1000", .uid_mappings = map, .gid_mappings = map}));
                 Child exec = made.exec(
                     {.id = id_,
                      .args = {"/usr/bin/sh", "-c", "test $(id -u) = 999 && id -G | grep -q 998"},
                      .user = spec::User{.uid = 999, .gid = 999, .additional_gids = {998}},
                      .stdio = {-1, -1, -1}});
                 std::string all = fmt::format("{}", exec.wait(10s).value().code);
                 try {
                   made.exec({.id = id_,
                              .args = {"/usr/bin/true"},
                              .user = spec::User{.uid = 1000},
                              .stdio = {-1, -1, -1}});
                 } catch (const Error& failure) {
                   all += failure.what();
                 }
                 made.remove(id_, true);
                 child.wait(10s);
                 return all;
               }),
      "0exec in " + id_ + ": process.user.uid: user 1000 is not mapped by linux.uidMappings");
}

TEST_F(SubordinateRanges, NeedProgramsThatGainPrivileges) {
  EXPECT_THAT(as_trial(grant_, grant_,
                       [&] {
                         ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
                         return output_of(bundle());
                       }),
              HasSubstr("newuidmap, which has no power because this process may gain no new "
                        "privileges"));
}

// Where the host takes ranges from elsewhere, the files say nothing, and the program decides.
TEST_F(SubordinateRanges, AreTheProgramsToFindWhereTheyComeFromElsewhere) {
  file("nsswitch.conf", "passwd: files\nsubid:\tsss\n");
  EXPECT_THAT(as_trial("", "", [&] { return output_of(bundle()); }),
              HasSubstr("/usr/bin/newuidmap refuses what /etc/subuid should give to user trial: "));
}

// The program has its own reasons, too: here that the user's group is not the one that /etc/passwd
// has for it.
TEST_F(SubordinateRanges, TellWhatTheProgramSays) {
  file("passwd", "root:x:0:0::/:/bin/sh\ntrial:x:54321:777::/:/bin/sh\n");
  EXPECT_THAT(as_trial(grant_, grant_, [&] { return output_of(bundle()); }),
              AllOf(HasSubstr("/usr/bin/newuidmap refuses what /etc/subuid should give to user "
                              "trial"),
                    HasSubstr("owned by a different user")));
}

}  // namespace
}  // namespace seatrial::runtime
