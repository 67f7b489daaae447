#include "engine/runtime/systemd_fixture.h"

#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <string_view>
#include <thread>
#include <vector>

#include "engine/runtime/host_programs.h"
#include "engine/runtime/state_root.h"
#include "engine/sys/deadline.h"
#include "engine/sys/ordinary_user.h"
#include "engine/sys/unix_path.h"

namespace seatrial::runtime {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

constexpr const char* kBusDaemon = "/usr/bin/dbus-daemon";
constexpr const char* kSystemctl = "/usr/bin/systemctl";
constexpr const char* kSystemd = "/lib/systemd/systemd";
constexpr const char* kCgroups = "/sys/fs/cgroup";
constexpr const char* kLog = "/run/systemd.log";

void mount_or_throw(const char* type, const fs::path& where, unsigned long flags = 0,
                    const char* data = nullptr) {
  fs::create_directories(where);
  if (::mount(type, where.c_str(), type, flags, data) != 0) {
    throw sys_error(errno, "mount {} on {}", type, where.native());
  }
}

// What a host under systemd shows of its cgroups. With kUnified the tree of v2 alone: where the
// host has its controllers in v1, that has none.
enum class View { kAsTheHost, kUnified };

// The tree of v2, or all hierarchies of v1. A cgroup namespace shows of each what is below this
// process's own cgroup.
void mount_cgroups(const cgroup::Layout& layout, View view) {
  if (view == View::kUnified || layout.is_pure_v2()) {
    // Where the host's tree is, the kernel mounts no other view of it.
    if (::umount2(kCgroups, MNT_DETACH) != 0) throw sys_error(errno, "unmount {}", kCgroups);
    mount_or_throw("cgroup2", kCgroups);
    return;
  }
  mount_or_throw("tmpfs", kCgroups);
  for (const cgroup::Hierarchy& each : layout.hierarchies()) {
    if (each.v2) continue;
    const bool named = each.mount_options.starts_with("name=");
    const std::string options = (named ? "none," : "") + each.mount_options;
    mount_or_throw("cgroup", fs::path(kCgroups) / each.name, 0, options.c_str());
  }
}

// Units without which systemd does not start, and none of the host's.
void write_units(const fs::path& directory) {
  fs::create_directories(directory);
  for (const char* name : {"default", "basic", "sysinit", "shutdown", "exit"}) {
    write_file_atomically(directory / fmt::format("{}.target", name),
                          "[Unit]\nDefaultDependencies=no\n");
  }
}

// systemd's own unit for it, but for PAM, and a bus of the system's on which everyone may speak.
void write_user_units(const fs::path& directory) {
  constexpr const char* kUser = R"([Unit]
DefaultDependencies=no
[Service]
User=%i
Type=notify
ExecStart={0} --user
Slice=user-%i.slice
KillMode=mixed
Delegate=pids memory cpu
Environment=HOME=/ XDG_RUNTIME_DIR=/run/user/%i SYSTEMD_LOG_TARGET=console
Environment=SYSTEMD_UNIT_PATH=/run/user/%i/systemd/transient:/run/units
)";
  write_file_atomically(directory / "user@.service", fmt::format(kUser, kSystemd));
  write_file_atomically(directory / "dbus.socket",
                        "[Unit]\nDefaultDependencies=no\n"
                        "[Socket]\nListenStream=/run/dbus/system_bus_socket\n");
  constexpr const char* kBus = R"([Unit]
DefaultDependencies=no
Requires=dbus.socket
[Service]
Type=notify
NotifyAccess=main
ExecStart={} --config-file=/run/bus.conf --address=systemd: --nofork --nopidfile
)";
  write_file_atomically(directory / "dbus.service", fmt::format(kBus, kBusDaemon));
  write_file_atomically("/run/bus.conf", R"(<busconfig><type>system</type>
<listen>unix:path=/run/dbus/system_bus_socket</listen><auth>EXTERNAL</auth>
<policy context="default"><allow user="*"/><allow own="*"/><allow send_type="method_call"/>
<allow send_type="signal"/><allow send_type="method_return"/><allow send_type="error"/>
<allow receive_type="method_call"/><allow receive_type="method_return"/>
<allow receive_type="error"/><allow receive_type="signal"/></policy></busconfig>
)");
  const fs::path runtime = fmt::format("/run/user/{}", sys::kOrdinaryUser);
  fs::create_directories(runtime);
  if (::chown(runtime.c_str(), sys::kOrdinaryUser, sys::kOrdinaryUser) != 0 ||
      ::chmod(runtime.c_str(), 0700) != 0) {
    throw sys_error(errno, "give {} to the user", runtime.native());
  }
  // systemd runs nothing as a user without a name.
  write_file_atomically(
      "/run/passwd",
      read_file("/etc/passwd") + fmt::format("trial:x:{0}:{0}::/:/bin/sh\n", sys::kOrdinaryUser));
  if (::chmod("/run/passwd", 0644) != 0 ||
      ::mount("/run/passwd", "/etc/passwd", nullptr, MS_BIND, nullptr) != 0) {
    throw sys_error(errno, "name the user");
  }
}

[[noreturn]] void become_systemd() {
  const UniqueFd log = open_file(kLog, O_CREAT | O_WRONLY, 0600);
  ::dup2(log.get(), 1);
  ::dup2(log.get(), 2);
  const char* const args[] = {kSystemd, "--system", "--default-standard-output=null",
                              "--show-status=no", nullptr};
  const char* const env[] = {
      "PATH=/usr/sbin:/usr/bin", "container=seatrial",
      "SYSTEMD_UNIT_PATH=/run/systemd/system.control:/run/systemd/transient:/run/units",
      "SYSTEMD_LOG_TARGET=console", nullptr};
  ::execve(kSystemd, const_cast<char**>(args), const_cast<char**>(env));
  ::_exit(1);
}

// Only from beside it: /proc is about its namespace of processes.
void await_systemd() {
  for (const auto end = std::chrono::steady_clock::now() + 30s;;) {
    try {
      sys::connect_to("/run/systemd/private", sys::SocketType::kStream);
      return;
    } catch (const Error&) {
      if (std::chrono::steady_clock::now() < end) {
        std::this_thread::sleep_for(10ms);
        continue;
      }
      throw error(Kind::kUnavailable, "systemd does not listen: {}", read_file(kLog));
    }
  }
}

// In v2, what holds a process may hand no controllers down; systemd, which is where it was started,
// moves away by itself.
void leave_root(const cgroup::Layout& layout, View view) {
  if (view == View::kAsTheHost && !layout.is_pure_v2()) return;
  const fs::path tests = fs::path(kCgroups) / "tests";
  fs::create_directory(tests);
  write_all(open_file(tests / "cgroup.procs", O_WRONLY).get(), "0", "cgroup.procs");
}

std::string with_systemd(const cgroup::Cgroup& own, View view,
                         const std::function<std::string()>& body) {
  const cgroup::Layout layout = cgroup::Layout::detect();
  own.add(::getpid());
  if (::unshare(CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWCGROUP) != 0)
    throw sys_error(errno, "unshare");
  if (::mount(nullptr, "/", nullptr, MS_PRIVATE | MS_REC, nullptr) != 0) {
    throw sys_error(errno, "make the mounts private");
  }
  mount_or_throw("tmpfs", "/run");
  mount_cgroups(layout, view);
  write_units("/run/units");
  if (view == View::kUnified) write_user_units("/run/units");
  const pid_t systemd = ::fork();
  if (systemd < 0) throw sys_error(errno, "fork");
  if (systemd == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    mount_or_throw("proc", "/proc");
    become_systemd();
  }
  leave_root(layout, view);
  std::string text = sys::in_child([&] {
    await_systemd();
    return body();
  });
  ::kill(systemd, SIGKILL);
  ::waitpid(systemd, nullptr, 0);
  return text;
}

void become_user_of_own_systemd(bool in_service) {
  // The bus first: the user's systemd looks for it once, when it starts.
  std::vector<std::string> units;
  if (!in_service) units.emplace_back("dbus.service");
  units.push_back(fmt::format("user@{}.service", sys::kOrdinaryUser));
  for (const std::string& unit : units) {
    const std::string command = fmt::format("{} start {} 2>>{}", kSystemctl, unit, kLog);
    if (std::system(command.c_str()) == 0) continue;
    throw error(Kind::kUnavailable, "{} does not start: {}", unit, read_file(kLog));
  }
  if (in_service) {
    const fs::path here = fmt::format("{}{}/tests", kCgroups, kUserService);
    fs::create_directory(here);
    write_all(open_file(here / "cgroup.procs", O_WRONLY).get(), "0", "cgroup.procs");
  }
  ::setenv("XDG_RUNTIME_DIR", fmt::format("/run/user/{}", sys::kOrdinaryUser).c_str(), 1);
  sys::become_ordinary_user();
}

// A process that carries `create` out and ends.
pid_t begin(const std::function<void()>& create) {
  const pid_t child = ::fork();
  if (child < 0) throw sys_error(errno, "fork");
  if (child != 0) return child;
  try {
    create();
  } catch (const Error&) {
    ::_exit(1);
  }
  ::_exit(0);
}

// As waitpid(2) has it.
int end_of(pid_t child) {
  int status = 0;
  ::waitpid(child, &status, 0);
  return status;
}

bool has_ended(pid_t child) {
  siginfo_t end{};
  ::waitid(P_PID, static_cast<id_t>(child), &end, WEXITED | WNOHANG | WNOWAIT);
  return end.si_pid != 0;
}

bool is_being_made(const fs::path& path) {
  const StateRoot root(path);
  return std::ranges::any_of(root.ids(), [&](const std::string& id) {
    try {
      return root.open(id).read_record().phase == Phase::kCreating;
    } catch (const Error&) {
      return false;  // killed before it wrote one
    }
  });
}

}  // namespace

InPlaceOfSystemd::InPlaceOfSystemd() : directory_(open_file("/run/systemd", O_PATH)) {
  if (::renameat(directory_.get(), "private", directory_.get(), "aside") != 0) {
    throw sys_error(errno, "put systemd's socket aside");
  }
  listener_ = sys::listen_at(directory_.get(), "private", sys::SocketType::kStream);
}

void InPlaceOfSystemd::serve(const std::function<void()>& act) {
  if (!sys::wait_readable(listener_.get(), sys::after(20s))) {
    throw error(Kind::kTimeout, "nobody has asked systemd for anything");
  }
  const UniqueFd caller(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
  ::renameat(directory_.get(), "aside", directory_.get(), "private");
  const UniqueFd systemd = sys::connect_at(directory_.get(), "private", sys::SocketType::kStream);
  std::array<pollfd, 2> ends{{{caller.get(), POLLIN, 0}, {systemd.get(), POLLIN, 0}}};
  std::array<char, 65536> bytes{};
  for (;;) {
    sys::poll_until(ends, sys::after(60s));
    for (const std::size_t from : {0U, 1U}) {
      if (ends[from].revents == 0) continue;
      const ssize_t got = ::recv(ends[from].fd, bytes.data(), bytes.size(), 0);
      if (got <= 0) return;
      const std::string_view text(bytes.data(), static_cast<std::size_t>(got));
      if (from == 0 && text.find("StartTransientUnit") != text.npos) act();
      if (::send(ends[1 - from].fd, text.data(), text.size(), MSG_NOSIGNAL) != got) return;
    }
  }
}

void SystemdTest::SetUp() {
  ContainerTest::SetUp();
  if (IsSkipped()) return;
  if (::access(kSystemd, X_OK) != 0) GTEST_SKIP() << "there is no " << kSystemd << " on this host";
  own_ = cgroup::Cgroup::create(cgroup::Layout::detect(), fmt::format("/{}", id_), id_);
}

void SystemdTest::TearDown() {
  if (!own_) return;
  const auto deadline = std::chrono::steady_clock::now() + 10s;
  own_->kill_all(deadline);
  own_->remove(deadline);
}

std::string SystemdTest::beside_systemd(const std::function<std::string()>& body) {
  return sys::in_child([&] { return with_systemd(*own_, View::kAsTheHost, body); });
}

std::string SystemdTest::beside_own_systemd(Session session,
                                            const std::function<std::string()>& body) {
  for (const fs::path& each : {dir_.path(), dir_.path() / "rootfs"}) {
    if (::chown(each.c_str(), sys::kOrdinaryUser, sys::kOrdinaryUser) != 0) {
      throw sys_error(errno, "give {} to the user", each.native());
    }
  }
  return sys::in_child([&] {
    return with_systemd(*own_, View::kUnified, [&] {
      become_user_of_own_systemd(session == Session::kInService);
      return body();
    });
  });
}

std::string SystemdTest::kill_amid(const fs::path& root, const std::function<void()>& create,
                                   const std::function<std::string()>& clean) {
  constexpr int kParts = 8;
  constexpr int kEnough = 3;
  const auto start = std::chrono::steady_clock::now();
  const int unhindered = end_of(begin(create));
  const auto whole = std::chrono::steady_clock::now() - start;
  std::string said = (unhindered == 0 ? "" : "create fails ") + clean();
  int amid = 0;
  // By the clock for half of them; from the first record on, which a busy machine may have late,
  // for the others.
  for (int round = 0; round < 2 * kParts || (amid < kEnough && round < 10 * kParts); ++round) {
    const pid_t child = begin(create);
    if (round % 2 == 0) {
      std::this_thread::sleep_for(whole * (round % (2 * kParts)) / (2 * kParts));
    } else {
      while (!is_being_made(root) && !has_ended(child)) std::this_thread::sleep_for(100us);
      std::this_thread::sleep_for(whole * (round % (2 * kParts)) / (8 * kParts));
    }
    ::kill(child, SIGKILL);
    if (WIFSIGNALED(end_of(child)) && is_being_made(root)) ++amid;
    said += clean();
  }
  if (amid < kEnough) said += fmt::format("only {} were killed amid their work", amid);
  return said;
}

CreateRequest SystemdTest::request(const std::string& command, const std::string& cgroups_path,
                                   const std::string& section) const {
  const std::string users = ::geteuid() == 0 ? "]"
                                             : fmt::format(R"(, {{"type": "user"}}],
               "uidMappings": [{{"containerID": 0, "hostID": {0}, "size": 1}}],
               "gidMappings": [{{"containerID": 0, "hostID": {0}, "size": 1}}])",
                                                           ::geteuid());
  write_file_atomically(dir_.path() / "config.json",
                        fmt::format(R"({{
    "ociVersion": "1.3.0", "root": {{"path": "rootfs"}},
    "process": {{"args": ["/usr/bin/sh", "-c", "{}"], "cwd": "/", "env": ["PATH=/usr/bin"],
                 "user": {{"uid": 0, "gid": 0}}}},
    "mounts": [{{"destination": "/proc", "type": "proc", "source": "proc"}},
      {}],
    "linux": {{"cgroupsPath": "{}",
               "namespaces": [{{"type": "mount"}}, {{"type": "pid"}}{}{}}}}})",
                                    command, kHostPrograms, cgroups_path, users, section));
  return {.id = id_, .bundle = dir_.path(), .stdio = {-1, -1, -1}};
}

}  // namespace seatrial::runtime
