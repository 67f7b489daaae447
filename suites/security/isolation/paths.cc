// What of the kernel's own files can be read and written.
#include <fmt/format.h>

#include <filesystem>

#include "engine/base/files.h"
#include "suites/security/isolation/isolation_case.h"

namespace isolation {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> those_there(const std::vector<std::string>& paths) {
  std::vector<std::string> there;
  std::error_code absent;
  for (const std::string& path : paths) {
    if (fs::exists(path, absent)) there.push_back(path);
  }
  return there;
}

Command asking(const std::string& command, const std::vector<std::string>& paths) {
  Command words{command};
  words.insert(words.end(), paths.begin(), paths.end());
  return words;
}

std::string text_of(const std::string& path) {
  try {
    return seatrial::read_file(path);
  } catch (const Error& failure) {
    return failure.what();
  }
}

}  // namespace

// Empty for reading, and nothing to write to.
TRIAL(MaskedFiles, ReadAsEmpty, Clauses{"security/paths/masked-files"}) {
  const std::vector<std::string> files = those_there(profile().masked_files);
  if (files.empty()) throw Lack("this kernel has none of the files that are masked");
  const Report seen = report(probe({asking("read", files), asking("write", files)}));
  int with_content = 0;
  for (const std::string& file : files) {
    if (!text_of(file).empty()) ++with_content;
    EXPECT_THAT(seen, Read(file, ""));
  }
  EXPECT_GT(with_content, 0);  // control: on the host there is something to hide
}

// Who watches the interrupts or the temperature learns what is typed and computed elsewhere.
TRIAL(MaskedFiles, HideInterruptsAndTemperatures, Clauses{"security/paths/masked-files"}) {
  std::vector<std::string> hidden = those_there({"/proc/interrupts"});
  if (hidden.empty()) throw Lack("this kernel has no /proc/interrupts");
  EXPECT_THAT(text_of(hidden.front()), Not(IsEmpty()));  // control
  const std::vector<std::string> throttles =
      those_there({"/sys/devices/system/cpu/cpu0/thermal_throttle"});
  const Report seen = report(probe({asking("read", hidden), asking("list", throttles)}));
  EXPECT_THAT(seen, Read("/proc/interrupts", ""));
  for (const std::string& throttle : throttles) EXPECT_THAT(seen.list(throttle), IsEmpty());
}

TRIAL(MaskedDirectories, AreEmptyAndRefuseWrites, Clauses{"security/paths/masked-directories"}) {
  const std::vector<std::string> directories = those_there(profile().masked_directories);
  std::vector<std::string> files;
  int with_content = 0;
  for (const std::string& directory : directories) {
    files.push_back(directory + "/made");
    if (!fs::is_empty(directory)) ++with_content;
  }
  if (with_content == 0) throw Lack("this kernel has nothing in the directories that are masked");
  const Report seen = report(probe({asking("list", directories), asking("create", files)}));
  for (const std::string& directory : directories) EXPECT_THAT(seen.list(directory), IsEmpty());
  for (const std::string& file : files) {
    EXPECT_THAT(seen, Failed("create", file, AnyOf("EROFS", "EACCES", "EPERM")));
  }
}

// Opening is enough: nothing is written, whatever the outcome.
TRIAL(ReadOnlyPaths, OfProcRefuseWrites, Clauses{"security/paths/read-only-proc"}) {
  const std::vector<std::string> files =
      those_there({"/proc/sysrq-trigger", "/proc/irq/default_smp_affinity",
                   "/proc/sys/kernel/hostname", "/proc/sys/kernel/panic",
                   "/proc/sys/vm/drop_caches", "/proc/sys/fs/file-max", "/proc/bus/pci/00/00.0"});
  ASSERT_THAT(files, Not(IsEmpty()));
  const std::vector<std::string> options = is_podman()
                                               ? std::vector<std::string>{"unmask=ALL"}
                                               : std::vector<std::string>{"systempaths=unconfined"};
  const std::vector<Command> attempts{asking("open_write", files), asking("open_read", files)};
  const Report open = report(probe({.security_opt = options}, attempts));
  EXPECT_THAT(open, Did("open_write", "/proc/sys/kernel/panic"));  // control
  std::vector<Command> and_mounts = attempts;
  and_mounts.push_back({"mountinfo"});
  const Report seen = report(probe(and_mounts));
  for (const std::string& path : those_there(profile().read_only_paths)) {
    EXPECT_THAT(seen.mount(path), HasOption("ro")) << path;
  }
  for (const std::string& file : files) EXPECT_THAT(seen, Failed("open_write", file, "EROFS"));
  EXPECT_THAT(seen, Did("open_read", "/proc/sys/kernel/panic"));
}

TRIAL(ReadOnlyPaths, OfSysfsRefuseWrites, Clauses{"security/paths/sysfs-read-only"}) {
  const std::vector<std::string> files =
      those_there({"/sys/kernel/mm/transparent_hugepage/enabled", "/sys/kernel/profiling",
                   "/sys/module/kernel/parameters/panic", "/sys/kernel/rcu_expedited"});
  if (files.empty()) throw Lack("this kernel has no file of sysfs that a case may try to open");
  const Report seen =
      report(probe({asking("open_write", files), asking("open_read", files), {"mountinfo"}}));
  for (const std::string& file : files) {
    EXPECT_EQ(::access(file.c_str(), W_OK), 0) << file;  // control: root of the host may
    EXPECT_THAT(seen, Failed("open_write", file, "EROFS"));
    EXPECT_THAT(seen, Did("open_read", file));
  }
  EXPECT_THAT(seen.mount("/sys"), HasOption("ro"));
}

// Neither may a limit be lifted nor a group of one's own be made.
TRIAL(ReadOnlyPaths, OfCgroupsRefuseWrites, Clauses{"security/paths/cgroup-read-only"}) {
  const Report mounts = report(probe({{"mountinfo"}}));
  std::vector<std::string> groups, files;
  for (const Mount& mount : mounts.mounts()) {
    if (!mount.type.starts_with("cgroup")) continue;
    groups.push_back(mount.mountpoint + "/made");
    files.push_back(mount.mountpoint + "/cgroup.procs");
    EXPECT_TRUE(mount.has("ro")) << mount.mountpoint;
  }
  ASSERT_THAT(groups, Not(IsEmpty()));
  const Report seen = report(
      probe({asking("mkdir", groups), asking("open_write", files), asking("open_read", files)}));
  for (const std::string& group : groups) EXPECT_THAT(seen, Failed("mkdir", group, "EROFS"));
  for (const std::string& file : files) {
    EXPECT_THAT(seen, Failed("open_write", file, "EROFS"));
    EXPECT_THAT(seen, Did("open_read", file));  // control: the file is there
  }
}

// Programs that the kernel starts, as root and in the host's namespaces.
TRIAL(ReadOnlyPaths, WithProgramsOfTheKernelCannotBeWritten,
      Clauses{"security/paths/core-pattern"}) {
  const std::vector<std::string> files = those_there(
      {"/proc/sys/kernel/core_pattern", "/proc/sys/kernel/modprobe", "/sys/kernel/uevent_helper",
       "/proc/sys/kernel/poweroff_cmd", "/proc/sys/fs/binfmt_misc/register"});
  ASSERT_THAT(files, Contains("/proc/sys/kernel/core_pattern"));
  const std::string before = text_of("/proc/sys/kernel/core_pattern");
  const Report seen = report(probe({.cap_add = {"SYS_ADMIN"}}, {asking("open_write", files)}));
  for (const std::string& file : files) {
    EXPECT_EQ(::access(file.c_str(), W_OK), 0) << file;  // control: root of the host may
    EXPECT_THAT(seen, Failed("open_write", file, AnyOf("EROFS", "ENOENT")));
  }
  EXPECT_EQ(text_of("/proc/sys/kernel/core_pattern"), before);
}

// CVE-2022-0492: a hierarchy of one's own, or the host's, would start the caller's program on the
// host.
TRIAL(ReleaseAgent, CannotBeWritten, Clauses{"security/paths/release-agent"},
      Needs{Feature::kCgroupV1}) {
  std::vector<std::string> agents;
  for (const fs::directory_entry& entry : fs::directory_iterator("/sys/fs/cgroup")) {
    const fs::path agent = entry.path() / "release_agent";
    std::error_code absent;
    if (fs::exists(agent, absent)) agents.push_back(agent);
  }
  ASSERT_THAT(agents, Not(IsEmpty()));  // control: the host has them
  const Report seen = report(probe({asking("open_write", agents)}));
  for (const std::string& agent : agents) {
    EXPECT_THAT(seen, Failed("open_write", agent, AnyOf("EROFS", "ENOENT", "EACCES", "EPERM")));
  }
}

TRIAL(ReadOnlyRoot, RefusesEveryWrite, Clauses{"security/paths/read-only-root"}) {
  const std::vector<Command> attempts{{"create", "/made", "/data/made", "/etc/made"},
                                      {"open_write", "/etc/passwd"},
                                      {"mkdir", "/dir"},
                                      {"chmod", "/data", "700"},
                                      {"remove", "/etc/group"}};
  const Report usual = report(probe(attempts));  // control
  for (const char* file : {"/made", "/data/made", "/etc/made"}) {
    EXPECT_THAT(usual, Did("create", file));
  }
  EXPECT_THAT(usual, Did("open_write", "/etc/passwd"));
  EXPECT_THAT(usual, Did("chmod", "/data"));
  const Report seen = report(probe({.read_only = true}, attempts));
  for (const char* file : {"/made", "/data/made", "/etc/made"}) {
    EXPECT_THAT(seen, Failed("create", file, "EROFS"));
  }
  EXPECT_THAT(seen, Failed("open_write", "/etc/passwd", "EROFS"));
  EXPECT_THAT(seen, Failed("mkdir", "/dir", "EROFS"));
  EXPECT_THAT(seen, Failed("chmod", "/data", "EROFS"));
  EXPECT_THAT(seen, Failed("remove", "/etc/group", "EROFS"));
}

TRIAL(Proc, IsMountedWithoutProgramsAndDevices, Clauses{"security/paths/proc-flags"}) {
  const Report seen = report(probe({{"mountinfo"}}));
  const Mount proc = seen.mount("/proc");
  for (const char* option : {"nosuid", "nodev", "noexec"}) EXPECT_THAT(proc, HasOption(option));
  EXPECT_THAT(seen.mount("/"), Not(HasOption("noexec")));  // control: options differ
}

}  // namespace isolation
