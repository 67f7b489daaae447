// What of the host and of another container is in sight.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "harness/core/process.h"
#include "suites/security/isolation/isolation_case.h"

namespace isolation {
namespace {

namespace fs = std::filesystem;

constexpr const char* kKinds[] = {"pid", "mnt", "net", "ipc", "uts"};

// System V memory with this key, at most that: harmless, and gone with its namespace.
constexpr const char* kShmget = "29";
constexpr const char* kKey = "0x5ea7";
constexpr const char* kCreate = "01600";  // IPC_CREAT | 0600

bool is_number(const std::string& name) {
  return !name.empty() &&
         std::all_of(name.begin(), name.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::set<std::string> numbers_in(const std::vector<std::string>& names) {
  std::set<std::string> numbers;
  for (const std::string& name : names) {
    if (is_number(name)) numbers.insert(name);
  }
  return numbers;
}

bool begins_with_any(const std::string& path, const std::vector<std::string>& prefixes) {
  return std::any_of(prefixes.begin(), prefixes.end(), [&](const std::string& prefix) {
    return path == prefix || path.starts_with(prefix + "/");
  });
}

// A shared tmpfs in the mount namespace that the engine is in, for as long as this lives.
class EnginesMount {
 public:
  // `place`: /proc/PID of a process there. Its pid namespace, too, whose /proc it sees.
  EnginesMount(const fs::path& place, std::string directory)
      : enter_{"/usr/bin/nsenter", fmt::format("--mount={}/ns/mnt", place.native()),
               fmt::format("--pid={}/ns/pid", place.native())},
        directory_(std::move(directory)) {
    in_there({"mount", "-t", "tmpfs", "seatrial", directory_});
    in_there({"mount", "--make-shared", directory_});
  }
  EnginesMount(const EnginesMount&) = delete;
  EnginesMount& operator=(const EnginesMount&) = delete;
  ~EnginesMount() {
    std::vector<std::string> words = enter_;
    words.insert(words.end(), {"umount", "--recursive", directory_});
    const Outcome outcome = run_command(words);
    EXPECT_TRUE(outcome.succeeded()) << describe(outcome);
  }

 private:
  void in_there(const std::vector<std::string>& command) {
    std::vector<std::string> words = enter_;
    words.insert(words.end(), command.begin(), command.end());
    const Outcome outcome = run_command(words);
    if (!outcome.succeeded()) {
      throw seatrial::error(seatrial::Kind::kInternal, "{}: {}", command.front(),
                            describe(outcome));
    }
  }

  std::vector<std::string> enter_;
  std::string directory_;
};

}  // namespace

// From inside, and as the host sees the process.
TRIAL(Namespaces, AreNotTheHosts, Clauses{"security/namespaces/all"}) {
  const std::string id = hold();
  const auto inside = exec(id, {{"namespaces"}}).namespaces();
  for (const char* kind : kKinds) {
    const std::string link = fmt::format("ns/{}", kind);
    const std::int64_t from_outside = namespace_of(hosts_view(id, link));
    EXPECT_EQ(inside.at(kind), from_outside) << kind;
    EXPECT_NE(from_outside, namespace_of(engines_view(link))) << kind << " of the engine";
    EXPECT_NE(from_outside, namespace_of(fs::path("/proc/self") / link)) << kind << " of ours";
  }
  const auto shared =
      report(probe({.pid_mode = "host", .ipc_mode = "host"}, {{"namespaces"}})).namespaces();
  EXPECT_EQ(shared.at("pid"), namespace_of(engines_view("ns/pid")));  // control
  EXPECT_EQ(shared.at("ipc"), namespace_of(engines_view("ns/ipc")));
}

TRIAL(Namespaces, OfTwoContainersAreApart, Clauses{"security/namespaces/two-containers"}) {
  const std::string first = hold(), second = hold();
  const auto one = exec(first, {{"namespaces"}}).namespaces();
  const auto other = exec(second, {{"namespaces"}}).namespaces();
  for (const char* kind : kKinds) EXPECT_NE(one.at(kind), other.at(kind)) << kind;
  EXPECT_EQ(one, exec(first, {{"namespaces"}}).namespaces());  // control: one's own are the same
}

TRIAL(Namespaces, OfCgroupsArePrivate, Clauses{"security/namespaces/cgroup"},
      Needs{Feature::kCgroupV2}) {
  const std::string id = hold();
  EXPECT_NE(namespace_of(hosts_view(id, "ns/cgroup")), namespace_of(engines_view("ns/cgroup")));
}

// Neither in /proc nor by their numbers.
TRIAL(Processes, OfTheHostAreOutOfSight, Clauses{"security/namespaces/pids-hidden"}) {
  const std::string ours = std::to_string(::getpid());
  const Command signal_ours{"syscall", "62", ours, "0"};  // kill(2) with no signal
  const Report seen = report(probe({{"list", "/proc"}, signal_ours, {"trace", ours}}));
  EXPECT_THAT(numbers_in(seen.list("/proc")), ElementsAre("1"));
  EXPECT_THAT(seen, Failed("syscall", "62", "ESRCH"));
  EXPECT_THAT(seen, Failed("trace", ours, AnyOf("ESRCH", "EPERM")));
  const Report shared = report(probe({.pid_mode = "host"}, {{"list", "/proc"}}));
  EXPECT_THAT(numbers_in(shared.list("/proc")), SizeIs(Gt(1)));  // control
}

// What is mounted is the container's own, what the kernel has, and what the engine writes for it.
TRIAL(Mounts, OfTheHostAreOutOfSight, Clauses{"security/namespaces/mounts-hidden"}) {
  const std::vector<std::string> usual{
      "/proc",         "/sys",       "/dev",         "/etc/resolv.conf",
      "/etc/hostname", "/etc/hosts", "/run/secrets", "/run/.containerenv"};
  const MountDraft wanted{.type = "bind", .source = scratch_dir("wanted"), .target = "/wanted"};
  const Report asked = report(probe({.mounts = {wanted}}, {{"mountinfo"}}));
  EXPECT_TRUE(asked.is_mounted("/wanted"));  // control
  for (const Mount& mount : report(probe({{"mountinfo"}})).mounts()) {
    if (mount.mountpoint == "/") continue;
    EXPECT_TRUE(begins_with_any(mount.mountpoint, usual)) << mount.mountpoint;
    EXPECT_NE(mount.mountpoint, "/wanted");
  }
}

// A root that is pivoted away from and not unmounted would still be there to be walked to.
TRIAL(Mounts, LeaveNoWayBackToTheHostsRoot, Clauses{"security/namespaces/mounts-hidden"}) {
  scratch_file("mark/of-the-host", "here");
  const std::string mark = scratch() / "mark/of-the-host";
  const std::string up = "/../../../../../../../.." + mark;
  const std::string through = "/proc/1/root" + mark, around = "/proc/1/cwd/../../../.." + mark;
  const Report seen =
      report(probe({.cap_add = {"SYS_CHROOT", "SYS_PTRACE"}},
                   {{"open_read", mark, up, through, around, "/proc/1/root/probe"}}));
  EXPECT_THAT(seen, Did("open_read", "/proc/1/root/probe"));  // control: the link leads somewhere
  for (const std::string& path : {mark, up, through, around}) {
    EXPECT_THAT(seen, Failed("open_read", path, "ENOENT")) << path;
  }
}

// The source is a shared mount where the engine lives: there is a way out, and only the default
// propagation closes it.
TRIAL(Mounts, MadeInsideStayInside, Clauses{"security/namespaces/propagation"}) {
  const std::string source = scratch_dir("shared");
  const EnginesMount place(engines_view(""), source);
  const auto seen_by_the_engine = [&](const std::string& propagation) {
    const std::string below = "/b/" + (propagation.empty() ? "default" : propagation);
    const MountDraft mount{
        .type = "bind", .source = source, .target = "/b", .propagation = propagation};
    const std::string id =
        hold({.mounts = {mount}, .cap_add = {"SYS_ADMIN"}, .security_opt = {"seccomp=unconfined"}});
    const Report seen = exec(id, {{"mkdir", below}, {"mount", below}, {"mountinfo"}});
    EXPECT_TRUE(seen.is_mounted(below));  // inside it is one
    const std::string mounts = seatrial::read_file(engines_view("mountinfo"));
    return mounts.find(source + below.substr(2)) != std::string::npos;
  };
  EXPECT_TRUE(seen_by_the_engine("rshared"));  // control
  EXPECT_FALSE(seen_by_the_engine(""));
}

TRIAL(Ipc, ObjectsOfTwoContainersAreApart, Clauses{"security/namespaces/ipc-apart"}) {
  const std::string first = hold(), second = hold();
  const Command look{"syscall", kShmget, kKey, "0", "0"};
  const Command make{"syscall", kShmget, kKey, "4096", kCreate};
  EXPECT_THAT(exec(first, {make}), Did("syscall", kShmget));
  EXPECT_THAT(exec(first, {look}), Did("syscall", kShmget));  // control
  EXPECT_THAT(exec(second, {look}), Failed("syscall", kShmget, "ENOENT"));
  EXPECT_THAT(exec(first, {{"create", "/dev/shm/one"}}), Did("create", "/dev/shm/one"));
  EXPECT_THAT(exec(first, {{"open_read", "/dev/shm/one"}}), Did("open_read", "/dev/shm/one"));
  EXPECT_THAT(exec(second, {{"open_read", "/dev/shm/one"}}),
              Failed("open_read", "/dev/shm/one", "ENOENT"));
}

}  // namespace isolation
