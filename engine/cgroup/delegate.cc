// What of a cgroup belongs to the container's user, and where one more process can join it: both
// for containers that make cgroups of their own in v2.
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <sstream>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/cgroup/cgroup.h"
#include "engine/cgroup/directory.h"

namespace seatrial::cgroup {
namespace {

// Those that the kernel says are safe in other hands; config-linux.md names three for kernels that
// do not say (before 4.15).
std::string delegated_files() {
  try {
    return read_file("/sys/kernel/cgroup/delegate");
  } catch (const Error&) {
    return "cgroup.procs cgroup.subtree_control cgroup.threads";
  }
}

// The cgroup of a process in v2, as its line in /proc/PID/cgroup has it.
std::string unified_cgroup_of(pid_t process) {
  std::istringstream lines(read_file(fmt::format("/proc/{}/cgroup", process)));
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("0::")) return line.substr(3);
  }
  return {};
}

}  // namespace

void Cgroup::give_to(uid_t owner) const {
  const Membership* const member = identity_.unified();
  if (member == nullptr || identity_.members.size() != 1 || member->made.empty()) return;
  const UniqueFd directory = Directory(member->directory).open_to_list();
  constexpr gid_t kSameGroup = static_cast<gid_t>(-1);
  const auto give = [&](const std::string& file) {
    if (::fchownat(directory.get(), file.c_str(), owner, kSameGroup, AT_SYMLINK_NOFOLLOW) == 0) {
      return;
    }
    if (errno == ENOENT) return;  // of a controller that is not there
    throw sys_error(errno, "give {}/{} to user {}", member->directory, file, owner);
  };
  give(".");
  std::istringstream files(delegated_files());
  for (std::string file; files >> file;) give(file);
}

Identity Cgroup::place_beside(pid_t process) const {
  Identity place = identity_;
  if (place.members.size() != 1 || !place.members.front().v2) return place;
  Membership& member = place.members.front();
  const Directory directory(member.directory);
  if (directory.read_if_present("cgroup.subtree_control").value_or("").empty()) return place;
  const std::string cgroup = unified_cgroup_of(process);
  if (!cgroup.starts_with(member.cgroup + "/")) return place;
  member.directory = std::string(mountpoint_of(member)) + cgroup;
  member.cgroup = cgroup;
  member.made.clear();
  return place;
}

}  // namespace seatrial::cgroup
