// Anonymous volumes, binds, tmpfs, and the mounts of another container.
#include "harness/fixtures/engine_case.h"

namespace engine_suite {
namespace {

ContainerDraft with(const MountDraft& mount, const std::string& script) {
  return {.cmd = {"sh", "-c", script}, .mounts = {mount}};
}

}  // namespace

TRIAL(Anonymous, VolumeGoesWithItsContainer,
      Clauses{"docker/volume/anonymous", "docker/rm/volumes"}) {
  const std::string id = create(with({.target = "/v"}, "true"));
  EXPECT_THAT(engine().volumes(), SizeIs(1));
  engine().remove(id, {.volumes = true});
  EXPECT_THAT(engine().volumes(), IsEmpty());
}

TRIAL(Anonymous, VolumeStaysWhereItIsNotAskedToGo, Clauses{"docker/rm/volumes"}) {
  const std::string id = create(with({.target = "/v"}, "true"));
  engine().remove(id, {});
  const std::vector<std::string> left = engine().volumes();
  ASSERT_THAT(left, SizeIs(1));
  engine().remove_volume(left.front(), false);
}

TRIAL(Anonymous, NamedVolumeOutlivesItsContainer, Clauses{"docker/rm/volumes"}) {
  const std::string id = create(with({.source = "hold", .target = "/v"}, "true"));
  engine().remove(id, {.volumes = true});
  EXPECT_THAT(engine().volumes(), ElementsAre("hold"));
}

TRIAL(Anonymous, VolumesAreApart, Clauses{"docker/volume/anonymous"}) {
  EXPECT_EQ(run_to_end(with({.target = "/v"}, "echo x > /v/file; ls /v")).out, "file\n");
  EXPECT_EQ(run_to_end(with({.target = "/v"}, "ls /v")).out, "");
}

TRIAL(Bind, ShowsTheHostsDirectory, Clauses{"docker/run/volume-bind", "docker/run/mount"}) {
  scratch_file("shared/file", "of the host\n");
  const MountDraft mount{.type = "bind", .source = scratch() / "shared", .target = "/b"};
  EXPECT_EQ(run_to_end(with(mount, "cat /b/file")).out, "of the host\n");
}

TRIAL(Bind, MayBeOneFile, Clauses{"docker/run/mount"}) {
  const MountDraft mount{
      .type = "bind", .source = scratch_file("file", "one\n"), .target = "/etc/motd"};
  EXPECT_EQ(run_to_end(with(mount, "cat /etc/motd")).out, "one\n");
}

TRIAL(Bind, WritesReachTheHost, Clauses{"docker/run/volume-bind"}) {
  const MountDraft mount{.type = "bind", .source = scratch_dir("shared"), .target = "/b"};
  EXPECT_EQ(run_to_end(with(mount, "mkdir /b/made")).code, 0);
  EXPECT_TRUE(std::filesystem::is_directory(scratch() / "shared/made"));
}

TRIAL(Bind, MayBeReadOnly, Clauses{"docker/run/volume-ro"}) {
  MountDraft mount{.type = "bind", .source = scratch_dir("shared"), .target = "/b"};
  EXPECT_EQ(run_to_end(with(mount, "mkdir /b/before")).code, 0);  // control
  mount.read_only = true;
  EXPECT_NE(run_to_end(with(mount, "mkdir /b/after")).code, 0);
  EXPECT_FALSE(std::filesystem::exists(scratch() / "shared/after"));
}

TRIAL(Bind, HidesWhatTheImageHasThere, Clauses{"docker/volume/bind-hides"}) {
  EXPECT_EQ(run_to_end({.cmd = {"ls", "/home"}}).out, "user\n");  // control
  const MountDraft mount{.type = "bind", .source = scratch_dir("empty"), .target = "/home"};
  EXPECT_EQ(run_to_end(with(mount, "ls /home")).out, "");
}

TRIAL(Bind, OfASourceThatIsNotThereIsRefused, Clauses{"docker/run/mount-bind-source"}) {
  const MountDraft mount{.type = "bind", .source = scratch() / "absent", .target = "/b"};
  EXPECT_THROW(engine().start(engine().create(with(mount, "true"))), Error);
  EXPECT_FALSE(std::filesystem::exists(scratch() / "absent"));
}

TRIAL(Bind, OfARelativeSourceIsRefused, Clauses{"docker/api/bad-parameter"}) {
  const MountDraft mount{.type = "bind", .source = "not/absolute", .target = "/b"};
  EXPECT_THROW(engine().create(with(mount, "true")), Error);
}

TRIAL(Tmpfs, IsThereAndWritable, Clauses{"docker/run/tmpfs"}) {
  const MountDraft mount{.type = "tmpfs", .target = "/t"};
  EXPECT_EQ(run_to_end(with(mount, "touch /t/file && grep -c ' /t tmpfs ' /proc/mounts")).out,
            "1\n");
}

TRIAL(Tmpfs, IsEmptyAfterAStop, Clauses{"docker/volume/tmpfs-gone"}) {
  const std::string id =
      run(with({.type = "tmpfs", .target = "/t"}, "ls /t; touch /t/file; ls /t"));
  EXPECT_EQ(wait(id), 0);
  EXPECT_EQ(engine().logs(id, {}).out, "file\n");
  engine().start(id);
  EXPECT_EQ(wait(id), 0);
  EXPECT_EQ(engine().logs(id, {}).out, "file\nfile\n");
}

TRIAL(VolumesFrom, GivesTheOthersMounts, Clauses{"docker/run/volumes-from"}) {
  ContainerDraft first = with({.source = "hold", .target = "/v"}, "echo x > /v/file");
  first.name = "first";
  EXPECT_EQ(run_to_end(first).code, 0);
  EXPECT_EQ(run_to_end({.cmd = {"cat", "/v/file"}, .volumes_from = {"first"}}).out, "x\n");
}

TRIAL(VolumesFrom, MayBeReadOnly, Clauses{"docker/run/volumes-from"}) {
  ContainerDraft first = with({.source = "hold", .target = "/v"}, "echo x > /v/file");
  first.name = "first";
  EXPECT_EQ(run_to_end(first).code, 0);
  ContainerDraft second{.cmd = {"sh", "-c", "echo y > /v/file"}, .volumes_from = {"first:ro"}};
  EXPECT_NE(run_to_end(second).code, 0);
  second.volumes_from = {"first"};
  EXPECT_EQ(run_to_end(second).code, 0);  // control
}

TRIAL(VolumesFrom, OfAContainerThatIsNotThereIsRefused, Clauses{"docker/run/volumes-from"}) {
  EXPECT_THROW(engine().create({.cmd = {"true"}, .volumes_from = {"nobody"}}), Error);
}

}  // namespace engine_suite
