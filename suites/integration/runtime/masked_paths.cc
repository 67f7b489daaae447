// What maskedPaths hides and what readonlyPaths protects.
#include "harness/fixtures/case.h"

#include "engine/base/files.h"

// Even root inside the container must not recover what a masked path hides.
TRIAL(MaskedPaths, HideFileContentFromContainerRoot, Clauses{"runtime/linux/masked-paths"},
      Needs{Feature::kMaskedPaths}) {
  auto box = target().run(Bundle::minimal()
                              .with_file("/secret", "s3cr3t")
                              .with_file("/plain", "hello")
                              .masked_path("/secret")
                              .probe({"read", "/secret", "/plain"}));

  EXPECT_THAT(box.wait(10s), Exited(0));
  EXPECT_THAT(box.report(), Read("/plain", "hello"));  // control: the set-up works
  EXPECT_THAT(box.report(), Read("/secret", ""));
}

// Neither the entries of a masked directory nor what is known to lie in it.
TRIAL(MaskedPaths, HideDirectoryEntries, Clauses{"runtime/linux/masked-paths"},
      Needs{Feature::kMaskedPaths}) {
  auto box = target().run(Bundle::minimal()
                              .with_file("/secret/key", "s3cr3t")
                              .with_file("/plain/key", "hello")
                              .masked_path("/secret")
                              .probe({"list", "/secret", "/plain"})
                              .probe({"read", "/secret/key", "/plain/key"})
                              .probe({"stat", "/secret/key"}));

  EXPECT_THAT(box.report().list("/plain"), ElementsAre("key"));  // control
  EXPECT_THAT(box.report(), Read("/plain/key", "hello"));
  EXPECT_THAT(box.report().list("/secret"), IsEmpty());
  EXPECT_THAT(box.report(), Failed("read", "/secret/key", "ENOENT"));
  EXPECT_THAT(box.report(), Failed("stat", "/secret/key", "ENOENT"));
}

// Nothing that root inside tries reaches what is hidden: the mask stays, and writes to it or around
// it leave the hidden content as it is.
TRIAL(MaskedPaths, HoldAgainstContainerRoot, Clauses{"runtime/linux/masked-paths"},
      Needs{Feature::kMaskedPaths}) {
  auto box = target().run(Bundle::minimal()
                              .with_file("/secret", "s3cr3t")
                              .with_file("/hidden/key", "s3cr3t")
                              .with_file("/plain", "hello")
                              .masked_path("/secret")
                              .masked_path("/hidden")
                              .probe({"umount", "/secret", "/hidden"})
                              .probe({"remove", "/secret", "/plain"})
                              .probe({"write", "/secret"})
                              .probe({"create", "/hidden/new"})
                              .probe({"read", "/secret", "/hidden/key"}));
  const Report& report = box.report();

  EXPECT_THAT(report, Did("remove", "/plain"));  // control
  EXPECT_THAT(report, Failed("umount", "/secret", "EPERM"));
  EXPECT_THAT(report, Failed("umount", "/hidden", "EPERM"));
  ASSERT_THAT(report, Failed("remove", "/secret", "EBUSY"));
  EXPECT_THAT(report, Read("/secret", ""));
  EXPECT_THAT(report, Failed("read", "/hidden/key", "ENOENT"));
  EXPECT_EQ(seatrial::read_file(box.rootfs() / "secret"), "s3cr3t");
  EXPECT_THAT(report, Failed("create", "/hidden/new", "EROFS"));
}

// A path that is not there hides nothing, and the ones after it are masked all the same. Mounts are
// made before: a file of procfs is a path like any other.
TRIAL(MaskedPaths, HideTheRestWhenOneIsAbsent, Clauses{"runtime/linux/masked-paths"},
      Needs{Feature::kMaskedPaths}) {
  auto box = target().run(Bundle::minimal()
                              .with_file("/secret", "s3cr3t")
                              .masked_path("/absent/file")
                              .masked_path("/proc/version")
                              .masked_path("/secret")
                              .probe({"read", "/secret", "/proc/version", "/proc/uptime"})
                              .probe({"stat", "/absent"}));

  EXPECT_THAT(box.report(), Read("/proc/uptime", Not(IsEmpty())));  // control
  EXPECT_THAT(box.report(), Read("/secret", ""));
  EXPECT_THAT(box.report(), Read("/proc/version", ""));
  EXPECT_THAT(box.report(), Failed("stat", "/absent", "ENOENT"));
}

// A file can be read but not changed, by any way to change it.
TRIAL(ReadonlyPaths, ProtectAFile, Clauses{"runtime/linux/readonly-paths"},
      Needs{Feature::kReadonlyPaths}) {
  auto box = target().run(Bundle::minimal()
                              .with_file("/kept", "kept")
                              .with_file("/plain", "plain")
                              .readonly_path("/kept")
                              .probe({"write", "/kept", "/plain"})
                              .probe({"append", "/kept"})
                              .probe({"chmod", "/kept", "600"})
                              .probe({"chown", "/kept", "0", "0"})
                              .probe({"remove", "/kept"})
                              .probe({"umount", "/kept"})
                              .probe({"remount_rw", "/kept"})
                              .probe({"read", "/kept"}));
  const Report& report = box.report();

  EXPECT_THAT(report, Did("write", "/plain"));  // control
  EXPECT_THAT(report, Failed("write", "/kept", "EROFS"));
  EXPECT_THAT(report, Failed("append", "/kept", "EROFS"));
  EXPECT_THAT(report, Failed("chmod", "/kept", "EROFS"));
  EXPECT_THAT(report, Failed("chown", "/kept", "EROFS"));
  EXPECT_THAT(report, Failed("remove", "/kept", "EBUSY"));
  EXPECT_THAT(report, Failed("umount", "/kept", "EPERM"));
  EXPECT_THAT(report, Failed("remount_rw", "/kept", "EPERM"));
  EXPECT_THAT(report, Read("/kept", "kept"));
}

// A directory with all that lies beneath it. An absent path protects nothing and is no error.
TRIAL(ReadonlyPaths, ProtectADirectoryAndWhatIsBeneath, Clauses{"runtime/linux/readonly-paths"},
      Needs{Feature::kReadonlyPaths}) {
  auto box = target().run(Bundle::minimal()
                              .with_file("/kept/below/file", "kept")
                              .with_file("/plain/below/file", "plain")
                              .readonly_path("/absent/file")
                              .readonly_path("/kept")
                              .probe({"create", "/kept/new", "/plain/new", "/kept/below/new"})
                              .probe({"mkdir", "/kept/directory"})
                              .probe({"write", "/kept/below/file", "/plain/below/file"})
                              .probe({"remove", "/kept/below/file"})
                              .probe({"read", "/kept/below/file"})
                              .probe({"list", "/kept"}));
  const Report& report = box.report();

  EXPECT_THAT(report, Did("create", "/plain/new"));  // control
  EXPECT_THAT(report, Did("write", "/plain/below/file"));
  EXPECT_THAT(report, Failed("create", "/kept/new", "EROFS"));
  EXPECT_THAT(report, Failed("create", "/kept/below/new", "EROFS"));
  EXPECT_THAT(report, Failed("mkdir", "/kept/directory", "EROFS"));
  EXPECT_THAT(report, Failed("write", "/kept/below/file", "EROFS"));
  EXPECT_THAT(report, Failed("remove", "/kept/below/file", "EROFS"));
  EXPECT_THAT(report, Read("/kept/below/file", "kept"));
  EXPECT_THAT(report.list("/kept"), ElementsAre("below"));
}

// The kernel's own settings are the classic: /proc/sys can be read and not written.
TRIAL(ReadonlyPaths, ProtectKernelSettings, Clauses{"runtime/linux/readonly-paths"},
      Needs{Feature::kReadonlyPaths, Feature::kNetworkNamespace}) {
  // Of a namespace of the container's own: no others are open to the root of a user namespace, and
  // these only with the capability.
  const std::string setting = "/proc/sys/net/ipv4/ip_forward";
  const auto bundle = [&](bool readonly) {
    Bundle made = Bundle::minimal().with_namespace("network").capabilities({"CAP_NET_ADMIN"});
    if (readonly) made.readonly_path("/proc/sys");
    return made.probe({"open_write", setting}).probe({"read", setting});
  };
  auto control = target().run(bundle(false));
  auto box = target().run(bundle(true));

  EXPECT_THAT(control.report(), Did("open_write", setting));
  EXPECT_THAT(box.report(), Failed("open_write", setting, "EROFS"));
  EXPECT_THAT(box.report(), Did("read", setting));
}
