// Volumes with a name: made, listed, shared, filled, removed.
#include "harness/fixtures/engine_case.h"

namespace engine_suite {
namespace {

ContainerDraft with(const MountDraft& mount, const std::string& script) {
  return {.cmd = {"sh", "-c", script}, .mounts = {mount}};
}

MountDraft at_v(const std::string& name) {
  return {.source = name, .target = "/v"};
}

}  // namespace

TRIAL(Volume, IsCreatedUnderItsName, Clauses{"docker/volume/create", "docker/volume/inspect"}) {
  EXPECT_EQ(engine().create_volume({.name = "hold"}), "hold");
  EXPECT_EQ(fact_of(engine().inspect_volume("hold"), "/Name"), "hold");
  EXPECT_EQ(fact_of(engine().inspect_volume("hold"), "/Driver"), "local");
}

TRIAL(Volume, GetsANameWhereNoneIsGiven, Clauses{"docker/volume/create-anonymous"}) {
  const std::string name = engine().create_volume({});
  EXPECT_THAT(name, SizeIs(64));
  EXPECT_THAT(engine().volumes(), ElementsAre(name));
}

TRIAL(Volume, IsListed, Clauses{"docker/volume/ls"}) {
  EXPECT_THAT(engine().volumes(), IsEmpty());
  engine().create_volume({.name = "one"});
  engine().create_volume({.name = "two"});
  EXPECT_THAT(engine().volumes(), UnorderedElementsAre("one", "two"));
}

TRIAL(Volume, KeepsItsLabels, Clauses{"docker/volume/label"}) {
  engine().create_volume({.name = "hold", .labels = {{"deck", "lower"}}});
  EXPECT_EQ(fact_of(engine().inspect_volume("hold"), "/Labels/deck"), "lower");
}

TRIAL(Volume, IsNotMadeUnderABadName, Clauses{"docker/volume/bad-name"}) {
  EXPECT_THROW(engine().create_volume({.name = "no/slashes"}), Error);
  EXPECT_THAT(engine().volumes(), IsEmpty());
}

TRIAL(Volume, ThatIsNotThereCannotBeInspected, Clauses{"docker/api/not-found"}) {
  refusal(Kind::kNotFound, [&] { engine().inspect_volume("nowhere"); });
}

TRIAL(Volume, IsRemoved, Clauses{"docker/volume/rm"}) {
  engine().create_volume({.name = "hold"});
  engine().remove_volume("hold", false);
  EXPECT_THAT(engine().volumes(), IsEmpty());
  refusal(Kind::kNotFound, [&] { engine().remove_volume("hold", false); });
}

TRIAL(Volume, InUseIsNotRemoved, Clauses{"docker/volume/rm-in-use"}) {
  const std::string id = create(with(at_v("hold"), "true"));
  refusal(Kind::kConflict, [&] { engine().remove_volume("hold", false); });
  engine().remove(id, {});
  engine().remove_volume("hold", false);  // control: nothing else held it
}

TRIAL(Volume, IsMadeByItsFirstContainer, Clauses{"docker/volume/auto-create"}) {
  EXPECT_EQ(run_to_end(with(at_v("hold"), "echo x > /v/file")).code, 0);
  EXPECT_THAT(engine().volumes(), ElementsAre("hold"));
}

TRIAL(Volume, KeepsWhatAContainerWrote, Clauses{"docker/volume/keeps-data"}) {
  const std::string id = run(with(at_v("hold"), "echo kept > /v/file"));
  EXPECT_EQ(wait(id), 0);
  engine().remove(id, {.volumes = true});
  EXPECT_EQ(run_to_end(with(at_v("hold"), "cat /v/file")).out, "kept\n");
}

TRIAL(Volume, IsOneForTwoContainers, Clauses{"docker/volume/shared"}) {
  const std::string reader =
      run(with(at_v("hold"), "until cat /v/file 2>/dev/null; do sleep 0.05; done"));
  EXPECT_EQ(run_to_end(with(at_v("hold"), "echo through > /v/new && mv /v/new /v/file")).code, 0);
  EXPECT_EQ(wait(reader), 0);
  EXPECT_EQ(engine().logs(reader, {}).out, "through\n");
}

TRIAL(Volume, MayBeReadOnly, Clauses{"docker/volume/read-only"}) {
  MountDraft mount = at_v("hold");
  EXPECT_EQ(run_to_end(with(mount, "echo x > /v/file")).code, 0);  // control
  mount.read_only = true;
  const Ended ended = run_to_end(with(mount, "cat /v/file; echo y > /v/file"));
  EXPECT_NE(ended.code, 0);
  EXPECT_EQ(ended.out, "x\n");
  EXPECT_THAT(ended.err, HasSubstr("Read-only file system"));
}

TRIAL(Volume, ShowsAmongTheContainersMounts, Clauses{"docker/api/inspect"}) {
  const std::string id = create(with(at_v("hold"), "true"));
  EXPECT_EQ(fact(id, "/Mounts/0/Type"), "volume");
  EXPECT_EQ(fact(id, "/Mounts/0/Name"), "hold");
  EXPECT_EQ(fact(id, "/Mounts/0/Destination"), "/v");
  EXPECT_EQ(fact(id, "/Mounts/0/RW"), "true");
}

TRIAL(CopyUp, FillsANewVolumeFromTheImage, Clauses{"docker/volume/copy-up"}) {
  EXPECT_EQ(run_to_end({.cmd = {"sh", "-c", "head -n 1 /etc/passwd | cut -d: -f1"},
                        .mounts = {{.source = "hold", .target = "/etc"}}})
                .out,
            "root\n");
}

TRIAL(CopyUp, KeepsOwnersAndModes, Clauses{"docker/volume/copy-up"}) {
  EXPECT_EQ(run_to_end({.cmd = {"stat", "-c", "%u:%g %a", "/home/user"},
                        .mounts = {{.source = "hold", .target = "/home"}}})
                .out,
            "1000:1000 755\n");
}

TRIAL(CopyUp, HappensOnce, Clauses{"docker/volume/copy-up-once"}) {
  const MountDraft mount{.source = "hold", .target = "/etc"};
  EXPECT_EQ(run_to_end(with(mount, "rm /etc/group; ls /etc/passwd")).out, "/etc/passwd\n");
  EXPECT_NE(run_to_end(with(mount, "ls /etc/group")).code, 0);
}

TRIAL(CopyUp, SparesAVolumeThatHasContent, Clauses{"docker/volume/copy-up-once"}) {
  EXPECT_EQ(run_to_end(with(at_v("hold"), "echo x > /v/file")).code, 0);
  const MountDraft mount{.source = "hold", .target = "/home"};
  EXPECT_EQ(run_to_end(with(mount, "ls /home")).out, "file\n");
}

TRIAL(CopyUp, DoesNotHappenWithNocopy, Clauses{"docker/volume/nocopy"}) {
  MountDraft mount{.source = "filled", .target = "/home"};
  EXPECT_EQ(run_to_end(with(mount, "ls /home")).out, "user\n");  // control
  mount.source = "bare";
  mount.no_copy = true;
  EXPECT_EQ(run_to_end(with(mount, "ls /home")).out, "");
}

}  // namespace engine_suite
