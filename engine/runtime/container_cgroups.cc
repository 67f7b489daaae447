#include "engine/runtime/container_cgroups.h"

#include <unistd.h>

#include <algorithm>

#include "engine/base/error.h"
#include "engine/cgroup/permission.h"

namespace seatrial::runtime {
namespace {

std::vector<cgroup::Refusal> refusals_of(Host& host, const spec::Linux& config,
                                         const std::string& id) {
  // Root of the host is told by mkdir(2).
  if (!host.is_restricted() && !host.cgroups_are_optional()) return {};
  std::vector<cgroup::Refusal> refusals = cgroup::refusals(host.layout(), config.cgroups_path, id);
  if (refusals.empty() || host.cgroups_are_optional()) return refusals;
  throw Error(Kind::kDenied, refusals.front().sys_errno,
              fmt::format("the container needs its cgroups, because --rootless is false, and user "
                          "{} may not make one: {}",
                          ::geteuid(), refusals.front().path));
}

void check_path(const std::vector<cgroup::Refusal>& refusals, const std::string& cgroups_path) {
  if (refusals.empty() || cgroups_path.empty()) return;
  throw Error(Kind::kDenied, refusals.front().sys_errno,
              fmt::format("linux.cgroupsPath: {}: user {} may not make this cgroup; a container "
                          "without a path goes without: {}",
                          cgroups_path, ::geteuid(), refusals.front().path));
}

plan::CgroupHierarchy hierarchy_of(const cgroup::Hierarchy& hierarchy, std::string cgroup,
                                   bool joined) {
  return {.mountpoint = hierarchy.mountpoint,
          .name = hierarchy.name,
          .options = hierarchy.mount_options,
          .v2 = hierarchy.v2,
          .cgroup = std::move(cgroup),
          .joined = joined};
}

cgroup::Nodes nodes_of(const Host& host, const spec::Linux& config) {
  if (host.is_restricted()) return cgroup::Nodes::kForeign;
  return config.devices.empty() ? cgroup::Nodes::kDefaults : cgroup::Nodes::kAny;
}

}  // namespace

ContainerCgroups choose_cgroups(Host& host, const spec::Linux& config, const std::string& id,
                                const std::optional<cgroup::Scope>& scope) {
  const cgroup::Layout& layout = host.layout();
  std::vector<cgroup::Refusal> refusals;
  if (!scope) {
    refusals = refusals_of(host, config, id);
  } else if (host.is_restricted()) {
    // place_in_scope() has seen that there is no other hierarchy.
    cgroup::check_delegated(layout.hierarchies().front().mountpoint + scope->root,
                            config.resources);
  }
  check_path(refusals, config.cgroups_path);
  ContainerCgroups chosen{.resources = config.resources, .nodes = nodes_of(host, config)};
  if (!refusals.empty() || layout.hierarchies().empty()) {
    cgroup::check_limits(layout, refusals, config.resources);
  }
  if (host.is_restricted()) cgroup::check_devices(config.devices, config.resources.devices);
  std::vector<std::string> without;
  without.reserve(refusals.size());
  for (const cgroup::Refusal& each : refusals) without.push_back(each.mountpoint);
  if (!without.empty()) chosen.some = layout.without(without);
  for (const cgroup::Hierarchy& each : layout.hierarchies()) {
    const bool stays = std::ranges::find(without, each.mountpoint) != without.end();
    chosen.hierarchies.push_back(hierarchy_of(
        each, stays ? each.own_cgroup : resolve_path(each, config.cgroups_path, id), !stays));
  }
  return chosen;
}

}  // namespace seatrial::runtime
