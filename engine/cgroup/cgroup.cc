#include "engine/cgroup/cgroup.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string_view>
#include <utility>

#include "engine/base/error.h"
#include "engine/base/undo.h"
#include "engine/cgroup/controllers.h"
#include "engine/cgroup/directory.h"

namespace seatrial::cgroup {
namespace {

// Marks an ancestor that this engine made, so that whichever container leaves it last may remove
// it, not only the one that made it. cgroupfs keeps extended attributes of the trusted namespace.
constexpr const char* kMadeMark = "trusted.seatrial.made";

std::uint64_t inode_of(const Hierarchy& hierarchy, const std::string& path) {
  const Place place = reach(&hierarchy, path);
  struct stat status{};
  if (::fstatat(place.directory, place.path, &status, AT_SYMLINK_NOFOLLOW) != 0) {
    throw sys_error(errno, "stat cgroup {}", path);
  }
  return status.st_ino;
}

std::string parent_of(const std::string& path) {
  return path.substr(0, path.rfind('/'));
}

// True when it made the directory, false when the directory stands already; sets `missing` when an
// ancestor does not exist.
bool try_make(const Hierarchy& hierarchy, const std::string& path, bool& missing) {
  missing = false;
  const Place place = reach(&hierarchy, path);
  if (::mkdirat(place.directory, place.path, 0755) == 0) return true;
  if (errno == EEXIST) return false;
  if (errno != ENOENT) throw sys_error(errno, "create cgroup {}", path);
  missing = true;
  return false;
}

// Makes the directory and whatever is missing above it, recording each directory made.
void make_with_ancestors(const Hierarchy& hierarchy, const std::string& path, Membership& member,
                         Undo& undo) {
  bool missing = false;
  // Another container that leaves may remove the common ancestor between our two calls.
  for (int attempt = 0; attempt < 16; ++attempt) {
    if (try_make(hierarchy, path, missing)) {
      undo.add([path] { ::rmdir(path.c_str()); });
      member.made.push_back({path, inode_of(hierarchy, path)});
      return;
    }
    if (!missing) return;
    const std::string parent = parent_of(path);
    if (parent.size() <= hierarchy.mountpoint.size()) break;  // the mount itself is gone
    const std::size_t made_before = member.made.size();
    make_with_ancestors(hierarchy, parent, member, undo);
    // Not permitted in a user namespace: then only the maker removes it.
    if (member.made.size() > made_before) ::setxattr(parent.c_str(), kMadeMark, "1", 1, 0);
  }
  throw sys_error(ENOENT, "create cgroup {}", path);
}

// A cpuset without cpus and mems refuses tasks (ENOSPC), and a new one is empty: takes over what
// the parent has, from the first ancestor on that has something.
void fill_cpuset(const Directory& directory, std::size_t mountpoint_length) {
  if (directory.path().size() <= mountpoint_length) return;
  const Directory parent(parent_of(directory.path()));
  for (const char* file : {"cpuset.cpus", "cpuset.mems"}) {
    std::string value = parent.read(file);
    if (value.empty()) {
      fill_cpuset(parent, mountpoint_length);
      value = parent.read(file);
    }
    directory.write(file, value);
  }
}

void prepare_cpuset(const Membership& member, std::size_t mountpoint_length) {
  const Directory directory(member.directory);
  if (member.made.empty() && !directory.read("cpuset.cpus").empty() &&
      !directory.read("cpuset.mems").empty()) {
    return;
  }
  fill_cpuset(directory, mountpoint_length);
}

bool is_gone(int failure) {
  return failure == ENOENT || failure == ENODEV;
}

// Removes what lies below, then the directory itself. Returns the errno of the last attempt.
int remove_below(const Hierarchy* hierarchy, const std::string& path) {
  const Place place = reach(hierarchy, path);
  const auto remove = [&] { return ::unlinkat(place.directory, place.path, AT_REMOVEDIR); };
  if (remove() == 0 || is_gone(errno)) return 0;
  if (errno != EBUSY && errno != ENOTEMPTY) return errno;
  const std::optional<Directory> directory = Directory::open_if_present(path);
  if (!directory) return 0;
  for (const std::string& child : directory->children()) {
    remove_below(hierarchy, path + "/" + child);
  }
  return remove() == 0 || is_gone(errno) ? 0 : errno;
}

bool is_still(const Hierarchy* hierarchy, const MadeDirectory& made) {
  const Place place = reach(hierarchy, made.path);
  struct stat status{};
  return ::fstatat(place.directory, place.path, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
         status.st_ino == made.inode;
}

// Upwards from the container's directory, as far as this engine made the ancestors and they are
// empty; another container's directory below keeps them.
void remove_ancestors(const Hierarchy* hierarchy, const Membership& member) {
  std::string path = parent_of(member.directory);
  const std::size_t top = mountpoint_of(member).size();
  for (; path.size() > top; path = parent_of(path)) {
    const bool ours = ::lgetxattr(path.c_str(), kMadeMark, nullptr, 0) >= 0 ||
                      std::ranges::any_of(member.made, [&](const MadeDirectory& each) {
                        return each.path == path && is_still(hierarchy, each);
                      });
    if (!ours || ::rmdir(path.c_str()) != 0) return;
  }
}

void remove_member(const Hierarchy* hierarchy, const Membership& member, Backoff& backoff) {
  if (member.made.empty() || member.made.back().path != member.directory) return;
  while (is_still(hierarchy, member.made.back())) {
    const int failure = remove_below(hierarchy, member.directory);
    if (failure == 0) break;
    if (failure != EBUSY && failure != ENOTEMPTY) {
      throw sys_error(failure, "remove cgroup {}", member.directory);
    }
    if (!backoff.wait()) {
      throw Error(Kind::kTimeout, failure,
                  fmt::format("remove cgroup {}: it still holds processes", member.directory));
    }
  }
  remove_ancestors(hierarchy, member);
}

}  // namespace

Cgroup Cgroup::create(const Layout& layout, std::string_view cgroups_path,
                      std::string_view container_id) {
  Identity identity;
  Undo undo;
  identity.members.reserve(layout.hierarchies().size());
  for (const Hierarchy& hierarchy : layout.hierarchies()) {
    const std::string cgroup = resolve_path(hierarchy, cgroups_path, container_id);
    Membership& member = identity.members.emplace_back(Membership{
        .hierarchy = hierarchy.mount_options,
        .directory = cgroup == "/" ? hierarchy.mountpoint : hierarchy.mountpoint + cgroup,
        .cgroup = cgroup,
        .v2 = hierarchy.v2,
        .made = {},
    });
    if (cgroup == "/") continue;
    make_with_ancestors(hierarchy, member.directory, member, undo);
    if (hierarchy.has("cpuset")) prepare_cpuset(member, hierarchy.mountpoint.size());
    if (!hierarchy.v2) continue;
    if (member.made.empty()) check_joinable(member);
    // Beside v1 it has few controllers or none: those wait for a limit that needs them.
    if (layout.is_pure_v2()) enable_available(member);
  }
  undo.commit();
  return Cgroup(std::move(identity));
}

std::vector<std::string> absent_directories(const Layout& layout, std::string_view cgroups_path,
                                            std::string_view container_id) {
  std::vector<std::string> absent;
  for (const Hierarchy& hierarchy : layout.hierarchies()) {
    std::string path = hierarchy.mountpoint + resolve_path(hierarchy, cgroups_path, container_id);
    std::vector<std::string> here;
    while (path.size() > hierarchy.mountpoint.size()) {
      const Place place = reach(&hierarchy, path);
      if (::faccessat(place.directory, place.path, F_OK, 0) == 0) break;
      std::string parent = parent_of(path);
      here.push_back(std::exchange(path, std::move(parent)));
    }
    absent.insert(absent.end(), here.rbegin(), here.rend());
  }
  return absent;
}

void Cgroup::adopt() {
  for (Membership& member : identity_.members) {
    if (!member.made.empty() || member.cgroup == "/") continue;
    member.made.push_back({member.directory, Directory(member.directory).inode()});
  }
}

Cgroup Cgroup::open(Identity identity) {
  return Cgroup(std::move(identity));
}

const Membership* Identity::find(std::string_view controller) const {
  const auto carries = [&](const Membership& member) {
    std::string_view rest = member.hierarchy;
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find(','), rest.size());
      if (rest.substr(0, end) == controller) return true;
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return false;
  };
  const auto found = std::ranges::find_if(members, carries);
  return found == members.end() ? nullptr : &*found;
}

const Membership* Identity::unified() const {
  const auto found = std::ranges::find_if(members, &Membership::v2);
  return found == members.end() ? nullptr : &*found;
}

std::string_view mountpoint_of(const Membership& member) {
  const std::string_view directory = member.directory;
  return member.cgroup == "/" ? directory
                              : directory.substr(0, directory.size() - member.cgroup.size());
}

void Cgroup::add(pid_t pid) const {
  for (const Membership& member : identity_.members) {
    Directory(member.directory).write("cgroup.procs", fmt::format("{}", pid));
  }
}

std::vector<std::string> Cgroup::join_files() const {
  std::vector<std::string> files;
  files.reserve(identity_.members.size());
  for (const Membership& member : identity_.members) {
    files.push_back(member.directory + (member.v2 ? "/cgroup.procs" : "/tasks"));
  }
  return files;
}

void Cgroup::remove(Deadline deadline, const Layout* layout) const {
  Backoff backoff(deadline);
  std::optional<Error> first;
  for (const Membership& member : identity_.members) {
    try {
      const Hierarchy* const hierarchy =
          layout == nullptr ? nullptr : layout->mounted_at(mountpoint_of(member));
      remove_member(hierarchy, member, backoff);
    } catch (const Error& failure) {
      if (!first) first = failure;
    }
  }
  if (first) throw *first;
}

}  // namespace seatrial::cgroup
