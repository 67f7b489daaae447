// The recursive options of config.md: what holds for a mount holds for every mount beneath it.
#include "harness/fixtures/host_mount.h"
#include "suites/integration/runtime/mount_effects.h"

namespace {

enum class Does { kSet, kLift };

struct RecursiveOption {
  std::string name;
  Clauses clauses;
  std::string option;
  Does does;
  const Effect& effect;
  Needs needs = {Feature::kRecursiveMountOptions};
};

const Needs kSymlinkNeeds = {Feature::kRecursiveMountOptions, Feature::kNosymfollow};
const Needs kSuidNeeds = {Feature::kRecursiveMountOptions, Feature::kOtherIds};
const Needs kDeviceNeeds = {Feature::kRecursiveMountOptions, Feature::kMakeDevices};

const RecursiveOption kRecursiveOptions[] = {
    {"Rro", {"runtime/mount-options/rro"}, "rro", Does::kSet, kReadonly},
    {"Rnoexec", {"runtime/mount-options/rnoexec"}, "rnoexec", Does::kSet, kNoexec},
    {"Rnosuid", {"runtime/mount-options/rnosuid"}, "rnosuid", Does::kSet, kNosuid, kSuidNeeds},
    {"Rnoatime", {"runtime/mount-options/rnoatime"}, "rnoatime", Does::kSet, kNoatime},
    {"Rnodiratime", {"runtime/mount-options/rnodiratime"}, "rnodiratime", Does::kSet, kNodiratime},
    {"Rstrictatime",
     {"runtime/mount-options/rstrictatime"},
     "rstrictatime",
     Does::kSet,
     kStrictatime},
    {"Rnosymfollow",
     {"runtime/mount-options/rnosymfollow"},
     "rnosymfollow",
     Does::kSet,
     kNosymfollow,
     kSymlinkNeeds},
    {"Rnorelatime", {"runtime/mount-options/rnorelatime"}, "rnorelatime", Does::kSet, kNoEffect},
    {"Rrw", {"runtime/mount-options/rrw"}, "rrw", Does::kLift, kReadonly},
    {"Rexec", {"runtime/mount-options/rexec"}, "rexec", Does::kLift, kNoexec},
    {"Rsuid", {"runtime/mount-options/rsuid"}, "rsuid", Does::kLift, kNosuid, kSuidNeeds},
    {"Rdev", {"runtime/mount-options/rdev"}, "rdev", Does::kLift, kNodev, kDeviceNeeds},
    {"Ratime", {"runtime/mount-options/ratime"}, "ratime", Does::kLift, kNoatime},
    {"Rdiratime", {"runtime/mount-options/rdiratime"}, "rdiratime", Does::kLift, kNodiratime},
    {"Rrelatime", {"runtime/mount-options/rrelatime"}, "rrelatime", Does::kLift, kStrictatime},
    {"Rnostrictatime",
     {"runtime/mount-options/rnostrictatime"},
     "rnostrictatime",
     Does::kLift,
     kStrictatime},
    {"Rsymfollow",
     {"runtime/mount-options/rsymfollow"},
     "rsymfollow",
     Does::kLift,
     kNosymfollow,
     kSymlinkNeeds},
};

}  // namespace

// A tree of two mounts is bound twice. Without the option it comes as it is on the host; with it,
// both of its mounts change.
TRIAL_TABLE(RecursiveMountOptions, kRecursiveOptions) {
  const bool lifts = row().does == Does::kLift;
  const auto probe = target().write_bundle(Bundle::minimal()) / "rootfs/probe";
  const std::string source = scratch_dir("source");
  HostMount top = HostMount::tmpfs(source);
  furnish(source, probe);
  HostMount below = HostMount::tmpfs(scratch_dir("source/below"));
  furnish(source + "/below", probe);
  if (lifts) {
    top.set_flags(row().effect.flag);
    below.set_flags(row().effect.flag);
  }

  const auto bind = [&](const char* destination, std::vector<std::string> options) {
    options.emplace_back("rbind");
    return MountSpec{destination, "none", source, std::move(options)};
  };
  Bundle bundle = Bundle::minimal().mount(bind("/plain", {})).mount(bind("/given", {row().option}));
  for (const char* directory : {"/plain", "/plain/below", "/given", "/given/below"}) {
    try_everything(bundle, directory);
  }
  auto box = target().run(bundle.probe({"mountinfo"}));

  ASSERT_THAT(box.wait(10s), Exited(0));
  const Effect& unchanged = lifts ? row().effect : kNoEffect;
  const Effect& changed = lifts ? kNoEffect : row().effect;
  // Control. Nothing says that the bound mount itself keeps the flags of its source.
  if (!lifts) expect_effect(box.report(), "/plain", kNoEffect);
  expect_effect(box.report(), "/plain/below", unchanged);
  expect_effect(box.report(), "/given", changed);
  expect_effect(box.report(), "/given/below", changed);
}
