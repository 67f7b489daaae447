// Whether mount events pass between the container and the host: per mount and for the root.
#include "harness/fixtures/case.h"
#include "harness/fixtures/host_mount.h"

namespace {

enum class Events { kNone, kIn, kBothWays, kNotOut };

struct Propagation {
  std::string name;
  Clauses clauses;
  std::string option;
  std::string beneath;  // the mount that is looked at, below the bound one
  Events events;
  std::string shown;  // begins the tag in mountinfo; empty: no tag
};

const Propagation kPropagations[] = {
    {"Shared", {"runtime/mount-options/shared"}, "shared", "", Events::kBothWays, "shared:"},
    {"Slave", {"runtime/mount-options/slave"}, "slave", "", Events::kIn, "master:"},
    {"Private", {"runtime/mount-options/private"}, "private", "", Events::kNone, ""},
    {"Unbindable",
     {"runtime/mount-options/unbindable"},
     "unbindable",
     "",
     Events::kNone,
     "unbindable"},
    {"Rshared",
     {"runtime/mount-options/rshared"},
     "rshared",
     "/below",
     Events::kBothWays,
     "shared:"},
    {"Rslave", {"runtime/mount-options/rslave"}, "rslave", "/below", Events::kIn, "master:"},
    {"Rprivate", {"runtime/mount-options/rprivate"}, "rprivate", "/below", Events::kNone, ""},
    {"Runbindable",
     {"runtime/mount-options/runbindable"},
     "runbindable",
     "/below",
     Events::kNone,
     "unbindable"},
};

// Mounts a tmpfs on inside/, waits until it is told to go on, then says what is mounted.
Bundle mounting_in(const std::string& directory) {
  Bundle bundle = Bundle::minimal();
  return bundle.capabilities({"CAP_SYS_ADMIN"})
      .probe({"mount", directory + "/inside"})
      .probe({"hold"})
      .probe({"mountinfo"});
}

struct Passed {
  bool out = false;
  bool in = false;
};

// `host`: where the directory lies outside. The host's own mount goes on outside/.
Passed watch_events(Box& box, const std::string& directory, const std::string& host) {
  Passed passed;
  EXPECT_THAT(box.report(), Did("mount", directory + "/inside"));
  passed.out = host_sees_mount(host + "/inside");
  const HostMount outside = HostMount::tmpfs(host + "/outside");
  EXPECT_THAT(box.kill("USR1"), Succeeded());
  EXPECT_THAT(box.wait(10s), Exited(0));
  passed.in = box.report().is_mounted(directory + "/outside");
  return passed;
}

void expect_events(const Passed& passed, Events events) {
  if (events != Events::kNotOut) {
    EXPECT_EQ(passed.in, events != Events::kNone) << "a mount of the host in the container";
  }
  EXPECT_EQ(passed.out, events == Events::kBothWays) << "a mount of the container on the host";
}

void expect_tag(const Mount& mount, const std::string& shown) {
  if (shown.empty()) {
    EXPECT_THAT(mount.propagation, IsEmpty());
  } else if (shown == "shared:") {
    EXPECT_THAT(mount.propagation, Contains(StartsWith(shown)));  // it may have a master as well
  } else {
    EXPECT_THAT(mount.propagation, ElementsAre(StartsWith(shown)));
  }
}

}  // namespace

// A tree of mounts that the host shares, bound into the container. The container's root is shared,
// so that nothing but the option decides.
TRIAL_TABLE(MountPropagation, kPropagations) {
  const std::string source = scratch_dir("source");
  HostMount top = HostMount::tmpfs(source);
  top.share();
  const HostMount below =
      HostMount::tmpfs(scratch_dir("source/below"));  // shared, for its parent is
  for (const char* name : {"inside", "outside", "below/inside", "below/outside"}) {
    scratch_dir(std::string("source/") + name);
  }
  const std::string directory = "/given" + row().beneath;
  auto box = target().run(mounting_in(directory)
                              .set("/linux/rootfsPropagation", "shared")
                              .mount({.destination = "/given",
                                      .type = "none",
                                      .source = source,
                                      .options = {"rbind", row().option}}));

  expect_events(watch_events(box, directory, source + row().beneath), row().events);
  expect_tag(box.report().mount(directory), row().shown);
}

namespace {

const Propagation kRootPropagations[] = {
    {"Shared", {"runtime/linux/rootfs-shared"}, "shared", "", Events::kNotOut, "shared:"},
    {"Slave", {"runtime/linux/rootfs-slave"}, "slave", "", Events::kIn, "master:"},
    {"Private", {"runtime/linux/rootfs-private"}, "private", "", Events::kNone, ""},
    {"Unbindable",
     {"runtime/linux/rootfs-unbindable"},
     "unbindable",
     "",
     Events::kNone,
     "unbindable"},
};

}  // namespace

// On a host whose mounts are all shared, as most are: what the root of the container has to do with
// the host is up to rootfsPropagation. Shared means a peer group of its own: nothing goes out, and
// nobody says what comes in.
TRIAL_TABLE(RootPropagation, kRootPropagations) {
  share_all_mounts();
  auto box = target().run(mounting_in("/data")
                              .with_dir("/data/inside")
                              .with_dir("/data/outside")
                              .set("/linux/rootfsPropagation", row().option));

  expect_events(watch_events(box, "/data", box.rootfs() / "data"), row().events);
  expect_tag(box.report().mount("/"), row().shown);
}
