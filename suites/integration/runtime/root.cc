// The root filesystem of the container.
#include <filesystem>

#include "harness/fixtures/case.h"

namespace {

// A root filesystem of another bundle, for paths that lead out of the container's own.
Bundle furnished(const std::string& content) {
  return Bundle::minimal().with_file("/which", content);
}

}  // namespace

// An absolute path is used as it stands: here it leads into another bundle.
TRIAL(Root, AbsolutePathIsUsedAsItStands,
      Clauses{"runtime/root/path-relative", "runtime/operations/create-applies"}) {
  const auto elsewhere = target().write_bundle(furnished("elsewhere"));
  auto box = target().run(furnished("own")
                              .set("/root/path", (elsewhere / "rootfs").native())
                              .probe({"read", "/which"}));

  EXPECT_THAT(box.report(), Read("/which", "elsewhere"));
}

// A relative path starts at the bundle, wherever the runtime was called.
TRIAL(Root, RelativePathStartsAtTheBundle, Clauses{"runtime/root/path-relative"}) {
  const auto with_path = [](const char* path) {
    return Bundle::minimal()
        .with_file("/which", "outer")
        .with_file("/nested/which", "inner")
        .with_probe_at("/nested/probe")
        .set("/root/path", path)
        .probe({"read", "/which"});
  };
  auto outer = target().run(with_path("rootfs"));
  auto inner = target().run(with_path("rootfs/nested"));

  EXPECT_THAT(outer.report(), Read("/which", "outer"));
  EXPECT_THAT(inner.report(), Read("/which", "inner"));
}

// Nothing beneath / can be created, changed or removed; what is mounted on it is another matter.
TRIAL(Root, ReadonlyRootRefusesEveryChange, Clauses{"runtime/root/readonly"}) {
  auto box = target().run(Bundle::minimal()
                              .with_file("/etc/file", "kept")
                              .tmpfs("/data")
                              .readonly_root()
                              .probe({"create", "/etc/new", "/data/new"})
                              .probe({"mkdir", "/new"})
                              .probe({"write", "/etc/file"})
                              .probe({"remove", "/etc/file"})
                              .probe({"chmod", "/etc/file", "600"})
                              .probe({"read", "/etc/file"})
                              .probe({"mountinfo"}));
  const Report& report = box.report();

  EXPECT_THAT(report, Did("create", "/data/new"));  // control
  EXPECT_THAT(report, Failed("create", "/etc/new", "EROFS"));
  EXPECT_THAT(report, Failed("mkdir", "/new", "EROFS"));
  EXPECT_THAT(report, Failed("write", "/etc/file", "EROFS"));
  EXPECT_THAT(report, Failed("remove", "/etc/file", "EROFS"));
  EXPECT_THAT(report, Failed("chmod", "/etc/file", "EROFS"));
  EXPECT_THAT(report, Read("/etc/file", "kept"));
  EXPECT_THAT(report.mount("/"), HasOption("ro"));
}

// Without CAP_SYS_ADMIN, not even root of the container makes it writable again.
TRIAL(Root, ReadonlyRootStaysSo, Clauses{"runtime/root/readonly"}) {
  auto box = target().run(
      Bundle::minimal().readonly_root().probe({"remount_rw", "/"}).probe({"create", "/etc/new"}));

  EXPECT_THAT(box.report(), Failed("remount_rw", "/", "EPERM"));
  EXPECT_THAT(box.report(), Failed("create", "/etc/new", "EROFS"));
}

namespace {

struct Writable {
  std::string name;
  Clauses clauses;
  bool says_so;
};

const Writable kWritable[] = {
    {"WritableWhenReadonlyIsAbsent", {"runtime/root/writable-by-default"}, false},
    {"WritableWhenReadonlyIsFalse", {"runtime/root/writable-by-default"}, true},
};

}  // namespace

// What is written inside is there outside.
TRIAL_TABLE(Root, kWritable) {
  Bundle bundle =
      Bundle::minimal().with_file("/etc/old", "").probe({"write_text", "/etc/new", "x"});
  if (row().says_so) bundle.readonly_root(false);
  auto box = target().run(bundle.probe({"remove", "/etc/old"}).probe({"mountinfo"}));

  EXPECT_THAT(box.report(), Did("write_text", "/etc/new"));
  EXPECT_THAT(box.report(), Did("remove", "/etc/old"));
  EXPECT_THAT(box.report().mount("/"), HasOption("rw"));
  EXPECT_TRUE(std::filesystem::exists(box.rootfs() / "etc/new"));
  EXPECT_FALSE(std::filesystem::exists(box.rootfs() / "etc/old"));
}

// The host's root is gone: neither its files nor its mounts can be seen.
TRIAL(Root, HostIsOutOfSight, Clauses{"runtime/root/path-relative", "runtime/namespaces/mount"}) {
  const std::string outside = scratch_file("outside", "host");
  auto box = target().run(Bundle::minimal()
                              .probe({"read", "/probe.outside", outside, "/../../.." + outside})
                              .probe({"mountinfo"}));

  EXPECT_THAT(box.report(), Did("read", "/probe.outside"));  // control
  EXPECT_THAT(box.report(), Failed("read", outside, "ENOENT"));
  EXPECT_THAT(box.report(), Failed("read", "/../../.." + outside, "ENOENT"));
  EXPECT_FALSE(box.report().is_mounted(scratch().parent_path().native()));
}
