// The processes in a cgroup: listing, signalling, freezing, killing.
#include <algorithm>
#include <cerrno>
#include <charconv>
#include <csignal>

#include "engine/base/error.h"
#include "engine/base/undo.h"
#include "engine/cgroup/cgroup.h"
#include "engine/cgroup/directory.h"
#include "engine/sys/pid_fd.h"

namespace seatrial::cgroup {
namespace {

using Clock = std::chrono::steady_clock;

// Calls visit(directory) for the container's directory and all below it, outermost first.
template <typename Visit>
void walk(const std::string& path, const Visit& visit) {
  const std::optional<Directory> directory = Directory::open_if_present(path);
  if (!directory) return;
  visit(*directory);
  for (const std::string& child : directory->children()) walk(path + "/" + child, visit);
}

bool is_ours(const Membership& member) {
  if (member.made.empty() || member.made.back().path != member.directory) return false;
  const std::optional<Directory> directory = Directory::open_if_present(member.directory);
  return directory && directory->inode() == member.made.back().inode;
}

void collect_pids(const Directory& directory, std::vector<pid_t>& pids) {
  const std::optional<std::string> text = directory.read_if_present("cgroup.procs");
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

// The freezer's directory when it is the container's own.
const Membership& own_freezer(const Membership* member) {
  if (member == nullptr) {
    throw error(Kind::kUnsupported,
                "pause: the cgroup controller freezer is not mounted on this host");
  }
  if (!is_ours(*member)) {
    throw error(Kind::kConflict, "pause: the cgroup {} is not the container's own",
                member->directory);
  }
  return *member;
}

}  // namespace

std::vector<pid_t> Cgroup::processes() const {
  std::vector<pid_t> pids;
  for (const Membership& member : identity_.members) {
    if (!is_ours(member)) continue;
    walk(member.directory, [&](const Directory& each) { collect_pids(each, pids); });
  }
  std::ranges::sort(pids);
  const auto repeated = std::ranges::unique(pids);
  pids.erase(repeated.begin(), repeated.end());
  return pids;
}

void Cgroup::signal_all(int signal) const {
  signal_members(*this, signal);
}

void Cgroup::kill_all(Deadline deadline) const {
  const Membership* const freezer = identity_.find("freezer");
  const bool can_freeze = freezer != nullptr && is_ours(*freezer);
  const auto round = std::chrono::milliseconds(50);
  for (std::vector<pid_t> left = processes(); !left.empty(); left = processes()) {
    if (Clock::now() >= deadline) {
      throw error(Kind::kTimeout, "kill all processes of the cgroup: {} are left, {} among them",
                  left.size(), left.front());
    }
    const auto until = std::min(deadline, Clock::now() + round);
    std::vector<sys::PidFd> killed;
    {
      Undo thaw_again;  // a frozen process of v1 dies only when thawed
      if (can_freeze) freeze_while_killing(*this, until, thaw_again);
      killed = signal_members(*this, SIGKILL);
    }
    for (const sys::PidFd& each : killed) each.wait_exit(until);
  }
}

void Cgroup::freeze(Deadline deadline) const {
  const Directory directory(own_freezer(identity_.find("freezer")).directory);
  Backoff backoff(deadline);
  for (;;) {
    // Written each time: a task that is forked while freezing may escape the first request.
    directory.write("freezer.state", "FROZEN");
    if (directory.read("freezer.state") == "FROZEN") return;
    if (backoff.wait()) continue;
    thaw();
    throw error(Kind::kTimeout, "pause: {} did not freeze in time", directory.path());
  }
}

void Cgroup::thaw() const {
  // The container may have frozen a cgroup of its own below.
  walk(own_freezer(identity_.find("freezer")).directory, [](const Directory& each) {
    const int failure = each.try_write("freezer.state", "THAWED");
    if (failure != 0 && failure != ENODEV && failure != ENOENT) {
      throw sys_error(failure, "thaw {}", each.path());
    }
  });
}

bool Cgroup::frozen() const {
  const Membership* const freezer = identity_.find("freezer");
  if (freezer == nullptr || !is_ours(*freezer)) return false;
  const std::optional<Directory> directory = Directory::open_if_present(freezer->directory);
  // FREEZING may last for as long as one task cannot be stopped, and holds the others already.
  return directory && directory->read_if_present("freezer.state").value_or("THAWED") != "THAWED";
}

}  // namespace seatrial::cgroup
