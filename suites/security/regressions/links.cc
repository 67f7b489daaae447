// Links of the image where the engine mounts, makes devices or opens terminals. Each points to the
// canary; the control is the same configuration without the link.
#include "suites/security/regressions/regression_case.h"

namespace regressions {
namespace {

using seatrial::sentinel::Canary;

MountSpec bind_of(const std::filesystem::path& source, const std::string& destination) {
  return {.destination = destination, .type = "bind", .source = source, .options = {"bind"}};
}

MountSpec tmpfs_on(const std::string& destination) {
  return {.destination = destination, .type = "tmpfs", .source = "tmpfs", .options = {}};
}

Bundle without_dev_mounts() {
  return Bundle::minimal().without_mount("/dev/pts").without_mount("/dev");
}

struct LinkedTarget {
  std::string name;
  Clauses clauses;
  Bundle (*bundle)();  // without the link
  void (*plant)(Bundle& bundle, const Canary& canary);
  Needs needs = {};
};

Bundle with_tmpfs_below_data() {
  return Bundle::minimal().mount(tmpfs_on("/data/x"));
}

const LinkedTarget kLinkedTargets[] = {
    {"DevUnderATmpfs",
     {"security/cve-2026-41579"},
     [] { return Bundle::minimal(); },
     [](Bundle& bundle, const Canary& canary) {
       bundle.without_entry("/dev").with_symlink("/dev", canary.directory());
     }},
    {"DevUnderATmpfsByClimbing",
     {"security/cve-2026-41579"},
     [] { return Bundle::minimal(); },
     [](Bundle& bundle, const Canary& canary) {
       bundle.without_entry("/dev").with_symlink("/dev", climbing(canary.directory()));
     }},
    {"DevWithoutAMount",
     {"security/cve-2026-47766"},
     without_dev_mounts,
     [](Bundle& bundle, const Canary& canary) {
       bundle.without_entry("/dev").with_symlink("/dev", canary.directory());
     },
     {Feature::kMakeDevices}},
    {"DevWithoutAMountByClimbing",
     {"security/cve-2026-47766"},
     without_dev_mounts,
     [](Bundle& bundle, const Canary& canary) {
       bundle.without_entry("/dev").with_symlink("/dev", climbing(canary.inner()));
     },
     {Feature::kMakeDevices}},
    {"DirectoryOfAMount",
     {"security/cve-2019-18837"},
     with_tmpfs_below_data,
     [](Bundle& bundle, const Canary& canary) {
       bundle.with_symlink("/data/x", canary.directory());
     }},
    {"DirectoryOfAMountByClimbing",
     {"security/cve-2019-18837"},
     with_tmpfs_below_data,
     [](Bundle& bundle, const Canary& canary) {
       bundle.with_symlink("/data/x", climbing(canary.directory()));
     }},
    {"DirectoryOfAMountByAChain",
     {"security/cve-2019-18837"},
     with_tmpfs_below_data,
     [](Bundle& bundle, const Canary& canary) {
       bundle.with_symlink("/data/x", "../etc/y").with_symlink("/etc/y", canary.inner());
     }},
    {"ParentOfAMissingDirectory",
     {"security/cve-2019-18837", "security/cve-2024-45310"},
     [] { return Bundle::minimal().mount(tmpfs_on("/data/x/made/new")); },
     [](Bundle& bundle, const Canary& canary) {
       bundle.with_symlink("/data/x", canary.directory());
     }},
    {"FileOfABind",
     {"security/cve-2019-18837"},
     [] { return Bundle::minimal().mount(bind_of("/dev/null", "/etc/x")); },
     [](Bundle& bundle, const Canary& canary) { bundle.with_symlink("/etc/x", canary.file()); }},
    {"ParentOfAMissingFile",
     {"security/cve-2019-18837", "security/cve-2024-45310"},
     [] { return Bundle::minimal().mount(bind_of("/dev/null", "/data/x/new")); },
     [](Bundle& bundle, const Canary& canary) {
       bundle.with_symlink("/data/x", canary.directory());
     }},
    {"StandardStreams",
     {"security/cve-2015-3627"},
     without_dev_mounts,
     [](Bundle& bundle, const Canary& canary) {
       for (const char* name : {"stdin", "stdout", "stderr", "fd", "core"}) {
         bundle.with_symlink(std::string("/dev/") + name, canary.file());
       }
     },
     {Feature::kMakeDevices}},
    {"DefaultDevices",
     {"security/cve-2015-3627"},
     without_dev_mounts,
     [](Bundle& bundle, const Canary& canary) {
       for (const char* name : {"null", "zero", "full", "random", "urandom", "tty", "ptmx"}) {
         bundle.with_symlink(std::string("/dev/") + name, canary.file());
       }
     },
     {Feature::kMakeDevices}},
    {"MissingDefaultDevices",
     {"security/cve-2015-3627"},
     without_dev_mounts,
     [](Bundle& bundle, const Canary& canary) {
       bundle.with_symlink("/dev/null", canary.directory() / "null")
           .with_symlink("/dev/console", canary.directory() / "console");
     },
     {Feature::kMakeDevices}},
    {"MaskedAndReadonlyPaths",
     {"security/cve-2019-18837"},
     [] { return Bundle::minimal().masked_path("/data/masked").readonly_path("/data/kept"); },
     [](Bundle& bundle, const Canary& canary) {
       bundle.with_symlink("/data/masked", canary.file())
           .with_symlink("/data/kept", canary.directory());
     }},
};

// Where procfs is to be, the engine itself reads and writes: a link there is an attack, wherever it
// leads.
struct LinkedProc {
  std::string name;
  Clauses clauses;
  const char* path;
  bool inside;  // leads to a directory of the image, not to the canary
  Needs needs = {};
};

const LinkedProc kLinkedProcs[] = {
    {"ProcToTheHost", {"security/cve-2019-19921"}, "/proc", false},
    {"ProcToTheImage", {"security/cve-2019-19921"}, "/proc", true},
    {"SysToTheHost", {"security/cve-2019-19921"}, "/sys", false, {Feature::kSysfs}},
    {"SysToTheImage", {"security/cve-2019-19921"}, "/sys", true, {Feature::kSysfs}},
};

Bundle with_sysfs() {
  return Bundle::minimal().with_namespace("network").mount(
      {.destination = "/sys", .type = "sysfs", .source = "sysfs", .options = {"ro"}});
}

struct Climb {
  std::string name;
  Clauses clauses;
  std::string (*destination)(const Canary& canary);
};

const Climb kClimbs[] = {
    {"ByDots",
     {"security/magic-links"},
     [](const Canary& canary) { return "/" + climbing(canary.directory()); }},
    {"ByDotsBelowADirectory",
     {"security/magic-links"},
     [](const Canary& canary) { return "/data/" + climbing(canary.directory()); }},
    {"ByProcSelfRoot",
     {"security/magic-links"},
     [](const Canary& canary) { return "/proc/self/root" + canary.directory().native(); }},
    {"ByProcSelfCwd",
     {"security/magic-links"},
     [](const Canary& canary) { return "/proc/self/cwd/" + climbing(canary.directory()); }},
    {"ByProcThreadSelfRoot",
     {"security/magic-links"},
     [](const Canary& canary) { return "/proc/thread-self/root" + canary.directory().native(); }},
    {"ByTheFirstProcess",
     {"security/magic-links"},
     [](const Canary& canary) { return "/proc/1/root" + canary.directory().native(); }},
    {"ByADescriptor",
     {"security/magic-links"},
     [](const Canary& canary) { return "/proc/self/fd/3/" + climbing(canary.directory()); }},
};

}  // namespace

// Whatever the image has there, what the engine makes comes to lie beneath the root.
TRIAL_TABLE(LinkedTarget, kLinkedTargets) {
  EXPECT_THAT(target().try_run(row().bundle()), Succeeded());  // control
  Bundle attack = row().bundle();
  row().plant(attack, canary());
  attempt(attack);
}

// A /proc or /sys that is a link is refused.
TRIAL_TABLE(LinkedProc, kLinkedProcs) {
  const Bundle honest = with_sysfs();
  EXPECT_THAT(target().try_run(honest), Succeeded());  // control
  Bundle attack = honest;
  const std::string leads_to = row().inside ? "/data" : canary().directory().native();
  attack.without_entry(row().path).with_symlink(row().path, leads_to);
  EXPECT_THAT(target().try_run(attack), Refused());
}

TRIAL_TABLE(ClimbingTarget, kClimbs) {
  const std::string source = scratch_dir("source");
  const auto bound_to = [&](const std::string& destination) {
    return Bundle::minimal().mount(bind_of(source, destination));
  };
  EXPECT_THAT(target().try_run(bound_to("/data/x")), Succeeded());  // control
  attempt(bound_to(row().destination(canary())));
}

// What a container left in its root filesystem does no more at the next start of it.
TRIAL(LinkedTarget, IsContainedWhenStartedAgain, Clauses{"security/cve-2015-3627"},
      Needs{Feature::kMakeDevices}) {
  const auto rootfs = target().write_bundle(Bundle::minimal()) / "rootfs";
  const Bundle again =
      without_dev_mounts().without_rootfs().set("/root/path", rootfs.native()).probe({"pid"});
  {
    auto first = target().run(again);
    EXPECT_TRUE(first.report().complete());  // control
  }
  std::filesystem::remove_all(rootfs / "dev");
  std::filesystem::create_directory_symlink(canary().directory(), rootfs / "dev");
  attempt(again);
}

// /dev/console comes from the terminal that was made, not from what the image has there.
TRIAL(Console, IsTheTerminalWhateverTheImageHas, Clauses{"security/cve-2025-52565"},
      Needs{Feature::kTerminal, Feature::kMakeDevices}) {
  const Bundle honest =
      Bundle::minimal().terminal().probe({"stat", "/dev/console", "/dev/pts/0"}).probe({"tty"});
  const auto expect_devpts = [](const Report& report) {
    EXPECT_THAT(report.stat("/dev/console"), HasText("type", "char"));
    EXPECT_THAT(report.stat("/dev/console"), HasField("major", 136));
    EXPECT_TRUE(report.answer("tty").flag("stdin"));
  };
  auto control = target().run(honest);
  expect_devpts(control.report());

  Bundle attack = honest;
  attack.without_mount("/dev").without_mount("/dev/pts");
  attack.mount({.destination = "/dev/pts",
                .type = "devpts",
                .source = "devpts",
                .options = {"newinstance", "ptmxmode=0666", "mode=0620"}});
  attack.with_symlink("/dev/console", canary().file());
  auto box = attempt(attack);
  if (box.outcome().succeeded()) expect_devpts(box.report());
}

// A directory in place of devpts, full of links in place of terminals.
TRIAL(Console, IsNoFileThatStandsInForATerminal, Clauses{"security/cve-2025-52565"},
      Needs{Feature::kTerminal}) {
  const std::string pts = scratch_dir("pts");
  for (const char* name : {"ptmx", "0", "1", "2", "3", "4", "5"}) {
    std::filesystem::create_symlink(canary().file(), pts + "/" + name);
  }
  const Bundle honest = Bundle::minimal().terminal().probe({"stat_follow", "/dev/console"});
  EXPECT_THAT(target().run(honest).report().answer("stat_follow"), HasField("major", 136));

  Bundle attack = honest;
  attack.without_mount("/dev/pts").mount(bind_of(pts, "/dev/pts"));
  auto box = attempt(attack);
  if (!box.outcome().succeeded()) return;
  EXPECT_THAT(box.report().answer("stat_follow"), HasText("type", "char"));
  EXPECT_THAT(box.report().answer("stat_follow"), HasField("major", 136));
}

}  // namespace regressions
