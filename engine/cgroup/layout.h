// Which cgroup hierarchies this host has mounted, and where this process stands in each.
//
// A Layout is read once (three small files of procfs) and cached by the caller; making and removing
// cgroups reads none of them again.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/unique_fd.h"

namespace seatrial::cgroup {

// One mounted hierarchy.
struct Hierarchy {
  std::string mountpoint = {};   // "/sys/fs/cgroup/cpu,cpuacct"
  std::string mount_root = "/";  // what of the hierarchy the mount shows; "/" but in containers
  std::vector<std::string> controllers =
      {};                          // {"cpu", "cpuacct"}; {"name=systemd"} for a named one
  std::string name = {};           // last component of the mountpoint: "cpu,cpuacct"
  std::string mount_options = {};  // what to mount it with: "cpu,cpuacct"; empty for v2
  bool v2 = false;
  std::string own_cgroup = "/";  // this process' cgroup, below the mountpoint
  // Where relative paths start: at own_cgroup; on a host with v2 alone at the one above it, because
  // what holds a process may not hand controllers down.
  std::string base = "/";
  // The mountpoint, O_PATH, where detect() could open it; reach() goes from there.
  std::shared_ptr<const UniqueFd> top = {};

  bool has(std::string_view controller) const;
};

class Layout {
 public:
  // The hierarchies of this process' mount namespace. Throws Error{kUnsupported} when there is no
  // cgroup file system at all.
  static Layout detect();

  // The same from the text of /proc/self/mountinfo and /proc/self/cgroup. Pure. A hierarchy that is
  // mounted more than once counts once, where it was mounted first. Throws Error{kInvalidArgument}
  // naming the line that does not parse.
  static Layout parse(std::string_view mountinfo, std::string_view own_cgroups);

  const std::vector<Hierarchy>& hierarchies() const { return hierarchies_; }

  // The hierarchy that carries this v1 controller ("memory"), or null.
  const Hierarchy* find(std::string_view controller) const;

  // The hierarchy mounted there, or null.
  const Hierarchy* mounted_at(std::string_view mountpoint) const;

  // Those of them that are not mounted at one of these places. What is_hybrid() and is_pure_v2()
  // then say is about what is left.
  Layout without(std::span<const std::string> mountpoints) const;

  // v1 controllers and a v2 tree side by side.
  bool is_hybrid() const;
  // Nothing but v2.
  bool is_pure_v2() const;

 private:
  std::vector<Hierarchy> hierarchies_;
};

// A path for the *at() calls.
struct Place {
  int directory = -1;  // or AT_FDCWD
  const char* path = nullptr;
};

// `path`, from the hierarchy's mountpoint on where it lies below: the walk to it through sysfs and
// the mounts costs several times what a call on the cgroup itself does. Valid as long as both are.
Place reach(const Hierarchy* hierarchy, const std::string& path);

// The directory name of a container's cgroup in one hierarchy, absolute below the mountpoint, from
// linux.cgroupsPath: absolute paths start at the mountpoint; relative ones at Hierarchy::base; an
// empty one is base + "/" + container_id. Throws Error{kInvalidArgument} for "."
// and ".." components.
std::string resolve_path(const Hierarchy& hierarchy, std::string_view cgroups_path,
                         std::string_view container_id);

}  // namespace seatrial::cgroup
