#include "engine/cgroup/layout.h"

#include <fcntl.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/base/split.h"
#include "engine/sys/mount_table.h"

namespace seatrial::cgroup {
namespace {

// A line of /proc/self/cgroup: id:controllers:path
struct CgroupLine {
  std::vector<std::string_view> controllers;  // empty: v2
  std::string_view options;
  std::string_view path;
  bool mounted = false;
};

CgroupLine parse_cgroup(std::string_view line) {
  const std::size_t first = line.find(':');
  const std::size_t second = first == line.npos ? line.npos : line.find(':', first + 1);
  if (second == line.npos || line.substr(second + 1, 1) != "/") {
    throw error(Kind::kInvalidArgument, "cgroup: \"{}\" is not a line of /proc/self/cgroup", line);
  }
  const std::string_view options = line.substr(first + 1, second - first - 1);
  return {split(options, ','), options, line.substr(second + 1)};
}

// The line that tells where this process stands in the hierarchy that a mount shows.
CgroupLine* matching_line(std::vector<CgroupLine>& lines, const sys::MountEntry& mount) {
  const std::vector<std::string_view> options = split(mount.super_options, ',');
  for (CgroupLine& line : lines) {
    if (mount.type == "cgroup2"
            ? line.controllers.empty()
            : !line.controllers.empty() &&
                  std::ranges::find(options, line.controllers.front()) != options.end()) {
      return &line;
    }
  }
  return nullptr;
}

// This process' cgroup as seen from the mountpoint. A mount may show a part of the hierarchy only
// (inside a container); where that part does not contain us, its top stands in.
std::string below_mount(std::string_view path, std::string_view root) {
  if (path.starts_with("/..")) return "/";
  if (root == "/" || root.starts_with("/..")) return std::string(path);
  if (path == root) return "/";
  if (path.starts_with(root) && path.substr(root.size(), 1) == "/") {
    return std::string(path.substr(root.size()));
  }
  return "/";
}

Hierarchy hierarchy_of(const sys::MountEntry& mount, const CgroupLine& line) {
  Hierarchy hierarchy{
      .mountpoint = mount.mountpoint,
      .mount_root = mount.root,
      .controllers = {line.controllers.begin(), line.controllers.end()},
      .name = mount.mountpoint.substr(mount.mountpoint.rfind('/') + 1),
      .mount_options = std::string(line.options),
      .v2 = mount.type == "cgroup2",
      .own_cgroup = below_mount(line.path, mount.root),
  };
  return hierarchy;
}

}  // namespace

bool Hierarchy::has(std::string_view controller) const {
  return std::ranges::find(controllers, controller) != controllers.end();
}

Layout Layout::detect() {
  Layout layout = parse(read_file("/proc/self/mountinfo"), read_file("/proc/self/cgroup"));
  for (Hierarchy& hierarchy : layout.hierarchies_) {
    UniqueFd top(::open(hierarchy.mountpoint.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (top) hierarchy.top = std::make_shared<const UniqueFd>(std::move(top));
  }
  return layout;
}

Layout Layout::parse(std::string_view mountinfo, std::string_view own_cgroups) {
  std::vector<CgroupLine> lines;
  for (const std::string_view line : split(own_cgroups, '\n')) lines.push_back(parse_cgroup(line));

  Layout layout;
  for (const sys::MountEntry& mount : sys::parse_mount_table(mountinfo)) {
    if (mount.type != "cgroup" && mount.type != "cgroup2") continue;
    CgroupLine* const own = matching_line(lines, mount);
    if (own == nullptr || std::exchange(own->mounted, true)) continue;
    layout.hierarchies_.push_back(hierarchy_of(mount, *own));
  }
  if (layout.hierarchies_.empty()) {
    throw error(Kind::kUnsupported, "no cgroup file system is mounted on this host");
  }
  const bool pure_v2 = layout.is_pure_v2();
  for (Hierarchy& each : layout.hierarchies_) {
    each.base = pure_v2 ? each.own_cgroup.substr(0, each.own_cgroup.rfind('/')) : each.own_cgroup;
    if (each.base.empty()) each.base = "/";
  }
  return layout;
}

const Hierarchy* Layout::find(std::string_view controller) const {
  const auto found = std::ranges::find_if(
      hierarchies_, [&](const Hierarchy& each) { return !each.v2 && each.has(controller); });
  return found == hierarchies_.end() ? nullptr : &*found;
}

const Hierarchy* Layout::mounted_at(std::string_view mountpoint) const {
  const auto found = std::ranges::find(hierarchies_, mountpoint, &Hierarchy::mountpoint);
  return found == hierarchies_.end() ? nullptr : &*found;
}

Layout Layout::without(std::span<const std::string> mountpoints) const {
  Layout rest = *this;
  std::erase_if(rest.hierarchies_, [&](const Hierarchy& each) {
    return std::ranges::find(mountpoints, each.mountpoint) != mountpoints.end();
  });
  return rest;
}

bool Layout::is_hybrid() const {
  return std::ranges::any_of(hierarchies_, &Hierarchy::v2) && !is_pure_v2();
}

bool Layout::is_pure_v2() const {
  return std::ranges::all_of(hierarchies_, &Hierarchy::v2);
}

Place reach(const Hierarchy* hierarchy, const std::string& path) {
  const std::size_t length = hierarchy == nullptr ? 0 : hierarchy->mountpoint.size();
  if (length == 0 || !hierarchy->top || path.size() <= length + 1 || path[length] != '/' ||
      !path.starts_with(hierarchy->mountpoint)) {
    return {.directory = AT_FDCWD, .path = path.c_str()};
  }
  return {.directory = hierarchy->top->get(), .path = path.c_str() + length + 1};
}

std::string resolve_path(const Hierarchy& hierarchy, std::string_view cgroups_path,
                         std::string_view container_id) {
  std::string path;
  const auto append = [&path](std::string_view part) {
    for (const std::string_view component : split(part, '/')) {
      if (component.empty()) continue;
      path.append("/").append(component);
    }
  };
  if (!cgroups_path.starts_with('/')) append(hierarchy.base);
  append(cgroups_path.empty() ? container_id : cgroups_path);
  if (path.empty()) {
    throw error(
        Kind::kInvalidArgument,
        "linux.cgroupsPath: \"{}\": is the root of all cgroups; a container needs one of its "
        "own below it",
        cgroups_path);
  }
  for (const std::string_view component : split(path, '/')) {
    if (component == "." || component == "..") {
      throw error(Kind::kInvalidArgument,
                  "linux.cgroupsPath: \"{}\": a path without \".\" and \"..\" is needed",
                  cgroups_path);
    }
  }
  return path;
}

}  // namespace seatrial::cgroup
