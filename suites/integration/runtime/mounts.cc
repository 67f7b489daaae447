// The entries of mounts: where they go, where they come from, and in which order.
#include <algorithm>
#include <filesystem>

#include "harness/fixtures/case.h"

namespace {

MountSpec bind_of(const std::string& source, const std::string& destination) {
  return {.destination = destination, .type = "none", .source = source, .options = {"bind"}};
}

}  // namespace

// Later entries lie on top of earlier ones: a mount beneath an earlier mount is visible, one
// beneath a later mount is covered, and of two at the same place the later one is seen.
TRIAL(Mounts, AreMadeInOrder, Clauses{"runtime/mounts/order", "runtime/mounts/applied"}) {
  const std::string first = scratch_file("first", "first");
  const std::string second = scratch_file("second", "second");
  auto box = target().run(Bundle::minimal()
                              .tmpfs("/outer")
                              .mount(bind_of(first, "/outer/file"))
                              .mount(bind_of(first, "/covered/file"))
                              .tmpfs("/covered")
                              .mount(bind_of(first, "/twice"))
                              .mount(bind_of(second, "/twice"))
                              .probe({"read", "/outer/file", "/covered/file", "/twice"}));

  EXPECT_THAT(box.report(), Read("/outer/file", "first"));
  EXPECT_THAT(box.report(), Failed("read", "/covered/file", "ENOENT"));
  EXPECT_THAT(box.report(), Read("/twice", "second"));
}

// A destination that is not there is made: a directory for a directory, a file for a file.
TRIAL(Mounts, MissingDestinationIsMade, Clauses{"runtime/mounts/applied"}) {
  scratch_file("source/file", "from the directory");
  const std::string file = scratch_file("file", "from the file");
  auto box = target().run(Bundle::minimal()
                              .tmpfs("/made/for/tmpfs")
                              .mount(bind_of(scratch() / "source", "/made/for/directory"))
                              .mount(bind_of(file, "/made/for/file"))
                              .probe({"read", "/made/for/directory/file", "/made/for/file"})
                              .probe({"mountinfo"}));

  EXPECT_THAT(box.report(), Read("/made/for/directory/file", "from the directory"));
  EXPECT_THAT(box.report(), Read("/made/for/file", "from the file"));
  EXPECT_EQ(box.report().mount("/made/for/tmpfs").type, "tmpfs");
}

// A destination without the slash means the same place.
TRIAL(Mounts, RelativeDestinationStartsAtTheRoot, Clauses{"runtime/mounts/destination-relative"},
      Needs{Feature::kSpec12}) {
  const std::string file = scratch_file("file", "content");
  auto box = target().run(Bundle::minimal()
                              .cwd("/etc")
                              .mount(bind_of(file, "data/relative"))
                              .probe({"read", "/data/relative"}));

  EXPECT_THAT(box.report(), Read("/data/relative", "content"));
}

// A relative source starts at the bundle, wherever the runtime was called.
TRIAL(Mounts, RelativeBindSourceStartsAtTheBundle, Clauses{"runtime/mounts/bind-source-relative"}) {
  auto box = target().run(Bundle::minimal()
                              .with_file("/etc/source", "of the bundle")
                              .mount(bind_of("rootfs/etc/source", "/data/bound"))
                              .probe({"read", "/data/bound"}));

  EXPECT_THAT(box.report(), Read("/data/bound", "of the bundle"));
}

// The source of a bind is a path of the host: a file of the container's root of the same name does
// not come into it. What is written through the mount is there on the host.
TRIAL(Mounts, BindSourceIsTheHosts, Clauses{"runtime/mounts/applied"}) {
  const std::string source = scratch_file("source", "host");
  auto box = target().run(Bundle::minimal()
                              .with_file(source, "container")
                              .mount(bind_of(source, "/data/bound"))
                              .probe({"read", "/data/bound", source})
                              .probe({"write", "/data/bound"})
                              .probe({"read", source}));

  EXPECT_EQ(box.report().every("read", "/data/bound").front().text("content"), "host");
  EXPECT_THAT(box.report(), Read(source, "container"));
  EXPECT_THAT(box.report(), Did("write", "/data/bound"));
  EXPECT_EQ(std::filesystem::file_size(source), 4U);
  auto again = target().run(
      Bundle::minimal().mount(bind_of(source, "/data/bound")).probe({"read", "/data/bound"}));
  EXPECT_THAT(again.report(), Read("/data/bound", "xost"));
}

namespace {

struct BindType {
  std::string name;
  Clauses clauses;
  std::string type;  // empty: the entry has none
};

const BindType kBindTypes[] = {
    {"BindWithTypeNone",
     {"runtime/mounts/bind-by-option", "runtime/mounts/bind-type-ignored"},
     "none"},
    {"BindWithTypeBind",
     {"runtime/mounts/bind-by-option", "runtime/mounts/bind-type-ignored"},
     "bind"},
    {"BindWithoutType", {"runtime/mounts/bind-by-option", "runtime/mounts/bind-type-ignored"}, ""},
};

}  // namespace

// Whether a mount is a bind mount is said by its options alone.
TRIAL_TABLE(Mounts, kBindTypes) {
  const std::string source = scratch_dir("source");
  scratch_file("source/file", "content");
  Bundle bundle = Bundle::minimal().mount(
      {.destination = "/given", .type = row().type, .source = source, .options = {"bind"}});
  auto box = target().run(bundle.tmpfs("/plain").probe({"list", "/given", "/plain"}));

  EXPECT_THAT(box.report().list("/given"), ElementsAre("file"));
  EXPECT_THAT(box.report().list("/plain"), IsEmpty());
}

// A bind mount of something that is itself a mount of this container's list.
TRIAL(Mounts, NestMixedKinds, Clauses{"runtime/mounts/order", "runtime/mounts/applied"}) {
  scratch_dir("outer/inner");
  const std::string file = scratch_file("file", "content");
  auto box = target().run(Bundle::minimal()
                              .mount(bind_of(scratch() / "outer", "/outer"))
                              .tmpfs("/outer/inner", {"size=64k"})
                              .mount(bind_of(file, "/outer/inner/deep/file"))
                              .probe({"read", "/outer/inner/deep/file"})
                              .probe({"mountinfo"}));

  EXPECT_THAT(box.report(), Read("/outer/inner/deep/file", "content"));
  EXPECT_EQ(box.report().mount("/outer/inner").type, "tmpfs");
  // The destination was made in the tmpfs, not in the host's directory that this covers.
  EXPECT_TRUE(std::filesystem::is_empty(scratch() / "outer/inner"));
}

// A link on the way to a destination is followed as a process inside would follow it: an absolute
// one and one with too many .. stay within the root filesystem.
TRIAL(Mounts, LinksOnTheWayStayInTheRoot, Clauses{"runtime/mounts/applied"}) {
  const std::string outside = scratch_dir("outside");
  const std::string file = scratch_file("file", "content");
  auto box = target().run(Bundle::minimal()
                              .with_symlink("/relative", "data")
                              .with_symlink("/absolute", outside)
                              .with_symlink("/climbing", "../../../../../../../../.." + outside)
                              .with_dir(outside)
                              .mount(bind_of(file, "/relative/one"))
                              .mount(bind_of(file, "/absolute/two"))
                              .mount(bind_of(file, "/climbing/three"))
                              .probe({"read", "/data/one", outside + "/two", outside + "/three"}));

  EXPECT_THAT(box.report(), Read("/data/one", "content"));
  EXPECT_THAT(box.report(), Read(outside + "/two", "content"));
  EXPECT_THAT(box.report(), Read(outside + "/three", "content"));
  EXPECT_TRUE(std::filesystem::is_empty(outside));
}

namespace {

struct FilesystemType {
  std::string name;
  Clauses clauses;
  std::string type;
  std::string destination;
  std::string evidence;  // what only this filesystem has there
  Needs needs = {};
};

const FilesystemType kTypes[] = {
    {"Proc", {"runtime/mounts/type", "runtime/linux/default-proc"}, "proc", "/proc", "/self/stat"},
    {"Sysfs",
     {"runtime/mounts/type", "runtime/linux/default-sys"},
     "sysfs",
     "/sys",
     "/kernel",
     {Feature::kSysfs, Feature::kNetworkNamespace}},
    {"Devpts",
     {"runtime/mounts/type", "runtime/linux/default-dev-pts"},
     "devpts",
     "/dev/pts",
     "/ptmx"},
    {"Tmpfs", {"runtime/mounts/type", "runtime/linux/default-dev-shm"}, "tmpfs", "/dev/shm", ""},
    {"Mqueue", {"runtime/mounts/type"}, "mqueue", "/dev/mqueue", "", {Feature::kMqueue}},
};

}  // namespace

// The type is the filesystem that the kernel mounts: here those that every container should have.
TRIAL_TABLE(MountTypes, kTypes) {
  auto box = target().run(Bundle::minimal()
                              .with_namespace("network")
                              .without_mount(row().destination)
                              .mount({.destination = row().destination,
                                      .type = row().type,
                                      .source = row().type,
                                      .options = {"nosuid", "noexec", "nodev"}})
                              .probe({"stat", row().destination + row().evidence})
                              .probe({"mountinfo"}));
  const Mount mount = box.report().mount(row().destination);

  EXPECT_EQ(mount.type, row().type);
  EXPECT_THAT(mount, AllOf(HasOption("nosuid"), HasOption("noexec"), HasOption("nodev")));
  EXPECT_THAT(box.report(), Did("stat", row().destination + row().evidence));
}

// What type cgroup stands for is the host's control group filesystem, of either version.
TRIAL(MountTypes, CgroupShowsControlGroups, Clauses{"runtime/mounts/type"}) {
  auto box = target().run(Bundle::minimal()
                              .mount({.destination = "/sys/fs/cgroup",
                                      .type = "cgroup",
                                      .source = "cgroup",
                                      .options = {"nosuid", "noexec", "nodev", "ro"}})
                              .probe({"mountinfo"}));

  const auto mounts = box.report().mounts();
  const auto shows_cgroups = [](const Mount& mount) {
    return mount.mountpoint.starts_with("/sys/fs/cgroup") &&
           (mount.type == "cgroup" || mount.type == "cgroup2") && mount.has("ro");
  };
  EXPECT_TRUE(std::ranges::any_of(mounts, shows_cgroups)) << ::testing::PrintToString(mounts);
}
