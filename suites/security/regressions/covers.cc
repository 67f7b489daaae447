// Masked and read-only paths, and the settings of the kernel behind them. Nothing is written to a
// setting: it is opened for writing and closed.
#include <unistd.h>

#include <algorithm>

#include "engine/base/files.h"
#include "suites/security/regressions/regression_case.h"

namespace regressions {
namespace {

// moby/profiles and runc spec, all that was added since.
const std::vector<std::string> kMasked{"/proc/acpi",
                                       "/proc/asound",
                                       "/proc/interrupts",
                                       "/proc/kcore",
                                       "/proc/keys",
                                       "/proc/scsi",
                                       "/proc/latency_stats",
                                       "/proc/sched_debug",
                                       "/proc/timer_list",
                                       "/proc/timer_stats",
                                       "/sys/devices/virtual/powercap",
                                       "/sys/firmware"};
const std::vector<std::string> kReadonly{"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys",
                                         "/proc/sysrq-trigger"};

Bundle with_sysfs() {
  return Bundle::minimal().with_namespace("network").mount(
      {.destination = "/sys", .type = "sysfs", .source = "sysfs", .options = {"ro"}});
}

Bundle with_default_covers() {
  Bundle bundle = with_sysfs();
  for (const std::string& path : kMasked) bundle.masked_path(path);
  for (const std::string& path : kReadonly) bundle.readonly_path(path);
  return bundle;
}

std::vector<std::string> with(const char* command, const std::vector<std::string>& paths) {
  std::vector<std::string> words{command};
  words.insert(words.end(), paths.begin(), paths.end());
  return words;
}

bool is_there(const std::string& path) {
  std::error_code absent;
  return std::filesystem::exists(path, absent);
}

// Those of the host's settings that lead to code being run there, were they ever written.
const std::vector<std::string> kSettings{
    "/proc/sys/kernel/core_pattern", "/proc/sys/kernel/modprobe",
    "/proc/sys/kernel/sysrq",        "/proc/sysrq-trigger",
    "/sys/kernel/uevent_helper",     "/proc/sys/fs/binfmt_misc/register"};

std::vector<std::string> values_of_the_host() {
  std::vector<std::string> values;
  for (const std::string& path : kSettings) {
    const bool readable =
        is_there(path) && (std::filesystem::status(path).permissions() &
                           std::filesystem::perms::owner_read) != std::filesystem::perms::none;
    values.push_back(readable ? seatrial::read_file(path) : "");
  }
  return values;
}

// What stands in an image's or a volume's /dev where the null device should.
struct FalseNull {
  std::string name;
  Clauses clauses;
  std::string target;  // of a link; empty: a file of content
  Needs needs = {};
};

const FalseNull kFalseNulls[] = {
    {"AFile", {"security/cve-2025-31133"}, ""},
    // A setting of the container's own UTS namespace stands for the host's.
    {"ALinkToASetting",
     {"security/cve-2025-31133"},
     "/proc/sys/kernel/domainname",
     {Feature::kKernelSettings}},
    {"ALinkToTheHost", {"security/cve-2025-31133"}, "canary"},
};

}  // namespace

// Every masked path of the defaults that this kernel has: nothing to read, nothing to write.
TRIAL(DefaultCovers, LeaveNothingToRead, Clauses{"security/cve-2015-3630"},
      Needs{Feature::kMaskedPaths, Feature::kSysfs}) {
  std::vector<std::string> there;
  std::copy_if(kMasked.begin(), kMasked.end(), std::back_inserter(there), is_there);
  const auto look = [&](Bundle bundle) {
    for (const std::string& path : there) {
      bundle.probe({std::filesystem::is_directory(path) ? "list" : "read", path});
    }
    return target().run(bundle.probe(with("open_write", there)));
  };
  auto control = look(with_sysfs());
  auto box = look(with_default_covers());

  int with_content = 0;
  for (const std::string& path : there) {
    if (std::filesystem::is_directory(path)) {
      with_content += control.report().list(path).empty() ? 0 : 1;
      EXPECT_THAT(box.report().list(path), IsEmpty()) << path;
      EXPECT_THAT(box.report(), Failed("open_write", path, "EISDIR"));
    } else {
      // What is the machine's root's alone shows nothing to others, masked or not.
      if (::access(path.c_str(), R_OK) == 0) {
        with_content += control.report().content(path).empty() ? 0 : 1;
      }
      EXPECT_THAT(box.report(), Read(path, ""));
    }
  }
  EXPECT_GT(with_content, 1);  // control: there was something to hide
}

// The settings of the kernel keep their values, because nobody inside can open them to write.
TRIAL(DefaultCovers, LeaveSettingsOfTheKernelAlone, Clauses{"security/kernel-parameters"},
      Needs{Feature::kReadonlyPaths, Feature::kSysfs}) {
  const auto before = values_of_the_host();
  // Of the container's own network namespace, and so open to it, were it not covered.
  const std::string own = "/proc/sys/net/ipv4/ip_forward";
  const Bundle covered = with_default_covers()
                             .capabilities({"CAP_NET_ADMIN"})
                             .probe(with("open_write", kSettings))
                             .probe({"open_write", own});
  auto control = target().run(
      with_sysfs().capabilities({"CAP_NET_ADMIN"}).probe({"open_write", own, "/proc/self/comm"}));
  auto box = target().run(covered);

  EXPECT_THAT(control.report(), Did("open_write", own));  // control
  EXPECT_THAT(box.report(), Failed("open_write", own, "EROFS"));
  for (const std::string& path : kSettings) {
    EXPECT_THAT(box.report(), Failed("open_write", path, AnyOf("EROFS", "ENOENT", "EACCES")));
  }
  EXPECT_EQ(values_of_the_host(), before);
}

// A masked file is covered by the null device, not by what is called so in a volume on /dev.
TRIAL_TABLE(FalseNull, kFalseNulls) {
  const std::string dev = scratch_dir("dev");
  std::filesystem::create_directory(dev + "/pts");
  const auto masked = [&](bool shared_dev) {
    Bundle bundle = Bundle::minimal().with_file("/etc/hidden", "hidden").masked_path("/etc/hidden");
    if (shared_dev) bundle.without_mount("/dev").without_mount("/dev/pts").bind(dev, "/dev");
    return bundle.probe({"read", "/etc/hidden"})
        .probe({"stat_follow", "/etc/hidden"})
        .probe({"open_write", "/etc/hidden"});
  };
  const auto expect_null = [](const Report& report) {
    EXPECT_THAT(report, Read("/etc/hidden", ""));
    const Answer stat = report.answer("stat_follow", "/etc/hidden");
    EXPECT_THAT(stat, HasText("type", "char"));
    EXPECT_THAT(stat, HasField("major", 1));
    EXPECT_THAT(stat, HasField("minor", 3));
  };
  auto control = target().run(masked(false));
  expect_null(control.report());

  if (row().target.empty()) {
    scratch_file("dev/null", "false");
  } else {
    const std::string leads_to = row().target == "canary" ? canary().file().native() : row().target;
    std::filesystem::create_symlink(leads_to, dev + "/null");
  }
  auto box = attempt(masked(true));
  if (!box.outcome().succeeded()) return;
  expect_null(box.report());
  for (const Mount& mount : box.report().mounts()) {
    if (mount.type == "proc") {
      EXPECT_EQ(mount.root, "/") << mount.mountpoint;
    }
  }
}

// What the engine writes to procfs goes there, although a mount of the configuration has put
// something else in the way.
TRIAL(WritesToProcfs, AreNotLedElsewhere, Clauses{"security/cve-2025-52881"},
      Needs{Feature::kKernelSettings}) {
  const std::string fake = scratch_dir("kernel");
  std::filesystem::create_symlink("/data/decoy", fake + "/domainname");
  const Bundle honest = Bundle::minimal()
                            .with_file("/data/decoy", "decoy")
                            .sysctl("kernel.domainname", "harbour")
                            .probe({"read", "/data/decoy"})
                            .probe({"hostname"});
  auto control = target().run(honest);
  EXPECT_THAT(control.report().answer("hostname"), HasText("domainname", "harbour"));

  auto box = attempt(Bundle(honest).bind(fake, "/proc/sys/kernel"));
  EXPECT_EQ(seatrial::read_file(box.rootfs() / "data/decoy"), "decoy");
  if (box.outcome().succeeded()) {
    EXPECT_THAT(box.report().answer("hostname"), HasText("domainname", "harbour"));
  }
}

// Nor by a procfs that is none: a directory of the image's with the same names.
TRIAL(WritesToProcfs, AreNotLedIntoAFalseProcfs, Clauses{"security/cve-2025-52881"},
      Needs{Feature::kKernelSettings}) {
  const std::string fake = scratch_dir("proc");
  std::filesystem::create_directories(fake + "/sys/kernel");
  std::filesystem::create_directories(fake + "/self/attr");
  std::filesystem::create_symlink(canary().file(), fake + "/sys/kernel/domainname");
  std::filesystem::create_symlink(canary().file(), fake + "/self/oom_score_adj");
  std::filesystem::create_symlink(canary().file(), fake + "/self/attr/exec");
  const Bundle honest = Bundle::minimal()
                            .sysctl("kernel.domainname", "harbour")
                            .set("/process/oomScoreAdj", 500)
                            .probe({"hostname"});
  auto control = target().run(honest);
  EXPECT_THAT(control.report().answer("hostname"), HasText("domainname", "harbour"));
  auto box = target().try_run(Bundle(honest).bind(fake, "/proc"));
  if (box.outcome().succeeded()) {
    EXPECT_THAT(box.report().answer("hostname"), HasText("domainname", "harbour"));
  } else {
    EXPECT_THAT(box, Refused());
  }
}

}  // namespace regressions
