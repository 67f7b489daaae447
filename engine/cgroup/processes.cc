// The processes in a cgroup: listing, signalling, killing.
#include <algorithm>
#include <cerrno>
#include <charconv>
#include <csignal>

#include "engine/base/error.h"
#include "engine/base/undo.h"
#include "engine/cgroup/cgroup.h"
#include "engine/cgroup/directory.h"
#include "engine/cgroup/freezer.h"
#include "engine/sys/pid_fd.h"

namespace seatrial::cgroup {
namespace {

using Clock = std::chrono::steady_clock;

// Nothing when the cgroup is gone, or is a threaded one of v2: the processes of its threads are
// listed further up.
std::optional<std::string> list_of_pids(const Directory& directory) {
  try {
    return directory.read_if_present("cgroup.procs");
  } catch (const Error& failure) {
    if (failure.sys_errno() != EOPNOTSUPP) throw;
    return std::nullopt;
  }
}

void collect_pids(const Directory& directory, std::vector<pid_t>& pids) {
  const std::optional<std::string> text = list_of_pids(directory);
  if (!text) return;
  const char* at = text->data();
  const char* const end = at + text->size();
  while (at < end) {
    pid_t pid = 0;
    const auto parsed = std::from_chars(at, end, pid);
    if (parsed.ec != std::errc()) {
      throw error(Kind::kInternal, "{}/cgroup.procs: \"{}\" is not a list of pids",
                  directory.path(), *text);
    }
    if (pid > 0) pids.push_back(pid);  // 0: not visible in this pid namespace
    at = parsed.ptr + 1;
  }
}

std::vector<pid_t> each_once(std::vector<pid_t> pids) {
  std::ranges::sort(pids);
  const auto repeated = std::ranges::unique(pids);
  pids.erase(repeated.begin(), repeated.end());
  return pids;
}

std::vector<sys::PidFd> open_each(const std::vector<pid_t>& pids) {
  std::vector<sys::PidFd> opened;
  for (const pid_t pid : pids) {
    if (std::optional<sys::PidFd> process = sys::PidFd::open(pid)) {
      opened.push_back(std::move(*process));
    }
  }
  return opened;
}

// Sends the signal to each process of the cgroup and returns them.
std::vector<sys::PidFd> signal_members(const Cgroup& cgroup, int signal) {
  std::vector<sys::PidFd> members = open_each(cgroup.processes());
  // A pid may have been taken over between the list and pidfd_open; what a second list still names
  // is of the cgroup for certain.
  const std::vector<pid_t> still = cgroup.processes();
  std::erase_if(members, [&](const sys::PidFd& member) {
    return !std::ranges::binary_search(still, member.pid());
  });
  for (const sys::PidFd& member : members) member.send_signal(signal);
  return members;
}

// Frozen, nothing forks while we look. When it does not freeze in time, the killing still gets what
// it sees, and the next round sees the rest.
void freeze_while_killing(const Cgroup& cgroup, Deadline until, Undo& thaw_again) {
  thaw_again.add([&cgroup] {
    try {
      cgroup.thaw();
    } catch (const Error&) {  // gone: then nothing is left in it either
    }
  });
  try {
    cgroup.freeze(until);
  } catch (const Error& failure) {
    if (failure.kind() != Kind::kTimeout) throw;
  }
}

// Processes that fork meanwhile, and frozen ones, too (v2 since Linux 5.14).
bool kill_at_once(const Membership& member) {
  if (!member.v2) return false;
  const std::optional<Directory> directory = Directory::open_if_present(member.directory);
  return directory && directory->try_write("cgroup.kill", "1") == 0;
}

}  // namespace

std::vector<pid_t> processes_in(const std::string& directory) {
  std::vector<pid_t> pids;
  walk(directory, [&](const Directory& each) { collect_pids(each, pids); });
  return each_once(std::move(pids));
}

std::vector<pid_t> Cgroup::processes() const {
  std::vector<pid_t> pids;
  for (const Membership& member : identity_.members) {
    if (!is_ours(member)) continue;
    walk(member.directory, [&](const Directory& each) { collect_pids(each, pids); });
  }
  return each_once(std::move(pids));
}

bool Cgroup::has_own() const {
  return std::ranges::any_of(identity_.members, is_ours);
}

void Cgroup::kill_all(Deadline deadline) const {
  const Membership* const freezer = freezer_of(identity_);
  const bool can_freeze = freezer != nullptr && is_ours(*freezer);
  const auto round = std::chrono::milliseconds(50);
  for (std::vector<pid_t> left = processes(); !left.empty(); left = processes()) {
    if (Clock::now() >= deadline) {
      throw error(Kind::kTimeout, "kill all processes of the cgroup: {} are left, {} among them",
                  left.size(), left.front());
    }
    const auto until = std::min(deadline, Clock::now() + round);
    std::vector<sys::PidFd> killed;
    if (can_freeze && kill_at_once(*freezer)) {
      killed = open_each(left);
    } else {
      Undo thaw_again;  // a frozen process of v1 dies only when thawed
      if (can_freeze) freeze_while_killing(*this, until, thaw_again);
      killed = signal_members(*this, SIGKILL);
    }
    for (const sys::PidFd& each : killed) each.wait_exit(until);
  }
}

}  // namespace seatrial::cgroup
