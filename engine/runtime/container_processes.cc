#include "engine/runtime/container_processes.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include <algorithm>
#include <charconv>
#include <csignal>
#include <cstring>
#include <memory>

#include "engine/base/error.h"
#include "engine/base/unique_fd.h"
#include "engine/runtime/held_namespace.h"
#include "engine/sys/pid_fd.h"
#include "engine/sys/proc_stat.h"

namespace seatrial::runtime {
namespace {

using namespace std::chrono_literals;

UniqueFd open_namespace(pid_t pid, const char* type) {
  return UniqueFd(::open(fmt::format("/proc/{}/ns/{}", pid, type).c_str(), O_RDONLY | O_CLOEXEC));
}

struct FileIdentity {
  dev_t device = 0;
  ino_t inode = 0;

  bool operator==(const FileIdentity&) const = default;
};

FileIdentity identity_of(const UniqueFd& fd) {
  struct stat status{};
  if (::fstat(fd.get(), &status) != 0) return {};
  return {.device = status.st_dev, .inode = status.st_ino};
}

// Whether the namespace is that one or lies below it. Its parents can be asked for as far as they
// are within the asker's own.
bool is_within(UniqueFd space, const FileIdentity& wanted) {
  while (space) {
    if (identity_of(space) == wanted) return true;
    space = UniqueFd(::ioctl(space.get(), NS_GET_PARENT));
  }
  return false;
}

// One that has ended stays in its namespaces until its parent, which may be stopped, reaps it.
bool has_ended(pid_t pid) {
  const auto stat = sys::proc_stat(pid);
  return !stat || stat->state == 'Z' || stat->state == 'X';
}

// The type of namespace in which none but the container's processes are; null where there is none.
const char* telling_namespace(const Record& record) {
  return record.own_pid_namespace     ? "pid"
         : record.own_user_namespace  ? "user"
         : record.own_mount_namespace ? "mnt"
                                      : nullptr;
}

UniqueFd open_telling_namespace(const StateDirectory& directory, const Record& record) {
  const char* const type = telling_namespace(record);
  if (type == nullptr) return {};
  return record.init.is_alive() ? open_namespace(record.init.pid, type)
                                : held_namespace(directory, kHeldForProcesses);
}

std::vector<pid_t> all_processes() {
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(::opendir("/proc"), &::closedir);
  if (!stream) throw sys_error(errno, "list /proc");
  std::vector<pid_t> pids;
  while (const dirent* entry = ::readdir(stream.get())) {
    const char* const end = entry->d_name + std::strlen(entry->d_name);
    pid_t pid = 0;
    const auto parsed = std::from_chars(entry->d_name, end, pid);
    if (parsed.ec == std::errc() && parsed.ptr == end) pids.push_back(pid);
  }
  return pids;
}

// Where it may be at all. Others than the container's live there, too.
std::vector<pid_t> candidates(const cgroup::Cgroup& cgroup) {
  if (cgroup.identity().members.empty()) return all_processes();
  std::vector<pid_t> pids;
  for (const cgroup::Membership& member : cgroup.identity().members) {
    const std::vector<pid_t> more = cgroup::processes_in(member.directory);
    pids.insert(pids.end(), more.begin(), more.end());
  }
  return pids;
}

void add_init(const Record& record, std::vector<pid_t>& pids) {
  if (record.init.is_alive()) pids.push_back(record.init.pid);
  std::ranges::sort(pids);
  const auto repeated = std::ranges::unique(pids);
  pids.erase(repeated.begin(), repeated.end());
}

std::vector<pid_t> in_namespace(const StateDirectory& directory, const Record& record,
                                const cgroup::Cgroup& cgroup) {
  std::vector<pid_t> pids;
  if (const UniqueFd own = open_telling_namespace(directory, record)) {
    const FileIdentity wanted = identity_of(own);
    for (const pid_t pid : candidates(cgroup)) {
      if (is_within(open_namespace(pid, telling_namespace(record)), wanted) && !has_ended(pid)) {
        pids.push_back(pid);
      }
    }
  }
  add_init(record, pids);
  return pids;
}

std::vector<sys::PidFd> open_each(const StateDirectory& directory, const Record& record,
                                  const cgroup::Cgroup& cgroup) {
  std::vector<sys::PidFd> opened;
  for (const pid_t pid : container_processes(directory, record, cgroup)) {
    if (auto process = sys::PidFd::open(pid)) opened.push_back(std::move(*process));
  }
  // A pid may have been taken over between the list and the open; what a second list still names is
  // the container's for certain.
  const std::vector<pid_t> still = container_processes(directory, record, cgroup);
  std::erase_if(opened, [&](const sys::PidFd& each) {
    return !std::ranges::binary_search(still, each.pid());
  });
  return opened;
}

}  // namespace

bool is_told_by_namespace(const Record& record, const cgroup::Cgroup& cgroup) {
  return record.init.pid > 0 && !cgroup.has_own();
}

void hold_telling_namespace(const StateDirectory& directory, const Record& record) {
  if (record.own_pid_namespace) return;
  const UniqueFd own = open_telling_namespace(directory, record);
  if (own) hold_namespace(directory, kHeldForProcesses, own.get());
}

std::vector<pid_t> container_processes(const StateDirectory& directory, const Record& record,
                                       const cgroup::Cgroup& cgroup) {
  if (is_told_by_namespace(record, cgroup)) return in_namespace(directory, record, cgroup);
  std::vector<pid_t> pids = cgroup.processes();
  add_init(record, pids);
  return pids;
}

std::size_t signal_processes(const StateDirectory& directory, const Record& record,
                             const cgroup::Cgroup& cgroup, int signal) {
  const std::vector<sys::PidFd> processes = open_each(directory, record, cgroup);
  return static_cast<std::size_t>(std::ranges::count_if(
      processes, [&](const sys::PidFd& each) { return each.send_signal(signal); }));
}

void kill_by_namespace(const StateDirectory& directory, const Record& record,
                       const cgroup::Cgroup& cgroup, cgroup::Deadline deadline) {
  // So that init starts no more of them meanwhile.
  const auto init = sys::PidFd::open(record.init.pid);
  const bool alive = init && record.init.is_alive();
  if (alive) init->send_signal(SIGSTOP);
  for (;;) {
    std::vector<sys::PidFd> others = open_each(directory, record, cgroup);
    std::erase_if(others, [&](const sys::PidFd& each) { return each.pid() == record.init.pid; });
    if (others.empty()) break;
    if (std::chrono::steady_clock::now() >= deadline) {
      throw error(Kind::kTimeout, "{} processes of the container did not end, {} among them",
                  others.size(), others.front().pid());
    }
    for (const sys::PidFd& each : others) each.send_signal(SIGKILL);
    const auto round = std::min(deadline, std::chrono::steady_clock::now() + 50ms);
    for (const sys::PidFd& each : others) each.wait_exit(round);
  }
  if (alive) init->send_signal(SIGKILL);
}

}  // namespace seatrial::runtime
