// What containers are given when nobody asks for anything: users, capabilities, covers,
// directories.
#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "harness/fixtures/case_site.h"
#include "suites/security/regressions_engine/escape_case.h"

namespace regressions_engine {
namespace {

constexpr const char* kProbe = "docker.io/seatrial/probe:latest";

bool is_there(const std::string& path) {
  std::error_code absent;
  return std::filesystem::exists(path, absent);
}

// How many entries of that name lie below the directory, as far as this process may look.
int count_below(const std::filesystem::path& directory, const std::string& name) {
  using Options = std::filesystem::directory_options;
  int found = 0;
  std::error_code failure;
  std::filesystem::recursive_directory_iterator each(directory, Options::skip_permission_denied,
                                                     failure);
  for (; !failure && each != std::filesystem::recursive_directory_iterator();
       each.increment(failure)) {
    if (each->path().filename() == name) ++found;
  }
  return found;
}

// The same as user and group 65534 of the host.
int count_as_nobody(const std::filesystem::path& directory, const std::string& name) {
  const pid_t child = ::fork();
  if (child == 0) {
    constexpr unsigned kNobody = 65534;
    const bool changed = ::setgroups(0, nullptr) == 0 &&
                         ::setresgid(kNobody, kNobody, kNobody) == 0 &&
                         ::setresuid(kNobody, kNobody, kNobody) == 0;
    ::_exit(changed ? std::min(count_below(directory, name), 100) : 200);
  }
  int status = 0;
  if (child < 0 || ::waitpid(child, &status, 0) != child || !WIFEXITED(status) ||
      WEXITSTATUS(status) == 200) {
    throw seatrial::sys_error(errno, "look as user 65534");
  }
  return WEXITSTATUS(status);
}

struct Covers {
  std::string name;
  Clauses clauses;
  std::vector<std::string> paths;
};

const Covers kCovers[] = {
    {"HideWhatTheFirstListsHad",
     {"security/cve-2015-3630"},
     {"/proc/acpi", "/proc/asound", "/proc/kcore", "/proc/keys", "/proc/scsi",
      "/proc/latency_stats", "/proc/sched_debug", "/proc/timer_list", "/proc/timer_stats",
      "/sys/devices/virtual/powercap", "/sys/firmware"}},
    {"HideInterrupts", {"security/cve-2015-3630"}, {"/proc/interrupts"}},
};

}  // namespace

// A user other than root has no effective and no ambient capability.
TRIAL(User, OtherThanRootHasNoCapability, Clauses{"security/cve-2016-8867"}) {
  const ProcessStatus root = probed({}, {{"status"}}).status();
  EXPECT_THAT(root.effective, Not(IsEmpty()));  // control
  const ProcessStatus user = probed({.user = "1000:1000"}, {{"status"}}).status();
  EXPECT_EQ(user.uid, 1000);
  EXPECT_THAT(user.effective, IsEmpty());
  EXPECT_THAT(user.permitted, IsEmpty());
  EXPECT_THAT(user.ambient, IsEmpty());
}

// No capability outlives a set-user-id program by inheritance, in run and in exec.
TRIAL(InheritableCapabilities, AreNone, Clauses{"security/cve-2022-24769"}) {
  const std::string id = run({.image = kProbe, .cmd = {"status", ",", "hold"}});
  await_output(id, "\"hold\"");
  const ProcessStatus first = Report(engine().logs(id, {}).out).status();
  const ProcessStatus executed = probed_in(id, {"status"}).status();
  const ProcessStatus added = probed({.cap_add = {"NET_ADMIN"}}, {{"status"}}).status();
  EXPECT_THAT(added.effective, Contains("CAP_NET_ADMIN"));  // control
  for (const ProcessStatus& status : {first, executed, added}) {
    EXPECT_THAT(status.effective, Not(IsEmpty()));
    EXPECT_THAT(status.inheritable, IsEmpty());
  }
  engine().kill(id, SIGKILL);
}

// The primary group of a user is among the supplementary ones.
TRIAL(User, HasThePrimaryGroupAmongTheOthers, Clauses{"security/cve-2022-36109"}) {
  const auto groups = [&](const std::string& user) {
    return probed({.user = user}, {{"status"}}).status().groups;
  };
  EXPECT_THAT(groups("user"), UnorderedElementsAre(500, 1000));
  EXPECT_THAT(groups("1000"), Contains(1000));
  EXPECT_THAT(groups("1000:500"), Contains(500));
}

// A numeric user is that number, whatever names the image's passwd has.
TRIAL(User, ByNumberIsTheNumber, Clauses{"security/cve-2016-3697"}) {
  const std::string name = image({add_programs, [](TarWriter& tar) {
                                    tar.file("etc/passwd",
                                             "root:x:0:0:root:/:/bin/sh\n"
                                             "4321:x:0:0:false:/:/bin/sh\n"
                                             "named:x:1234:1234::/:/bin/sh\n");
                                  }});
  const auto uid = [&](const std::string& user) {
    return probed({.image = name, .user = user}, {{"status"}}).status().uid;
  };
  EXPECT_EQ(uid("named"), 1234);  // control: passwd is read
  EXPECT_EQ(uid("1234"), 1234);
  EXPECT_EQ(uid("4321"), 4321);
  EXPECT_EQ(uid("4321:4321"), 4321);
}

// A number beyond what a user can have is refused, or at least is not root.
TRIAL(User, ByANumberTooLargeIsNotRoot, Clauses{"security/cve-2024-40635"}, Deadline{60s}) {
  const auto output = [&](const std::string& user, const std::string& image_name) {
    return output_if_run(
        {.image = image_name, .cmd = {"sh", "-c", "echo =$(id -u)="}, .user = user});
  };
  const std::string plain = image({add_programs});
  EXPECT_THAT(output("1234", plain), HasSubstr("=1234="));  // control
  for (const char* user :
       {"4294967296", "4294967296:0", "2147483648", "18446744073709551616", "-1", "-4294967296"}) {
    EXPECT_THAT(output(user, plain), Not(HasSubstr("=0="))) << user;
  }
  const std::string said = load({add_programs}, {.cmd = {"sh"}, .user = "4294967296"});
  if (!said.empty()) {
    EXPECT_THAT(output("", said), Not(HasSubstr("=0=")));
  }
}

// A working directory by the number of a descriptor leads nowhere outside.
TRIAL(WorkingDirectory, LeadsNowhereByADescriptor, Clauses{"security/cve-2024-21626"},
      Deadline{60s}) {
  const auto standing_in = [&](const std::string& directory) {
    return output_if_run(
        {.cmd = {"sh", "-c", "pwd; cat " + climbing(canary().file())}, .working_dir = directory});
  };
  EXPECT_THAT(standing_in("/tmp"), HasSubstr("/tmp\n"));  // control
  for (int fd = 3; fd <= 12; ++fd) {
    EXPECT_THAT(standing_in(fmt::format("/proc/self/fd/{}", fd)),
                Not(HasSubstr(canary().secret())));
  }
}

// What the engine masks by default has no content and takes none.
TRIAL_TABLE(DefaultCovers, kCovers) {
  std::vector<std::vector<std::string>> commands{{"read", "/proc/uptime"}};
  for (const std::string& path : row().paths) {
    if (is_there(path)) {
      commands.push_back({std::filesystem::is_directory(path) ? "list" : "read", path});
    }
  }
  ASSERT_GT(commands.size(), 1U) << "this kernel has none of the paths";
  const Report report = probed({}, commands);
  EXPECT_THAT(report, Read("/proc/uptime", Not(IsEmpty())));  // control
  for (const std::string& path : row().paths) {
    if (!is_there(path)) continue;
    if (std::filesystem::is_directory(path)) {
      EXPECT_THAT(report.list(path), IsEmpty()) << path;
    } else {
      EXPECT_THAT(report, Read(path, "")) << path;
    }
  }
}

// Settings of the kernel cannot be opened for writing. None is written to.
TRIAL(DefaultCovers, LeaveSettingsOfTheKernelAlone, Clauses{"security/kernel-parameters"}) {
  const std::vector<std::string> settings{
      "/proc/sys/kernel/core_pattern", "/proc/sys/kernel/modprobe", "/proc/sysrq-trigger",
      "/sys/kernel/uevent_helper", "/proc/sys/kernel/domainname"};
  const std::string before = seatrial::read_file("/proc/sys/kernel/core_pattern");
  std::vector<std::string> command{"open_write"};
  command.insert(command.end(), settings.begin(), settings.end());
  const Report report = probed({}, {command, {"open_write", "/proc/self/comm"}});
  EXPECT_THAT(report, Did("open_write", "/proc/self/comm"));  // control
  for (const std::string& path : settings) {
    EXPECT_THAT(report, Failed("open_write", path, AnyOf("EROFS", "ENOENT", "EACCES")));
  }
  EXPECT_EQ(seatrial::read_file("/proc/sys/kernel/core_pattern"), before);
}

// Nodes may be made, devices not be opened.
TRIAL(MadeNode, GivesNoAccessToItsDevice, Clauses{"security/mknod-devices"}) {
  const std::vector<std::vector<std::string>> devices{
      {"c", "1", "1"},    {"c", "1", "11"},   {"b", "8", "0"}, {"b", "253", "0"},
      {"c", "10", "232"}, {"c", "10", "229"}, {"b", "7", "0"}};
  std::vector<std::vector<std::string>> commands{{"mknod", "/null", "c", "1", "3"},
                                                 {"open_read", "/null"}};
  const auto path_of = [](const std::vector<std::string>& device) {
    return "/" + device[0] + device[1] + "-" + device[2];
  };
  for (const auto& device : devices) {
    commands.push_back({"mknod", path_of(device), device[0], device[1], device[2]});
    commands.push_back({"open_read", path_of(device)});
  }
  const Report report = probed({.cap_add = {"MKNOD"}}, commands);
  EXPECT_THAT(report, Did("open_read", "/null"));  // control
  for (const auto& device : devices) {
    // Where the control group forbids it, the node is not even made.
    EXPECT_THAT(report, Failed("open_read", path_of(device), AnyOf("EPERM", "ENOENT")));
  }
}

// The handle of a file of the host, on a file system that the container has a directory of.
TRIAL(FileHandle, OfTheHostOpensNothing, Clauses{"security/open-by-handle-at"}) {
  alignas(file_handle) char room[sizeof(file_handle) + MAX_HANDLE_SZ] = {};
  auto* handle = reinterpret_cast<file_handle*>(room);
  handle->handle_bytes = MAX_HANDLE_SZ;
  int mount = 0;
  ASSERT_EQ(::name_to_handle_at(AT_FDCWD, canary().file().c_str(), handle, &mount, 0), 0);
  std::string hex;
  for (unsigned i = 0; i < handle->handle_bytes; ++i) {
    hex += fmt::format("{:02x}", static_cast<unsigned char>(room[sizeof(file_handle) + i]));
  }
  scratch_file("shared/plain", "plain");
  ContainerDraft draft;
  draft.mounts = {{.type = "bind", .source = scratch() / "shared", .target = "/b"}};
  const std::vector<std::vector<std::string>> commands{
      {"read", "/b/plain"}, {"open_handle", "/b/plain", std::to_string(handle->handle_type), hex}};
  const Report report = probed(draft, commands);
  EXPECT_THAT(report, Read("/b/plain", "plain"));
  EXPECT_THAT(report, Failed("open_handle", "/b/plain", "EPERM"));
  draft.cap_add = {"DAC_READ_SEARCH"};
  EXPECT_THAT(probed(draft, commands).answer("open_handle"),
              HasText("content", canary().secret() + "\n"));  // control
}

// No release agent of the host, neither by a mount in a nested user namespace nor by the
// container's own view.
TRIAL(ReleaseAgent, IsOutOfReach, Clauses{"security/cve-2022-0492"}) {
  const std::string agent = "/sys/fs/cgroup/pids/release_agent";
  const Report report =
      probed({}, {{"nested_mount_open", "cgroup", "pids", "/tmp", "release_agent"},
                  {"mount_open", "cgroup", "pids", "/tmp", "release_agent"},
                  {"open_write", agent, "/proc/self/comm"}});
  EXPECT_THAT(report, Did("open_write", "/proc/self/comm"));  // control
  EXPECT_THAT(report, Failed("open_write", agent, AnyOf("EROFS", "ENOENT", "EACCES")));
  EXPECT_THAT(report, Failed("mount_open", "cgroup", AnyOf("EPERM", "EACCES")));
  EXPECT_THAT(report,
              Failed("nested_mount_open", "cgroup", AnyOf("EPERM", "EACCES", "ENOENT", "EBUSY")));
}

// What a container writes cannot be found on the host by other users.
TRIAL(EnginesDirectories, CannotBeEnteredByOthers, Clauses{"security/cve-2021-41091"}) {
  const std::string trace = canary().name() + "-trace";
  const std::string id = run(shell("touch /tmp/" + trace + " && echo up && sleep 1000"));
  await_output(id, "up");
  const std::filesystem::path top = current_site().directory;
  // The harness' own directories are closed; they must not be what keeps others out.
  for (const auto& entry : std::filesystem::directory_iterator(top)) {
    if (entry.path().filename().native().starts_with("seatrial-engine-")) {
      std::filesystem::permissions(entry.path(), std::filesystem::perms(0755));
    }
  }
  EXPECT_GT(count_below(top, trace), 0);  // control
  EXPECT_EQ(count_as_nobody(top, trace), 0);
  scratch_file("open/" + trace, "");
  EXPECT_EQ(count_as_nobody(top, trace), 1);  // control: the search goes everywhere else
}

// exec is confined like the container's first process.
TRIAL(ExecParity, OfCapabilitiesAndSeccomp, Clauses{"security/exec-parity"}) {
  const std::string id =
      run({.image = kProbe, .cmd = {"status", ",", "hold"}, .user = "1000:1000"});
  await_output(id, "\"hold\"");
  const ProcessStatus first = Report(engine().logs(id, {}).out).status();
  const ProcessStatus executed = probed_in(id, {"status"}).status();
  EXPECT_EQ(first.seccomp, 2);  // control
  EXPECT_EQ(executed.seccomp, first.seccomp);
  EXPECT_EQ(executed.effective, first.effective);
  EXPECT_EQ(executed.bounding, first.bounding);
  EXPECT_EQ(executed.no_new_privileges, first.no_new_privileges);
  EXPECT_EQ(executed.uid, first.uid);
  engine().kill(id, SIGKILL);
}

TRIAL(ExecParity, OfGroups, Clauses{"security/exec-parity", "security/cve-2022-36109"}) {
  for (const char* user : {"user", "1000:1000"}) {
    const std::string id = run({.image = kProbe, .cmd = {"status", ",", "hold"}, .user = user});
    await_output(id, "\"hold\"");
    const auto first = Report(engine().logs(id, {}).out).status().groups;
    EXPECT_THAT(first, Contains(1000)) << user;  // control
    EXPECT_EQ(probed_in(id, {"status"}).status().groups, first) << user;
    engine().kill(id, SIGKILL);
  }
}

}  // namespace regressions_engine
