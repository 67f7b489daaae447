#include "engine/runtime/cgroup_owner.h"

#include <linux/mount.h>

#include <algorithm>

namespace seatrial::runtime {
namespace {

bool is_writable_cgroup(const spec::Mount& mount) {
  std::string_view destination = mount.destination;
  while (destination.ends_with('/')) destination.remove_suffix(1);
  const std::uint64_t set = mount.options.attributes_set | mount.options.recursive_attributes_set;
  return destination == "/sys/fs/cgroup" && (mount.type == "cgroup" || mount.type == "cgroup2") &&
         (set & MOUNT_ATTR_RDONLY) == 0;
}

std::optional<uid_t> on_host(const spec::Config& config, std::uint32_t user) {
  const spec::Namespace* const users = config.find_namespace(spec::NamespaceType::kUser);
  if (users == nullptr) return user;
  for (const spec::IdMapping& map : config.linux_.uid_mappings) {
    if (user >= map.container_id && user - map.container_id < map.size) {
      return map.host_id + (user - map.container_id);
    }
  }
  return std::nullopt;  // of a namespace that is joined, nothing is known
}

}  // namespace

std::optional<uid_t> cgroup_owner(const spec::Config& config) {
  const spec::Namespace* const own = config.find_namespace(spec::NamespaceType::kCgroup);
  if (own == nullptr || !own->path.empty() || !config.process) return std::nullopt;
  if (!std::ranges::any_of(config.mounts, is_writable_cgroup)) return std::nullopt;
  return on_host(config, config.process->user.uid);
}

}  // namespace seatrial::runtime
