// The option table of config.md: what each option does to a bind mount and to a new filesystem.
#include <algorithm>
#include <set>

#include "harness/fixtures/host_mount.h"
#include "suites/integration/runtime/mount_effects.h"

namespace {

struct FlagOption {
  std::string name;
  Clauses clauses;
  std::string option;
  const Effect& effect;
  Needs needs = {};
};

const FlagOption kFlagOptions[] = {
    {"Ro", {"runtime/mount-options/ro", "runtime/mounts/applied"}, "ro", kReadonly},
    {"Noexec", {"runtime/mount-options/noexec", "runtime/mounts/applied"}, "noexec", kNoexec},
    {"Nosuid",
     {"runtime/mount-options/nosuid", "runtime/mounts/applied"},
     "nosuid",
     kNosuid,
     {Feature::kOtherIds}},
    {"Nodev",
     {"runtime/mount-options/nodev", "runtime/mounts/applied"},
     "nodev",
     kNodev,
     {Feature::kMakeDevices}},
    {"Nosymfollow",
     {"runtime/mount-options/nosymfollow"},
     "nosymfollow",
     kNosymfollow,
     {Feature::kNosymfollow}},
    {"Noatime",
     {"runtime/mount-options/noatime", "runtime/mounts/applied"},
     "noatime",
     kNoatime,
     {Feature::kAccessTimes}},
    {"Nodiratime",
     {"runtime/mount-options/nodiratime", "runtime/mounts/applied"},
     "nodiratime",
     kNodiratime,
     {Feature::kAccessTimes}},
    {"Strictatime",
     {"runtime/mount-options/strictatime", "runtime/mounts/applied"},
     "strictatime",
     kStrictatime,
     {Feature::kAccessTimes}},
    // These two change nothing: mount(8) says so of the one, and the kernel has no bit for the
    // other. Who drops them keeps them; who hands them to the filesystem or takes the second for
    // strictatime does not.
    {"Defaults", {"runtime/mount-options/defaults"}, "defaults", kNoEffect},
    {"Norelatime", {"runtime/mount-options/norelatime"}, "norelatime", kNoEffect},
};

// What lifts an effect shows only where something else has made it.
struct LiftingOption {
  std::string name;
  Clauses clauses;
  std::string option;
  std::string lifted;
  const Effect& effect;
  Needs needs = {};
};

const LiftingOption kLiftingOptions[] = {
    {"Rw", {"runtime/mount-options/rw"}, "rw", "ro", kReadonly},
    {"Exec", {"runtime/mount-options/exec"}, "exec", "noexec", kNoexec},
    {"Suid", {"runtime/mount-options/suid"}, "suid", "nosuid", kNosuid, {Feature::kOtherIds}},
    {"Dev", {"runtime/mount-options/dev"}, "dev", "nodev", kNodev, {Feature::kMakeDevices}},
    {"Symfollow",
     {"runtime/mount-options/symfollow"},
     "symfollow",
     "nosymfollow",
     kNosymfollow,
     {Feature::kNosymfollow}},
    {"Atime",
     {"runtime/mount-options/atime"},
     "atime",
     "noatime",
     kNoatime,
     {Feature::kAccessTimes}},
    {"Diratime",
     {"runtime/mount-options/diratime"},
     "diratime",
     "nodiratime",
     kNodiratime,
     {Feature::kAccessTimes}},
    {"Nostrictatime",
     {"runtime/mount-options/nostrictatime"},
     "nostrictatime",
     "strictatime",
     kStrictatime,
     {Feature::kAccessTimes}},
};

}  // namespace

// Two binds of the same directory, one with the option: it has the effect, the other one none.
TRIAL_TABLE(MountOptions, kFlagOptions) {
  const std::string source = scratch_dir("source");
  furnish(source, target().write_bundle(Bundle::minimal()) / "rootfs/probe");
  Bundle bundle = Bundle::minimal()
                      .bind(source, "/plain")
                      .bind(source, "/given", {row().option})
                      .tmpfs("/fresh", {row().option});
  try_everything(bundle, "/plain");
  try_everything(bundle, "/given");
  auto box = target().run(bundle.probe({"mountinfo"}));

  ASSERT_THAT(box.wait(10s), Exited(0));
  expect_effect(box.report(), "/plain", kNoEffect);  // control
  expect_effect(box.report(), "/given", row().effect);
  expect_shown(box.report().mount("/fresh"), row().effect);
}

// Of options that contradict each other the last one holds, as mount(8) has it.
TRIAL_TABLE(LiftingMountOptions, kLiftingOptions) {
  const std::string source = scratch_dir("source");
  furnish(source, target().write_bundle(Bundle::minimal()) / "rootfs/probe");
  Bundle bundle = Bundle::minimal()
                      .bind(source, "/kept", {row().lifted})
                      .bind(source, "/lifted", {row().lifted, row().option})
                      .tmpfs("/fresh-kept", {row().lifted})
                      .tmpfs("/fresh-lifted", {row().lifted, row().option});
  try_everything(bundle, "/kept");
  try_everything(bundle, "/lifted");
  auto box = target().run(bundle.probe({"mountinfo"}));

  ASSERT_THAT(box.wait(10s), Exited(0));
  expect_effect(box.report(), "/kept", row().effect);  // control
  expect_effect(box.report(), "/lifted", kNoEffect);
  expect_shown(box.report().mount("/fresh-kept"), row().effect);  // control
  expect_shown(box.report().mount("/fresh-lifted"), kNoEffect);
}

// Which policy the kernel takes when it is asked for two at once is the kernel's; asked for this
// one alone it takes it in place of the source's, which a bind has as long as nothing else is asked
// for.
TRIAL(MountOptions, RelatimeIsTakenInPlaceOfThePolicyOfTheSource,
      Clauses{"runtime/mount-options/relatime"}, Needs{Feature::kAccessTimes}) {
  const std::string source = scratch_dir("source");
  HostMount strict = HostMount::tmpfs(source);
  furnish(source, target().write_bundle(Bundle::minimal()) / "rootfs/probe");
  strict.set_flags(kStrictatime.flag);
  Bundle bundle = Bundle::minimal().bind(source, "/plain").bind(source, "/given", {"relatime"});
  try_everything(bundle, "/plain");
  try_everything(bundle, "/given");
  auto box = target().run(bundle.probe({"mountinfo"}));

  ASSERT_THAT(box.wait(10s), Exited(0));
  expect_effect(box.report(), "/plain", kStrictatime);  // control
  expect_effect(box.report(), "/given", kNoEffect);
}

namespace {

struct FilesystemOption {
  std::string name;
  Clauses clauses;
  std::vector<std::string> options;
  std::string shown;  // among the filesystem's own options
};

// No kernel since 6.1 has a filesystem that heeds the two of the inode version: one that keeps a
// version raises it always. Who drops them keeps them; who hands them to the filesystem does not.
// Of silent and loud no more is seen either, though the kernel's log would tell: with silent, ext4
// and xfs say nothing there of a disk that is not theirs.
const FilesystemOption kFilesystemOptions[] = {
    {"Sync", {"runtime/mount-options/sync"}, {"sync"}, "sync"},
    {"Async", {"runtime/mount-options/async"}, {"sync", "dirsync", "async"}, "dirsync"},
    {"Dirsync", {"runtime/mount-options/dirsync"}, {"dirsync"}, "dirsync"},
    {"Lazytime", {"runtime/mount-options/lazytime"}, {"lazytime"}, "lazytime"},
    {"Nolazytime",
     {"runtime/mount-options/nolazytime"},
     {"lazytime", "dirsync", "nolazytime"},
     "dirsync"},
    {"Iversion", {"runtime/mount-options/iversion"}, {"iversion"}, ""},
    {"Noiversion", {"runtime/mount-options/noiversion"}, {"noiversion"}, ""},
    {"Silent", {"runtime/mount-options/silent"}, {"silent"}, ""},
    {"Loud", {"runtime/mount-options/loud"}, {"loud"}, ""},
};

}  // namespace

// Options of a filesystem as a whole; the last one holds.
TRIAL_TABLE(FilesystemOptions, kFilesystemOptions) {
  auto box = target().run(Bundle::minimal()
                              .tmpfs("/plain")
                              .tmpfs("/given", row().options)
                              .probe({"mountinfo"})
                              .probe({"create", "/given/file"}));

  const auto switched_on = [&](const char* directory) {
    std::set<std::string> words = box.report().mount(directory).super_options;
    std::erase_if(words, [](const std::string& word) {
      return word != "sync" && word != "dirsync" && word != "lazytime";
    });
    return words;
  };
  EXPECT_THAT(box.report(), Did("create", "/given/file"));
  EXPECT_THAT(switched_on("/plain"), IsEmpty());  // control
  const std::set<std::string> wanted =
      row().shown.empty() ? std::set<std::string>() : std::set<std::string>{row().shown};
  EXPECT_EQ(switched_on("/given"), wanted);
}

// What the runtime does not know is the filesystem's: tmpfs knows size and mode.
TRIAL(FilesystemOptions, UnknownOnesAreHandedToTheFilesystem,
      Clauses{"runtime/mount-options/unknown-to-filesystem", "runtime/mounts/applied"},
      Needs{Feature::kOtherIds}) {
  auto box = target().run(Bundle::minimal()
                              .tmpfs("/given", {"size=64k", "mode=0710", "uid=7"})
                              .probe({"mountinfo"})
                              .probe({"stat", "/given"}));

  EXPECT_THAT(box.report().mount("/given").super_options, Contains("size=64k"));
  EXPECT_THAT(box.report().stat("/given"), HasField("mode", 0710));
  EXPECT_THAT(box.report().stat("/given"), HasField("uid", 7));
}

// A bind shows the source alone, a recursive bind what is mounted beneath it as well.
TRIAL(MountOptions, BindTakesTheSourceAloneAndRbindTheTree,
      Clauses{"runtime/mount-options/bind", "runtime/mount-options/rbind",
              "runtime/mounts/applied"}) {
  const std::string source = scratch_dir("source");
  scratch_file("source/top", "top");
  const HostMount below = HostMount::tmpfs(scratch_dir("source/below"));
  scratch_file("source/below/inner", "inner");
  auto box = target().run(
      Bundle::minimal()
          .mount({.destination = "/bind", .type = "none", .source = source, .options = {"bind"}})
          .mount({.destination = "/rbind", .type = "none", .source = source, .options = {"rbind"}})
          .probe({"read", "/bind/top", "/rbind/top", "/rbind/below/inner", "/bind/below/inner"})
          .probe({"mountinfo"}));

  EXPECT_THAT(box.report(), Read("/bind/top", "top"));
  EXPECT_THAT(box.report(), Read("/rbind/top", "top"));
  EXPECT_THAT(box.report(), Read("/rbind/below/inner", "inner"));
  EXPECT_THAT(box.report(), Failed("read", "/bind/below/inner", "ENOENT"));
  EXPECT_FALSE(box.report().is_mounted("/bind/below"));
}

// A remount changes what an earlier entry mounted; it adds no second mount.
TRIAL(MountOptions, RemountChangesTheMountThatIsThere,
      Clauses{"runtime/mount-options/remount", "runtime/mounts/order"}) {
  const auto bundle = [](bool remount) {
    Bundle made = Bundle::minimal().tmpfs("/given", {"size=64k"}).probe({"mountinfo"});
    if (remount) made.tmpfs("/given", {"remount", "ro", "size=128k"});
    return made.probe({"create", "/given/file"});
  };
  auto control = target().run(bundle(false));
  auto box = target().run(bundle(true));

  EXPECT_THAT(control.report(), Did("create", "/given/file"));
  EXPECT_THAT(box.report(), Failed("create", "/given/file", "EROFS"));
  EXPECT_THAT(box.report().mount("/given").super_options, Contains("size=128k"));
  const auto mounts = box.report().mounts();
  EXPECT_EQ(std::ranges::count(mounts, "/given", &Mount::mountpoint), 1);
}
