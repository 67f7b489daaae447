// Mounts, masked and read-only paths. Needs root.
#include <cerrno>

#include "engine/init/testing/container_test.h"

namespace seatrial::init {
namespace {

using testing::HasSubstr;

class InitMounts : public ContainerTest {};

TEST_F(InitMounts, PassesOnWhatAFileSystemSays) {
  config.mounts[1].options.data = {"size=many"};
  const plan::LaunchPlan plan = make_plan({});
  const Outcome outcome = run_plan(plan, options);
  EXPECT_EQ(failing_step(plan, outcome), "mount tmpfs on /dev (nosuid,strictatime,size=many)");
  EXPECT_THAT(outcome.detail, HasSubstr("size"));
}

TEST_F(InitMounts, RefusesProcOverASymbolicLink) {
  std::filesystem::remove(rootfs.path() / "proc");
  std::filesystem::create_directory_symlink("tmp", rootfs.path() / "proc");
  const plan::LaunchPlan plan = make_plan({});
  const Outcome outcome = run_plan(plan, options);
  EXPECT_EQ(failing_step(plan, outcome), "mount proc on /proc");
  EXPECT_EQ(outcome.sys_errno, ELOOP);
}

TEST_F(InitMounts, RefusesWhatIsNoProcfsOverProcfs) {
  std::filesystem::create_directory_symlink("proc", rootfs.path() / "link");
  rootfs.write("source/self", "false");
  const auto refused = [&](spec::Mount mount) {
    const auto before = config.mounts;
    config.mounts.push_back(std::move(mount));
    const Outcome outcome = run_plan(make_plan({}), options);
    config.mounts = before;
    return outcome.failed && outcome.sys_errno == EPERM;
  };
  const std::string source = rootfs.path() / "source";
  const auto with_proc = config.mounts;
  EXPECT_TRUE(refused({.destination = "/proc", .source = source, .options = {.bind = true}}));
  EXPECT_TRUE(refused({.destination = "/link", .source = source, .options = {.bind = true}}));
  EXPECT_TRUE(refused({.destination = "/proc", .type = "tmpfs", .source = "tmpfs", .options = {}}));
  EXPECT_FALSE(refused({.destination = "/proc", .source = "/proc", .options = {.bind = true}}));
  EXPECT_FALSE(refused({.destination = "/proc", .type = "proc", .source = "proc", .options = {}}));
  // Where there is none yet, too: programs would take it for one.
  config.mounts.front() = {
      .destination = "/other", .type = "tmpfs", .source = "tmpfs", .options = {}};
  EXPECT_TRUE(refused({.destination = "/proc", .source = source, .options = {.bind = true}}));
  config.mounts = with_proc;
  EXPECT_FALSE(
      refused({.destination = "/proc/acpi", .type = "tmpfs", .source = "tmpfs", .options = {}}));
}

// move_mount(2) has no word for it; callers of runtimes look for this one.
TEST_F(InitMounts, AFileGoesOnAFileAndADirectoryOnADirectory) {
  rootfs.write("file", "content");
  const auto refused = [&](spec::Mount mount) {
    const auto before = config.mounts;
    config.mounts.push_back(std::move(mount));
    const Outcome outcome = run_plan(make_plan({}), options);
    config.mounts = before;
    EXPECT_EQ(outcome.sys_errno, outcome.failed ? ENOTDIR : 0);
    return outcome.failed ? outcome.detail : "";
  };
  const std::string file = rootfs.path() / "file";
  EXPECT_THAT(refused({.destination = "/tmp", .source = file, .options = {.bind = true}}),
              HasSubstr("a file cannot cover a directory"));
  EXPECT_THAT(refused({.destination = "/file", .source = "/tmp", .options = {.bind = true}}),
              HasSubstr("a directory cannot cover a file"));
  EXPECT_THAT(refused({.destination = "/file", .type = "tmpfs", .source = "tmpfs", .options = {}}),
              HasSubstr("a directory cannot cover a file"));
  EXPECT_EQ(refused({.destination = "/file", .source = file, .options = {.bind = true}}), "");
}

TEST_F(InitMounts, ResolvesMountTargetsBeneathTheRoot) {
  const TempDir outside("/tmp");
  std::filesystem::create_directory_symlink(outside.path(), rootfs.path() / "link");
  rootfs.write("source", "content");
  config.mounts.push_back(
      {.destination = "/link/a/b", .source = rootfs.path() / "source", .options = {.bind = true}});
  config.mounts.push_back(
      {.destination = "/../../up", .type = "tmpfs", .source = "tmpfs", .options = {}});
  const Outcome missing = run({"read:" + outside.path().string() + "/a/b"});
  // The link's own target does not exist in the container, and a link is not made into a directory.
  EXPECT_TRUE(missing.failed);
  std::filesystem::create_directories(rootfs.path() / outside.path().relative_path());
  const Outcome outcome = run({"read:" + outside.path().string() + "/a/b", "mount:/up"});
  EXPECT_EQ(outcome.answer("read:" + outside.path().string() + "/a/b"), "content");
  EXPECT_THAT(outcome.answer("mount:/up"), HasSubstr("tmpfs"));
  EXPECT_TRUE(std::filesystem::is_empty(outside.path()));
}

TEST_F(InitMounts, BindsFilesAndTreesWithTheirOptions) {
  rootfs.write("source/file", "content");
  const std::string source = rootfs.path() / "source";
  config.mounts.push_back({.destination = "/new/file",
                           .source = source + "/file",
                           .options = spec::MountOptions{.attributes_set = 1 | 8, .bind = true}});
  config.mounts.push_back({.destination = "/tree",
                           .source = source,
                           .options = {.recursive_attributes_set = 2,
                                       .propagation = 1 << 20,
                                       .bind = true,
                                       .bind_recursive = true}});
  const Outcome outcome = run({"read:/new/file", "write:/new/file", "mount:/new/file",
                               "read:/tree/file", "mount:/tree", "write:/tree/other"});
  EXPECT_EQ(outcome.answer("read:/new/file"), "content");
  EXPECT_EQ(outcome.answer("write:/new/file"), "EROFS");
  EXPECT_THAT(outcome.answer("mount:/new/file"), HasSubstr("ro,noexec"));
  EXPECT_EQ(outcome.answer("read:/tree/file"), "content");
  EXPECT_THAT(outcome.answer("mount:/tree"), HasSubstr("nosuid"));
  EXPECT_THAT(outcome.answer("mount:/tree"), HasSubstr("shared"));
  EXPECT_EQ(outcome.answer("write:/tree/other"), "ok");
}

TEST_F(InitMounts, MakesAReadonlyTmpfsAfterWhatLiesInIt) {
  config.mounts[1].options.attributes_set |= 1;
  const Outcome outcome = run({"write:/dev/x", "kind:/dev/null", "mount:/dev", "mount:/dev/pts"});
  EXPECT_EQ(outcome.answer("write:/dev/x"), "EROFS");
  EXPECT_EQ(outcome.answer("kind:/dev/null"), "char 0666 0:0 1,3");
  EXPECT_THAT(outcome.answer("mount:/dev"), HasSubstr("ro,"));
  EXPECT_THAT(outcome.answer("mount:/dev/pts"), HasSubstr("rw,"));
}

TEST_F(InitMounts, RemountsWhatStands) {
  config.mounts.push_back(
      {.destination = "/tmp", .type = "tmpfs", .source = "tmpfs", .options = {}});
  config.mounts.push_back(
      {.destination = "/tmp",
       .options = {.attributes_set = 1 | 8, .remount = true, .data = {"size=4k"}}});
  const Outcome outcome = run({"mount:/tmp"});
  EXPECT_FALSE(outcome.failed) << outcome.detail;
  EXPECT_THAT(outcome.answer("mount:/tmp"), HasSubstr("ro,noexec"));
  EXPECT_THAT(outcome.answer("mount:/tmp"), HasSubstr("size=4k"));
}

TEST_F(InitMounts, ATmpfsHasTheModeOfWhatItCoversUnlessThatIsNew) {
  std::filesystem::create_directory(rootfs.path() / "stands");
  std::filesystem::permissions(rootfs.path() / "stands", std::filesystem::perms(0710));
  for (const char* target : {"/stands", "/new"}) {
    config.mounts.push_back(
        {.destination = target, .type = "tmpfs", .source = "tmpfs", .options = {}});
  }
  const Outcome outcome = run({"kind:/stands", "kind:/new"});
  EXPECT_EQ(outcome.answer("kind:/stands"), "dir 0710 0:0");
  EXPECT_EQ(outcome.answer("kind:/new"), "dir 1777 0:0");
}

TEST_F(InitMounts, CopiesUpIntoATmpfs) {
  rootfs.write("etc/a/b", "content");
  std::filesystem::permissions(rootfs.path() / "etc/a/b", std::filesystem::perms(0640));
  std::filesystem::create_symlink("a/b", rootfs.path() / "etc/link");
  std::filesystem::permissions(rootfs.path() / "etc", std::filesystem::perms(0711));
  config.mounts.push_back({.destination = "/etc",
                           .type = "tmpfs",
                           .source = "tmpfs",
                           .options = {.attributes_set = 1, .copy_up = true}});
  const Outcome outcome =
      run({"read:/etc/a/b", "kind:/etc/a/b", "kind:/etc/link", "kind:/etc", "write:/etc/x"});
  EXPECT_EQ(outcome.answer("read:/etc/a/b"), "content");
  EXPECT_EQ(outcome.answer("kind:/etc/a/b"), "file 0640 0:0");
  EXPECT_EQ(outcome.answer("kind:/etc/link"), "link a/b");
  EXPECT_EQ(outcome.answer("kind:/etc"), "dir 0711 0:0");
  EXPECT_EQ(outcome.answer("write:/etc/x"), "EROFS");
}

TEST_F(InitMounts, CoversMaskedAndReadonlyPaths) {
  config.root.readonly = false;
  for (const char* name : {"secret", "other", "plain"}) rootfs.write(name, "s3cr3t");
  rootfs.write("hidden/one/file", "x");
  rootfs.write("hidden/two/file", "x");
  rootfs.write("kept/file", "x");
  config.linux_.masked_paths = {"/secret", "/other", "/hidden/one", "/hidden/two", "/absent"};
  config.linux_.readonly_paths = {"/kept", "/absent"};
  const Outcome outcome =
      run({"read:/secret", "write:/secret", "chmod:/secret", "read:/other", "read:/hidden/one/file",
           "read:/hidden/two/file", "write:/hidden/one/x", "write:/kept/file", "write:/kept/x",
           "read:/plain", "write:/plain", "kind:/absent"});
  EXPECT_EQ(outcome.answer("read:/secret"), "");
  EXPECT_EQ(outcome.answer("write:/secret"), "ok");
  EXPECT_EQ(outcome.answer("chmod:/secret"), "EROFS");
  EXPECT_EQ(outcome.answer("read:/other"), "");
  EXPECT_EQ(outcome.answer("read:/hidden/one/file"), "ENOENT");
  EXPECT_EQ(outcome.answer("read:/hidden/two/file"), "ENOENT");
  EXPECT_EQ(outcome.answer("write:/hidden/one/x"), "EROFS");
  EXPECT_EQ(outcome.answer("write:/kept/file"), "EROFS");
  EXPECT_EQ(outcome.answer("write:/kept/x"), "EROFS");
  EXPECT_EQ(outcome.answer("read:/plain"), "s3cr3t");
  EXPECT_EQ(outcome.answer("write:/plain"), "ok");
  EXPECT_EQ(outcome.answer("kind:/absent"), "ENOENT");
}

TEST_F(InitMounts, MapsTheOwnersOfIdmappedOnes) {
  rootfs.write("source/file", "x");
  ASSERT_EQ(chown((rootfs.path() / "source/file").c_str(), 5, 6), 0);
  spec::Mount mapped{.destination = "/mapped",
                     .source = rootfs.path() / "source",
                     .options = {.bind = true, .idmap = true}};
  mapped.uid_mappings = {{0, 1000, 10}};
  mapped.gid_mappings = {{0, 2000, 10}};
  config.mounts.push_back(mapped);
  const Outcome outcome = run({"kind:/mapped/file", "kind:/source/file"});
  EXPECT_FALSE(outcome.failed) << outcome.sys_errno << outcome.detail;
  EXPECT_EQ(outcome.answer("kind:/mapped/file"), "file 0644 1005:2006");
  EXPECT_EQ(outcome.answer("kind:/source/file"), "file 0644 5:6");
}

}  // namespace
}  // namespace seatrial::init
