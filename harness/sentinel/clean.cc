// Takes leaks away, each by its recorded identity.
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <thread>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/base/unique_fd.h"
#include "engine/sys/pid_fd.h"
#include "engine/sys/proc_stat.h"
#include "harness/sentinel/facts.h"
#include "harness/sentinel/leak.h"

namespace seatrial::sentinel {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kPatience{3};

void clean_process(const Leak& leak) {
  const auto pid = static_cast<pid_t>(leak.id);
  const std::optional<sys::PidFd> process = sys::PidFd::open(pid);
  if (!process) return;
  // Read after the descriptor is held: from here on the number cannot come to mean another one.
  const std::optional<sys::ProcStat> stat = sys::proc_stat(pid);
  if (!stat || stat->start_time != leak.start_time) return;
  process->send_signal(SIGKILL);
  if (!process->wait_exit(Clock::now() + kPatience)) {
    throw error(Kind::kTimeout, "kill process {} ({}): it did not end", pid, leak.name);
  }
  process->reap();
}

// Kills what sits in the cgroup and below it.
void kill_in(const std::string& path, const std::vector<CgroupFact>& tree) {
  std::vector<sys::PidFd> members;
  for (const CgroupFact& each : tree) {
    for (const int pid : each.pids) {
      if (auto process = sys::PidFd::open(pid)) members.push_back(std::move(*process));
    }
  }
  // What a second look still names has not given its number to somebody else meanwhile.
  std::vector<int> still;
  for (const CgroupFact& each : read_cgroups(path, "/")) {
    still.insert(still.end(), each.pids.begin(), each.pids.end());
  }
  for (const sys::PidFd& member : members) {
    if (std::ranges::find(still, member.pid()) != still.end()) member.send_signal(SIGKILL);
  }
  // A frozen process dies only when thawed; other hierarchies have no such file.
  for (const CgroupFact& each : tree) {
    const UniqueFd state(
        ::open((path + each.path + "/freezer.state").c_str(), O_WRONLY | O_CLOEXEC));
    if (state) write_all(state.get(), "THAWED", path);
  }
  for (const sys::PidFd& member : members) {
    member.wait_exit(Clock::now() + kPatience);
    member.reap();
  }
}

// Returns the errno of the top directory's removal.
int remove_cgroups(const std::string& path, const std::vector<CgroupFact>& tree) {
  int failure = 0;
  for (auto each = tree.rbegin(); each != tree.rend(); ++each) {
    const std::string directory = each->path == "/" ? path : path + each->path;
    failure = ::rmdir(directory.c_str()) == 0 || errno == ENOENT ? 0 : errno;
  }
  return failure;
}

bool has_inode(const std::string& path, std::uint64_t inode) {
  struct stat status{};
  return ::lstat(path.c_str(), &status) == 0 && status.st_ino == inode;
}

void clean_cgroup(const Leak& leak) {
  const auto deadline = Clock::now() + kPatience;
  while (has_inode(leak.name, leak.id)) {
    const std::vector<CgroupFact> tree = read_cgroups(leak.name, "/");
    kill_in(leak.name, tree);
    const int failure = remove_cgroups(leak.name, tree);
    if (failure == 0) return;
    if (Clock::now() >= deadline) throw sys_error(failure, "remove cgroup {}", leak.name);
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

void clean_mount(const Leak& leak) {
  const std::vector<MountFact> mounts = read_mounts();
  const auto is_it = [&](const MountFact& each) {
    return each.id == leak.id && each.mountpoint == leak.name;
  };
  if (std::ranges::none_of(mounts, is_it)) return;
  const UniqueFd top(::open(leak.name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  if (!top) throw sys_error(errno, "open mount {} on {}", leak.id, leak.name);
  struct statx status{};
  if (::statx(top.get(), "", AT_EMPTY_PATH, STATX_MNT_ID, &status) != 0) {
    throw sys_error(errno, "stat mount {} on {}", leak.id, leak.name);
  }
  if (status.stx_mnt_id != leak.id) {
    throw error(Kind::kConflict, "unmount {} on {}: mount {} covers it", leak.id, leak.name,
                status.stx_mnt_id);
  }
  // By the descriptor, so that it is this very mount whatever the path means by now.
  const std::string path = fmt::format("/proc/self/fd/{}", top.get());
  if (::umount2(path.c_str(), MNT_DETACH) != 0) {
    throw sys_error(errno, "unmount {} on {}", leak.id, leak.name);
  }
}

void clean_link(const Leak& leak) {
  const std::vector<LinkFact> links = read_links();
  const LinkFact wanted{.index = static_cast<unsigned>(leak.id), .name = leak.name};
  if (std::ranges::find(links, wanted) != links.end()) delete_link(wanted.index);
}

void clean_descriptor(const Leak& leak) {
  const auto number = static_cast<int>(leak.id);
  std::array<char, 4096> target{};
  const ssize_t length =
      ::readlink(fmt::format("/proc/self/fd/{}", number).c_str(), target.data(), target.size());
  if (length < 0) return;
  if (std::string_view(target.data(), static_cast<std::size_t>(length)) == leak.name) {
    ::close(number);
  }
}

}  // namespace

void clean(const Leak& leak) {
  if (leak.change == Change::kGone) {
    throw error(Kind::kUnsupported, "{}: what is gone cannot be cleaned", leak.text);
  }
  switch (leak.kind) {
    case LeakKind::kProcess:
      return clean_process(leak);
    case LeakKind::kNamespace:
      throw error(Kind::kUnsupported, "{}: it lives as long as its holders", leak.text);
    case LeakKind::kMount:
      return clean_mount(leak);
    case LeakKind::kLink:
      return clean_link(leak);
    case LeakKind::kCgroup:
      return clean_cgroup(leak);
    case LeakKind::kStateEntry:
      // 0: a mount covered the inode; remove_tree() refuses while it still does.
      if (leak.id == 0 || has_inode(leak.name, leak.id)) remove_tree(leak.name);
      return;
    case LeakKind::kDescriptor:
      return clean_descriptor(leak);
  }
}

}  // namespace seatrial::sentinel
