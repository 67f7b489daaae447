#include <fmt/format.h>

#include <set>
#include <utility>

#include "engine/base/files.h"
#include "engine/sys/mount_table.h"
#include "harness/sentinel/facts.h"

namespace seatrial::sentinel {

bool MountFact::operator==(const MountFact& other) const {
  return id == other.id && root == other.root && mountpoint == other.mountpoint &&
         type == other.type && source == other.source;
}

std::vector<MountFact> parse_mounts(std::string_view mountinfo) {
  std::vector<MountFact> mounts;
  for (sys::MountEntry& each : sys::parse_mount_table(mountinfo)) {
    mounts.push_back({.id = each.id,
                      .root = std::move(each.root),
                      .mountpoint = std::move(each.mountpoint),
                      .type = std::string(each.type),
                      .source = std::move(each.source),
                      .super_options = std::string(each.super_options)});
  }
  return mounts;
}

std::vector<MountFact> read_mounts(std::string_view pid) {
  return parse_mounts(read_file(fmt::format("/proc/{}/mountinfo", pid)));
}

std::vector<std::string> cgroup_mountpoints(const std::vector<MountFact>& mounts) {
  std::vector<std::string> mountpoints;
  std::set<std::string> seen;
  for (const MountFact& mount : mounts) {
    if (mount.type != "cgroup" && mount.type != "cgroup2") continue;
    const std::string hierarchy = mount.type == "cgroup2" ? "" : mount.super_options;
    if (seen.insert(hierarchy).second) mountpoints.push_back(mount.mountpoint);
  }
  return mountpoints;
}

}  // namespace seatrial::sentinel
