// What of a cgroup belongs to the container's user, and where one more process can join it: the
// container may have made cgroups of its own below.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <map>
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

// As the path of a directory below: "a/b", or "" for none. cgroupfs has no symbolic links, so the
// words alone tell where it leads.
std::string path_below(const std::string& path) {
  const std::size_t begin = std::min(path.find_first_not_of('/'), path.size());
  std::string below = std::filesystem::path("./" + path.substr(begin)).lexically_normal();
  while (below.ends_with('/')) below.pop_back();
  if (below == ".." || below.starts_with("../")) {
    throw error(Kind::kInvalidArgument, "cgroup {}: leads out of the container's cgroup", path);
  }
  return below == "." ? "" : below;
}

void go_below(Membership& member, const std::string& path) {
  const std::string below = path_below(path);
  if (below.empty()) return;
  const std::string mountpoint(mountpoint_of(member));
  member.cgroup = (member.cgroup == "/" ? "" : member.cgroup) + "/" + below;
  member.directory = mountpoint + member.cgroup;
  member.made.clear();
  if (Directory::open_if_present(member.directory)) return;
  throw error(Kind::kInvalidArgument, "cgroup {}: there is no {}", path, member.directory);
}

// Which path each member is to go down.
using Paths = std::map<const Membership*, std::string>;

void choose(const Identity& identity, const SubCgroup& place, Paths& paths) {
  for (const std::string& controller : place.controllers) {
    const Membership* const member = identity.find(controller);
    if (member == nullptr) {
      throw error(Kind::kInvalidArgument, "cgroup {}:{}: the container has no cgroup of v1 with {}",
                  controller, place.path, controller);
    }
    const auto [entry, is_first] = paths.emplace(member, place.path);
    if (is_first || entry->second == place.path) continue;
    throw error(Kind::kInvalidArgument, "cgroup {}:{}: {} goes to {} already", controller,
                place.path, member->hierarchy, entry->second);
  }
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

Identity Cgroup::place_below(const std::vector<SubCgroup>& places) const {
  if (identity_.members.empty() && !places.empty()) {
    throw error(Kind::kInvalidArgument, "cgroup {}: the container has no cgroup of its own",
                places.front().path);
  }
  Paths paths;
  for (const SubCgroup& each : places) choose(identity_, each, paths);
  for (const SubCgroup& each : places) {
    if (!each.controllers.empty()) continue;
    for (const Membership& member : identity_.members) paths.emplace(&member, each.path);
  }
  Identity place = identity_;
  for (std::size_t i = 0; i < place.members.size(); ++i) {
    const auto path = paths.find(&identity_.members[i]);
    if (path != paths.end()) go_below(place.members[i], path->second);
  }
  return place;
}

}  // namespace seatrial::cgroup
